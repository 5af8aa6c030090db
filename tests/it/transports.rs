//! An rpc answers the same by every door: whoever calls, and whosever the things are that the request names.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use rapport_tests::actors::{PASSWORD, Staff};
use rapport_tests::client::request_id;
use rapport_tests::doors::{Answered, Caller, Door, is_internal};
use rapport_tests::dynamic::{method, short};
use rapport_tests::proto::contract::{METHODS, Method};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::options::v1::Permission;
use rapport_tests::proto::presence::v1::ListOnlineAgentsRequest;
use rapport_tests::raw::Raw;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::web::Web;
use rapport_tests::world::World;
use serde_json::{Value, json};

use crate::cast::Cast;
use crate::rows::{Ids, Row, Who, rows};

on_four![
    every_rpc_answers_everybody_the_same_by_every_door,
    what_is_somebody_elses_is_the_same_nothing_by_every_door,
    what_needs_no_token_answers_the_same_by_every_door,
    every_door_is_closed_to_what_the_contract_keeps_from_it,
];

/// The tokens that no workspace knows open no socket: it belongs to a session of a workspace.
fn may_open_socket(who: Who) -> bool {
    !matches!(who, Who::Nobody | Who::Operator)
}

fn doors(who: Who, method: &Method) -> impl Iterator<Item = Door> {
    Door::ALL
        .into_iter()
        .filter(move |door| door.has(method) && (*door != Door::Socket || may_open_socket(who)))
}

/// Everybody before every door. Whoever may open a socket has one open from here on, so who is there stays as it is.
async fn everybody(world: &World, cast: &Cast<'_>) -> BTreeMap<Who, Caller> {
    let mut callers: BTreeMap<_, _> = Who::ALL.map(|who| (who, caller(world, &cast.raw(who)))).into();
    for (_, caller) in callers.iter_mut().filter(|(who, _)| may_open_socket(**who)) {
        caller.open_socket().await.unwrap();
    }
    until("all the staff is there", PATIENCE, || async {
        let online = cast.agent.client.list_online_agents(ListOnlineAgentsRequest::default()).await.unwrap();
        (online.agents.len() == 4).then_some(())
    })
    .await;
    callers
}

/// These ids with a chat and a ticket that nobody has touched, as far as the row names them.
async fn untouched(cast: &Cast<'_>, row: &Row, ids: &Ids) -> Ids {
    let mut ids = ids.clone();
    if row.uses("chat") {
        ids = ids.with("chat", &cast.visitor.start_chat("Hello").await.chat_id);
    }
    if row.uses("ticket") {
        ids = ids.with("ticket", &cast.visitor.ask("Help", "Please").await.ticket_id);
    }
    ids
}

fn caller(world: &World, raw: &Raw) -> Caller {
    Caller::at(&world.core().endpoint(), &world.edge_url(), raw.token())
}

/// What may differ between two answers to the same request: places in the log and in lists, which go on, and tokens.
fn is_place(name: &str) -> bool {
    name == "cursor" || name.ends_with("Token") || name.ends_with("Secret")
}

/// The answer without what is new each time. An answer of something made by the call keeps of ids their kind only.
fn settled(method: &Method, value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(|value| settled(method, value)).collect(),
        Value::Object(fields) => {
            let is_new = |name: &str| {
                is_place(name) || !method.read_only && ["slug", "revision", "number"].contains(&name)
            };
            let settle = |(name, value): (&String, &Value)| {
                (name.clone(), if is_new(name) { "<new>".into() } else { settled(method, value) })
            };
            fields.iter().map(settle).collect()
        }
        Value::String(text) if !method.read_only => kind_of(text).into(),
        other => other.clone(),
    }
}

/// Of an id, a request id and a moment: what kind of thing it is; any other text as it is.
fn kind_of(text: &str) -> &str {
    let is_uuid = |text: &str| text.len() == 36 && text.matches('-').count() == 4;
    match text.rsplit_once('_') {
        Some((kind, tail)) if tail.len() == 26 => kind,
        _ if is_uuid(text.split('@').next().unwrap_or_default()) => "<uuid>",
        _ if text.len() > 19 && text.ends_with('Z') && text.as_bytes()[10] == b'T' => "<moment>",
        _ => text,
    }
}

/// The same request by each door: `requests` makes one for each, in turn. Gives what they answered, which must be one thing.
async fn same(
    caller: &mut Caller,
    doors: &[Door],
    method: &Method,
    mut request: impl FnMut(Door) -> Value,
    what: &str,
) -> Answered {
    let mut first: Option<(Door, Answered)> = None;
    for door in doors {
        let answer = caller.ask(*door, method, &request(*door)).await;
        agree(&mut first, *door, method, answer, what);
    }
    first.expect("every rpc is somewhere").1
}

/// The answer of a door must be the first one's.
#[track_caller]
fn agree(first: &mut Option<(Door, Answered)>, door: Door, method: &Method, answer: Answered, what: &str) {
    let answer = answer.map(|answer| settled(method, &answer));
    match first {
        None => *first = Some((door, answer)),
        Some((other, expected)) => assert_eq!(answer, *expected, "{what}: {door:?} is not as {other:?}"),
    }
}

/// The ids of the request without page tokens that are another caller's.
fn ids_for(who: Who, row: &Row, ids: &Ids) -> Ids {
    let kind = format!("page.{}", row.method.name);
    if who == row.who { ids.clone() } else { ids.with(&kind, "") }
}

/// One of this kind that is not even written like one.
const NONSENSE: &str = "no such thing";

async fn every_rpc_answers_everybody_the_same_by_every_door(world: &World) {
    let operator = world.core().run(&["operator-token"]);
    let cast = Cast::of(world, &operator).await;
    let mut callers = everybody(world, &cast).await;
    let shared = cast.ids().await;
    let (mut answered, mut refused) = (0, 0);
    for row in rows() {
        for who in Who::ALL {
            let method = row.method;
            let what = format!("{who:?}, {}", short(method));
            let doors: Vec<_> = doors(who, method).collect();
            // What changes something gets something new to change by each door.
            let changes = who.holds(method.permission) && !method.read_only;
            let ids = doors.iter().map(|_| async {
                if changes { untouched(&cast, &row, &shared).await } else { shared.clone() }
            });
            let each: BTreeMap<_, _> = doors.iter().copied().zip(join_all(ids).await).collect();
            let request = |door| (row.request)(&ids_for(who, &row, &each[&door]));
            let answer = if method.browser.ends.is_some() {
                // The call ends the session, so there is one for each door.
                let mut first = None;
                for door in &doors {
                    let raw = cast.raw_for(who, method).await;
                    let answer = caller(world, &raw).ask(*door, method, &request(*door)).await;
                    agree(&mut first, *door, method, answer, &what);
                }
                first.unwrap().1
            } else {
                same(callers.get_mut(&who).unwrap(), &doors, method, request, &what).await
            };
            match &answer {
                _ if who == Who::Nobody => assert_reason(&answer, Reason::TokenMissing, &what),
                _ if !who.holds(method.permission) => {
                    assert_reason(&answer, Reason::PermissionMissing, &what);
                }
                Err(refusal) => {
                    assert!(who != row.who, "{what}: {refusal:?}");
                    assert_ne!(refusal.reason, Reason::PermissionMissing, "{what}: {refusal:?}");
                }
                Ok(_) => {}
            }
            answered += usize::from(answer.is_ok());
            refused += usize::from(answer.is_err());
        }
    }
    assert!(answered > 100 && refused > 100, "the test has teeth: {answered} answers, {refused} refusals");
}

#[track_caller]
fn assert_reason(answer: &Answered, reason: Reason, what: &str) {
    assert_eq!(answer.as_ref().err().map(|refusal| refusal.reason), Some(reason), "{what}: {answer:?}");
}

async fn what_is_somebody_elses_is_the_same_nothing_by_every_door(world: &World) {
    let operator = world.core().run(&["operator-token"]);
    let globex = world.another_workspace("globex").await;
    let (acme, globex) = (Cast::of(world, &operator).await, Cast::of(&globex, &operator).await);
    let mut callers = everybody(world, &globex).await;
    let (theirs, own) = (acme.ids().await, globex.ids().await);
    // Hidden in the own workspace: a chat and a ticket of a department, from an agent outside it and from another visitor.
    let outsider = world.raw(Some(&world.agent("Otto").await.sign_in().await.access_token));
    let stranger = world.raw(Some(&world.visitor().await.visit().await.access_token));
    let mut outsiders = [(Who::Agent, caller(world, &outsider)), (Who::Visitor, caller(world, &stranger))];
    let hidden = [
        ("chat", acme.visitor.start_chat_with(&acme.department, "hidden").await.chat_id),
        ("ticket", acme.visitor.ask_department(&acme.department, "hidden", "hidden").await.ticket_id),
    ];
    let visible = theirs.with("cursor", "").with("page.ListMessages", "").with("page.ListComments", "");
    let mut refused = BTreeMap::<_, usize>::new();
    for row in rows() {
        let mut ask = async |caller: &mut Caller, who: Who, ids: Ids, what: String| {
            let doors: Vec<_> = doors(who, row.method).collect();
            let request = |_| (row.request)(&ids);
            let what = format!("{who:?}, {} with {what}", short(row.method));
            if let Err(refusal) = same(caller, &doors, row.method, request, &what).await {
                *refused.entry(refusal.reason).or_default() += 1;
            }
        };
        let holds = |who: Who| who.holds(row.method.permission);
        for (who, caller) in callers.iter_mut().filter(|(who, _)| may_open_socket(**who) && holds(**who)) {
            let own = ids_for(*who, &row, &own);
            for (kind, foreign) in theirs.kinds().filter(|(kind, _)| row.uses(kind)) {
                ask(caller, *who, own.with(kind, foreign), format!("another workspace's {kind}")).await;
                ask(caller, *who, own.with(kind, NONSENSE), format!("a {kind} that is none")).await;
            }
        }
        for (kind, id) in hidden.iter().filter(|(kind, _)| row.uses(kind)) {
            for (who, caller) in outsiders.iter_mut().filter(|(who, _)| holds(*who)) {
                ask(caller, *who, visible.with(kind, id), format!("a hidden {kind}")).await;
            }
        }
    }
    for reason in [Reason::NotFound, Reason::FieldInvalid, Reason::CursorInvalid, Reason::PageTokenInvalid] {
        assert!(refused.get(&reason).is_some_and(|count| *count > 1), "the test has teeth: {refused:?}");
    }
}

/// What a request without a token is made of, new for each door.
struct Fresh<'a> {
    world: &'a World,
    member: &'a Staff,
    refresh_token: String,
    visitor_secret: &'a str,
}

/// An rpc that needs no token, what with, and why it refuses; some have several requests.
type Open = (&'static str, Option<Reason>, fn(&Fresh<'_>) -> Value);

const OPEN: &[Open] = &[
    ("AuthService.SetUp", Some(Reason::SetupDone), |fresh| {
        json!({
            "setupToken": fresh.world.spent_setup_token,
            "workspace": {"slug": "evil", "name": "Evil"},
            "owner": {"email": "eve@evil.example", "name": "Eve", "password": PASSWORD},
        })
    }),
    (
        "AuthService.SetUp",
        Some(Reason::FieldInvalid),
        |_| json!({"workspace": {}, "owner": {"email": "nobody"}}),
    ),
    ("AuthService.SignIn", None, |fresh| sign_in(fresh, PASSWORD)),
    ("AuthService.SignIn", Some(Reason::CredentialsWrong), |fresh| sign_in(fresh, "a wrong password")),
    ("AuthService.Refresh", None, |fresh| refresh(&fresh.refresh_token)),
    ("AuthService.Refresh", Some(Reason::RefreshTokenInvalid), |_| refresh("nonsense")),
    ("AuthService.StartVisit", None, |fresh| json!({"workspace": fresh.world.slug})),
    (
        "AuthService.StartVisit",
        None,
        |fresh| json!({"workspace": fresh.world.slug, "visitorSecret": fresh.visitor_secret}),
    ),
    (
        "AuthService.StartVisit",
        Some(Reason::VisitorSecretInvalid),
        |fresh| json!({"workspace": fresh.world.slug, "visitorSecret": "nonsense"}),
    ),
    ("AuthService.GetKeySet", None, |_| json!({})),
    ("TenantService.GetWidget", None, |fresh| json!({"workspace": fresh.world.slug})),
    ("TenantService.GetWidget", Some(Reason::NotFound), |_| json!({"workspace": "nowhere"})),
];

fn sign_in(fresh: &Fresh<'_>, password: &str) -> Value {
    json!({"workspace": fresh.world.slug, "email": fresh.member.member.email, "password": password})
}

fn refresh(token: &str) -> Value {
    json!({"requestId": request_id(), "refreshToken": token})
}

async fn what_needs_no_token_answers_the_same_by_every_door(world: &World) {
    for method in METHODS.iter().filter(|method| method.permission == Permission::Public) {
        assert!(OPEN.iter().any(|(name, ..)| *name == short(method)), "{} has no row here", short(method));
    }
    let (ada, visitor) = (world.agent("Ada").await, world.visitor().await);
    // Somebody is there from here on, whoever opens a socket later.
    let _there = ada.listen().await;
    until("somebody is there", PATIENCE, || async {
        let online = ada.client.list_online_agents(ListOnlineAgentsRequest::default()).await.unwrap();
        (!online.agents.is_empty()).then_some(())
    })
    .await;
    let secret = visitor.secret().await;
    let token = ada.sign_in().await.access_token;
    for (name, reason, request) in OPEN {
        let method = method(name);
        for (who, raw) in [(Who::Nobody, world.raw(None)), (Who::Agent, world.raw(Some(&token)))] {
            let what = format!("{who:?}, {name}");
            let mut caller = caller(world, &raw);
            let mut first = None;
            for door in doors(who, method) {
                let refresh_token = ada.sign_in().await.refresh_token;
                let fresh = Fresh { world, member: &ada, refresh_token, visitor_secret: &secret };
                let answer = caller.ask(door, method, &request(&fresh)).await;
                agree(&mut first, door, method, answer, &what);
            }
            let (_, answer) = first.unwrap();
            assert_eq!(answer.as_ref().err().map(|refusal| refusal.reason), *reason, "{what}: {answer:?}");
        }
    }
}

async fn every_door_is_closed_to_what_the_contract_keeps_from_it(world: &World) {
    let (owner, visitor) = (world.owner.sign_in().await, world.visitor().await.visit().await);
    let nobody = caller(world, &world.raw(None)).open_socket().await;
    assert_eq!(nobody, Err((4501, "TOKEN_MISSING".to_owned())));
    let operator = world.raw(Some(&world.core().run(&["operator-token"])));
    let operator = caller(world, &operator).open_socket().await;
    assert_eq!(operator, Err((4501, "PERMISSION_MISSING".to_owned())));

    let mut kept = Vec::new();
    for token in [&owner.access_token, &visitor.access_token] {
        let mut caller = caller(world, &world.raw(Some(token)));
        for method in METHODS {
            for door in Door::ALL.into_iter().filter(|door| *door != Door::Rest && !door.has(method)) {
                let what = format!("{} by {door:?}", short(method));
                assert_reason(&caller.ask(door, method, &json!({})).await, Reason::MethodUnknown, &what);
                kept.push((short(method), door));
            }
        }
        // There is no route by another name either. Neither a made-up key nor a made-up address opens what is closed.
        let web = Web::at(&world.edge_url()).bearer(token);
        let edge = web.with("x-rapport-edge-key", "AAAA").with("x-rapport-client-address", "10.0.0.1");
        for method in METHODS.iter().filter(|method| is_internal(method)) {
            assert_eq!(method.route, None, "{}", method.path);
            edge.json("POST", method.path, &json!({})).await.refused(Reason::RouteUnknown);
            let by_web = edge.grpc_web_bytes(method.path, &[]).await.unwrap_err();
            assert_eq!(by_web.reason(), Some(Reason::MethodUnknown), "{}", method.path);
        }
        for path in [
            "/rapport.chats.v1.ChatService/Frobnicate",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        ] {
            let by_web = web.grpc_web_bytes(path, &[]).await.unwrap_err();
            assert_eq!(by_web.reason(), Some(Reason::MethodUnknown), "{path}");
        }
    }
    for name in ["SignIn", "Refresh", "SignOut"] {
        assert!(kept.contains(&(format!("AuthService.{name}"), Door::Socket)), "{kept:?}");
    }
    assert!(kept.contains(&("EdgeService.Authorize".to_owned(), Door::Grpc)), "{kept:?}");
}
