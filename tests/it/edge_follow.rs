//! What an edge hears in its stream: every event of a tenant once and in order, what is not kept, and what is revoked.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use rapport_tests::actors;
use rapport_tests::client::request_id;
use rapport_tests::expect::{invalid, refused};
use rapport_tests::follower::Following;
use rapport_tests::proto::chats::v1::SendMessageRequest;
use rapport_tests::proto::edge::v1::follow_response::Body;
use rapport_tests::proto::edge::v1::{FollowedEvent, Hello, Revoked, follow_request};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::{EventType, ResetCause, ephemeral};
use rapport_tests::proto::tenants::v1 as tenants;
use rapport_tests::proto::tenants::v1::Role;
use rapport_tests::wait::{AT_ONCE, PATIENCE, soon, until};
use rapport_tests::world::{Shape, Wishes, World};

use crate::edge_service::sent;

on_both![
    an_edge_that_is_cut_off_again_and_again_has_every_event_once with Wishes::default().loud(),
    what_is_revoked_is_told_within_a_second_and_again_at_the_next_start,
    a_new_department_is_told_with_what_its_member_hears_from_then_on,
    a_place_of_another_history_is_answered_with_a_reset,
    orders_out_of_order_end_the_stream,
    typing_is_told_and_not_to_its_sender,
    a_slow_edge_misses_nothing_and_delays_nobody with Wishes::default().loud(),
];

/// Sends as often as it takes until the message is acknowledged.
async fn settle(actor: &actors::Actor, chat: &str, text: &str) {
    let id = request_id();
    until("the message is settled", PATIENCE, || async {
        let message = SendMessageRequest {
            chat_id: chat.to_owned(),
            request_id: id.clone(),
            text: text.to_owned(),
            internal: false,
        };
        match actor.client.send_message(message).await {
            Ok(_) => Some(()),
            Err(error) => {
                assert!(error.is_unknown(), "{error:?}");
                None
            }
        }
    })
    .await;
}

async fn an_edge_that_is_cut_off_again_and_again_has_every_event_once(world: &World) {
    const CHATS: usize = 16;
    const EACH: usize = 125;
    let edge = world.follower(world.core());
    let visitor = world.visitor().await;
    let mut chats = Vec::new();
    for _ in 0..CHATS {
        chats.push(visitor.start_chat("the first word").await.chat_id);
    }
    let token = world.owner.sign_in().await.access_token;
    let begun = edge.authorize(&token, "").await.unwrap();
    let sending = join_all(chats.iter().map(|chat| {
        let visitor = &visitor;
        async move {
            for number in 0..EACH {
                settle(visitor, chat, &format!("{number}")).await;
            }
        }
    }));
    let mut heard: Vec<FollowedEvent> = Vec::new();
    let following = async {
        let (mut place, mut cursor) = (begun.end, begun.head.clone());
        let mut ends = 0;
        while heard.len() < CHATS * EACH {
            let Ok(mut stream) = edge.follow().await else {
                tokio::task::yield_now().await;
                continue;
            };
            // Now by the number alone, now by the cursor too.
            stream.attach_at(&world.tenant_id, place, if ends % 2 == 0 { "" } else { &cursor }).await;
            let enough = heard.len() + CHATS * EACH / 5;
            while let Ok(events) = stream.events().await {
                for event in events {
                    assert_eq!(event.number, place + 1, "gapless, and nothing twice");
                    (place, cursor) = (event.number, event.cursor.clone());
                    heard.push(event);
                }
                if heard.len() >= enough.min(CHATS * EACH) {
                    break;
                }
            }
            ends += 1;
            if ends == 2 {
                world.core().restart().await;
            }
        }
        ends
    };
    let both = async { tokio::join!(sending, following).1 };
    let ends = soon("everything is heard", PATIENCE * 6, both).await;
    assert!(ends >= 4, "the stream was cut {ends} times");
    let mut by_chat: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in &heard {
        let (chat, text) = sent(event).unwrap_or_else(|| panic!("only messages were sent: {event:?}"));
        by_chat.entry(chat).or_default().push(text);
        let audience: BTreeSet<_> = event.audience.iter().map(String::as_str).collect();
        assert_eq!(audience, BTreeSet::from(["staff", visitor.visitor_id.as_str()]));
    }
    let expected: Vec<_> = (0..EACH).map(|number| number.to_string()).collect();
    assert!(by_chat.len() == CHATS && by_chat.values().all(|texts| *texts == expected));
}

async fn revoked(following: &mut Following, what: impl Fn(&Revoked) -> bool + Send + Sync) {
    let told = following.matching(|body| match body {
        Body::Revoked(revoked) => what(&revoked).then_some(()),
        _ => None,
    });
    soon("the revocation is told", AT_ONCE, told).await.unwrap();
}

async fn what_is_revoked_is_told_within_a_second_and_again_at_the_next_start(world: &World) {
    let edge = world.follower(world.core());
    let (ada, visitor) = (world.agent("Ada").await, world.visitor().await);
    let mut following = edge.follow().await.unwrap();
    let first = following.next().await.unwrap();
    assert!(matches!(&first, Body::Revoked(all) if all.session_ids.is_empty()), "{first:?}");
    let visit = visitor.visit().await.access_token;
    let session = edge.authorize(&visit, "").await.unwrap().session_id;
    ada.bearing(&visit).client.sign_out().await.unwrap();
    revoked(&mut following, |told| told.session_ids == [session.as_str()]).await;

    let stale = |told: &Revoked| {
        told.stale.iter().any(|stale| {
            (stale.tenant_id.as_str(), stale.principal.as_str())
                == (world.tenant_id.as_str(), ada.member_id())
                && stale.generation == 1
        })
    };
    world.owner.set_role(&ada, Role::Viewer).await.unwrap();
    revoked(&mut following, stale).await;
    world.core().restart().await;
    let mut again = edge.follow().await.unwrap();
    match again.next().await.unwrap() {
        Body::Revoked(all) => assert!(stale(&all) && all.session_ids == [session.as_str()], "{all:?}"),
        other => panic!("first what is refused already, not {other:?}"),
    }
}

async fn a_new_department_is_told_with_what_its_member_hears_from_then_on(world: &World) {
    let edge = world.follower(world.core());
    let ada = world.agent("Ada").await;
    let sales = world.department("Sales", &[]).await.department_id;
    let begun = edge.authorize(&ada.sign_in().await.access_token, "").await.unwrap();
    assert_eq!(begun.principals.iter().collect::<BTreeSet<_>>().len(), 2, "{begun:?}");
    let mut following = edge.follow().await.unwrap();
    following.attach(&world.tenant_id, begun.end).await;
    let change = async |add: &[&str], remove: &[&str]| {
        let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let request = tenants::UpdateDepartmentRequest {
            add_member_ids: owned(add),
            remove_member_ids: owned(remove),
            ..Default::default()
        };
        world.owner.update_department(&sales, request).await.unwrap();
    };
    change(&[ada.member_id()], &[]).await;
    change(&[], &[ada.member_id()]).await;
    let mut rescopes = Vec::new();
    while rescopes.len() < 2 {
        for event in following.events().await.unwrap() {
            if let Some(rescope) = event.rescope {
                assert_eq!(event.event.unwrap().r#type(), EventType::GrantsChanged);
                assert_eq!(event.audience, [ada.member_id()]);
                assert_eq!(rescope.principal, ada.member_id());
                rescopes.push(rescope.principals);
            }
        }
    }
    assert_eq!(rescopes, [vec![sales], vec![]]);
}

async fn a_place_of_another_history_is_answered_with_a_reset(world: &World) {
    let edge = world.follower(world.core());
    let elsewhere = world.another_workspace("globex").await;
    let owner = elsewhere.owner.sign_in().await.access_token;
    let foreign = edge.authorize(&owner, "").await.unwrap().head;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    let end = edge.authorize(&visitor.visit().await.access_token, "").await.unwrap().end;
    let mut following = edge.follow().await.unwrap();
    for (after, cursor) in [(end + 1, ""), (1, foreign.as_str()), (1, "nonsense")] {
        following.attach_at(&world.tenant_id, after, cursor).await;
        let reset = following
            .matching(|body| match body {
                Body::Reset(reset) => Some(reset),
                Body::Events(events) => panic!("nothing is told from no place: {events:?}"),
                _ => None,
            })
            .await
            .unwrap();
        assert_eq!(
            (reset.tenant_id.as_str(), reset.cause()),
            (world.tenant_id.as_str(), ResetCause::Restored)
        );
    }
    following.attach(&world.tenant_id, end).await;
    visitor.send(&chat, "goes on").await.unwrap();
    assert_eq!(following.events().await.unwrap()[0].number, end + 1);
    // What is attached again begins again; what is detached is heard no more.
    following.attach(&world.tenant_id, end - 1).await;
    assert_eq!(following.events().await.unwrap()[0].number, end);
    following.detach(&world.tenant_id).await;
    following.attach(&elsewhere.tenant_id, 0).await;
    following.events().await.unwrap();
    visitor.send(&chat, "unheard").await.unwrap();
    elsewhere.visitor().await.start_chat("heard").await;
    let heard = format!("{:?}", following.events().await.unwrap());
    assert!(heard.contains("heard") && !heard.contains("unheard"), "{heard}");
    world.core().terminate().await;
    let end = following.matching(|_| None::<()>).await;
    refused(end, Reason::ShuttingDown);
}

async fn orders_out_of_order_end_the_stream(world: &World) {
    let edge = world.follower(world.core());
    let ended = async |mut following: Following| following.matching(|_| None::<()>).await;
    let early = edge.follow_silently().await.unwrap();
    early.attach(&world.tenant_id, 0).await;
    refused(ended(early).await, Reason::MalformedRequest);
    let twice = edge.follow().await.unwrap();
    twice.order(follow_request::Body::Hello(Hello { edge_id: request_id() })).await;
    refused(ended(twice).await, Reason::MalformedRequest);
    let nobody = edge.follow_silently().await.unwrap();
    nobody.order(follow_request::Body::Hello(Hello { edge_id: "me".to_owned() })).await;
    invalid(ended(nobody).await, &["hello.edgeId"]);
    let astray = edge.follow().await.unwrap();
    astray.attach("tenant_x", 0).await;
    invalid(ended(astray).await, &["attach.tenantId"]);
    let crowd = edge.follow().await.unwrap();
    let one = (world.tenant_id.as_str(), world.owner.member_id());
    crowd.live(&vec![one; 1_001]).await;
    invalid(ended(crowd).await, &["live.members"]);
}

async fn typing_is_told_and_not_to_its_sender(world: &World) {
    let edge = world.follower(world.core());
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    let mut following = edge.follow().await.unwrap();
    following.attach(&world.tenant_id, 0).await;
    following.events().await.unwrap();
    visitor.typing(&chat, true).await.unwrap();
    let told = following
        .matching(|body| match body {
            Body::Ephemeral(told) => Some(told),
            _ => None,
        })
        .await
        .unwrap();
    assert_eq!((told.except, told.tenant_id), (visitor.visitor_id.clone(), world.tenant_id.clone()));
    assert!(told.audience.contains(&"staff".to_owned()) && told.audience.contains(&visitor.visitor_id));
    let Some(ephemeral::Body::Typing(typing)) = told.ephemeral.unwrap().body else { panic!("typing") };
    assert_eq!((typing.chat_id.as_str(), typing.typing), (chat.as_str(), true));
}

async fn a_slow_edge_misses_nothing_and_delays_nobody(world: &World) {
    let edge = world.follower(world.core());
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    let begun = edge.authorize(&visitor.visit().await.access_token, "").await.unwrap();
    let (mut slow, mut quick) =
        (edge.follow().await.unwrap(), world.follower(world.core()).follow().await.unwrap());
    slow.attach(&world.tenant_id, begun.end).await;
    quick.attach(&world.tenant_id, begun.end).await;
    // Far more than may be under way, and than a ring holds.
    let text = "x".repeat(8_000);
    let count = 1_200;
    let sending = join_all((0..8).map(async |_| {
        for _ in 0..count / 8 {
            visitor.send(&chat, &text).await.unwrap();
        }
    }));
    let numbers = async |following: &mut Following| {
        let mut place = begun.end;
        while place < begun.end + count {
            for event in following.events().await.unwrap() {
                assert_eq!(event.number, place + 1);
                place = event.number;
            }
        }
    };
    let quickly = async { tokio::join!(sending, numbers(&mut quick)) };
    soon("the quick edge has everything", PATIENCE * 2, quickly).await;
    soon("the slow edge has everything", PATIENCE, numbers(&mut slow)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_of_one_core_hears_what_another_one_does() {
    let world = World::with(Shape::TwoCores, Wishes::default()).await;
    let edge = world.follower(&world.cores()[1]);
    let owner = world.owner.through(&world.cores()[0].endpoint());
    let visitor = world.visitor().await.through(&world.cores()[0].endpoint()).await;
    let visit = visitor.visit().await.access_token;
    let begun = edge.authorize(&visit, "").await.unwrap();
    let mut following = edge.follow().await.unwrap();
    following.attach(&world.tenant_id, begun.end).await;
    let chat = visitor.start_chat("over there").await.chat_id;
    let mut heard = Vec::new();
    while !heard.iter().filter_map(sent).any(|(_, text)| text == "over there") {
        heard.extend(following.events().await.unwrap());
    }
    assert!(heard.iter().zip(begun.end + 1..).all(|(event, number)| event.number == number), "{heard:?}");
    owner.bearing(&visit).client.sign_out().await.unwrap();
    revoked(&mut following, |told| told.session_ids == [begun.session_id.as_str()]).await;
    assert_eq!(owner.chat(&chat).await.unwrap().chat_id, chat);
}
