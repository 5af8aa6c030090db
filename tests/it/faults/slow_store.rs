//! A database that is there and does not answer: a table is locked, its processes stand still.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rapport_tests::actors::Visitor;
use rapport_tests::client::{Error, request_id};
use rapport_tests::dynamic::{call, method};
use rapport_tests::expect::refused;
use rapport_tests::postgres::{Holder, PrivateCluster};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::raw::Raw;
use rapport_tests::wait::{soon, until};
use rapport_tests::world::{Shape, Wishes, World};
use serde_json::{Value, json};

use super::tab::browser;

/// How soon whoever waits for the database is told that it is too slow: its own limits are five seconds, core's for its silence seven.
const TOLD: Duration = Duration::from_secs(12);
/// How soon what does not wait for it is answered.
const AT_ONCE: Duration = Duration::from_secs(2);
/// How soon operators have their answer.
const LOOKED: Duration = Duration::from_secs(4);
/// How soon after it is over everybody is served again.
const HEALED: Duration = Duration::from_secs(5);

async fn world_on(cluster: &PrivateCluster) -> World {
    let wishes = Wishes { postgres: Some((cluster.admin_url(), None)), ..Wishes::default().loud() };
    World::with(Shape::Postgres, wishes).await
}

/// A visitor of each of two workspaces, and a chat each has started.
async fn neighbours(world: &World) -> [(Visitor, String); 2] {
    let other = world.another_workspace("globex").await;
    let (visitor, neighbour) = (world.visitor().await, other.visitor().await);
    let chat = visitor.start_chat("1").await.chat_id;
    let foreign = neighbour.start_chat("1").await.chat_id;
    [(visitor, chat), (neighbour, foreign)]
}

/// What `/readyz` or `/livez` of a process says, and how soon.
async fn looks(admin: SocketAddr, path: &str) -> (u16, String) {
    let answer = async {
        let answer = browser().get(format!("http://{admin}{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    soon(path, LOOKED, answer).await
}

/// The process lives; it says itself whether its database can be worked with.
async fn is_looked_after(world: &World) {
    assert_eq!(looks(world.core().admin(), "/livez").await, (200, "ok".to_owned()));
    let (status, said) = looks(world.core().admin(), "/readyz").await;
    let said: Value = serde_json::from_str(&said).unwrap();
    let all = ["database", "writer"].iter().all(|part| said[part]["ok"] == true);
    assert_eq!(status == 200, all, "{said}");
}

async fn send(raw: &Raw, chat: &str, id: &str, text: &str) -> Result<Value, Error> {
    let body = json!({ "chatId": chat, "requestId": id, "text": text });
    call(raw, method("ChatService.SendMessage"), &body).await
}

/// Sends under one id until it is settled: it is stored once, in this place.
async fn settles(raw: &Raw, chat: &str, id: &str, text: &str, seq: u32) {
    let sent = until("it is settled", HEALED, || async { send(raw, chat, id, text).await.ok() }).await;
    assert_eq!(sent["message"]["seq"], seq, "{sent}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_table_holds_up_its_writers_for_seconds_and_its_readers_not_at_all() {
    let cluster = PrivateCluster::start(None);
    let world = world_on(&cluster).await;
    let [(visitor, chat), (neighbour, foreign)] = neighbours(&world).await;
    let raw = world.raw(Some(&visitor.visit().await.access_token));
    let id = request_id();

    let url = cluster.database_url();
    let held = tokio::task::block_in_place(|| Holder::of(&url, "LOCK TABLE messages IN EXCLUSIVE MODE"));
    let waits = tokio::spawn({
        let (raw, chat, id) = (raw.clone(), chat.clone(), id.clone());
        async move { send(&raw, &chat, &id, "2").await }
    });
    let opens = tokio::spawn({
        let (raw, id) = (raw.clone(), request_id());
        async move { call(&raw, method("ChatService.StartChat"), &json!({ "requestId": id, "text": "no" })).await }
    });
    let mut read = 0;
    while !waits.is_finished() {
        // Whoever only reads notices nothing, of this workspace or another.
        for (reader, chat) in [(&*visitor, &chat), (&*neighbour, &foreign)] {
            let messages = soon("a page", AT_ONCE, reader.messages(chat)).await.unwrap();
            assert_eq!(messages.len(), 1);
        }
        is_looked_after(&world).await;
        read += 1;
    }
    assert!(read > 3, "the write was held up");
    refused(soon("the writer is told", TOLD, waits).await.unwrap(), Reason::StoreUnavailable);
    refused(soon("so is who opens a chat", TOLD, opens).await.unwrap(), Reason::StoreUnavailable);
    drop(held);
    settles(&raw, &chat, &id, "2", 2).await;
    neighbour.send(&foreign, "2").await.unwrap();
    drop(world);
    drop(cluster);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_waits_for_a_locked_table_is_told_and_does_not_hide_the_rest() {
    let cluster = PrivateCluster::start(None);
    let world = world_on(&cluster).await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    let raw = world.raw(Some(&visitor.visit().await.access_token));

    let url = cluster.database_url();
    let held =
        tokio::task::block_in_place(|| Holder::of(&url, "LOCK TABLE messages IN ACCESS EXCLUSIVE MODE"));
    // More than there are connections.
    let readers: Vec<_> = (0..60)
        .map(|_| {
            let (raw, body) = (raw.clone(), json!({ "chatId": chat }));
            tokio::spawn(async move { call(&raw, method("ChatService.ListMessages"), &body).await })
        })
        .collect();
    while !readers.iter().all(tokio::task::JoinHandle::is_finished) {
        is_looked_after(&world).await;
    }
    for reader in readers {
        refused(soon("the reader is told", TOLD, reader).await.unwrap(), Reason::StoreUnavailable);
    }
    drop(held);
    let healed = until("it reads again", HEALED, || async { visitor.messages(&chat).await.ok() }).await;
    assert_eq!(healed.len(), 1);
    drop(world);
    drop(cluster);
}

/// A connection whose other end stands still, or is gone without a word, is given up: it costs its callers seconds, and nobody a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_have_died_without_a_word_are_given_up_for_new_ones() {
    let cluster = PrivateCluster::start(None);
    let world = world_on(&cluster).await;
    let [(visitor, chat), (neighbour, foreign)] = neighbours(&world).await;
    let mut ears = world.owner.listen().await;
    let raw = world.raw(Some(&visitor.visit().await.access_token));
    let id = request_id();

    let still = tokio::task::block_in_place(|| cluster.stop_backends());
    assert!(still.len() > 1, "the core has connections: {still:?}");
    let begun = Instant::now();
    // None of them goes on until the end: what is served from here on is served by new ones.
    let sent = until("it is settled", TOLD * 2, || async { send(&raw, &chat, &id, "2").await.ok() }).await;
    assert_eq!(sent["message"]["seq"], 2, "{sent}");
    soon("another workspace is served", TOLD, neighbour.send(&foreign, "2")).await.unwrap();
    assert_eq!(soon("a page", TOLD, visitor.messages(&chat)).await.unwrap().len(), 2);
    ears.message("2").await;
    eprintln!("served again after {:?}", begun.elapsed());
    until("the core says that all is well", TOLD, || async {
        (looks(world.core().admin(), "/readyz").await.0 == 200).then_some(())
    })
    .await;
    drop(still);
    let heard = soon("it goes on", HEALED, visitor.send(&chat, "3")).await.unwrap();
    assert_eq!(ears.message("3").await, heard);
    assert_eq!(visitor.messages(&chat).await.unwrap().iter().map(|m| m.seq).collect::<Vec<_>>(), [1, 2, 3]);
    drop(world);
    drop(cluster);
}
