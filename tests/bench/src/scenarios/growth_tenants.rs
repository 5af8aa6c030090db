//! The workspaces of GROWTH: 1 → 10,000 in one store, each with a few chats. Those who ask are visitors of a hundred of them, one after
//! another, and the staff of the first; beside a store of one workspace with as many chats as one of the many has.

use super::{
    beside,
    growth::{Step, in_turns, outcome},
};
use crate::{
    Bench, Fallible,
    asked::{EACH, GUESTS, Place, spread},
    fill::{Batch, SHORT, Whose},
    processors::{Duty, Pinned},
    report::{Outcome, say},
    store::Kind,
};

/// How many workspaces are made, step by step.
const STEPS: [u64; 2] = [100, 10_000];
/// How many chats each has.
const CHATS: u64 = 3;
/// How many messages each of those.
const MESSAGES: u64 = 10;
/// The first workspace has as many chats in each store, so that its lists are as long.
const HOME: u64 = 500;

pub(super) fn tenants(bench: &Bench, kind: Kind) -> Fallible<Outcome> {
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let (mut small, mut large) = (Place::make(bench, kind)?, Place::make(bench, kind)?);
    for place in [&mut small, &mut large] {
        let home = Whose::One(place.world.tenant());
        place.fill(&[Batch::plain(home, 0, HOME, 1..MESSAGES + 1)])?;
    }
    small.invite(spread(GUESTS, HOME))?;
    small.serve()?;
    let (mut steps, mut made) = (Vec::new(), 0);
    for count in STEPS {
        let begun = std::time::Instant::now();
        let first_chat = |tenant: u64| HOME + tenant * CHATS;
        let more = Batch::plain(Whose::New(made..count), first_chat(made), CHATS, 1..MESSAGES + 1);
        large.fill(&[more])?;
        made = count;
        large.invite_from(bench, spread(GUESTS, count).map(|tenant| (tenant, first_chat(tenant))))?;
        say(format_args!("  {count} workspaces were filled in after {:.0} s", begun.elapsed().as_secs_f64()));
        large.serve()?;
        let turns = in_turns(bench, &mut small, &mut large, |place| calls.block_on(place.ask()))?;
        steps.push(Step { name: format!("{count} workspaces"), turns });
        large.rest()?;
    }
    let conditions = vec![
        format!("{CHATS} chats a workspace of {MESSAGES} messages of {SHORT} B; {HOME} chats in the first"),
        format!(
            "visitors of {GUESTS} workspaces by turns, {EACH} messages each a turn; lists of the first one's staff"
        ),
        large.store.conditions()?,
    ];
    drop(calls);
    let mut faults = small.end()?;
    faults.extend(large.end()?);
    let id = match kind {
        Kind::Sqlite => "GROWTH-tenants-sqlite",
        Kind::Postgres => "GROWTH-tenants-postgres",
    };
    outcome(id, format!("more and more workspaces on {kind}, beside one"), &steps, conditions, faults)
}
