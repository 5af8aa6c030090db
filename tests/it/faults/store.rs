//! The database goes away and comes back.

use std::time::Duration;

use rapport_tests::client::request_id;
use rapport_tests::dynamic::{call, method};
use rapport_tests::expect::refused;
use rapport_tests::postgres::PrivateCluster;
use rapport_tests::proto::chats::v1::SendMessageRequest;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::wait::{PATIENCE, soon, until};
use rapport_tests::world::{Shape, Wishes, World};
use serde_json::{Value, json};

use super::tab::{browser, edges};
use super::traffic::Traffic;
use super::{seed, setting};

/// How soon the answer comes that there is no database.
const ANSWERED: Duration = Duration::from_secs(8);
/// How soon after its database a core serves again.
const HEALED: Duration = Duration::from_secs(15);

async fn world_on(cluster: &PrivateCluster) -> World {
    let wishes = Wishes { postgres: Some((cluster.admin_url(), None)), ..Wishes::default().loud() };
    World::with(Shape::Postgres, wishes).await
}

fn message(chat: &str, text: &str) -> SendMessageRequest {
    SendMessageRequest { chat_id: chat.into(), request_id: request_id(), text: text.into(), internal: false }
}

async fn an_outage(end: impl Fn(&PrivateCluster)) {
    let cluster = PrivateCluster::start(None);
    let world = world_on(&cluster).await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    let mut ears = world.owner.listen().await;
    let pid = world.core().pid();
    let raw = world.raw(Some(&visitor.visit().await.access_token));

    tokio::task::block_in_place(|| end(&cluster));
    // Asked once, without a client that asks again: the answer is bounded in time, names the reason and says when to come back.
    let request = message(&chat, "2");
    let once = [
        ("ChatService.SendMessage", json!({"chatId": chat, "requestId": request.request_id, "text": "2"})),
        ("ChatService.GetChat", json!({"chatId": chat})),
        ("AuthService.StartVisit", json!({"workspace": world.slug})),
    ];
    for (name, body) in once {
        let error =
            refused(soon(name, ANSWERED, call(&raw, method(name), &body)).await, Reason::StoreUnavailable);
        assert!(error.is_unknown(), "{error:?}");
    }

    tokio::task::block_in_place(|| cluster.resume());
    let sent = until("the core serves again", HEALED, || async {
        visitor.client.send_message(request.clone()).await.ok()
    })
    .await;
    assert_eq!(sent.message.as_ref().unwrap().seq, 2, "the unknown send is settled");
    assert_eq!(ears.message("2").await, sent.message.unwrap());
    visitor.send(&chat, "3").await.unwrap();
    ears.message("3").await;
    let heard: Vec<_> = ears.messages().iter().map(|message| message.seq).collect();
    assert_eq!(heard, [2, 3]);
    assert_eq!(world.core().pid(), pid, "the core was not started again");
    drop(world);
    drop(cluster);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_stopped_is_unavailable_and_the_core_heals_by_itself() {
    an_outage(PrivateCluster::stop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_killed_is_unavailable_and_the_core_heals_by_itself() {
    an_outage(PrivateCluster::kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_database_ends_cost_nobody_a_message() {
    let cluster = PrivateCluster::start(None);
    let world = world_on(&cluster).await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let mut ears = visitor.listen().await;
    for round in 1..=10 {
        let sending: Vec<_> = (0..8)
            .map(|number| {
                let (visitor, chat) = (visitor.clone(), chat.clone());
                tokio::spawn(
                    async move { visitor.send(&chat, &format!("round {round}, message {number}")).await },
                )
            })
            .collect();
        tokio::task::block_in_place(|| {
            cluster.end_connections();
        });
        for sent in sending {
            sent.await.unwrap().expect("asked again until it is settled");
        }
    }
    visitor.send(&chat, "the end").await.unwrap();
    ears.message("the end").await;
    let heard: Vec<_> = ears.messages().iter().map(|message| message.seq).collect();
    assert_eq!(heard, (2..=82).collect::<Vec<_>>());
    drop(world);
    drop(cluster);
}

/// All who wait in one lane learn it together, not one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_learns_of_an_outage_as_soon_as_one_does() {
    let cluster = PrivateCluster::start(None);
    let world = world_on(&cluster).await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    let raw = world.raw(Some(&visitor.visit().await.access_token));
    tokio::task::block_in_place(|| cluster.stop());
    let calls: Vec<_> = (0..60)
        .map(|_| {
            let body = json!({"chatId": chat, "requestId": request_id(), "text": "lost in a crowd"});
            let raw = raw.clone();
            tokio::spawn(async move { call(&raw, method("ChatService.SendMessage"), &body).await })
        })
        .collect();
    let answers = soon("everybody is answered", ANSWERED * 2, async {
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap());
        }
        answers
    });
    for answer in answers.await {
        refused(answer, Reason::StoreUnavailable);
    }
    tokio::task::block_in_place(|| cluster.resume());
    visitor.send(&chat, "2").await.unwrap();
    drop(world);
    drop(cluster);
}

/// How soon after its database is back people are served again.
const SERVED: Duration = Duration::from_secs(5);

async fn readiness(world: &World) -> (u16, Value) {
    let answer = browser().get(format!("http://{}/readyz", world.core().admin())).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// One request without a client that asks again.
async fn asks_once(world: &World, traffic: &Traffic) -> reqwest::Response {
    let (token, chat) = traffic.asks();
    let url = format!("{}/v1/chats/{chat}/messages", world.edge_url());
    soon("it is answered", ANSWERED, browser().get(url).bearer_auth(token).send()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_who_talk_while_the_database_is_ended_stopped_and_killed_lose_and_repeat_nothing() {
    let cluster = PrivateCluster::start(None);
    let world = world_on(&cluster).await;
    let traffic = Traffic::begin(&world, edges(&world), seed()).await;
    let pid = world.core().pid();
    let rounds = setting("RAPPORT_TEST_FAULT_ROUNDS", 1);
    for round in 0..rounds {
        traffic.goes_on(25, PATIENCE).await;
        tokio::task::block_in_place(|| cluster.end_connections());
        traffic.goes_on(25, SERVED).await;
        for end in [PrivateCluster::stop, PrivateCluster::kill] {
            tokio::task::block_in_place(|| end(&cluster));
            let answer = asks_once(&world, &traffic).await;
            assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true));
            let problem: Value = answer.json().await.unwrap();
            assert_eq!(problem["reason"], "STORE_UNAVAILABLE", "{problem}");
            let (status, said) = readiness(&world).await;
            assert_eq!((status, &said["database"]["ok"]), (503, &json!(false)), "{said}");
            tokio::task::block_in_place(|| cluster.resume());
            traffic.one_more(SERVED).await;
            until("the core says that all is well", SERVED, || async {
                (readiness(&world).await.0 == 200).then_some(())
            })
            .await;
            traffic.goes_on(25, SERVED).await;
        }
        eprintln!("round {round}: {} acknowledged", traffic.settled());
    }
    assert_eq!(world.core().pid(), pid, "the core was not started again");
    traffic.end(&world).await;
    drop(world);
    drop(cluster);
}
