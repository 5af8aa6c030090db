//! What leases are worth over time, by a clock that the test moves.

use std::time::Duration;

use rapport_proto::presence::v1::PresenceStatus;
use sea_orm::EntityTrait as _;

use super::{
    board::look,
    entity::connection,
    keep::Connect,
    leases::{Claim, Lease, Renew, Settle, nobodys, sweep},
};
use crate::{db::TenantScope, ids::MemberId, testing::TestApp};

/// A core, a workspace, and its only member.
struct Stage {
    app: TestApp,
    scope: TenantScope,
    owner: MemberId,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::start().await;
        let (scope, owner) = app.workspace().await;
        Self { app, scope, owner }
    }

    async fn lease(&self) -> Lease {
        let lease = Lease { id: self.app.ids.make(), holder: self.app.ids.make() };
        assert!(self.app.db.write(&nobodys(), Claim(lease)).await.unwrap());
        lease
    }

    async fn report(&self, lease: Lease, connected: bool) {
        let changes = vec![(self.owner, connected)];
        let unit = Connect { lease, grace: self.app.presence.grace, changes };
        self.app.db.write(&self.scope, unit).await.unwrap();
    }

    fn pass(&self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
    }

    /// Since when the owner is shown, in seconds before now.
    async fn shown(&self) -> Option<i64> {
        let tenant = self.scope.tenant();
        let shown = look(&self.app, &[tenant]).await.unwrap().remove(&tenant)?;
        let seen = &shown[&self.owner];
        assert_eq!((shown.len(), seen.status), (1, PresenceStatus::Online));
        Some((self.app.clock.now().0 - seen.since) / 1_000_000)
    }

    async fn settle(&self) {
        self.app.db.write(&nobodys(), Settle).await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_counts_while_its_lease_does_and_a_grace_after_it_was_closed() {
    let stage = Stage::set().await;
    let lease = stage.lease().await;
    assert_eq!(stage.shown().await, None);
    stage.report(lease, true).await;
    stage.pass(14);
    assert_eq!(stage.shown().await, Some(14));
    stage.app.db.write(&nobodys(), Renew(vec![lease])).await.unwrap();
    stage.pass(14);
    assert_eq!(stage.shown().await, Some(28));
    stage.pass(1);
    assert_eq!(stage.shown().await, None, "nobody renewed it");
    stage.app.db.write(&nobodys(), Renew(vec![lease])).await.unwrap();
    stage.report(lease, false).await;
    stage.pass(9);
    assert_eq!(stage.shown().await, Some(38));
    // Who is back within the grace, or is there by way of another process, was there all the time.
    stage.report(lease, true).await;
    let other = stage.lease().await;
    stage.report(other, true).await;
    stage.report(lease, false).await;
    stage.pass(11);
    assert_eq!(stage.shown().await, Some(49));
    stage.report(other, false).await;
    stage.pass(10);
    assert_eq!(stage.shown().await, None);
    let late = stage.lease().await;
    stage.report(late, true).await;
    assert_eq!(stage.shown().await, Some(0), "after the grace it is another time");
}

#[tokio::test]
async fn leases_that_ended_while_no_core_was_there_are_prolonged_and_others_are_not() {
    let stage = Stage::set().await;
    let lease = stage.lease().await;
    stage.report(lease, true).await;
    stage.pass(70);
    stage.settle().await;
    assert_eq!(stage.shown().await, Some(70), "it ended less than a minute ago");
    stage.pass(15);
    assert_eq!(stage.shown().await, None, "once");
    stage.pass(61);
    stage.settle().await;
    assert_eq!(stage.shown().await, None, "whoever is away that long does not come back");

    stage.report(stage.lease().await, true).await;
    stage.pass(16);
    // Another core renewed what is alive all the while.
    let another = stage.lease().await;
    stage.settle().await;
    assert_eq!(stage.shown().await, None);
    stage.pass(6);
    stage.settle().await;
    assert_eq!(stage.shown().await, None, "its next turn may be under way");
    stage.pass(5);
    stage.settle().await;
    assert_eq!(stage.shown().await, Some(27), "it has not been heard of for longer than two turns");
    stage.report(another, true).await;
}

#[tokio::test]
async fn an_earlier_holder_neither_takes_a_lease_back_nor_writes_for_it() {
    let stage = Stage::set().await;
    let earlier = stage.lease().await;
    stage.pass(1);
    let later = Lease { holder: stage.app.ids.make(), ..earlier };
    assert!(stage.app.db.write(&nobodys(), Claim(later)).await.unwrap());
    stage.report(later, true).await;
    // What was still on its way when the edge went to another core.
    assert!(!stage.app.db.write(&nobodys(), Claim(earlier)).await.unwrap());
    stage.report(earlier, false).await;
    stage.pass(11);
    assert_eq!(stage.shown().await, Some(11));
    stage.app.db.write(&nobodys(), Renew(vec![earlier])).await.unwrap();
    stage.pass(4);
    assert_eq!(stage.shown().await, None, "renewed by nobody who holds it");
}

#[tokio::test]
async fn what_ended_long_ago_is_swept_away_and_nothing_else() {
    let stage = Stage::set().await;
    let dead = stage.lease().await;
    stage.report(dead, true).await;
    stage.pass(3_700);
    let alive = stage.lease().await;
    stage.report(alive, true).await;
    sweep(&stage.app).await.unwrap();
    let rows = stage.app.db.read(&stage.scope).all(connection::Entity::find()).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.lease_id).collect::<Vec<_>>(), [alive.id]);
    assert_eq!(stage.shown().await, Some(0));
}
