//! D1: 2,000 sockets in 1,000 chats of two; a message is sent 300 times a second, by a timetable. From the moment it was to be sent
//! until the other one has read it; the message is on disk then. Floor: a program that passes on, and stores nothing.

use super::beside::Beside;
use crate::{
    Bench, Fallible,
    crowd::{Crowd, Seat},
    load::TEXT,
    report::{Bound, Outcome},
    rounds::interleave,
};

/// How many chats there are.
pub(super) const CHATS: usize = 1_000;
/// How many messages a second there are.
pub(super) const RATE: u32 = 300;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let beside = Beside::broadcast(bench, CHATS)?;
    let seats: Vec<Seat> = (0..CHATS).map(|group| beside.world.seat(group)).collect();
    let gather = |door| beside.calls.block_on(Crowd::gather(door, seats.clone(), seats.clone(), 1));
    let [ours, floor] = beside.doors()?;
    let (mut ours, mut floor) = (gather(ours)?, gather(floor)?);
    let rounds = interleave(
        bench,
        beside.watched(),
        |span| beside.calls.block_on(ours.on_time(RATE, span)),
        |span, _| beside.calls.block_on(floor.on_time(RATE, span)),
    )?;
    let title = "a message from one socket to another, on disk before / passed on and forgotten (L4)";
    let mut outcome = Outcome::of("D1", title, rounds);
    outcome.conditions = vec![
        format!(
            "{} sockets in {CHATS} chats of two, {RATE} messages/s by a timetable; text {TEXT} B",
            ours.len()
        ),
        format!("frame {} B; SQLite; a server has one processor, its callers the other", beside.frame()?),
    ];
    told(&mut outcome, [Bound::at_most(5.0, 1.0), Bound::at_most(25.0, 5.0), Bound::at_most(100.0, 20.0)]);
    drop((ours, floor));
    outcome.faults = beside.end()?;
    Ok(vec![outcome])
}

/// What deliveries are told with: ours are bounded at the middle one, the slowest of a hundred and the slowest of a thousand.
pub(super) fn told(outcome: &mut Outcome, [p50, p99, p999]: [Bound; 3]) {
    outcome.tell("ours, p50 ms", p50, |r| f64::from(r.ours.p50_micros) / 1e3);
    outcome.tell("ours, p99 ms", p99, |r| f64::from(r.ours.p99_micros) / 1e3);
    outcome.tell("ours, p99.9 ms", p999, |r| f64::from(r.ours.p999_micros) / 1e3);
    outcome.tell("ours, slowest ms", Bound::told(), |r| f64::from(r.ours.max_micros) / 1e3);
    outcome.tell("floor, p50 ms", Bound::told(), |r| f64::from(r.floor.p50_micros) / 1e3);
    outcome.tell("floor, p99 ms", Bound::told(), |r| f64::from(r.floor.p99_micros) / 1e3);
    outcome.tell("ratio of p50 (ours / floor)", Bound::told(), |r| {
        f64::from(r.ours.p50_micros) / f64::from(r.floor.p50_micros)
    });
    outcome.tell("ours, us of cpu a message", Bound::told(), |r| r.ours.cpu_micros);
    outcome.tell("floor, us of cpu a message", Bound::told(), |r| r.floor.cpu_micros);
}

/// What is told where the same deliveries run with something beside them, which is ours, and without it.
pub(super) fn quiet_and_not(outcome: &mut Outcome, gate: f64, goal: f64) {
    outcome.tell("ratio of p99 (beside it / without)", Bound::at_most(gate, goal), |r| {
        f64::from(r.ours.p99_micros) / f64::from(r.floor.p99_micros)
    });
    outcome.tell("beside it, p50 ms", Bound::told(), |r| f64::from(r.ours.p50_micros) / 1e3);
    outcome.tell("beside it, p99 ms", Bound::told(), |r| f64::from(r.ours.p99_micros) / 1e3);
    outcome.tell("beside it, slowest ms", Bound::told(), |r| f64::from(r.ours.max_micros) / 1e3);
    outcome.tell("without, p50 ms", Bound::told(), |r| f64::from(r.floor.p50_micros) / 1e3);
    outcome.tell("without, p99 ms", Bound::told(), |r| f64::from(r.floor.p99_micros) / 1e3);
    outcome.tell("without, slowest ms", Bound::told(), |r| f64::from(r.floor.max_micros) / 1e3);
}
