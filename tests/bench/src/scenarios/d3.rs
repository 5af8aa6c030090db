//! D3: one chat that 1,000 sockets hear, 50 messages a second by a timetable: when the last of them has read it, and what one delivery
//! costs the server. Floor: L4, a list of sinks and a frame made once.

use super::beside::Beside;
use crate::{
    Bench, Fallible,
    crowd::{Crowd, Seat},
    load::TEXT,
    report::{Bound, Outcome},
    rounds::{Round, interleave},
};

/// How many hear each message.
const HEARERS: usize = 1_000;
/// How many messages a second there are.
const RATE: u32 = 50;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let beside = Beside::broadcast(bench, 1)?;
    let [ours, floor] = beside.doors()?;
    let gather = |door| beside.calls.block_on(gather(&beside, door, HEARERS));
    let (mut ours, mut floor) = (gather(ours)?, gather(floor)?);
    let rounds = interleave(
        bench,
        beside.watched(),
        |span| beside.calls.block_on(ours.on_time(RATE, span)),
        |span, _| beside.calls.block_on(floor.on_time(RATE, span)),
    )?;
    let title = format!("a message to {HEARERS} sockets / a list of sinks (L4)");
    let mut outcome = Outcome::of("D3", title, rounds);
    outcome.conditions = vec![
        format!("{RATE} messages/s by a timetable, one visitor to one member's sockets; text {TEXT} B"),
        format!("frame {} B; SQLite; a server has one processor, its callers the other", beside.frame()?),
        "ours stores each message before it is heard; its cpu is the whole program's".to_owned(),
    ];
    // On a machine that others use the short form says nothing of the time, and of the work only that nothing broke.
    let (work, time) = if bench.short {
        (Bound::at_most(1.8, 1.10), Bound::told())
    } else {
        (Bound::at_most(1.5, 1.10), Bound::at_most(50.0, 15.0))
    };
    outcome.tell("ratio of cpu a delivery (ours / floor)", work, cpu);
    outcome.tell("ours, last hearer p99 ms", time, |r| f64::from(r.ours.p99_micros) / 1e3);
    outcome.tell("ours, last hearer p50 ms", Bound::told(), |r| f64::from(r.ours.p50_micros) / 1e3);
    told(&mut outcome);
    drop((ours, floor));
    outcome.faults = beside.end()?;
    Ok(vec![outcome])
}

/// One visitor who speaks, and so many sockets of a member who hears everything.
pub(crate) async fn gather(beside: &Beside, door: crate::sockets::Door, hearers: usize) -> Fallible<Crowd> {
    let speaker = beside.world.seat(0);
    let hearer = Seat { token: beside.world.staff.clone(), ..speaker.clone() };
    Crowd::gather(door, vec![speaker], vec![hearer; hearers], hearers).await
}

/// What a delivery costs, beside what it must.
pub(crate) fn cpu(round: &Round) -> f64 {
    round.ours.cpu_micros / round.floor.cpu_micros
}

/// What both sides of a fan-out are told with.
pub(crate) fn told(outcome: &mut Outcome) {
    outcome.tell("floor, last hearer p99 ms", Bound::told(), |r| f64::from(r.floor.p99_micros) / 1e3);
    outcome.tell("floor, last hearer p50 ms", Bound::told(), |r| f64::from(r.floor.p50_micros) / 1e3);
    outcome.tell("ours, us of cpu a delivery", Bound::told(), |r| r.ours.cpu_micros);
    outcome.tell("floor, us of cpu a delivery", Bound::told(), |r| r.floor.cpu_micros);
    outcome.tell("ours, deliveries/s", Bound::told(), |r| r.ours.rate);
    outcome.tell("floor, deliveries/s", Bound::told(), |r| r.floor.rate);
}
