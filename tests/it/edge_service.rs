//! What a core gives to edges, and to nobody else.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use rapport_tests::actors;
use rapport_tests::client::Error;
use rapport_tests::expect::{invalid, refused};
use rapport_tests::follower::Follower;
use rapport_tests::ids;
use rapport_tests::proto::auth::v1::auth_service_client::AuthServiceClient;
use rapport_tests::proto::auth::v1::{GetKeySetRequest, SignInRequest};
use rapport_tests::proto::edge::v1::FollowedEvent;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::ResetCause;
use rapport_tests::proto::tenants::v1::Role;
use rapport_tests::raw::Raw;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::World;
use serde_json::Value;

on_both![
    there_is_no_such_service_on_the_public_listener,
    an_edge_without_the_key_is_refused_whatever_it_calls,
    a_token_is_worth_to_an_edge_what_it_is_worth,
    a_replay_gives_each_what_each_may_hear,
];

const METHODS: [&str; 5] = ["Authorize", "Follow", "ListWidgetOrigins", "Replay", "ResolveOrigin"];

fn path(method: &str) -> String {
    format!("/rapport.edge.v1.EdgeService/{method}")
}

async fn there_is_no_such_service_on_the_public_listener(world: &World) {
    let token = world.owner.sign_in().await.access_token;
    for method in METHODS {
        for token in [None, Some(token.as_str())] {
            refused(world.raw(token).call(&path(method), Vec::new()).await, Reason::MethodUnknown);
        }
    }
    // The key opens the edges' own listener and nothing else.
    let astray = Follower::connect(&world.core().endpoint(), Some(&world.deployment().edge_key()));
    refused(astray.resolve_origin("https://shop.example").await, Reason::MethodUnknown);
    assert!(world.follower(world.core()).authorize(&token, "").await.is_ok());
}

async fn an_edge_without_the_key_is_refused_whatever_it_calls(world: &World) {
    let key = world.deployment().edge_key();
    let internal = world.core().internal();
    let mut other = key.clone().into_bytes();
    other[0] = if other[0] == b'A' { b'B' } else { b'A' };
    let other = String::from_utf8(other).unwrap();
    for wrong in [None, Some(""), Some(other.as_str()), Some(&key[1..])] {
        let edge = Follower::connect(&internal, wrong);
        refused(edge.resolve_origin("https://shop.example").await, Reason::EdgeKeyWrong);
        refused(edge.follow().await.map(|_| ()), Reason::EdgeKeyWrong);
        let mut auth = AuthServiceClient::new(edge.channel());
        let keys = auth.get_key_set(edge.request(GetKeySetRequest {})).await;
        refused(keys.map_err(Error::from), Reason::EdgeKeyWrong);
        refused(Raw::connect(&internal, None).call("/nothing/There", Vec::new()).await, Reason::EdgeKeyWrong);
    }

    // What is public is there too, and the address is the one the edge was called from: said by an edge it is believed.
    let edge = world.follower(world.core());
    let mut auth = AuthServiceClient::new(edge.channel());
    auth.get_key_set(edge.request(GetKeySetRequest {})).await.unwrap();
    let claims = |workspace: &str, mut request: tonic::Request<SignInRequest>| {
        request.metadata_mut().insert("x-rapport-client-address", "203.0.113.7".parse().unwrap());
        workspace.clone_into(&mut request.get_mut().workspace);
        request
    };
    let sign_in = || SignInRequest {
        workspace: String::new(),
        email: "nobody@example.org".to_owned(),
        password: actors::PASSWORD.to_owned(),
    };
    let through = auth.sign_in(claims("through-an-edge", edge.request(sign_in()))).await;
    refused(through.map_err(Error::from), Reason::CredentialsWrong);
    let mut public = AuthServiceClient::new(world.raw(None).channel());
    let straight = public.sign_in(claims("straight", tonic::Request::new(sign_in()))).await;
    refused(straight.map_err(Error::from), Reason::CredentialsWrong);
    for (workspace, address) in [("through-an-edge", "203.0.113.7"), ("straight", "127.0.0.1")] {
        let logged = until("the refusal is logged", PATIENCE, || async {
            let lines = world.core().log();
            let mut lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.find(|line| line["message"] == "sign-in refused" && line["workspace"] == workspace)
        })
        .await;
        assert_eq!(logged["address"], address);
    }
    let log = world.core().log().join("\n");
    assert!(log.contains("edge key refused") && !log.contains(&key) && !log.contains(&other));
}

async fn a_token_is_worth_to_an_edge_what_it_is_worth(world: &World) {
    let edge = world.follower(world.core());
    let (ada, viewer, visitor) = (world.agent("Ada").await, world.viewer("Vic").await, world.visitor().await);
    let sales = world.department("Sales", &[&ada, &viewer]).await.department_id;
    let chat = visitor.start_chat("Hello").await.chat_id;
    let log = world.owner.log("").await.unwrap();
    let (end, head) = (i64::try_from(log.len()).unwrap(), log.last().unwrap().cursor.clone());

    let visit = visitor.visit().await;
    let seen = edge.authorize(&visit.access_token, "").await.unwrap();
    assert_eq!(seen.principals, [visitor.visitor_id.as_str()]);
    assert_eq!((seen.principal.as_str(), seen.present), (visitor.visitor_id.as_str(), false));
    assert_eq!((seen.tenant_id.as_str(), seen.generation), (world.tenant_id.as_str(), 0));
    // The owner's log has everything but what is for the visitor alone, so its end is before the tenant's.
    assert!(seen.end >= end && seen.place == seen.end, "{seen:?}");
    assert_eq!(seen.reset(), ResetCause::Unspecified);
    assert!((840_000..=900_000).contains(&seen.expires_in_ms), "{seen:?}");
    uuid::Uuid::parse_str(&seen.epoch).unwrap();

    let expected = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    for (staff, names) in [
        (&ada, expected(&["staff", ada.member_id(), &sales])),
        (&viewer, expected(&["staff", "overseers", viewer.member_id(), &sales])),
        (&world.owner, expected(&["staff", "overseers", world.owner.member_id()])),
    ] {
        let token = staff.sign_in().await.access_token;
        let whose = edge.authorize(&token, &head).await.unwrap();
        assert_eq!(whose.principals.iter().cloned().collect::<BTreeSet<_>>(), names);
        assert_eq!((whose.principal.as_str(), whose.present), (staff.member_id(), true));
        assert!(whose.session_id.starts_with("session_"), "{whose:?}");
        // The cursor of an event is its place; `head` is a cursor like any other.
        let again = edge.authorize(&token, &whose.head).await.unwrap();
        assert_eq!((again.place, again.reset()), (whose.end, ResetCause::Unspecified));
        assert_eq!((again.epoch, again.session_id), (seen.epoch.clone(), whose.session_id));
        refused(edge.authorize(&token, "nonsense").await, Reason::CursorInvalid);
    }

    refused(edge.authorize("nonsense", "").await, Reason::TokenInvalid);
    let operator =
        refused(edge.authorize(&world.core().run(&["operator-token"]), "").await, Reason::PermissionMissing);
    assert_eq!(operator.detail("permission"), Some("EVENTS_READ"));
    invalid(edge.authorize("", "").await, &["accessToken"]);
    let token = ada.sign_in().await.access_token;
    world.owner.set_role(&ada, Role::Admin).await.unwrap();
    refused(edge.authorize(&token, "").await, Reason::TokenStale);
    let raised = edge.authorize(&ada.sign_in().await.access_token, "").await.unwrap();
    assert!(raised.generation > 0 && raised.principals.contains(&"overseers".to_owned()), "{raised:?}");
    ada.bearing(&visit.access_token).client.sign_out().await.unwrap();
    refused(edge.authorize(&visit.access_token, "").await, Reason::SessionEnded);
    visitor.send(&chat, "still there").await.unwrap();
}

async fn a_replay_gives_each_what_each_may_hear(world: &World) {
    let edge = world.follower(world.core());
    let elsewhere = world.another_workspace("globex").await;
    let ada = world.agent("Ada").await;
    let sales = world.department("Sales", &[&ada]).await.department_id;
    let (vera, walt) = (world.visitor().await, world.visitor().await);
    let open = vera.start_chat("for all the staff").await.chat_id;
    let closed = walt.start_chat_with(&sales, "for the department").await.chat_id;
    ada.note(&closed, "a note").await.unwrap();
    // More than one page looks at, and more than one answer holds.
    let long = "x".repeat(4_000);
    let sending = (0..8).map(async |_| {
        for _ in 0..70 {
            vera.send(&open, &long).await.unwrap();
        }
    });
    join_all(sending).await;
    walt.send(&closed, "the end").await.unwrap();
    let end = edge.authorize(&vera.visit().await.access_token, "").await.unwrap().end;
    let end = u64::try_from(end).unwrap();
    let texts = async |tenant: &str, principals: &[&str]| {
        let events = edge.replay(tenant, principals, 0, end).await.unwrap();
        assert!(events.is_sorted_by_key(|event| event.number));
        assert!(events.iter().all(|e| e.audience.iter().any(|name| principals.contains(&name.as_str()))));
        let texts: Vec<_> = events.iter().filter_map(sent).map(|(_, text)| text).collect();
        let count = |text: &str| texts.iter().filter(|found| *found == text).count();
        (
            count(&long),
            count("for all the staff"),
            count("for the department"),
            count("a note"),
            count("the end"),
        )
    };
    let here = world.tenant_id.as_str();
    assert_eq!(texts(here, &["staff", "overseers"]).await, (560, 1, 1, 1, 1));
    assert_eq!(texts(here, &["staff", &sales]).await, (560, 1, 1, 1, 1));
    assert_eq!(texts(here, &["staff"]).await, (560, 1, 0, 0, 0));
    assert_eq!(texts(here, &[&vera.visitor_id]).await, (560, 1, 0, 0, 0));
    assert_eq!(texts(here, &[&walt.visitor_id]).await, (0, 0, 1, 0, 1));
    assert_eq!(texts(here, &["nobody"]).await, (0, 0, 0, 0, 0));
    assert_eq!(texts(&ids::random("tenant"), &["staff", "overseers"]).await, (0, 0, 0, 0, 0));
    assert_eq!(texts(&elsewhere.tenant_id, &["staff", "overseers", &sales]).await, (0, 0, 0, 0, 0));
    let tail = edge.replay(here, &["overseers", "staff"], end - 1, end).await.unwrap();
    assert_eq!(tail.len(), 1);
    assert_eq!(sent(&tail[0]), Some((closed, "the end".to_owned())));
    invalid(edge.replay("tenant_x", &[], 0, 1).await, &["tenantId", "principals"]);
}

/// Chat and text of the message an event is about.
pub(crate) fn sent(event: &FollowedEvent) -> Option<(String, String)> {
    use rapport_tests::proto::events::v1::event::Body;
    match event.event.as_ref()?.body.as_ref()? {
        Body::MessageSent(sent) => sent.message.clone().map(|message| (message.chat_id, message.text)),
        _ => None,
    }
}
