//! Calls of a socket that are taken back: nobody is answered, and what comes after them overtakes nothing.

use rapport_tests::client::request_id;
use rapport_tests::proto::chats::v1::ChatState;
use rapport_tests::world::{Wishes, World};
use serde_json::json;

use crate::live::visitor_socket;

on_shapes! {
    a_change_taken_back_while_it_runs_comes_before_the_next_and_one_that_waits_does_not_come,
    Wishes::default(), [sqlite_apart SqliteApart, postgres Postgres]
}

async fn a_change_taken_back_while_it_runs_comes_before_the_next_and_one_that_waits_does_not_come(
    world: &World,
) {
    const SEND: &str = "chats.v1.ChatService/SendMessage";
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("first").await.chat_id;
    let mut socket = visitor_socket(world, &visitor).await;
    let message = |text: &str| json!({ "chatId": chat, "requestId": request_id(), "text": text });

    // Core answers nothing meanwhile, so the edge has all of it before anything is done.
    world.core().pause();
    let runs = socket.ask(SEND, message("runs")).await;
    let waits = socket.ask(SEND, message("waits")).await;
    let stays = socket.ask(SEND, message("stays")).await;
    for id in [runs, waits] {
        socket.say(json!({ "cancel": { "id": id } })).await;
    }
    let closes = socket.ask("chats.v1.ChatService/CloseChat", json!({ "chatId": chat })).await;
    socket.say(json!({ "ping": {} })).await;
    socket.named("pong").await;
    world.core().resume();

    let stays = socket.result(stays).await.unwrap();
    assert_eq!(stays["message"]["seq"], 3);
    assert_eq!(socket.result(closes).await.unwrap()["chat"]["state"], "CHAT_STATE_CLOSED");
    let messages = visitor.messages(&chat).await.unwrap();
    let texts: Vec<_> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["first", "runs", "stays"]);
    assert_eq!(visitor.chat(&chat).await.unwrap().state(), ChatState::Closed);
    let answered =
        |frame: &serde_json::Value| frame["result"]["id"] == runs || frame["result"]["id"] == waits;
    assert!(!socket.frames().iter().any(answered), "what was taken back is not answered");
}
