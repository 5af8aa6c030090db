//! GROWTH: what a store that grows does to those who use it. The smallest store stands beside each larger one and both are asked the same
//! by turns, in the same minutes; a figure is the middle answer at the larger one ÷ that at the smallest. Messages 10,000 → 1,000,000
//! (`--most 10000000` for more) on each engine that is here; then workspaces 1 → 10,000, then open sockets 1,000 → as many as one
//! process may have files.
//!
//! A B-tree of a hundred times as many rows is a level deeper, or two, and holds less of itself in memory: a quarter more is what there
//! is to expect, twice as much leaves room for noise, and a scan would be a hundred times as slow.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{beside, growth_sockets, growth_tenants};
use crate::{
    Bench, Fallible,
    asked::{EACH, GUESTS, Place, Question, Times, middle, spread},
    fill::{Batch, SHORT, Whose},
    processors::{Duty, Pinned},
    report::{Bound, Figure, Outcome, say},
    store::Kind,
};

/// How many messages the smallest store holds.
const LEAST: u64 = 10_000;
/// How much larger each store is than the one before.
const TIMES: u64 = 10;
/// How many messages a chat has.
const MESSAGES: u64 = 20;
/// Every so manieth message is in one chat.
const IN_ONE: u64 = 10;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for kind in Kind::here() {
        outcomes.push(messages(bench, kind)?);
    }
    for kind in Kind::here() {
        outcomes.push(growth_tenants::tenants(bench, kind)?);
    }
    outcomes.push(growth_sockets::sockets(bench)?);
    Ok(outcomes)
}

fn messages(bench: &Bench, kind: Kind) -> Fallible<Outcome> {
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let (mut small, mut large) = (Place::make(bench, kind)?, Place::make(bench, kind)?);
    grow(&mut small, 0, LEAST)?;
    grow(&mut large, 0, LEAST)?;
    small.serve()?;
    let mut steps = Vec::new();
    let mut size = LEAST;
    while size * TIMES <= bench.most {
        grow(&mut large, size, size * TIMES)?;
        size *= TIMES;
        large.serve()?;
        let step = in_turns(bench, &mut small, &mut large, |place| calls.block_on(place.ask()))?;
        steps.push(Step { name: format!("{size} messages"), turns: step });
        large.rest()?;
    }
    let conditions = vec![
        format!(
            "{MESSAGES} messages a chat, and a tenth of all in one; texts of {SHORT} B filled in, of 256 B sent"
        ),
        format!("{GUESTS} visitors of chats from all over the store, {EACH} messages each a turn"),
        large.store.conditions()?,
    ];
    drop(calls);
    let mut faults = small.end()?;
    faults.extend(large.end()?);
    let (id, title) = match kind {
        Kind::Sqlite => ("GROWTH-messages-sqlite", "a store on SQLite"),
        Kind::Postgres => ("GROWTH-messages-postgres", "a store on PostgreSQL"),
    };
    outcome(id, format!("{title} that grows, beside one of {LEAST} messages"), &steps, conditions, faults)
}

/// Fills a store that holds so many messages up to so many.
fn grow(place: &mut Place, from: u64, to: u64) -> Fallible {
    let begun = std::time::Instant::now();
    let home = Whose::One(place.world.tenant());
    // Chat 0 is the long one.
    let (long, chats) = (|size: u64| size / IN_ONE, |size: u64| (size - size / IN_ONE) / MESSAGES);
    let of_long = Batch::plain(home.clone(), 0, 1, long(from) + 1..long(to) + 1);
    let more = Batch::plain(home, chats(from) + 1, chats(to) - chats(from), 1..MESSAGES + 1);
    place.fill(&[of_long, more])?;
    place.remember_long(0, long(to));
    place.invite(spread(GUESTS, chats(to)).map(|chat| chat + 1))?;
    say(format_args!("  {to} messages were filled in after {:.0} s", begun.elapsed().as_secs_f64()));
    Ok(())
}

/// A larger store, and what was answered there and at the smallest, by turns.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) turns: Vec<[Times; 2]>,
}

/// Asks the small place and the large one by turns.
pub(super) fn in_turns(
    bench: &Bench,
    small: &mut Place,
    large: &mut Place,
    mut ask: impl FnMut(&mut Place) -> Fallible<Times>,
) -> Fallible<Vec<[Times; 2]>> {
    // The first turn fills caches and prepares statements.
    ask(small)?;
    ask(large)?;
    (0..bench.rounds.clamp(3, 5)).map(|_| Ok([ask(small)?, ask(large)?])).collect()
}

/// What the steps come to: the last one is judged.
pub(super) fn outcome(
    id: &'static str,
    title: String,
    steps: &[Step],
    conditions: Vec<String>,
    faults: Vec<String>,
) -> Fallible<Outcome> {
    let mut outcome = Outcome::of(id, title, Vec::new());
    outcome.conditions = conditions;
    outcome.faults = faults;
    let last = steps.last().ok_or("no step: --most is less than the first")?;
    let asked: Vec<Question> =
        last.turns.first().map(|turn| turn[1].keys().copied().collect()).unwrap_or_default();
    let p50 =
        |times: &Times, question: Question| times.get(&question).map_or(f64::NAN, |times| middle(times).0);
    for question in &asked {
        let ratios = last.turns.iter().map(|turn| p50(&turn[1], *question) / p50(&turn[0], *question));
        let name = format!("{question:?} at {} / smallest", last.name);
        outcome.figures.push(Figure::of(name, ratios, Bound::at_most(2.0, 1.25)));
    }
    let smallest = steps.iter().flat_map(|step| step.turns.iter().map(|turn| &turn[0])).collect::<Vec<_>>();
    let rows = std::iter::once(("smallest", smallest))
        .chain(steps.iter().map(|step| (&*step.name, step.turns.iter().map(|turn| &turn[1]).collect())));
    let mut head = format!("  {:<18}", "p50 / p99 ms");
    for question in &asked {
        let _ = write!(head, "{:>16}", format!("{question:?}"));
    }
    say(head);
    for (name, turns) in rows {
        outcome.looks.extend(row(name, &turns, &asked));
    }
    Ok(outcome)
}

/// A line of the table, printed; gives what is kept of it.
fn row(name: &str, turns: &[&Times], asked: &[Question]) -> Vec<Value> {
    let (mut line, mut kept) = (format!("  {name:<18}"), Vec::new());
    for question in asked {
        let middles: Vec<_> =
            turns.iter().filter_map(|times| times.get(question)).map(|times| middle(times)).collect();
        let of = |value: fn(&(f64, f64)) -> f64| {
            middles.iter().map(value).map(|micros| micros / 1e3).collect::<Vec<_>>()
        };
        let (p50, p99) = (of(|times| times.0), of(|times| times.1));
        kept.push(json!({ "at": name, "asked": question, "p50_ms": p50, "p99_ms": p99 }));
        let [p50, p99] = [p50, p99].map(|values| Figure::of("", values, Bound::told()).middle());
        let _ = write!(line, "{:>16}", format!("{p50:.2} / {p99:.2}"));
    }
    say(line);
    kept
}
