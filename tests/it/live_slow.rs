//! Sockets whose client reads slowly or not at all: who reads steadily stays, who stops is cut off in the time set although the kernel
//! keeps some of it, and a token that runs out meanwhile ends the socket at its time.

use std::time::Duration;

use rapport_tests::edge::Edge;
use rapport_tests::socket::Wire;
use rapport_tests::wait::{PATIENCE, soon, until};
use rapport_tests::web::Web;
use rapport_tests::world::{Wishes, World};
use serde_json::json;
use tokio::time::{Instant, interval};

use crate::forge::{Jwt, signing_key};

on_both![
    a_slow_but_steady_reader_stays with Wishes::default().env("RAPPORT_LIMITS__SLOW_READER_MS", "1000"),
    a_reader_that_stops_is_cut_off_in_time with Wishes::default().env("RAPPORT_LIMITS__SLOW_READER_MS", "1000"),
    a_token_that_ends_while_nobody_reads_ends_the_socket,
];

/// How many bytes of text an answer has.
const ANSWER: usize = 16 * 32_000;

/// A chat with one long page of messages.
async fn long_chat(world: &World) -> String {
    let (visitor, text) = (world.visitor().await, "𝕏".repeat(8_000));
    let chat = visitor.start_chat(&text).await.chat_id;
    for _ in 1..16 {
        visitor.send(&chat, &text).await.unwrap();
    }
    chat
}

/// A session that has asked for so many pages and reads none of them.
async fn asked(world: &World, token: &str, chat: &str, pages: u32) -> Wire {
    let mut wire = Wire::connect(&world.edge_url()).await;
    wire.say(json!({ "hello": { "token": token } })).await;
    assert!(wire.next().await.unwrap().get("welcome").is_some());
    for id in 1..=pages {
        let method = "rapport.chats.v1.ChatService/ListMessages";
        let body = json!({ "chatId": chat, "pageSize": 200 });
        wire.say(json!({ "call": { "id": id, "method": method, "body": body } })).await;
    }
    wire
}

/// Waits until the edge has closed a socket with a code, which it counts when it does and not when the client has read of it.
async fn counted(world: &World, code: &str, within: Duration) {
    let admin = world.edges().first().map_or_else(|| world.core().admin(), Edge::admin);
    let web = Web::at(&format!("http://{admin}"));
    until(&format!("a socket is closed with {code}"), within, async || {
        let metrics = String::from_utf8(web.get("/metrics").await.body).unwrap();
        let of_code = |line: &str| {
            line.starts_with("rapport_live_closed_total{") && line.contains(&format!("\"{code}\""))
        };
        metrics.lines().any(of_code).then_some(())
    })
    .await;
}

async fn a_slow_but_steady_reader_stays(world: &World) {
    const PAGES: u32 = 16;
    let chat = long_chat(world).await;
    let token = world.owner.sign_in().await.access_token;
    let mut wire = asked(world, &token, &chat, PAGES).await;
    let begun = Instant::now();
    let (mut pace, mut read) = (interval(Duration::from_millis(20)), 0);
    // For four times as long as a reader may stand still, 400 kB a second.
    while begun.elapsed() < Duration::from_secs(4) {
        pace.tick().await;
        read += wire.take(8_000).await;
    }
    let all = PAGES as usize * ANSWER;
    assert!(read < all / 2, "it read {read} bytes, which is not slow");
    while read < all {
        let more = soon("the rest", PATIENCE, wire.take(1 << 20)).await;
        assert!(more > 0, "it was cut off after {read} bytes");
        read += more;
    }
}

async fn a_reader_that_stops_is_cut_off_in_time(world: &World) {
    let chat = long_chat(world).await;
    let token = world.owner.sign_in().await.access_token;
    // Less than a kernel would keep that was not told otherwise.
    let mut wire = asked(world, &token, &chat, 3).await;
    // It is looked at once in the time set: what went out in the first is no standing still.
    counted(world, "4409", Duration::from_secs(4)).await;
    assert_eq!(wire.closed().await, (4409, "SLOW_READER".to_owned()));
}

async fn a_token_that_ends_while_nobody_reads_ends_the_socket(world: &World) {
    let chat = long_chat(world).await;
    let jwt = Jwt::parse(&world.owner.sign_in().await.access_token);
    let key = signing_key(world.deployment(), jwt.header["kid"].as_str().unwrap());
    let now = jwt.claims["iat"].as_i64().unwrap();
    let short = jwt.claim("exp", json!(now + 6)).signed(&key);
    let mut wire = asked(world, &short, &chat, 3).await;
    // Long before a reader that stands still is cut off.
    counted(world, "4401", Duration::from_secs(9)).await;
    assert_eq!(wire.closed().await, (4401, "TOKEN_EXPIRED".to_owned()));
}
