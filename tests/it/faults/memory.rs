//! Too little memory: many sockets, each with a large message that never ends. Some are sent away, and the process lives.

use std::time::Duration;

use rapport_tests::cgroup::Group;
use rapport_tests::metrics::{counted, ready};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::socket::{Socket, Wire};
use rapport_tests::wait::{PATIENCE, soon, until};
use rapport_tests::world::{Shape, Wishes, World};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::interval;

/// How much memory there is: an idle process that was built for tests holds a fifth of it.
const LIMIT_MIB: u32 = 128;
/// How many sockets there are, and of how many bytes each sends all but the last: a third more than fits.
const SOCKETS: usize = 2_100;
const MESSAGE: u16 = 65_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_short_of_the_memory_it_was_given_sends_some_away() {
    let wishes = Wishes::default().loud().env("RAPPORT_LIMITS__MEMORY_MIB", &LIMIT_MIB.to_string());
    some_are_sent_away(&World::with(Shape::Sqlite, wishes).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_in_a_small_control_group_is_not_killed() {
    let Some(group) = Group::make(u64::from(LIMIT_MIB) << 20) else { return };
    let wishes = Wishes::default().loud().within(group.words()).env("RAPPORT_LIMITS__MEMORY_MIB", "0");
    let world = World::with(Shape::Sqlite, wishes).await;
    some_are_sent_away(&world).await;
    assert_eq!(group.kills(), 0);
}

async fn some_are_sent_away(world: &World) {
    let (url, admin) = (world.edge_url(), world.core().admin());
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    let token = visitor.visit().await.access_token;
    let mut old = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    let mut crowd = Vec::new();
    for n in 0..SOCKETS {
        // A connection that is idle for five seconds is closed, however much memory there is.
        if n % 50 == 0 {
            assert!(health(&mut old).await.starts_with("HTTP/1.1 200 "));
        }
        let mut wire = Wire::connect(&url).await;
        wire.say(json!({ "hello": { "token": token, "cursor": "" } })).await;
        assert!(wire.next().await.unwrap().get("welcome").is_some());
        crowd.push(wire);
    }
    let (tell, most) = watch::channel(0.0);
    let watching = tokio::spawn(async move {
        let mut turn = interval(Duration::from_millis(20));
        loop {
            turn.tick().await;
            let used = counted(admin, "rapport_memory_used_bytes").await;
            tell.send_if_modified(|most| std::mem::replace(most, used.max(*most)) < used);
        }
    });
    // A text frame with a mask of zeros, which changes nothing.
    let mut begun = vec![0x81, 0xfe];
    begun.extend(MESSAGE.to_be_bytes());
    begun.extend([0; 4]);
    begun.resize(begun.len() + usize::from(MESSAGE) - 1, b' ');
    for wire in &mut crowd {
        wire.bytes(&begun).await;
    }
    until("some are sent away", PATIENCE, || async {
        let away = counted(admin, "rapport_live_closed_total{code=\"4412\",reason=\"OVERLOADED\"").await;
        (away > 0.0).then_some(())
    })
    .await;
    let (is_ready, memory) = ready(admin, "memory").await;
    assert!(is_ready, "whoever is there is served");
    assert_eq!((&memory["ok"], &memory["limitMib"]), (&json!(false), &json!(LIMIT_MIB)));
    let said = health(&mut old).await;
    assert!(said.starts_with("HTTP/1.1 503 ") && said.contains("\"reason\":\"OVERLOADED\""), "{said}");
    assert!(said.contains("retry-after: 1\r\n"), "{said}");
    let mut new = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    let _ = new.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(new.read(&mut [0; 16]).await.unwrap_or(0), 0, "no more connections");
    let refused = visitor.send(&chat, "2").await.unwrap_err();
    assert_eq!(refused.reason(), Some(Reason::Overloaded), "{refused:?}");

    drop(crowd);
    let sent = until("what was refused is taken", PATIENCE, || async { visitor.send(&chat, "2").await.ok() });
    assert_eq!(sent.await.seq, 2);
    until("there is memory again", PATIENCE, || async {
        (ready(admin, "memory").await.1["ok"] == true).then_some(())
    })
    .await;
    watching.abort();
    let most = *most.borrow() / f64::from(1 << 20);
    eprintln!("at most {most:.0} MiB of {LIMIT_MIB}");
    assert!(most > 0.0 && most < f64::from(LIMIT_MIB), "{most}");
    drop(Socket::open(&url, &token, "").await);
    assert_eq!(visitor.messages(&chat).await.unwrap().len(), 2);
}

/// Asks on a connection that stays.
async fn health(connection: &mut TcpStream) -> String {
    connection.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut said = [0; 4096];
    let read = soon("an answer", PATIENCE, connection.read(&mut said)).await.unwrap();
    String::from_utf8_lossy(&said[..read]).into_owned()
}
