//! The clock of a machine jumps: an hour on, ten minutes before where it was, and back. By libfaketime, for one process alone; its monotonic
//! clock goes on as it does.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rapport_tests::proto::chats::v1::Message;
use rapport_tests::proto::presence::v1::{ListOnlineAgentsRequest, PresenceStatus};
use rapport_tests::skip::skipped;
use rapport_tests::wait::{PATIENCE, soon, until};
use rapport_tests::world::{Shape, Wishes, World};
use tempfile::TempDir;

/// How soon after a jump everything is as it was.
const SETTLED: Duration = Duration::from_secs(15);

/// Where Debian has the library, for programs of many threads.
fn library() -> Option<String> {
    let folders = ["x86_64-linux-gnu", "aarch64-linux-gnu"];
    let paths = folders.map(|folder| format!("/usr/lib/{folder}/faketime/libfaketimeMT.so.1"));
    paths.into_iter().find(|path| Path::new(path).is_file())
}

fn seconds(message: &Message) -> i64 {
    message.sent_at.as_ref().unwrap().seconds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_disorders_nothing_and_ends_nobody() {
    let Some(library) = library() else {
        skipped("libfaketime is not installed");
        return;
    };
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("offset");
    let set = |offset: i64| fs::write(&file, format!("{offset:+}s\n")).unwrap();
    set(0);
    let wishes = Wishes::default()
        .loud()
        .env("LD_PRELOAD", &library)
        .env("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap())
        .env("FAKETIME_NO_CACHE", "1")
        .env("DONT_FAKE_MONOTONIC", "1");
    let world = World::with(Shape::Sqlite, wishes).await;
    let (ada, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("1").await.chat_id;
    let mut ears = [visitor.listen().await, ada.listen().await];
    let begun = seconds(&visitor.send(&chat, "before").await.unwrap());
    let mut said = vec!["before".to_owned()];
    for offset in [3_600, -600, 0] {
        set(offset);
        // Tokens of before may be over; clients get others and their subscriptions come back by themselves.
        for (number, actor) in [&*visitor, &*ada, &*visitor, &*ada].into_iter().enumerate() {
            let text = format!("{offset}, {number}");
            let sent = soon("it is sent", SETTLED, actor.send(&chat, &text)).await.unwrap();
            assert!((seconds(&sent) - begun - offset).abs() < 120, "the clock has jumped: {sent:?}");
            said.push(text);
        }
        for ears in &mut ears {
            ears.message(said.last().unwrap()).await;
        }
        // Who is there stays there, and the process goes on saying so.
        until("Ada is seen", SETTLED, || async {
            let online = world.owner.client.list_online_agents(ListOnlineAgentsRequest::default()).await;
            let agents = online.ok()?.agents;
            let shown = agents.iter().filter_map(|agent| agent.presence.as_ref());
            let mut own = shown.filter(|presence| presence.member_id == ada.member_id());
            own.any(|presence| presence.status() == PresenceStatus::Online).then_some(())
        })
        .await;
    }
    let stored = visitor.messages(&chat).await.unwrap();
    let seqs: Vec<_> = stored.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, (1..=u32::try_from(said.len() + 1).unwrap()).collect::<Vec<_>>());
    assert!(stored[1..].iter().map(|message| &message.text).eq(&said), "in the order they were said");
    for ears in &ears {
        assert_eq!(ears.messages(), stored[1..], "heard once and in that order");
    }
    let _ = soon("who comes anew is let in", PATIENCE, world.agent("Ben").await.sign_in()).await;
}
