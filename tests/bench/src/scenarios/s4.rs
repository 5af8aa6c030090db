//! S4: the callers of S1 on `PostgreSQL`. Floor: L3, pgbench with 32 connections and the statements of one message, in the
//! faster of two ways of numbering. Beside it, for the record, the fastest batches that were found by hand.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{check, s1::CALLERS};
use crate::{
    Bench, Fallible,
    floors::{
        batches::Batches,
        pgbench::{Numbering, Script},
        postgres::Database,
        sqlite::Template,
    },
    load::{Chance, Load, TEXT, send},
    machine::Watched,
    report::{Bound, Outcome, say},
    rounds::{interleave, timed_since},
    world::{CHATS, CONNECTIONS, World},
};

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let ours = Database::create(bench.runtime.handle())?;
    let watched = ours.watched()?;
    let world = bench.runtime.block_on(async {
        let world = World::make(dir.path(), ours.target()?, CHATS).await?;
        let chat = world.chats.first().ok_or("no chats")?;
        send(&world.app, &chat.caller, &chat.id, &mut Chance::new(0)).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(world)
    })?;
    let event = ours.last_event()?;

    // Which way is faster is found here and now; each in a database of its own, the loser's is dropped.
    let mut floors = Vec::new();
    for numbering in [Numbering::LogEnd, Numbering::Counters] {
        let database = Database::create(bench.runtime.handle())?;
        database.fill()?;
        let script = Script::send(dir.path(), numbering, &event)?;
        script.run(&database, CONNECTIONS, Duration::from_secs(1))?;
        let rate = script.run(&database, CONNECTIONS, Duration::from_secs(3))?.rate();
        say(format_args!("  pgbench, {numbering:?}: {rate:.0} transactions/s"));
        floors.push((rate, numbering, database, script));
    }
    floors.sort_by(|a, b| b.0.total_cmp(&a.0));
    let slower = format!("{:?} ({:.0}/s)", floors[1].1, floors[1].0);
    floors.truncate(1);
    let (_, numbering, floor, script) = &floors[0];

    let load = Load { app: Arc::clone(&world.app), chats: Arc::clone(&world.chats), callers: CALLERS };
    let rounds = interleave(
        bench,
        watched,
        |span| bench.runtime.block_on(load.run(span)),
        |span, _| script.run(floor, CONNECTIONS, span),
    )?;
    let title =
        format!("durable sends on PostgreSQL / pgbench -c {CONNECTIONS}, one message a transaction (L3)");
    let mut outcome = Outcome::of_rates("S4", &title, rounds, Bound::at_least(0.70, 0.90));
    outcome.conditions = vec![
        format!(
            "{CALLERS} callers, {CHATS} chats, closed loop; text {TEXT} B, event {} B",
            event.payload.len()
        ),
        ours.conditions()?,
        format!("floor numbers by {numbering:?}, the faster; the other: {slower}"),
        "cpu is this process, pgbench and all of the server's processes".to_owned(),
    ];
    outcome.faults = check::postgres(floor)?.into_iter().map(|fault| format!("floor: {fault}")).collect();
    let mut outcomes = vec![outcome];
    if !bench.short {
        outcomes.push(beside_batches(bench, &load, watched, event)?);
    }
    bench.runtime.block_on(world.app.stop());
    outcomes[0].faults.extend(check::postgres(&ours)?);
    Ok(outcomes)
}

/// pgbench does not coalesce, so it says nothing of what a batch could do at best: this does.
fn beside_batches(bench: &Bench, load: &Load, watched: Watched, event: Template) -> Fallible<Outcome> {
    let database = Database::create(bench.runtime.handle())?;
    database.fill()?;
    let batches = Batches { numbering: Numbering::LogEnd, chats: CHATS, size: (128, 128), event };
    let rounds = interleave(
        bench,
        watched,
        |span| bench.runtime.block_on(load.run(span)),
        |span, _| {
            let begun = Instant::now();
            let acks = bench.runtime.block_on(batches.run(&database, 1, span))?;
            timed_since(begun, acks.len())
        },
    )?;
    let title = "durable sends on PostgreSQL / batches of 128 by hand, one writer";
    let mut outcome = Outcome::of_rates("S4-batches", title, rounds, Bound::told());
    outcome.faults = check::postgres(&database)?.into_iter().map(|fault| format!("floor: {fault}")).collect();
    Ok(outcome)
}
