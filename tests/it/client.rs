//! The promises of the Rust client, with a connection between it and the server that breaks on purpose.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rapport_tests::actors::Staff;
use rapport_tests::client::{Client, Credentials, SubscribeOptions, request_id};
use rapport_tests::cut::Relay;
use rapport_tests::expect::refused;
use rapport_tests::listener::Listener;
use rapport_tests::proto::auth::v1::GetSelfRequest;
use rapport_tests::proto::chats::v1 as chats;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::tenants::v1::{MemberState, Role};
use rapport_tests::wait::{AT_ONCE, PATIENCE, until};
use rapport_tests::world::World;
use tonic::Code;

on_both![
    a_send_whose_answer_is_lost_is_asked_for_again_and_sent_once,
    what_may_be_repeated_outlives_a_restart_and_what_may_not_is_left_to_the_caller,
    a_deadline_holds_for_all_repetitions_together,
    a_client_keeps_its_session_although_answers_of_refreshes_are_lost,
    a_subscription_renews_its_token_and_goes_on_where_it_was,
    a_subscription_gives_up_where_coming_back_cannot_help,
    a_client_that_signed_out_stays_out,
    a_subscription_waits_for_a_server_that_is_away,
];

fn message(chat: &str, text: &str) -> chats::SendMessageRequest {
    chats::SendMessageRequest {
        chat_id: chat.into(),
        request_id: request_id(),
        text: text.into(),
        internal: false,
    }
}

async fn a_send_whose_answer_is_lost_is_asked_for_again_and_sent_once(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let mut ears = world.owner.listen().await;
    let relay = Relay::to(world.core().grpc()).await;
    let through = visitor.through(&relay.endpoint()).await;
    for round in 1..=10 {
        let text = format!("round {round}");
        relay.hold_answers();
        let sending = tokio::spawn({
            let (through, chat, text) = (through.clone(), chat.clone(), text.clone());
            async move { through.send(&chat, &text).await }
        });
        // The event proves that the server has stored it; its answer is still held back, and lost now.
        let heard = ears.message(&text).await;
        relay.cut();
        assert_eq!(sending.await.unwrap().unwrap(), heard);
    }
    assert_eq!(visitor.messages(&chat).await.unwrap().len(), 11);
}

async fn what_may_be_repeated_outlives_a_restart_and_what_may_not_is_left_to_the_caller(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("1").await.chat_id;
    agent.claim(&chat).await.unwrap();
    world.core().kill9();
    let begun = Instant::now();
    let error = agent.typing(&chat, true).await.unwrap_err();
    assert_eq!((error.reason(), error.code()), (None, Code::Unavailable), "{error:?}");
    assert!(error.is_unknown());
    assert!(agent.transfer_to(&chat, &agent).await.unwrap_err().is_unknown());
    assert!(begun.elapsed() < Duration::from_secs(2), "what is not repeated is not waited for");
    let calls = tokio::spawn(async move {
        tokio::join!(
            agent.chat(&chat),
            agent.send(&chat, "2"),
            agent.claim(&chat),
            visitor.mark_read(&chat, 1),
            async { visitor.start_chat("another").await },
        )
    });
    world.core().restart().await;
    let (read, sent, claimed, marked, _started) = calls.await.unwrap();
    assert_eq!((read.is_ok(), sent.unwrap().seq, claimed.is_ok(), marked.unwrap()), (true, 2, true, 1));
}

async fn a_deadline_holds_for_all_repetitions_together(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    world.core().kill9();
    let begun = Instant::now();
    let hurried = visitor.client.with_deadline(Duration::from_millis(700));
    let error = hurried.send_message(message(&chat, "2")).await.unwrap_err();
    assert!(error.is_unknown(), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    world.core().restart().await;
    // An answer that does not come within the deadline is the deadline's error, not a hung call.
    let relay = Relay::to(world.core().grpc()).await;
    let through = visitor.through(&relay.endpoint()).await;
    relay.hold_answers();
    let begun = Instant::now();
    let hurried = through.client.with_deadline(Duration::from_millis(700));
    let error = hurried.send_message(message(&chat, "3")).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
    assert!(error.is_unknown() && begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

async fn a_client_keeps_its_session_although_answers_of_refreshes_are_lost(world: &World) {
    let agent = world.agent("Ada").await;
    let relay = Relay::to(world.core().grpc()).await;
    let through = agent.through(&relay.endpoint());
    through.client.get_self(GetSelfRequest {}).await.unwrap();
    for round in 0..12 {
        let role = if round % 2 == 0 { Role::Admin } else { Role::Agent };
        // Every access token is stale now: the next call refreshes, while the connection breaks again and again.
        world.owner.set_role(&agent, role).await.unwrap();
        let mut calls = Vec::new();
        for _ in 0..3 {
            let client = through.client.clone();
            calls.push(tokio::spawn(async move { client.get_self(GetSelfRequest {}).await }));
        }
        while calls.iter().any(|call| !call.is_finished()) {
            relay.cut();
            // A break every few milliseconds, at ever another point of the exchange.
            let pause = Duration::from_micros(rand::random_range(500..60_000));
            let _ = tokio::time::timeout(pause, std::future::pending::<()>()).await;
        }
        for answer in join_all(calls).await {
            assert_eq!(answer.unwrap().unwrap().member.unwrap().role(), role, "round {round}");
        }
    }
}

async fn a_subscription_renews_its_token_and_goes_on_where_it_was(world: &World) {
    let agent = world.agent("Ada").await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    let mut ears = agent.listen().await;
    for round in 2..=6 {
        let role = if round % 2 == 0 { Role::Admin } else { Role::Agent };
        world.owner.set_role(&agent, role).await.unwrap();
        visitor.send(&chat, &round.to_string()).await.unwrap();
    }
    ears.message("6").await;
    let heard: Vec<_> = ears.messages().into_iter().map(|message| message.seq).collect();
    assert_eq!(heard, [2, 3, 4, 5, 6]);
    assert!(ears.is_open());

    world.owner.set_state(&agent, MemberState::Suspended).await.unwrap();
    let end = ears.end(AT_ONCE * 3).await;
    refused(Err::<(), _>(end), Reason::SessionEnded);
}

async fn a_subscription_gives_up_where_coming_back_cannot_help(world: &World) {
    let stranger = Client::connect(world.core().endpoint()).open().unwrap();
    let mut ears = Listener::start(&stranger, SubscribeOptions::default()).await;
    refused(Err::<(), _>(ears.end(PATIENCE).await), Reason::TokenMissing);
    let wrong = Credentials::Member {
        workspace: world.slug.clone(),
        email: world.owner.member.email.clone(),
        password: "wrong password".into(),
    };
    let wrong = Client::connect(world.core().endpoint()).credentials(wrong).open().unwrap();
    let mut ears = Listener::start(&wrong, SubscribeOptions::default()).await;
    refused(Err::<(), _>(ears.end(PATIENCE).await), Reason::CredentialsWrong);
    let mut ears = Listener::start(&world.operator(), SubscribeOptions::default()).await;
    refused(Err::<(), _>(ears.end(PATIENCE).await), Reason::PermissionMissing);
}

async fn a_client_that_signed_out_stays_out(world: &World) {
    let agent = world.agent("Ada").await;
    let mut ears = agent.listen().await;
    agent.client.sign_out().await.unwrap();
    refused(Err::<(), _>(ears.end(PATIENCE).await), Reason::SessionEnded);
    let error = agent.client.get_self(GetSelfRequest {}).await.unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated, "{error:?}");
}

async fn a_subscription_waits_for_a_server_that_is_away(world: &World) {
    let agent: Staff = world.agent("Ada").await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    let mut ears = agent.listen().await;
    world.core().kill9();
    until("the subscription has noticed", PATIENCE, || async {
        let begun = Instant::now();
        let error = agent.client.with_deadline(Duration::from_millis(200)).get_self(GetSelfRequest {}).await;
        (error.is_err() && begun.elapsed() < PATIENCE).then_some(())
    })
    .await;
    world.core().restart().await;
    visitor.send(&chat, "2").await.unwrap();
    ears.message("2").await;
    assert!(ears.is_open());
}
