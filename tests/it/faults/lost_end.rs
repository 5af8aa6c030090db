//! A database that takes over from another without its last commits: the log ends sooner than it did, and goes on from there with other
//! events under the same numbers. Whoever had heard what is gone is told; nobody who comes then misses what is new, or is shown what is gone.

use rapport_client::Item;
use rapport_tests::postgres::{PrivateCluster, sql};
use rapport_tests::socket::Socket;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::{Shape, Wishes, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_to_a_log_that_has_lost_its_end_begins_anew_and_hears_all_that_is_new() {
    let cluster = PrivateCluster::start(None);
    let wishes = Wishes { postgres: Some((cluster.admin_url(), None)), ..Wishes::default() };
    let world = World::with(Shape::ManyNodes, wishes).await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    let url = cluster.database_url();
    let run = |statements: &[&str]| tokio::task::block_in_place(|| sql(&url, statements));
    run(&["CREATE TABLE kept AS SELECT tenant_id, max(number) AS number FROM events GROUP BY tenant_id"]);

    let mut listener = world.owner.listen().await;
    let token = world.owner.sign_in().await.access_token;
    let mut socket = Socket::open(&world.edge_url(), &token, "").await;
    for text in ["lost 1", "lost 2", "lost 3"] {
        visitor.send(&chat, text).await.unwrap();
    }
    listener.message("lost 3").await;
    socket.message("lost 3").await;
    run(&[
        "DELETE FROM messages WHERE text LIKE 'lost%'",
        "DELETE FROM events USING kept WHERE events.tenant_id = kept.tenant_id AND events.number > kept.number",
    ]);
    socket.closed(PATIENCE).await;
    for core in world.cores() {
        until("the core has seen it", PATIENCE, || async {
            core.log().iter().any(|line| line.contains("a log has lost its end")).then_some(())
        })
        .await;
    }

    let mut late = world.owner.listen().await;
    let mut late_socket = Socket::open(&world.edge_url(), &token, "").await;
    let new = ["new 1", "new 2", "new 3", "new 4", "new 5"];
    for text in new {
        visitor.send(&chat, text).await.unwrap();
    }
    for (who, listener) in [("who was there", &mut listener), ("who comes then", &mut late)] {
        listener.message("new 5").await;
        let heard: Vec<_> = listener.messages().into_iter().map(|message| message.text).collect();
        let lost = heard.iter().filter(|text| text.starts_with("lost")).count();
        assert_eq!(heard[lost..], new, "{who}");
        assert_eq!(lost, if who == "who was there" { 3 } else { 0 }, "{who}");
    }
    assert!(
        listener.items().iter().any(|item| matches!(item, Item::Reset { .. })),
        "told that it is another"
    );
    late_socket.message("new 5").await;
    let shown = late_socket.transcript();
    assert!(new.iter().all(|text| shown.contains(text)) && !shown.contains("lost "), "{shown}");
    let stored: Vec<_> =
        visitor.messages(&chat).await.unwrap().into_iter().map(|message| message.text).collect();
    assert_eq!(stored, ["1", "new 1", "new 2", "new 3", "new 4", "new 5"]);
    drop(world);
    drop(cluster);
}
