//! The last message of a chat, as a list shows it: to each reader the last one they may see, and never more of it than is promised.

use rapport_tests::actors::Actor;
use rapport_tests::client::request_id;
use rapport_tests::dynamic::{call, method};
use rapport_tests::expect::refused;
use rapport_tests::proto::auth::v1 as auth;
use rapport_tests::proto::chats::v1 as chats;
use rapport_tests::proto::chats::v1::{LastMessage, Message};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::event::Body;
use rapport_tests::web::Web;
use rapport_tests::world::World;
use serde_json::{Value as Json, json};

on_both![
    each_reader_of_a_chat_is_shown_the_last_message_they_may_see,
    every_answer_with_a_chat_has_its_last_message_and_no_event_has_one,
    a_last_message_is_cut_to_its_first_160_characters,
];

/// What a chat is to show of a message.
fn shown(message: &Message) -> LastMessage {
    LastMessage {
        seq: message.seq,
        sender: message.sender.clone(),
        text: message.text.clone(),
        internal: message.internal,
        sent_at: message.sent_at,
    }
}

/// The last messages of the chats that an actor lists, the newest chat first; each chat read alone says the same.
async fn listed(actor: &Actor) -> Vec<Option<LastMessage>> {
    let mut found = Vec::new();
    for chat in actor.chats(2).await.unwrap() {
        assert_eq!(actor.chat(&chat.chat_id).await.unwrap(), chat, "read as listed");
        found.push(chat.last_message);
    }
    found
}

async fn each_reader_of_a_chat_is_shown_the_last_message_they_may_see(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let sales = world.department("Sales", &[&ada]).await.department_id;
    let (vera, will) = (world.visitor().await, world.visitor().await);
    let named = chats::StartChatRequest {
        name: "Vera".into(),
        text: "Hello?".into(),
        department_id: sales.clone(),
        ..Default::default()
    };
    let noted = vera.start(named).await.unwrap().chat_id;
    let only_notes = vera.start(chats::StartChatRequest::default()).await.unwrap().chat_id;
    let empty = vera.start_chat_with(&sales, "").await.chat_id;
    let own = will.start_chat("For me").await.chat_id;

    let public = auth::UpdateSelfRequest { public_name: Some("Ada at Acme".into()), ..Default::default() };
    ada.client.update_self(public).await.unwrap();
    ada.send(&noted, "Good morning!").await.unwrap();
    ada.note(&noted, "sounds\ncross").await.unwrap();
    // Read, not as they were answered: the sender's name is the one it has by then.
    let [_, said, note] = ada.messages(&noted).await.unwrap().try_into().unwrap();
    assert_eq!(note.sender.as_ref().unwrap().name, "Ada at Acme");
    let lone_note = ben.note(&only_notes, "nobody wrote").await.unwrap();
    let wills = will.messages(&own).await.unwrap().remove(0);

    let (said, note, lone_note, wills) = (shown(&said), shown(&note), shown(&lone_note), shown(&wills));
    assert!(note.internal && lone_note.internal);
    let staffs = [Some(wills.clone()), None, Some(lone_note.clone()), Some(note.clone())];
    assert_eq!(listed(&ada).await, staffs);
    assert_eq!(listed(&world.owner).await, staffs);
    assert_eq!(listed(&ben).await, [Some(wills.clone()), Some(lone_note)], "who is not of Sales");
    assert_eq!(listed(&vera).await, [None, None, Some(said.clone())]);
    assert_eq!(listed(&will).await, [Some(wills)]);
    refused(ben.chat(&noted).await, Reason::NotFound);
    refused(ben.chat(&empty).await, Reason::NotFound);
    refused(will.chat(&noted).await, Reason::NotFound);

    // What is new takes its place, also for the visitor.
    let answer = vera.send(&noted, "Are you there?").await.unwrap();
    assert_eq!(answer.sender.as_ref().unwrap().name, "Vera");
    assert_eq!(listed(&ada).await[3], Some(shown(&answer)));
    assert_eq!(listed(&vera).await[2], Some(shown(&answer)));
    let elsewhere = world.another_workspace("globex").await;
    assert_eq!(listed(&elsewhere.owner).await, []);
    refused(elsewhere.owner.chat(&noted).await, Reason::NotFound);

    // As browsers and others without generated code read it.
    ada.note(&noted, "as JSON").await.unwrap();
    let by_note = ada.messages(&noted).await.unwrap().pop().unwrap();
    for (token, expected) in [
        (ada.sign_in().await.access_token, shown(&by_note)),
        (vera.visit().await.access_token, shown(&answer)),
    ] {
        let (raw, request) = (world.raw(Some(&token)), json!({"chatId": noted}));
        let by_grpc = call(&raw, method("ChatService.GetChat"), &request).await.unwrap();
        let web = Web::at(&world.edge_url()).bearer(&token);
        assert_eq!(web.get(&format!("/v1/chats/{noted}")).await.good(), by_grpc);
        let page = web.get("/v1/chats?page_size=4").await.good();
        let last = page["chats"].as_array().unwrap().last().unwrap();
        assert_eq!(last, &by_grpc["chat"]);
        assert_eq!(last["lastMessage"], as_json(&expected, &last["lastMessage"]["sentAt"]));
    }
}

/// A last message as JSON, but for the moment, which is told as it was read.
fn as_json(last: &LastMessage, at: &Json) -> Json {
    assert!(at.is_string(), "{at}");
    let sender = last.sender.as_ref().unwrap();
    let kind = sender.kind().as_str_name();
    let mut json = json!({
        "seq": last.seq, "text": last.text, "sentAt": at,
        "sender": {"kind": kind, "id": sender.id, "name": sender.name},
    });
    if last.internal {
        json["internal"] = json!(true);
    }
    json
}

async fn every_answer_with_a_chat_has_its_last_message_and_no_event_has_one(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let sales = world.department("Sales", &[&ada, &ben]).await.department_id;
    let vera = world.visitor().await;
    let request = chats::StartChatRequest {
        request_id: request_id(),
        name: "Vera".into(),
        text: "Hello?".into(),
        ..Default::default()
    };
    let started = vera.start(request.clone()).await.unwrap();
    let chat = started.chat_id.clone();
    let first = shown(&vera.messages(&chat).await.unwrap()[0]);
    assert_eq!(started.last_message, Some(first.clone()));

    assert_eq!(ada.claim(&chat).await.unwrap().last_message, Some(first));
    let said = shown(&ada.send(&chat, "Hi!").await.unwrap());
    let note = shown(&ada.note(&chat, "for Ben").await.unwrap());
    assert_eq!(ada.claim(&chat).await.unwrap().last_message, Some(note.clone()), "hers already");
    assert_eq!(ada.transfer_to(&chat, &ben).await.unwrap().last_message, Some(note.clone()));
    assert_eq!(ada.transfer_to(&chat, &ben).await.unwrap().last_message, Some(note.clone()), "his already");
    let transferred = ada.transfer_to_department(&chat, &sales).await.unwrap();
    assert_eq!(transferred.last_message, Some(note.clone()));
    // Sent again it is the same answer, whatever was said since.
    assert_eq!(vera.start(request).await.unwrap(), started);
    assert_eq!(vera.close(&chat, "").await.unwrap().last_message, Some(said.clone()), "a visitor closes");
    assert_eq!(vera.close(&chat, "").await.unwrap().last_message, Some(said));
    assert_eq!(ben.close(&chat, "").await.unwrap().last_message, Some(note));

    let actors: [&Actor; 2] = [&ada, &vera];
    for actor in actors {
        let heard = actor.log("").await.unwrap().into_iter().filter_map(|item| item.event?.body);
        let updated = heard.filter_map(|body| match body {
            Body::ChatUpdated(updated) => updated.chat,
            _ => None,
        });
        let updated: Vec<_> = updated.collect();
        assert_eq!(updated.iter().map(|chat| chat.revision).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert!(updated.iter().all(|chat| chat.last_message.is_none()), "{updated:?}");
    }
}

async fn a_last_message_is_cut_to_its_first_160_characters(world: &World) {
    let vera = world.visitor().await;
    let last = async |chat: &str| vera.chat(chat).await.unwrap().last_message.unwrap().text;
    let whole = "𝕏\u{301}é\n".repeat(40);
    assert_eq!(whole.chars().count(), 160);
    let started = vera.start_chat(&format!("{whole}, and more")).await;
    assert_eq!(started.last_message.unwrap().text, whole);
    assert_eq!(last(&started.chat_id).await, whole);
    vera.send(&started.chat_id, &whole).await.unwrap();
    assert_eq!(last(&started.chat_id).await, whole);
    vera.send(&started.chat_id, &format!(" {}", "x".repeat(7_999))).await.unwrap();
    assert_eq!(last(&started.chat_id).await, format!(" {}", "x".repeat(159)));
}
