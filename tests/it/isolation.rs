//! Nothing of one workspace is ever seen in another: for every rpc of the contract, with every kind of id it takes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rapport_tests::client::Error;
use rapport_tests::dynamic::{at, call, fields, short};
use rapport_tests::ids;
use rapport_tests::raw::Raw;
use rapport_tests::world::World;
use serde_json::Value;

use crate::cast::Cast;
use crate::rows::{Ids, Row, Who, rows};

on_both![
    no_rpc_tells_another_workspaces_id_from_one_that_never_was,
    what_is_hidden_in_the_own_workspace_looks_like_what_never_was,
    lists_reads_and_streams_never_hold_an_id_of_another_workspace,
];

/// What a caller can tell about an answer, ids of the answer's own aside.
type Look = Result<Value, (tonic::Code, Option<i32>, String, Vec<(String, String)>, Vec<(String, String)>)>;

fn look(answer: Result<Value, Error>) -> Look {
    answer.map_err(|error| {
        let fault = error.fault().unwrap_or_else(|| panic!("a refusal without a reason: {error:?}"));
        let violations = fault.violations.iter().map(|v| (v.field.clone(), v.description.clone())).collect();
        let metadata = fault.metadata.clone().into_iter().collect();
        (
            error.code(),
            error.reason().map(i32::from),
            error.status().message().to_owned(),
            violations,
            metadata,
        )
    })
}

/// The prefixed ids in an answer.
fn ids_in(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let tail = text.rsplit_once('_').map_or("", |(_, tail)| tail);
            if tail.len() == 26 {
                found.insert(text.clone());
            }
        }
        Value::Array(list) => list.iter().for_each(|value| ids_in(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| ids_in(value, found)),
        _ => {}
    }
}

/// An answer for the empty filter would name things of the caller; what counts is whether it differs by whose id it was.
async fn ask(raw: &Raw, row: &Row, ids: &Ids) -> Look {
    look(call(raw, row.method, &(row.request)(ids)).await)
}

/// One of this kind that nobody has.
fn nobodys(kind: &str) -> String {
    match kind {
        "cursor" => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        kind if kind.starts_with("page.") => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        kind => ids::random(kind),
    }
}

#[test]
fn every_id_of_every_request_is_filled_by_a_row() {
    let ids: Vec<_> = rows().into_iter().map(|row| (row.method, (row.request)(&samples()))).collect();
    for row in rows() {
        for field in fields(row.method) {
            let opaque = field.name().ends_with("pageToken") || field.name() == "cursor";
            if field.id().is_empty() && !opaque {
                continue;
            }
            let filled = ids.iter().any(|(method, request)| {
                *method == row.method
                    && match at(request, &field.path) {
                        Some(Value::Array(list)) => !list.is_empty(),
                        Some(Value::String(text)) => !text.is_empty(),
                        _ => false,
                    }
            });
            assert!(
                filled,
                "no row of {} fills {}: an id that is never sent is never checked",
                short(row.method),
                field.name()
            );
        }
    }
}

/// Something in every place, to see which places a row has.
fn samples() -> Ids {
    let mut all = Ids::default();
    for kind in ["chat", "ticket", "member", "department", "customer", "visitor", "cursor"] {
        all = all.with(kind, &nobodys(kind));
    }
    for row in rows() {
        let kind = format!("page.{}", row.method.name);
        all = all.with(&kind, &nobodys(&kind));
    }
    all
}

async fn no_rpc_tells_another_workspaces_id_from_one_that_never_was(world: &World) {
    let operator = world.core().run(&["operator-token"]);
    let globex = world.another_workspace("globex").await;
    let (acme, globex) = (Cast::of(world, &operator).await, Cast::of(&globex, &operator).await);
    let attackers = [Who::Owner, Who::Admin, Who::Agent, Who::Viewer, Who::Visitor];
    let mut refused = 0;
    for row in rows() {
        let (theirs, own) = (acme.ids().await, globex.ids().await);
        for who in attackers.into_iter().filter(|who| who.holds(row.method.permission)) {
            let raw = globex.raw_for(who, row.method).await;
            for (kind, foreign) in theirs.kinds().filter(|(kind, _)| row.uses(kind)) {
                let what = format!("{who:?} of globex, {} with a {kind} of acme", row.method.path);
                let foreign = ask(&raw, &row, &own.with(kind, foreign)).await;
                let nobodys = ask(&raw, &row, &own.with(kind, &nobodys(kind))).await;
                // Two answers about nothing may still differ in what is the caller's own and new each time: its cursor.
                assert_eq!(without_cursor(foreign.clone()), without_cursor(nobodys), "{what}");
                refused += usize::from(foreign.is_err());
                if let Ok(answer) = &foreign {
                    assert_shows_nothing(answer, &theirs, &what);
                }
            }
            // All of them at once: nothing of the request belongs to the caller.
            let what = format!("{who:?} of globex, {} with everything of acme", row.method.path);
            if let Ok(answer) = ask(&raw, &row, &theirs).await {
                assert_shows_nothing(&answer, &theirs, &what);
            }
        }
        let answer =
            call(&acme.raw_for(row.who, row.method).await, row.method, &(row.request)(&theirs)).await;
        answer.unwrap_or_else(|error| panic!("acme's own call of {}: {error}", row.method.path));
    }
    assert!(refused > 40, "the test has teeth: {refused} refusals");
}

async fn what_is_hidden_in_the_own_workspace_looks_like_what_never_was(world: &World) {
    let operator = world.core().run(&["operator-token"]);
    let acme = Cast::of(world, &operator).await;
    let outsider = world.agent("Otto").await;
    let stranger = world.visitor().await;
    let own = stranger.start_chat("mine").await.chat_id;
    let raws = [
        (Who::Agent, world.raw(Some(&outsider.sign_in().await.access_token))),
        (Who::Visitor, world.raw(Some(&stranger.visit().await.access_token))),
    ];
    for row in rows() {
        for kind in ["chat", "ticket"].into_iter().filter(|kind| row.uses(kind)) {
            let ids = acme.ids().await;
            // Hidden from agents outside the department and from every other visitor.
            let hidden = if kind == "chat" {
                acme.visitor.start_chat_with(&acme.department, "hidden").await.chat_id
            } else {
                acme.visitor.ask_department(&acme.department, "hidden", "hidden").await.ticket_id
            };
            let ids = ids.with("cursor", "").with("page.ListMessages", "").with("page.ListComments", "");
            for (who, raw) in raws.iter().filter(|(who, _)| who.holds(row.method.permission)) {
                let what = format!("{who:?}, {} with a hidden {kind}", row.method.path);
                let seen = ask(raw, &row, &ids.with(kind, &hidden)).await;
                let nothing = ask(raw, &row, &ids.with(kind, &nobodys(kind))).await;
                assert_eq!(without_cursor(seen), without_cursor(nothing), "{what}");
            }
        }
    }
    assert_eq!(stranger.chats(0).await.unwrap().len(), 1);
    assert_eq!(stranger.chats(0).await.unwrap()[0].chat_id, own);
    assert_eq!(stranger.tickets(0).await.unwrap(), []);
}

async fn lists_reads_and_streams_never_hold_an_id_of_another_workspace(world: &World) {
    let operator = world.core().run(&["operator-token"]);
    let globex = world.another_workspace("globex").await;
    let (acme, globex) = (Cast::of(world, &operator).await, Cast::of(&globex, &operator).await);
    let mut listeners = Vec::new();
    for who in [Who::Owner, Who::Agent, Who::Viewer, Who::Visitor] {
        listeners.push(globex.actor(who).unwrap().listen().await);
    }
    // Everything there is to do, done in acme; every id any of its answers holds is acme's.
    let mut acmes = BTreeSet::new();
    for row in rows().into_iter().filter(|row| row.who != Who::Operator) {
        let ids = acme.ids().await;
        acmes.extend(ids.kinds().filter(|(kind, _)| !kind.contains("page")).map(|(_, id)| id.to_owned()));
        let answer =
            call(&acme.raw_for(row.who, row.method).await, row.method, &(row.request)(&ids)).await.unwrap();
        ids_in(&answer, &mut acmes);
    }
    acmes.insert(world.tenant_id.clone());
    assert!(acmes.len() > 30, "the test has teeth: {acmes:?}");
    let mut shown = String::new();
    for who in [Who::Owner, Who::Admin, Who::Agent, Who::Viewer, Who::Visitor] {
        let actor = globex.actor(who).unwrap();
        let raw = globex.raw(who);
        let own = globex.ids().await;
        for row in rows().into_iter().filter(|row| row.method.read_only && who.holds(row.method.permission)) {
            if let Ok(answer) = call(&raw, row.method, &(row.request)(&own)).await {
                shown += &answer.to_string();
            }
        }
        let (chats, log) = (actor.chats(0).await.unwrap(), actor.log("").await.unwrap());
        write!(shown, "{chats:?} {log:?}").unwrap();
    }
    // The last word of each stream proves that it had every chance to carry more.
    globex.visitor.start_chat("LAST WORD").await;
    for listener in &mut listeners {
        listener.message("LAST WORD").await;
        shown += &listener.transcript();
    }
    for id in acmes {
        assert!(!shown.contains(&id), "{id} of acme was shown in globex");
    }
}

fn assert_shows_nothing(answer: &Value, theirs: &Ids, what: &str) {
    let text = answer.to_string();
    for (kind, id) in theirs.kinds() {
        // A request's own words may be answered: what was sent is no news.
        assert!(
            kind == "cursor" || id.is_empty() || !text.contains(id),
            "{what} shows the {kind} {id}: {text}"
        );
    }
}

fn without_cursor(look: Look) -> Look {
    look.map(|mut answer| {
        if let Some(fields) = answer.as_object_mut() {
            fields.remove("cursor");
        }
        answer
    })
}
