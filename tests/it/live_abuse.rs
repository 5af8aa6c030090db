//! What must not come over a live socket, or not so much of it: each thing has its own answer, and nobody else notices.

use std::time::Duration;

use rapport_tests::client::request_id;
use rapport_tests::proto::tenants::v1::{AllowedOrigins, UpdateTenantRequest};
use rapport_tests::socket::{PROTOCOL, Socket, Wire, frame};
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::{Wishes, Workspace, World};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

on_both![
    a_handshake_that_is_none_is_refused_before_it_is_a_socket,
    pages_of_foreign_origins_are_let_in_by_the_workspace_of_the_token_alone,
    what_comes_before_hello_closes_the_socket_with_its_code,
    a_hello_that_is_worth_nothing_is_told_why,
    bytes_that_break_the_protocol_close_the_socket_with_their_code,
    a_client_that_closes_is_answered_by_its_own_code_or_told_that_it_is_none,
    a_socket_that_says_nothing_is_closed_in_time,
    too_many_frames_are_refused_and_a_flood_ends_the_socket with tight(),
    one_person_and_one_address_hold_so_many_sockets
        with Wishes::default().env("RAPPORT_LIMITS__SESSION_SOCKETS", "2").env("RAPPORT_LIMITS__ADDRESS_SOCKETS", "4"),
];

fn tight() -> Wishes {
    Wishes::default().env("RAPPORT_LIMITS__SESSION_REQUESTS", "20")
}

async fn token(world: &Workspace) -> String {
    world.owner.sign_in().await.access_token
}

/// The status and the reason of a handshake with these headers.
async fn shaken(url: &str, path: &str, headers: &[(&'static str, &str)]) -> (u16, String) {
    match Wire::try_connect(url, path, headers).await {
        Ok(_) => (101, String::new()),
        Err(refused) => (refused.status, refused.reason),
    }
}

async fn a_handshake_that_is_none_is_refused_before_it_is_a_socket(world: &World) {
    let url = world.edge_url();
    let offered = [("sec-websocket-protocol", PROTOCOL)];
    assert_eq!(shaken(&url, "/v1/live", &offered).await, (101, String::new()));
    let malformed = (400, "MALFORMED_REQUEST".to_owned());
    assert_eq!(shaken(&url, "/v1/live", &[]).await, malformed);
    let token = token(world).await;
    let hidden = format!("bearer.{token}");
    assert_eq!(shaken(&url, "/v1/live", &[("sec-websocket-protocol", &hidden)]).await, malformed);
    // Offered beside the protocol it is not given back; the actor checks which one is.
    let beside = format!("{hidden}, {PROTOCOL}");
    assert_eq!(shaken(&url, "/v1/live", &[("sec-websocket-protocol", &beside)]).await.0, 101);
    assert_eq!(shaken(&url, "/v1/live", &[offered[0], ("sec-websocket-version", "12")]).await, malformed);
    for name in ["token", "access_token"] {
        let path = format!("/v1/live?{name}={token}");
        assert_eq!(shaken(&url, &path, &offered).await, (400, "TOKEN_IN_URL".to_owned()));
    }
    let client = reqwest::Client::new();
    for (verb, status, reason) in [("GET", 400, "MALFORMED_REQUEST"), ("POST", 405, "VERB_NOT_ALLOWED")] {
        let request = client.request(verb.parse().unwrap(), format!("{url}/v1/live"));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert_eq!(answer.json::<Value>().await.unwrap()["reason"], reason);
    }
}

async fn pages_of_foreign_origins_are_let_in_by_the_workspace_of_the_token_alone(world: &World) {
    let other = world.another_workspace("globex").await;
    let (ours, theirs) = ("https://shop.example", "https://shop.example:8443");
    for (workspace, origin) in [(&**world, ours), (&other, theirs)] {
        let allowed_origins = Some(AllowedOrigins { origins: vec![origin.to_owned()] });
        let request = UpdateTenantRequest { allowed_origins, ..Default::default() };
        workspace.owner.client.update_tenant(request).await.unwrap();
    }
    let url = world.edge_url();
    let offered = ("sec-websocket-protocol", PROTOCOL);
    let refused = (403, "ORIGIN_REFUSED".to_owned());
    for origin in [
        "null",
        "https://evil.example",
        "https://shop.example.evil.example",
        "https://shop.example:444",
        "http://shop.example",
    ] {
        assert_eq!(shaken(&url, "/v1/live", &[offered, ("origin", origin)]).await, refused, "{origin}");
    }
    for origin in [&*url, ours] {
        let wire = Wire::try_connect(&url, "/v1/live", &[offered, ("origin", origin)]).await.unwrap();
        Socket::over(wire, &token(world).await, "").await.unwrap();
    }
    // Some workspace allows it, but not this one.
    let wire = Wire::try_connect(&url, "/v1/live", &[offered, ("origin", theirs)]).await.unwrap();
    let closed = Socket::over(wire, &token(world).await, "").await.unwrap_err();
    assert_eq!(closed, (4503, "ORIGIN_REFUSED".to_owned()));
}

async fn what_comes_before_hello_closes_the_socket_with_its_code(world: &World) {
    let url = world.edge_url();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for text in [
        r#"{"call":{"id":1,"method":"rapport.chats.v1.ChatService/ListChats"}}"#,
        r#"{"ping":{}}"#,
        r#"{"reauth":{"token":"x"}}"#,
        r#"{"hello":{"token":"x","admin":true}}"#,
        r#"{"hello":{"token":{"$ne":null}}}"#,
        "GET / HTTP/1.1",
        "",
        "{",
        &deep,
    ] {
        let mut wire = Wire::connect(&url).await;
        wire.send(Message::text(text)).await;
        assert_eq!(wire.closed().await, (4500, "FRAME_MALFORMED".to_owned()), "{text}");
    }
}

async fn a_hello_that_is_worth_nothing_is_told_why(world: &World) {
    let url = world.edge_url();
    let other = world.another_workspace("globex").await;
    let own = token(world).await;
    let foreign = world.owner.log("").await.unwrap().pop().unwrap().cursor;
    let operator = world.core().run(&["operator-token"]);
    let long = "x".repeat(5_000);
    for (token, cursor, code, reason) in [
        ("", "", 4501, "TOKEN_MISSING"),
        ("x", "", 4501, "TOKEN_INVALID"),
        (&*long, "", 4501, "TOKEN_INVALID"),
        (&*operator, "", 4501, "PERMISSION_MISSING"),
        (&*own, "x", 4502, "CURSOR_INVALID"),
        (&*own, &*long, 4502, "CURSOR_INVALID"),
        (&*other.owner.sign_in().await.access_token, &*foreign, 4502, "CURSOR_INVALID"),
    ] {
        let closed = Socket::try_open(&url, token, cursor).await.unwrap_err();
        assert_eq!(closed, (code, reason.to_owned()), "{token:.20} {cursor:.20}");
    }
    let mut socket = Socket::open(&url, &own, "").await;
    socket.say(json!({ "hello": { "token": own } })).await;
    assert_eq!(socket.closed(PATIENCE).await, (4500, "FRAME_MALFORMED".to_owned()));
}

async fn bytes_that_break_the_protocol_close_the_socket_with_their_code(world: &World) {
    let url = world.edge_url();
    let own = token(world).await;
    let hello = json!({ "hello": { "token": own } }).to_string();
    let unmasked = [&[0x81, 2][..], b"{}"].concat();
    let fragments = |count: usize| {
        let mut bytes = frame(0x01, b" ");
        bytes.extend((2..count).flat_map(|_| frame(0x00, b" ")));
        bytes.extend(frame(0x80, br#"{"ping":{}}"#));
        bytes
    };
    let half = [frame(0x01, b"{"), frame(0x81, b"}")].concat();
    let mut huge = vec![0x81, 0xff];
    huge.extend((1_u64 << 62).to_be_bytes());
    huge.extend([0; 4]);
    let pieces = [frame(0x01, &vec![b' '; 40_000]), frame(0x80, &vec![b' '; 40_000])].concat();
    let cases: [(&str, Vec<u8>, u16, &str); 14] = [
        ("not masked", unmasked, 1002, "PROTOCOL_ERROR"),
        ("a reserved bit", frame(0xc1, b"{}"), 1002, "PROTOCOL_ERROR"),
        ("an unknown opcode", frame(0x83, b"{}"), 1002, "PROTOCOL_ERROR"),
        ("an unknown control frame", frame(0x8b, b""), 1002, "PROTOCOL_ERROR"),
        ("a ping in pieces", frame(0x09, b""), 1002, "PROTOCOL_ERROR"),
        ("a ping that is too long", frame(0x89, &[0; 126]), 1002, "PROTOCOL_ERROR"),
        ("a piece of nothing", frame(0x80, b"{}"), 1002, "PROTOCOL_ERROR"),
        ("a message in a message", half, 1002, "PROTOCOL_ERROR"),
        ("a binary message", frame(0x82, b"{}"), 1003, "TEXT_ONLY"),
        ("no UTF-8", frame(0x81, &[b'"', 0xff, b'"']), 1007, "NOT_UTF8"),
        ("a long message", frame(0x81, &vec![b' '; 65_537]), 1009, "FRAME_TOO_LARGE"),
        ("a promise of a huge one", huge, 1009, "FRAME_TOO_LARGE"),
        ("a long one in pieces", pieces, 1009, "FRAME_TOO_LARGE"),
        ("a thousand fragments", fragments(1_000), 4504, "TOO_MANY_FRAGMENTS"),
    ];
    for (what, bytes, code, reason) in cases {
        for greeted in [false, true] {
            let mut wire = Wire::connect(&url).await;
            if greeted {
                wire.send(Message::text(hello.clone())).await;
                assert!(wire.next().await.unwrap().get("welcome").is_some());
            }
            wire.bytes(&bytes).await;
            assert_eq!(wire.closed().await, (code, reason.to_owned()), "{what}, greeted: {greeted}");
        }
    }
    // As many fragments as may be, and the longest message: both are taken.
    let mut wire = Wire::connect(&url).await;
    wire.send(Message::text(hello)).await;
    wire.bytes(&fragments(64)).await;
    let mut long = br#"{"ping":{}}"#.to_vec();
    long.resize(65_536, b' ');
    wire.bytes(&frame(0x81, &long)).await;
    let mut pongs = 0;
    while pongs < 2 {
        pongs += usize::from(wire.next().await.unwrap().get("pong").is_some());
    }
}

async fn a_client_that_closes_is_answered_by_its_own_code_or_told_that_it_is_none(world: &World) {
    let url = world.edge_url();
    let hello = json!({ "hello": { "token": token(world).await } }).to_string();
    let close = |code: u16, reason: &[u8]| frame(0x88, &[&code.to_be_bytes(), reason].concat());
    // The words of the library, which answers what it was told.
    let none = (1002, "Protocol violation".to_owned());
    for (what, bytes, answer) in [
        ("an end in good order", close(1000, b"bye"), (1000, "bye".to_owned())),
        ("going away", close(1001, b""), (1001, String::new())),
        ("a code of its own", close(4000, b""), (4000, String::new())),
        ("below all codes", close(999, b""), none.clone()),
        ("no status", close(1005, b""), none.clone()),
        ("an abnormal end", close(1006, b""), none.clone()),
        ("a failed handshake", close(1015, b""), none.clone()),
        ("nobody's code", close(1016, b""), none.clone()),
        ("above all codes", close(5000, b""), none),
        ("half a code", frame(0x88, &[3]), (1002, "PROTOCOL_ERROR".to_owned())),
        ("a reason that is no UTF-8", close(1000, &[0xff]), (1007, "NOT_UTF8".to_owned())),
    ] {
        for greeted in [false, true] {
            let mut wire = Wire::connect(&url).await;
            if greeted {
                wire.send(Message::text(hello.clone())).await;
                assert!(wire.next().await.unwrap().get("welcome").is_some());
            }
            wire.bytes(&bytes).await;
            assert_eq!(wire.closed().await, answer, "{what}, greeted: {greeted}");
        }
    }
}

async fn a_socket_that_says_nothing_is_closed_in_time(world: &World) {
    let url = world.edge_url();
    let begun = Instant::now();
    let mut silent = Wire::connect(&url).await;
    let mut pings = Wire::connect(&url).await;
    pings.send(Message::Ping("still here".into())).await;
    // A byte of a frame now and then is no frame.
    let mut slow = Wire::connect(&url).await;
    slow.bytes(&frame(0x81, br#"{"hello":{}}"#)[..9]).await;
    for wire in [&mut silent, &mut pings, &mut slow] {
        assert_eq!(wire.closed().await, (4408, "REQUEST_TOO_SLOW".to_owned()));
    }
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(4) && took < Duration::from_secs(10), "{took:?}");
}

async fn too_many_frames_are_refused_and_a_flood_ends_the_socket(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let url = world.edge_url();
    let mut neighbour = Socket::open(&url, &token(world).await, "").await;
    let open = async || Socket::open(&url, &visitor.visit().await.access_token, "").await;

    let mut socket = open().await;
    let mut ids = Vec::new();
    for _ in 0..60 {
        ids.push(socket.ask("chats.v1.ChatService/GetChat", json!({ "chatId": chat })).await);
    }
    let mut limited = Vec::new();
    for id in ids {
        match socket.result(id).await {
            Ok(_) => {}
            Err(problem) if problem["reason"] == "CALLS_IN_FLIGHT" => {}
            Err(problem) => limited.push(problem),
        }
    }
    // 40 at once, hello among them, and 20 each second that it took.
    assert!((5..=21).contains(&limited.len()), "{}", limited.len());
    for problem in limited {
        assert_eq!((&problem["reason"], &problem["retryable"]), (&json!("RATE_LIMITED"), &json!(true)));
        assert!(problem["retryAfter"].as_f64().is_some_and(|after| after > 0.0 && after < 3.0), "{problem}");
    }
    let again = async || {
        let mut socket = open().await;
        socket.call("chats.v1.ChatService/GetChat", json!({ "chatId": chat })).await.ok()
    };
    assert!(until("another socket is another measure", PATIENCE, again).await.get("chat").is_some());

    // Who does not stop is cut off.
    for _ in 0..300 {
        socket.ask("chats.v1.ChatService/GetChat", json!({ "chatId": chat })).await;
    }
    assert_eq!(socket.closed(PATIENCE).await, (4429, "RATE_LIMITED".to_owned()));
    let mut pings = open().await;
    for _ in 0..300 {
        pings.send(Message::Ping("".into())).await;
    }
    assert_eq!(pings.closed(PATIENCE).await, (4429, "RATE_LIMITED".to_owned()));
    let mut early = Wire::connect(&url).await;
    for _ in 0..300 {
        early.send(Message::Ping("".into())).await;
    }
    assert_eq!(early.closed().await, (4429, "RATE_LIMITED".to_owned()));

    visitor.send_as(&request_id(), &chat, "the neighbour hears").await.unwrap();
    neighbour.message("the neighbour hears").await;
}

async fn one_person_and_one_address_hold_so_many_sockets(world: &World) {
    let url = world.edge_url();
    let own = token(world).await;
    let mut first = Socket::open(&url, &own, "").await;
    let second = Socket::open(&url, &own, "").await;
    assert_eq!(Socket::try_open(&url, &own, "").await.unwrap_err(), (4429, "RATE_LIMITED".to_owned()));
    // The place of one that goes is free again.
    first.send(Message::Close(None)).await;
    first.closed(PATIENCE).await;
    let open = async || Socket::try_open(&url, &own, "").await.ok();
    let third = until("a place is free", PATIENCE, open).await;
    let visitor = world.visitor().await.visit().await.access_token;
    let fourth =
        until("a place is free", PATIENCE, async || Socket::try_open(&url, &visitor, "").await.ok()).await;
    let _fifth = Wire::connect(&url).await;
    let offered = [("sec-websocket-protocol", PROTOCOL)];
    let full =
        async || (shaken(&url, "/v1/live", &offered).await == (429, "RATE_LIMITED".to_owned())).then_some(());
    until("the address holds as many as it may", PATIENCE, full).await;
    drop((second, third, fourth));
    let free = async || (shaken(&url, "/v1/live", &offered).await.0 == 101).then_some(());
    until("places are free", PATIENCE, free).await;
}
