//! S5W: two cores on one database write into the same 32 chats while a transaction stands open that sees everything as it was
//! before. Nothing it could still see is ever cleaned away, so rows that are rewritten pile up versions, and every look at
//! one walks over them. Core numbers from the ends of log and chats, which are only ever added to. The design it was chosen
//! over, counting in rows, runs beside it as programs written by hand, so that the decision can be looked at again.

use std::{sync::Arc, time::Duration};

use super::check;
use crate::{
    Bench, Fallible,
    floors::{
        batches::Batches,
        pgbench::Numbering,
        postgres::{Database, OldSnapshot},
    },
    load::{Ack, Chance, Load, send},
    machine::float,
    report::{Bound, Figure, Outcome, say},
    world::{self, Chat, World},
};

/// How many chats all write into.
const HOT: usize = 32;
/// How many callers each core has.
const CALLERS: usize = 32;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let database = Database::create(bench.runtime.handle())?;
    let acks = ours(bench, &database)?;
    let event = database.last_event()?;
    let mut outcome = Outcome {
        id: "S5W",
        title: "two cores, 32 hot chats, an old snapshot open throughout".to_owned(),
        conditions: vec![
            format!(
                "2 cores x {CALLERS} callers, {} s; rates of the first and the last sixth",
                bench.watch.as_secs()
            ),
            database.conditions()?,
        ],
        rounds: Vec::new(),
        figures: Vec::new(),
        faults: check::postgres(&database)?,
        looks: Vec::new(),
    };
    outcome.figures = figures("ours", &acks, bench.watch, true);
    for numbering in [Numbering::LogEnd, Numbering::Counters] {
        let database = Database::create(bench.runtime.handle())?;
        database.fill()?;
        let batches = Batches { numbering, chats: HOT, size: (16, 64), event: event.clone() };
        say(format_args!("  by hand, {numbering:?}…"));
        let acks = bench.runtime.block_on(async {
            let _old = OldSnapshot::take(&database).await?;
            batches.run(&database, 2, bench.watch).await
        })?;
        outcome.figures.extend(figures(&format!("by hand, {numbering:?}"), &acks, bench.watch, false));
        outcome
            .faults
            .extend(check::postgres(&database)?.into_iter().map(|fault| format!("{numbering:?}: {fault}")));
    }
    Ok(vec![outcome])
}

fn ours(bench: &Bench, database: &Database) -> Fallible<Vec<Ack>> {
    let dir = bench.folder()?;
    bench.runtime.block_on(async {
        let world = World::make(dir.path(), database.target()?, HOT).await?;
        let second = world::open(dir.path(), database.target()?).await?;
        let _old = OldSnapshot::take(database).await?;
        let chats: Arc<[Chat]> = Arc::clone(&world.chats);
        let loads = [&world.app, &second].map(|app| Load {
            app: Arc::clone(app),
            chats: Arc::clone(&chats),
            callers: CALLERS,
        });
        let (first, other) = tokio::join!(loads[0].acks(bench.watch), loads[1].acks(bench.watch));
        let mut acks = first?;
        // A core that stands still while the other runs is a stall as well.
        let alone = stall(&acks).max(stall(other.as_ref().map_or(&[][..], |acks| acks)));
        say(format_args!("  longest stall of one core: {} ms", alone.as_millis()));
        acks.extend(other?);
        let chat = chats.first().ok_or("no chats")?;
        send(&second, &chat.caller, &chat.id, &mut Chance::new(0)).await?;
        world.app.stop().await;
        second.stop().await;
        Ok(acks)
    })
}

/// The longest time in which nothing was acknowledged.
fn stall(acks: &[Ack]) -> Duration {
    let mut at: Vec<Duration> = acks.iter().map(|ack| ack.at).collect();
    at.sort_unstable();
    at.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap_or(Duration::MAX)
}

fn figures(who: &str, acks: &[Ack], span: Duration, judged: bool) -> Vec<Figure> {
    let rate = |from: Duration, to: Duration| {
        let count = acks.iter().filter(|ack| (from..to).contains(&ack.at)).count();
        float(count as u64) / to.saturating_sub(from).as_secs_f64()
    };
    let part = span / 6;
    let (first, last) = (rate(Duration::ZERO, part), rate(part * 5, span));
    let slowest = acks.iter().map(|ack| ack.took).max().unwrap_or_default();
    let bound = if judged { Bound::at_most(1_000.0, 250.0) } else { Bound::told() };
    let figure = |name: &str, value: f64, bound: Bound| Figure::of(format!("{who}, {name}"), [value], bound);
    vec![
        figure("longest stall, ms", stall(acks).as_secs_f64() * 1e3, bound),
        figure("slowest message, ms", slowest.as_secs_f64() * 1e3, Bound::told()),
        figure("messages/s, all", rate(Duration::ZERO, span), Bound::told()),
        figure("messages/s, first", first, Bound::told()),
        figure("messages/s, last", last, Bound::told()),
        figure("last / first", last / first, Bound::told()),
    ]
}
