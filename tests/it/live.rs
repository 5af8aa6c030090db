//! The live socket: calls and everything that happens on one connection, for everybody what that person may hear, once and in order.
//! What ends a socket from outside stands in `live_ends`, what a client does wrong in `live_abuse`.

use rapport_tests::actors::{Actor, Staff, Visitor};
use rapport_tests::client::request_id;
use rapport_tests::proto::events::v1::{LoggedEvent, event::Body};
use rapport_tests::proto::tenants::v1::UpdateDepartmentRequest;
use rapport_tests::socket::{Socket, Wire, places};
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::{Wishes, Workspace, World};
use serde_json::{Value, json};

on_all![
    a_conversation_goes_over_sockets_and_each_hears_what_is_theirs,
    from_any_place_the_rest_of_the_log_comes_once_and_in_order_and_then_a_checkpoint,
    cut_sockets_cost_no_event_and_repeat_none,
    a_change_of_departments_changes_what_a_socket_hears,
];

on_four![
    calls_that_change_something_run_in_order_and_reads_beside_them,
    a_stream_over_a_socket_gives_its_items_and_is_cancelled,
];

on_both![
    what_is_not_for_sockets_is_refused_and_the_socket_goes_on,
    a_frame_is_taken_in_every_form_that_json_of_the_contract_has,
    an_idle_cursor_moves,
    a_reader_that_stands_still_is_cut_off_delays_nobody_and_catches_up
        with Wishes::default().env("RAPPORT_LIMITS__SLOW_READER_MS", "300"),
];

pub(crate) async fn token_of(member: &Staff) -> String {
    member.sign_in().await.access_token
}

pub(crate) async fn member_socket(world: &Workspace, member: &Staff) -> Socket {
    Socket::open(&world.edge_url(), &token_of(member).await, "").await
}

pub(crate) async fn visitor_socket(world: &Workspace, visitor: &Visitor) -> Socket {
    Socket::open(&world.edge_url(), &visitor.visit().await.access_token, "").await
}

/// The places after one of them, as the log has them now.
pub(crate) async fn after(actor: &Actor, cursor: &str) -> Vec<String> {
    places(&actor.log(cursor).await.unwrap())
}

pub(crate) fn heard(socket: &Socket) -> Vec<String> {
    socket.events().into_iter().map(|(cursor, _)| cursor).collect()
}

async fn a_conversation_goes_over_sockets_and_each_hears_what_is_theirs(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let mut ada = member_socket(world, &agent).await;
    let mut vera = visitor_socket(world, &visitor).await;
    let owner = member_socket(world, &world.owner).await;
    let other = visitor_socket(world, &world.visitor().await).await;

    let start = json!({ "requestId": request_id(), "text": "Hello" });
    let chat = vera.call("chats.v1.ChatService/StartChat", start).await.unwrap();
    let chat = chat["chat"]["chatId"].as_str().unwrap().to_owned();
    assert_eq!(ada.message("Hello").await["chatId"], chat);
    let claimed = ada.call("chats.v1.ChatService/ClaimChat", json!({ "chatId": chat })).await.unwrap();
    assert_eq!(claimed["chat"]["assignee"]["memberId"], agent.member_id());
    ada.call("chats.v1.ChatService/SetTyping", json!({ "chatId": chat, "typing": true })).await.unwrap();
    let send = json!({ "chatId": chat, "requestId": request_id(), "text": "Good morning" });
    let sent = ada.call("chats.v1.ChatService/SendMessage", send.clone()).await.unwrap();
    assert_eq!(ada.call("chats.v1.ChatService/SendMessage", send).await.unwrap(), sent, "the same once more");
    assert_eq!(vera.message("Good morning").await["seq"], 2);
    vera.call("chats.v1.ChatService/MarkRead", json!({ "chatId": chat, "seq": 2 })).await.unwrap();
    ada.frame("the read mark", |frame| frame["event"]["data"].get("messagesRead").cloned()).await;
    let note = json!({ "chatId": chat, "requestId": request_id(), "text": "SECRET", "internal": true });
    ada.call("chats.v1.ChatService/SendMessage", note).await.unwrap();
    let last = json!({ "chatId": chat, "requestId": request_id(), "text": "Bye" });
    ada.call("chats.v1.ChatService/SendMessage", last).await.unwrap();
    vera.message("Bye").await;

    assert!(!vera.transcript().contains("SECRET"), "a note is for the staff alone");
    assert_eq!(heard(&vera), after(&visitor, vera.welcome["head"].as_str().unwrap()).await);
    for (socket, actor) in [(&ada, &*agent), (&owner, &*world.owner)] {
        let all = after(actor, socket.welcome["head"].as_str().unwrap()).await;
        until("all is heard", PATIENCE, async || (heard(socket).len() >= all.len()).then_some(())).await;
        assert_eq!(heard(socket), all);
        assert!(socket.transcript().contains("SECRET"));
    }
    assert!(other.events().is_empty(), "what is said in a chat is nothing to another visitor");
    // Typing is told to the rest and not to whoever types; without Redis it does not cross from core to core.
    if world.cores().len() == 1 {
        assert!(vera.frames().iter().any(|frame| frame["ephemeral"]["typing"]["chatId"] == chat));
        assert!(owner.frames().iter().any(|frame| frame["ephemeral"]["typing"]["chatId"] == chat));
    }
    assert!(ada.frames().iter().all(|frame| frame.get("ephemeral").is_none()));
}

async fn from_any_place_the_rest_of_the_log_comes_once_and_in_order_and_then_a_checkpoint(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("0").await.chat_id;
    agent.claim(&chat).await.unwrap();
    for number in 1..=12 {
        agent.send(&chat, &number.to_string()).await.unwrap();
        agent.note(&chat, "a note").await.unwrap();
    }
    for (who, token) in [
        (&*agent, token_of(&agent).await),
        (&*visitor, visitor.visit().await.access_token),
        (&*world.owner, token_of(&world.owner).await),
    ] {
        let log = places(&who.log("").await.unwrap());
        assert!(log.len() > 12);
        for seen in [0, 1, log.len() / 2, log.len() - 1] {
            let mut socket = Socket::open(&world.edge_url(), &token, &log[seen]).await;
            socket.named("checkpoint").await;
            assert_eq!(heard(&socket), log[seen + 1..], "after event {seen} of {}", log.len());
        }
    }
}

async fn cut_sockets_cost_no_event_and_repeat_none(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let token = token_of(&world.owner).await;
    let mut cursor = places(&world.owner.log("").await.unwrap()).pop().unwrap();
    let begun = cursor.clone();
    let mut all = Vec::new();
    for round in 1..=20 {
        let mut socket = Socket::open(&world.edge_url(), &token, &cursor).await;
        visitor.send(&chat, &format!("round {round}")).await.unwrap();
        if round % 3 == 0 {
            socket.message(&format!("round {round}")).await;
        }
        // Cut wherever it is: before the replay, in it, or after.
        cursor = socket.cursor();
        let mut known = heard(&socket);
        if let Some(last) = known.iter().position(|place| *place == cursor) {
            known.truncate(last + 1);
        }
        all.extend(known);
        drop(socket);
    }
    let mut socket = Socket::open(&world.edge_url(), &token, &cursor).await;
    visitor.send(&chat, "the end").await.unwrap();
    socket.message("the end").await;
    all.extend(heard(&socket));
    assert_eq!(all, after(&world.owner, &begun).await);
}

async fn a_change_of_departments_changes_what_a_socket_hears(world: &World) {
    let ada = world.agent("Ada").await;
    let sales = world.department("Sales", &[]).await.department_id;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat_with(&sales, "before joining").await.chat_id;
    let mut socket = member_socket(world, &ada).await;
    let mut owner = member_socket(world, &world.owner).await;
    let change = |join: bool| {
        let ids = vec![ada.member_id().to_owned()];
        let (add, remove) = if join { (ids, Vec::new()) } else { (Vec::new(), ids) };
        UpdateDepartmentRequest { add_member_ids: add, remove_member_ids: remove, ..Default::default() }
    };
    for round in 0..3 {
        visitor.send(&chat, &format!("outside {round}")).await.unwrap();
        world.owner.update_department(&sales, change(true)).await.unwrap();
        visitor.send(&chat, &format!("inside {round}")).await.unwrap();
        socket.message(&format!("inside {round}")).await;
        world.owner.update_department(&sales, change(false)).await.unwrap();
    }
    visitor.send(&chat, "outside at last").await.unwrap();
    // Something that Ada may hear, after all of that.
    let open = visitor.start_chat("for everybody").await.chat_id;
    socket.message("for everybody").await;
    assert!(!socket.transcript().contains("outside") && !socket.transcript().contains("before joining"));
    let grants = |(_, data): &(String, Value)| data.get("grantsChanged").is_some();
    assert_eq!(socket.events().iter().filter(|event| grants(event)).count(), 6);
    visitor.send(&open, "the end").await.unwrap();
    owner.message("the end").await;
    socket.message("the end").await;
    assert!(owner.transcript().contains("outside at last"));
    // What the socket heard, the stream hears too: a department's events while Ada belonged to it.
    let from = socket.welcome["head"].as_str().unwrap().to_owned();
    let live: Vec<_> = heard(&socket);
    let logged: Vec<LoggedEvent> = ada.log(&from).await.unwrap();
    let is_grant = |item: &LoggedEvent| {
        matches!(item.event.as_ref().and_then(|event| event.body.as_ref()), Some(Body::GrantsChanged(_)))
    };
    assert_eq!(logged.iter().filter(|item| is_grant(item)).count(), 6);
    assert!(places(&logged).iter().all(|place| live.contains(place)));
}

async fn calls_that_change_something_run_in_order_and_reads_beside_them(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let mut socket = visitor_socket(world, &visitor).await;
    for round in 0..10 {
        let mut ids = Vec::new();
        for n in 0..15 {
            let text = format!("{round} {n}");
            let send = json!({ "chatId": chat, "requestId": request_id(), "text": text });
            ids.push(socket.ask("chats.v1.ChatService/SendMessage", send).await);
        }
        let read = socket.ask("chats.v1.ChatService/GetChat", json!({ "chatId": chat })).await;
        assert_eq!(socket.result(read).await.unwrap()["chat"]["chatId"], chat);
        let mut last = 0;
        for id in ids {
            let seq = socket.result(id).await.unwrap()["message"]["seq"].as_u64().unwrap();
            assert!(seq > last, "in the order they were asked for");
            last = seq;
        }
        assert_eq!(last, 1 + 15 * (round + 1));
    }
}

async fn a_stream_over_a_socket_gives_its_items_and_is_cancelled(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let mut socket = visitor_socket(world, &visitor).await;
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(socket.ask("events.v1.EventService/Subscribe", json!({})).await);
    }
    let item =
        |id: u32| move |frame: &Value| (frame["item"]["id"] == id).then(|| frame["item"]["body"].clone());
    for stream in &streams {
        let first = socket.any(item(*stream)).await;
        assert!(first.get("checkpoint").is_some(), "{first}");
    }
    let full = socket.refused("chats.v1.ChatService/GetChat", json!({ "chatId": chat })).await;
    assert_eq!(full, "CALLS_IN_FLIGHT");
    // A name that is taken is refused, and the stream goes on.
    let again = json!({ "id": streams[0], "method": "rapport.chats.v1.ChatService/GetChat", "body": {} });
    socket.say(json!({ "call": again })).await;
    assert_eq!(socket.result(streams[0]).await.unwrap_err()["reason"], "FIELD_INVALID");
    for stream in &streams[1..] {
        socket.say(json!({ "cancel": { "id": stream } })).await;
    }
    let answer = socket.call("chats.v1.ChatService/GetChat", json!({ "chatId": chat })).await.unwrap();
    assert_eq!(answer["chat"]["chatId"], chat);
    visitor.send(&chat, "heard twice").await.unwrap();
    let told = socket
        .any(|frame| {
            let event = &frame["item"]["body"]["event"];
            (frame["item"]["id"] == streams[0] && event["messageSent"]["message"]["text"] == "heard twice")
                .then(|| frame["item"]["body"]["cursor"].clone())
        })
        .await;
    socket.message("heard twice").await;
    assert_eq!(told, socket.events().last().unwrap().0, "as an item and as an event");
    for stream in &streams[1..] {
        let count = socket.frames().iter().filter(|frame| frame["item"]["id"] == *stream).count();
        assert_eq!(count, 1, "a cancelled stream says no more");
    }
}

async fn what_is_not_for_sockets_is_refused_and_the_socket_goes_on(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let mut socket = visitor_socket(world, &visitor).await;
    for method in [
        "edge.v1.EdgeService/Authorize",
        "edge.v1.EdgeService/Follow",
        "auth.v1.AuthService/SignIn",
        "auth.v1.AuthService/Refresh",
        "auth.v1.AuthService/SignOut",
        "chats.v1.ChatService/Nothing",
        "",
        "chats.v1.ChatService/GetChat/",
    ] {
        assert_eq!(socket.refused(method, json!({})).await, "METHOD_UNKNOWN", "{method}");
    }
    let get = "chats.v1.ChatService/GetChat";
    for (body, reason) in [
        (json!({ "chatId": chat, "extra": 1 }), "MALFORMED_REQUEST"),
        (json!([]), "MALFORMED_REQUEST"),
        (json!({ "chatId": 7 }), "MALFORMED_REQUEST"),
        (json!({ "chatId": "chat_7" }), "FIELD_INVALID"),
        (json!({}), "FIELD_INVALID"),
        (json!({ "chatId": rapport_tests::ids::random("chat") }), "NOT_FOUND"),
    ] {
        assert_eq!(socket.refused(get, body.clone()).await, reason, "{body}");
    }
    assert_eq!(
        socket.refused("chats.v1.ChatService/ClaimChat", json!({ "chatId": chat })).await,
        "PERMISSION_MISSING"
    );
    socket.say(json!({ "call": { "id": 0, "method": "rapport.chats.v1.ChatService/GetChat" } })).await;
    assert_eq!(socket.result(0).await.unwrap_err()["violations"][0]["field"], "id");
    let ours = socket.call(get, json!({ "chatId": chat })).await.unwrap();
    assert_eq!(ours["chat"]["chatId"], chat);
    socket.say(json!({ "ping": {} })).await;
    socket.named("pong").await;
}

async fn an_idle_cursor_moves(world: &World) {
    let (quiet, busy) = (world.visitor().await, world.visitor().await);
    let mut socket = visitor_socket(world, &quiet).await;
    let first = socket.named("checkpoint").await;
    busy.start_chat("nothing to the other").await;
    let second = socket.named("checkpoint").await;
    assert_ne!(first["cursor"], second["cursor"]);
    assert!(socket.events().is_empty());
    assert!(after(&quiet, second["cursor"].as_str().unwrap()).await.is_empty());
    let owner = after(&world.owner, second["cursor"].as_str().unwrap()).await;
    assert!(owner.is_empty(), "it is the end of the log: {owner:?}");
}

async fn a_reader_that_stands_still_is_cut_off_delays_nobody_and_catches_up(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let mut neighbour = member_socket(world, &world.owner).await;
    let ada = world.agent("Ada").await;
    let token = token_of(&ada).await;
    let url = world.edge_url();
    let slow = Socket::over(Wire::narrow(&url).await, &token, "").await.unwrap();
    let begun = slow.welcome["head"].as_str().unwrap().to_owned();
    slow.hold();
    let text = "x".repeat(8_000);
    let mut last = 1;
    // More than any buffer on the way holds.
    for n in 0..1_000 {
        last = visitor.send(&chat, &format!("{n} {text}")[..8_000]).await.unwrap().seq;
    }
    neighbour
        .frame("the last message", |frame| {
            (frame["event"]["data"]["messageSent"]["message"]["seq"] == last).then_some(())
        })
        .await;
    slow.let_go();
    let (code, _) = slow.closed(PATIENCE).await;
    assert!(code == 4409 || code == 1006, "{code}: said in so many words, where there was room for them");
    let all = after(&ada, &begun).await;
    let mut known = heard(&slow);
    assert!(known.len() < all.len(), "it was cut off before the end");
    let mut back = Socket::open(&url, &token, &slow.cursor()).await;
    back.named("checkpoint").await;
    known.extend(heard(&back));
    assert_eq!(known, all, "nothing was lost and nothing came twice");
}

/// The next result; checkpoints come between.
async fn result(wire: &mut Wire) -> Value {
    loop {
        if let Some(result) = wire.next().await.unwrap().get("result") {
            return result.clone();
        }
    }
}

async fn a_frame_is_taken_in_every_form_that_json_of_the_contract_has(world: &World) {
    let mut wire = Wire::connect(&world.edge_url()).await;
    wire.say(json!({ "hello": { "token": token_of(&world.owner).await, "cursor": null } })).await;
    assert!(wire.next().await.unwrap().get("welcome").is_some());
    for (id, told) in [(json!("7"), 7), (json!(8.0), 8), (json!(9), 9)] {
        let call = json!({ "id": id, "method": "rapport.auth.v1.AuthService/GetSelf", "body": null });
        wire.say(json!({ "call": call })).await;
        let result = result(&mut wire).await;
        assert_eq!(result["id"], told);
        assert_eq!(result["body"]["member"]["memberId"], world.owner.member_id());
    }
    // An id that is not said is none.
    wire.say(json!({ "call": { "id": null, "method": "rapport.auth.v1.AuthService/GetSelf" } })).await;
    assert_eq!(result(&mut wire).await["problem"]["reason"], "FIELD_INVALID");
    wire.say(json!({ "cancel": { "id": "seven" } })).await;
    assert_eq!(wire.closed().await, (4500, "FRAME_MALFORMED".to_owned()));
}
