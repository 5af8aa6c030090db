//! H3: lists of 50 chats with every kind of filter, over REST, of a workspace with two fifths of 50,000 chats and 1,000,000 messages; the rest
//! belongs to 99 others. The owner asks, who sees all, and an agent, who sees what is of no department, of two of three, and the own.
//! Every page is compared with what the rows say it must be. `--most` makes it smaller.

use std::{fmt::Write as _, net::SocketAddr, time::Instant};

use rapport_core::ids::{ChatId, CustomerId, DepartmentId, MemberId, VisitorId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::beside;
use crate::{
    Bench, Fallible,
    asked::{Place, middle},
    fill::{self, Batch, Whose},
    pages::Pages,
    processors::{Duty, Pinned},
    report::{Bound, Figure, Outcome, say},
    store::Kind,
};

/// How many workspaces there are beside the one that is asked for.
const OTHERS: u64 = 99;
/// How many messages a chat has.
const MESSAGES: u64 = 20;
/// How many chats a page has.
const PAGE: usize = 50;
/// How often each list is asked for in a round.
const ASKED: usize = 40;
const STATES: [&str; 3] = ["CHAT_STATE_WAITING", "CHAT_STATE_ACTIVE", "CHAT_STATE_CLOSED"];

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    Kind::here().into_iter().map(|kind| lists(bench, kind)).collect()
}

/// What is asked for; nothing asks for all.
#[derive(Clone, Debug, Default)]
struct Filter {
    states: Vec<u64>,
    department: Option<Uuid>,
    member: Option<Uuid>,
    customer: Option<u64>,
    visitor: Option<u64>,
}

/// Who asks.
#[derive(Debug)]
struct Viewer {
    name: &'static str,
    token: String,
    /// Nothing for the owner, who sees all.
    sees: Option<(Uuid, Vec<Uuid>)>,
}

/// A chat as its row has it; the number is none of the one that was not filled in.
#[derive(Debug)]
struct Row {
    id: ChatId,
    number: Option<u64>,
    state: u64,
    department: Option<Uuid>,
    member: Option<Uuid>,
}

fn lists(bench: &Bench, kind: Kind) -> Fallible<Outcome> {
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let mut place = Place::make(bench, kind)?;
    let (ada, ben, departments) = place.with_core(bench, async |world| {
        let (ada, ben) = (world.hire("Ada").await?, world.hire("Ben").await?);
        let mut departments = Vec::new();
        for (name, members) in [("Sales", &[ada.0, ben.0][..]), ("Support", &[ada.0]), ("Billing", &[ben.0])]
        {
            departments.push(world.found(name, members).await?.uuid());
        }
        Ok((ada, ben, departments))
    })?;
    let chats = bench.most.min(1_000_000) / MESSAGES;
    let (own, each) = (chats * 2 / 5, chats * 3 / 5 / OTHERS);
    let home = Batch {
        departments: departments.clone(),
        members: vec![ada.0, ben.0],
        ..Batch::plain(Whose::One(place.world.tenant()), 0, own, 1..MESSAGES + 1)
    };
    let begun = Instant::now();
    place.fill(&[home.clone(), Batch::plain(Whose::New(0..OTHERS), own, each, 1..MESSAGES + 1)])?;
    say(format_args!("  {chats} chats were filled in after {:.0} s", begun.elapsed().as_secs_f64()));

    let rows = rows(&place, &home)?;
    let viewers = [
        Viewer { name: "owner", token: place.staff().to_owned(), sees: None },
        Viewer { name: "agent", token: ada.1.clone(), sees: Some((ada.0, departments[..2].to_vec())) },
    ];
    let filters = filters(&departments, [ada.0, ben.0], own);
    let edge = place.serve()?.place("edge")?;
    let asked: Vec<_> =
        filters.iter().flat_map(|filter| viewers.iter().map(move |viewer| (filter, viewer))).collect();
    let mut rounds: Vec<Vec<Vec<u32>>> = Vec::new();
    for _ in 0..bench.rounds.max(3) {
        rounds.push(calls.block_on(round(edge, &asked, &rows))?);
    }
    let conditions = vec![
        format!(
            "{own} of {chats} chats in the workspace asked for, {OTHERS} others; {MESSAGES} messages a chat; {PAGE} chats a page"
        ),
        format!(
            "{} filters by two viewers, {ASKED} times a round, one caller; every page compared with the rows",
            filters.len()
        ),
        place.store.conditions()?,
    ];
    drop(calls);
    let id = match kind {
        Kind::Sqlite => "H3-sqlite",
        Kind::Postgres => "H3-postgres",
    };
    let mut outcome = Outcome::of(id, format!("lists of chats with filters on {kind}"), Vec::new());
    outcome.conditions = conditions;
    let of = |round: &[Vec<u32>]| middle(&round.concat());
    let figure = |name: &str, values: Vec<f64>, bound| {
        Figure::of(name, values.into_iter().map(|micros| micros / 1e3), bound)
    };
    let p99 = rounds.iter().map(|round| of(round).1).collect();
    outcome.figures.push(figure("p99 of all lists, ms", p99, Bound::at_most(50.0, 8.0)));
    let p50 = rounds.iter().map(|round| of(round).0).collect();
    outcome.figures.push(figure("p50 of all lists, ms", p50, Bound::told()));
    for (place, ((name, _), viewer)) in asked.iter().enumerate() {
        let each: Vec<_> = rounds.iter().map(|round| middle(&round[place])).collect();
        let [p50, p99] = [0, 1].map(|part| {
            let values = each.iter().map(|times| if part == 0 { times.0 } else { times.1 }).collect();
            figure(&format!("{name}, {}", viewer.name), values, Bound::told())
        });
        say(format_args!("  {name:<40} {:<8} {:>8.2} / {:.2} ms", viewer.name, p50.middle(), p99.middle()));
        outcome.looks.push(
            json!({ "filter": name, "by": viewer.name, "p50_ms": p50.middle(), "p99_ms": p99.middle() }),
        );
    }
    outcome.faults = place.end()?;
    Ok(outcome)
}

/// Asks for each list in turn, and compares every page.
async fn round(
    edge: SocketAddr,
    asked: &[(&(&'static str, Filter), &Viewer)],
    rows: &[Row],
) -> Fallible<Vec<Vec<u32>>> {
    let mut pages = Pages::connect(edge, "/", None).await?;
    let mut all = Vec::new();
    for ((_, filter), viewer) in asked {
        let expected = page(rows, filter, viewer);
        pages.turn_to(&filter.path(), &viewer.token);
        let mut times = Vec::new();
        for _ in 0..ASKED {
            let at = Instant::now();
            let answer = pages.get().await?;
            times.push(u32::try_from(at.elapsed().as_micros())?);
            let found = ids(&serde_json::from_slice(answer)?)?;
            if found != expected {
                return Err(
                    format!("{filter:?} by the {}: {found:?} and not {expected:?}", viewer.name).into()
                );
            }
        }
        all.push(times);
    }
    Ok(all)
}

/// Every kind of filter, and some together; one pair that nothing fits, so that what may be walked is walked to its end.
fn filters(departments: &[Uuid], [ada, ben]: [Uuid; 2], chats: u64) -> Vec<(&'static str, Filter)> {
    let none = Filter::default;
    let of = |department: usize| Some(departments[department]);
    vec![
        ("all", none()),
        ("waiting", Filter { states: vec![1], ..none() }),
        ("waiting or active", Filter { states: vec![1, 2], ..none() }),
        ("a department", Filter { department: of(0), ..none() }),
        ("a department, closed", Filter { states: vec![3], department: of(1), ..none() }),
        ("a department not the agent's", Filter { department: of(2), ..none() }),
        ("an assignee", Filter { member: Some(ada), ..none() }),
        ("another assignee, active", Filter { states: vec![2], member: Some(ben), ..none() }),
        ("assignee and department", Filter { member: Some(ada), department: of(2), ..none() }),
        ("assignee and department, nothing fits", Filter { member: Some(ben), department: of(0), ..none() }),
        ("a customer", Filter { customer: Some(chats / 3), ..none() }),
        ("a visitor", Filter { visitor: Some(chats / 2), ..none() }),
    ]
}

impl Filter {
    fn path(&self) -> String {
        let mut path = format!("/v1/chats?pageSize={PAGE}");
        let mut and = |name: &str, value: &dyn std::fmt::Display| {
            let _ = write!(path, "&{name}={value}");
        };
        for state in &self.states {
            and("states", &STATES[usize::try_from(state - 1).unwrap_or(0)]);
        }
        if let Some(id) = self.department {
            and("departmentId", &DepartmentId::from(id));
        }
        if let Some(id) = self.member {
            and("assigneeId", &MemberId::from(id));
        }
        if let Some(number) = self.customer {
            and("customerId", &CustomerId::from(fill::customer(number)));
        }
        if let Some(number) = self.visitor {
            and("visitorId", &VisitorId::from(fill::visitor(number)));
        }
        path
    }

    fn fits(&self, row: &Row) -> bool {
        (self.states.is_empty() || self.states.contains(&row.state))
            && (self.department.is_none() || self.department == row.department)
            && (self.member.is_none() || self.member == row.member)
            && (self.customer.is_none() || self.customer == row.number)
            && (self.visitor.is_none() || self.visitor == row.number)
    }
}

/// Every chat of the workspace, the newest first.
fn rows(place: &Place, home: &Batch) -> Fallible<Vec<Row>> {
    let first = place.world.chats.first().ok_or("no chats")?;
    let first = Row { id: first.id.parse()?, number: None, state: 1, department: None, member: None };
    let filled = (home.first_chat..home.first_chat + home.chats).rev().map(|number| Row {
        id: fill::chat(number).into(),
        number: Some(number),
        state: home.state(number),
        department: home.department(number),
        member: home.member(number),
    });
    Ok(std::iter::once(first).chain(filled).collect())
}

/// What a viewer must be shown.
fn page(rows: &[Row], filter: &Filter, viewer: &Viewer) -> Vec<ChatId> {
    let seen = |row: &&Row| {
        viewer.sees.as_ref().is_none_or(|(own, departments)| {
            row.department.is_none_or(|id| departments.contains(&id)) || row.member == Some(*own)
        })
    };
    rows.iter().filter(|row| filter.fits(row)).filter(seen).take(PAGE).map(|row| row.id).collect()
}

fn ids(list: &Value) -> Fallible<Vec<ChatId>> {
    let chats = list["chats"].as_array().map_or(&[][..], Vec::as_slice);
    chats.iter().map(|chat| Ok(chat["chatId"].as_str().ok_or("a chat without an id")?.parse()?)).collect()
}
