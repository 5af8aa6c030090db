//! What ends a live socket: its authority, its edge, its cores, its history. Each is told by a code of its own, and whoever may come back
//! goes on exactly where the last one was.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rapport_tests::client::request_id;
use rapport_tests::proto::tenants::v1::{MemberState, Role};
use rapport_tests::socket::Socket;
use rapport_tests::wait::{AT_ONCE, PATIENCE, until};
use rapport_tests::world::{Wishes, World};
use serde_json::json;

use crate::forge::{Jwt, signing_key};
use crate::live::{after, heard, member_socket, token_of, visitor_socket};

on_all![what_a_killed_server_had_told_is_gone_on_from, ended_authority_closes_sockets_at_once,];

on_four![
    a_token_is_renewed_on_the_socket_by_its_own_session_alone,
    a_server_that_goes_says_goodbye_and_finishes_what_it_began,
];

on_shapes! {
    an_edge_without_cores_lets_its_sockets_go_and_takes_them_back, Wishes::default(), [sqlite_apart SqliteApart]
}

on_shapes! {
    a_store_put_back_from_a_copy_sends_every_socket_back_for_a_reset, Wishes::default(), [sqlite_apart SqliteApart]
}

async fn what_a_killed_server_had_told_is_gone_on_from(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let token = token_of(&world.owner).await;
    let mut socket = Socket::open(&world.edge_url(), &token, "").await;
    let begun = socket.welcome["head"].as_str().unwrap().to_owned();
    let mut all = Vec::new();
    for round in 0..3 {
        visitor.send(&chat, &format!("before {round}")).await.unwrap();
        socket.message(&format!("before {round}")).await;
        if round == 1 && !world.edges().is_empty() {
            // The cores go and come back behind edges that stay: the sockets hear on.
            for core in world.cores() {
                core.restart().await;
            }
            visitor.send(&chat, "through other cores").await.unwrap();
            socket.message("through other cores").await;
            assert!(socket.is_open());
            continue;
        }
        for edge in world.edges() {
            edge.restart().await;
        }
        for core in world.cores().iter().filter(|_| world.edges().is_empty()) {
            core.restart().await;
        }
        assert_eq!(socket.closed(PATIENCE).await.0, 1006);
        visitor.send(&chat, &format!("meanwhile {round}")).await.unwrap();
        all.extend(heard(&socket));
        socket = back(&world.edge_url(), &token, &socket.cursor()).await;
        socket.message(&format!("meanwhile {round}")).await;
    }
    all.extend(heard(&socket));
    assert_eq!(all, after(&world.owner, &begun).await);
}

async fn ended_authority_closes_sockets_at_once(world: &World) {
    let owner = &world.owner;
    let neighbour = member_socket(world, owner).await;
    // Signed out: this session, and no other of the same member.
    let ada = world.agent("Ada").await;
    let session = ada.sign_in().await;
    let out = Socket::open(&world.edge_url(), &session.access_token, "").await;
    let stays = member_socket(world, &ada).await;
    ada.bearing(&session.access_token).client.sign_out().await.unwrap();
    assert_eq!(out.closed(AT_ONCE).await, (4501, "SESSION_ENDED".to_owned()));
    assert!(stays.is_open());
    let back = Socket::try_open(&world.edge_url(), &session.access_token, "").await;
    assert_eq!(back.unwrap_err(), (4501, "SESSION_ENDED".to_owned()));
    // Another role: come back with another token.
    owner.set_role(&ada, Role::Viewer).await.unwrap();
    assert_eq!(stays.closed(AT_ONCE).await, (4401, "TOKEN_STALE".to_owned()));
    let viewer = member_socket(world, &ada).await;
    // Suspended.
    owner.set_state(&ada, MemberState::Suspended).await.unwrap();
    let (code, reason) = viewer.closed(AT_ONCE).await;
    assert!(matches!((code, &*reason), (4501, "SESSION_ENDED") | (4401, "TOKEN_STALE")), "{code} {reason}");
    assert!(neighbour.is_open());
}

async fn a_token_is_renewed_on_the_socket_by_its_own_session_alone(world: &World) {
    let session = world.owner.sign_in().await;
    let jwt = Jwt::parse(&session.access_token);
    let key = signing_key(world.deployment(), jwt.header["kid"].as_str().unwrap());
    let now = jwt.claims["iat"].as_i64().unwrap();
    let short = jwt.claim("exp", json!(now + 8)).signed(&key);
    let url = world.edge_url();
    let mut renewed = Socket::open(&url, &short, "").await;
    let ends = Socket::open(&url, &short, "").await;
    let stranger = Socket::open(&url, &short, "").await;
    let expiring = renewed.named("expiring").await["inMs"].as_u64().unwrap();
    assert!((1..=8_000).contains(&expiring), "{expiring} ms");
    renewed.say(json!({ "reauth": { "token": session.access_token } })).await;
    let in_ms = renewed.named("reauthorized").await["inMs"].as_u64().unwrap();
    assert!((60_000..=900_000).contains(&in_ms), "{in_ms} ms");
    // Another session of the same member is another session.
    let mut stranger = stranger;
    stranger.say(json!({ "reauth": { "token": token_of(&world.owner).await } })).await;
    assert_eq!(stranger.closed(PATIENCE).await, (4501, "TOKEN_INVALID".to_owned()));
    assert_eq!(ends.closed(Duration::from_secs(12)).await, (4401, "TOKEN_EXPIRED".to_owned()));
    let own = renewed.call("auth.v1.AuthService/GetSelf", json!({})).await.unwrap();
    assert_eq!(own["member"]["memberId"], world.owner.member_id());
    assert!(renewed.is_open(), "the old token's end is nothing to the new one");
    renewed.say(json!({ "reauth": { "token": short } })).await;
    assert_eq!(renewed.closed(PATIENCE).await, (4401, "TOKEN_EXPIRED".to_owned()));
}

async fn a_server_that_goes_says_goodbye_and_finishes_what_it_began(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let mut socket = visitor_socket(world, &visitor).await;
    let send = json!({ "chatId": chat, "requestId": request_id(), "text": "just in time" });
    let last = socket.ask("chats.v1.ChatService/SendMessage", send).await;
    socket.result(last).await.unwrap();
    match world.edges() {
        [edge, ..] => edge.ask_to_go(),
        [] => world.core().ask_to_go(),
    }
    let after = socket.named("goodbye").await["retryAfterMs"].as_u64().unwrap_or_default();
    assert!(after <= 2_000, "{after} ms");
    assert_eq!(socket.closed(PATIENCE).await, (4410, "SHUTTING_DOWN".to_owned()));
}

/// Comes back as a client does: again and again while it is told to.
async fn back(url: &str, token: &str, cursor: &str) -> Socket {
    let open = async || match Socket::try_open(url, token, cursor).await {
        Ok(socket) => Some(socket),
        Err((code, reason)) => {
            assert!((4000..4500).contains(&code), "{code} {reason}");
            None
        }
    };
    until("the edge takes it back", PATIENCE, open).await
}

async fn an_edge_without_cores_lets_its_sockets_go_and_takes_them_back(world: &World) {
    let token = token_of(&world.owner).await;
    let url = world.edge_url();
    let socket = Socket::open(&url, &token, "").await;
    let begun = socket.welcome["head"].as_str().unwrap().to_owned();
    let visitor = world.visitor().await;
    world.core().kill9();
    let late = Socket::try_open(&url, &token, "").await.unwrap_err();
    assert_eq!(late, (4412, "CORE_UNAVAILABLE".to_owned()));
    assert!(socket.is_open(), "a core may come back in a moment");
    assert_eq!(socket.closed(Duration::from_secs(25)).await, (4412, "CORE_UNAVAILABLE".to_owned()));
    world.core().restart().await;
    let mut socket = back(&url, &token, &socket.cursor()).await;
    visitor.start_chat("hello again").await;
    socket.message("hello again").await;
    assert_eq!(heard(&socket), after(&world.owner, &begun).await);
}

async fn a_store_put_back_from_a_copy_sends_every_socket_back_for_a_reset(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    let token = token_of(&world.owner).await;
    let url = world.edge_url();
    let mut socket = Socket::open(&url, &token, "").await;
    let (data, copy) = (world.core().data_dir().to_owned(), tempfile::tempdir().unwrap());
    world.core().terminate().await;
    copy_files(&data, copy.path());
    world.core().restart().await;
    for number in 2..=5 {
        visitor.send(&chat, &number.to_string()).await.unwrap();
    }
    socket.message("5").await;
    world.core().terminate().await;
    for entry in fs::read_dir(&data).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    copy_files(copy.path(), &data);
    world.core().restart().await;

    assert_eq!(socket.closed(PATIENCE).await, (4411, "HISTORY_CHANGED".to_owned()));
    // The numbers are taken by other events meanwhile; the cursor is told from them.
    for number in 2..=9 {
        visitor.send(&chat, &format!("other {number}")).await.unwrap();
    }
    let mut socket = back(&url, &token, &socket.cursor()).await;
    let reset = socket.named("reset").await;
    assert_eq!(reset["cause"], "RESET_CAUSE_RESTORED");
    visitor.send(&chat, "goes on").await.unwrap();
    assert_eq!(socket.message("goes on").await["seq"], 10);
    assert_eq!(heard(&socket), after(&world.owner, reset["cursor"].as_str().unwrap()).await);
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
