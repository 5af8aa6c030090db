//! Members who are connected by way of an edge: as it reports them, over its streams and cores, and gone with it.

use std::time::Duration;

use rapport_tests::ids;
use rapport_tests::proto::presence::v1::PresenceStatus::{Offline, Online};
use rapport_tests::wait::soon;
use rapport_tests::world::{Shape, Wishes, World};

fn wishes() -> Wishes {
    Wishes::default().env("RAPPORT_PRESENCE_GRACE_MS", "1500")
}

on_both![
    an_edges_members_are_there_as_it_reports_them with wishes(),
    an_edge_that_dies_takes_its_members_with_it_and_one_that_comes_back_does_not with wishes(),
    a_core_that_comes_back_waits_for_its_edges with wishes(),
];

/// A lease, and time for a loaded machine to notice.
const LEASE: Duration = Duration::from_secs(30);

async fn an_edges_members_are_there_as_it_reports_them(world: &World) {
    let elsewhere = world.another_workspace("globex").await;
    let (ada, ben, cyd) = (world.agent("Ada").await, world.agent("Ben").await, world.agent("Cyd").await);
    let tenant = world.tenant_id.as_str();
    let mut watcher = world.owner.watch(world.core()).await;
    let edge = world.follower(world.core());
    let following = edge.follow().await.unwrap();
    // Whom nobody knows, and whoever belongs elsewhere, is passed over.
    let nobody = ids::random("member");
    following
        .live(&[(tenant, ada.member_id()), (tenant, &nobody), (tenant, elsewhere.owner.member_id())])
        .await;
    watcher.sees(&ada, Online).await;
    following.arrived(&[(tenant, ben.member_id())]).await;
    watcher.sees(&ben, Online).await;
    following.left(&[(tenant, ada.member_id())]).await;
    watcher.sees(&ada, Offline).await;
    // A list takes the place of everything before it, and a member may be connected to two edges.
    let second = world.follower(world.core());
    let other = second.follow().await.unwrap();
    other.live(&[(tenant, ben.member_id())]).await;
    following.live(&[(tenant, cyd.member_id())]).await;
    watcher.sees(&cyd, Online).await;
    other.arrived(&[(tenant, ada.member_id())]).await;
    watcher.sees(&ada, Online).await;
    following.left(&[(tenant, cyd.member_id())]).await;
    watcher.sees(&cyd, Offline).await;
    assert_eq!(watcher.status(&ben), Online, "connected to the other edge");
    other.live(&[]).await;
    watcher.sees(&ben, Offline).await;
    watcher.sees(&ada, Offline).await;
    assert!(watcher.told_of(&ben) == [Online, Offline] && watcher.seen(&world.owner).is_some());
}

async fn an_edge_that_dies_takes_its_members_with_it_and_one_that_comes_back_does_not(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let tenant = world.tenant_id.as_str();
    let mut watcher = world.owner.watch(world.core()).await;
    let (stays, dies) = (world.follower(world.core()), world.follower(world.core()));
    let first = stays.follow().await.unwrap();
    first.live(&[(tenant, ada.member_id())]).await;
    let following = dies.follow().await.unwrap();
    following.live(&[(tenant, ben.member_id())]).await;
    watcher.sees(&ada, Online).await;
    watcher.sees(&ben, Online).await;
    drop((following, first));
    // The one has another stream and says again who is connected, the other is no more.
    let again = stays.follow().await.unwrap();
    again.live(&[(tenant, ada.member_id())]).await;
    soon("Ben is gone with his edge's lease", LEASE, watcher.sees(&ben, Offline)).await;
    assert_eq!(watcher.told_of(&ada), [Online], "nobody noticed");
    again.left(&[(tenant, ada.member_id())]).await;
    watcher.sees(&ada, Offline).await;
}

async fn a_core_that_comes_back_waits_for_its_edges(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let tenant = world.tenant_id.as_str();
    let mut watcher = world.owner.watch(world.core()).await;
    let (comes_back, stays_away) = (world.follower(world.core()), world.follower(world.core()));
    let following = comes_back.follow().await.unwrap();
    following.live(&[(tenant, ada.member_id())]).await;
    let other = stays_away.follow().await.unwrap();
    other.live(&[(tenant, ben.member_id())]).await;
    watcher.sees(&ada, Online).await;
    watcher.sees(&ben, Online).await;
    world.core().restart().await;
    let mut watcher = world.owner.watch(world.core()).await;
    assert_eq!((watcher.status(&ada), watcher.status(&ben)), (Online, Online), "from the first look on");
    let following = comes_back.follow().await.unwrap();
    following.live(&[(tenant, ada.member_id())]).await;
    soon("Ben is gone", LEASE, watcher.sees(&ben, Offline)).await;
    assert!(!watcher.told_of(&ada).contains(&Offline), "{:?}", watcher.told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_goes_to_another_core_takes_its_members_along() {
    let world = World::with(Shape::TwoCores, wishes()).await;
    let (here, there) = (&world.cores()[0], &world.cores()[1]);
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let tenant = world.tenant_id.as_str();
    let mut watcher = world.owner.watch(there).await;
    let edge = world.follower(here);
    let following = edge.follow().await.unwrap();
    following.live(&[(tenant, ada.member_id()), (tenant, ben.member_id())]).await;
    watcher.sees(&ada, Online).await;
    watcher.sees(&ben, Online).await;
    let mut moved = world.follower(there);
    moved.edge_id.clone_from(&edge.edge_id);
    here.kill9();
    let following = moved.follow().await.unwrap();
    following.live(&[(tenant, ada.member_id())]).await;
    // Ben went while the edge was between the cores: its report says so, without waiting for a lease.
    soon("Ben is gone", Duration::from_secs(9), watcher.sees(&ben, Offline)).await;
    following.left(&[(tenant, ada.member_id())]).await;
    watcher.sees(&ada, Offline).await;
    assert_eq!(watcher.told_of(&ada), [Online, Offline]);
}
