//! S7: a core on `SQLite` under 30 % of what S1 finds it can do, found here first: messages are sent by a timetable for five minutes, or
//! as long as `--seconds` says. From the moment a message was to be sent until it is acknowledged. Core runs in this process, as in S1.

use std::{sync::Arc, time::Duration};

use super::{check, s1::CALLERS};
use crate::{
    Bench, Fallible,
    load::{Ack, Load, TEXT},
    machine::{Side, Ticks, Watched, float},
    report::{Bound, Figure, Outcome, say},
    rounds::part,
    world::{self, CHATS, World},
};

/// How long, and how often, it is looked for what the core can do.
const FULL: Duration = Duration::from_secs(5);
const TIMES: usize = 3;
/// What part of that is the load.
const SHARE: f64 = 0.30;
/// In how many parts the time is looked at.
const PARTS: u32 = 6;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let world = bench.runtime.block_on(World::make(dir.path(), world::sqlite(dir.path()), CHATS))?;
    let load = Load { app: Arc::clone(&world.app), chats: Arc::clone(&world.chats), callers: CALLERS };
    let (mut sent, mut full) = (0, Vec::new());
    for _ in 0..TIMES {
        let work = bench.runtime.block_on(load.run(FULL.min(bench.steady)))?;
        sent += work.done;
        full.push(work.rate());
    }
    full.sort_by(f64::total_cmp);
    let rate = share(full[TIMES / 2])?;
    say(format_args!("  {:.0}/s at most, {rate}/s for {} s", full[TIMES / 2], bench.steady.as_secs()));
    let before = Ticks::read(Watched::default())?;
    let acks = bench.runtime.block_on(load.on_time(rate, bench.steady))?;
    let spent = before.until(Ticks::read(Watched::default())?);
    sent += u64::try_from(acks.len())?;
    bench.runtime.block_on(world.app.stop());
    let title = format!("durable sends on SQLite at {:.0} % of what it can do", SHARE * 100.0);
    let mut outcome = Outcome::of("S7", title, Vec::new());
    outcome.conditions = vec![
        format!("{rate}/s by a timetable for {} s, {CHATS} chats; text {TEXT} B", bench.steady.as_secs()),
        format!("{CALLERS} callers in a closed loop, {TIMES} times: what it can do"),
        "core and its callers share this process and both processors".to_owned(),
    ];
    let all = times(&acks);
    let millis = |times: &[u32], thousandths| f64::from(part(times, thousandths)) / 1e3;
    outcome.figures = vec![
        Figure::of("acknowledged, p50 ms", [millis(&all, 500)], Bound::at_most(3.0, 1.0)),
        Figure::of("acknowledged, p99 ms", [millis(&all, 990)], Bound::at_most(15.0, 4.0)),
        Figure::of("acknowledged, p99.9 ms", [millis(&all, 999)], Bound::at_most(50.0, 15.0)),
        Figure::of("acknowledged, slowest ms", [millis(&all, 1000)], Bound::told()),
        Figure::of("p99 ms, by parts of the time", parts(&acks, bench.steady), Bound::told()),
        Figure::of("at most, messages/s", full, Bound::told()),
        Figure::of("sent, messages/s", [f64::from(rate)], Bound::told()),
        Figure::of(
            "us of cpu a message",
            [spent.of(Side::Ours) / float(u64::try_from(acks.len())?)],
            Bound::told(),
        ),
        Figure::of("others' share of the machine, %", [spent.others * 100.0], Bound::told()),
    ];
    outcome.faults = check::sqlite_holding(&dir.path().join("rapport.db"), sent)?;
    Ok(vec![outcome])
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "thousands a second")]
fn share(full: f64) -> Fallible<u32> {
    let rate = (full * SHARE) as u32;
    if rate == 0 { Err("nothing was sent".into()) } else { Ok(rate) }
}

/// In order, in microseconds.
fn times<'a>(acks: impl IntoIterator<Item = &'a Ack>) -> Vec<u32> {
    let micros = acks.into_iter().map(|ack| u32::try_from(ack.took.as_micros()).unwrap_or(u32::MAX));
    let mut micros: Vec<u32> = micros.collect();
    micros.sort_unstable();
    micros
}

/// The p99 of each part of the time: one that grows shows what the store's size or its checkpoints cost.
fn parts(acks: &[Ack], span: Duration) -> Vec<f64> {
    let each = span / PARTS;
    let of = |place| {
        let within = acks.iter().filter(|ack| (each * place..each * (place + 1)).contains(&ack.at));
        f64::from(part(&times(within), 990)) / 1e3
    };
    (0..PARTS).map(of).collect()
}
