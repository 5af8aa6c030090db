//! D4: one chat that 10,000 sockets hear, or as many as this process may open twice: 5 messages a second by a timetable, and then as
//! many as go, 8 under way. Floor: L4, a write for each delivery; ours may put frames together that wait for the same socket.

use super::{
    beside::Beside,
    d3::{cpu, gather, told},
};
use crate::{
    Bench, Fallible,
    load::TEXT,
    report::{Bound, Outcome},
    rounds::interleave,
};

/// How many hear each message where the limit on files lets them.
const HEARERS: u64 = 10_000;
/// How many files are left for everything else.
const SPARE: u64 = 500;
/// How many messages a second there are.
const RATE: u32 = 5;
/// How many messages are under way at saturation.
const WINDOW: usize = 8;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let hearers = usize::try_from(HEARERS.min(files.saturating_sub(SPARE) / 2))?;
    let beside = Beside::broadcast(bench, 1)?;
    let [ours, floor] = beside.doors()?;
    let gather = |door| beside.calls.block_on(gather(&beside, door, hearers));
    let (mut ours, mut floor) = (gather(ours)?, gather(floor)?);
    let conditions = |how: String| {
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(vec![
            format!("{how}, one visitor to {hearers} sockets of one member; text {TEXT} B"),
            format!("frame {} B; SQLite; a server has one processor, its callers the other", beside.frame()?),
        ])
    };

    let rounds = interleave(
        bench,
        beside.watched(),
        |span| beside.calls.block_on(ours.on_time(RATE, span)),
        |span, _| beside.calls.block_on(floor.on_time(RATE, span)),
    )?;
    let mut timed =
        Outcome::of("D4", format!("a message to {hearers} sockets / a list of sinks (L4)"), rounds);
    timed.conditions = conditions(format!("{RATE} messages/s by a timetable"))?;
    timed.tell("ours, last hearer p99 ms", Bound::at_most(250.0, 100.0), |r| {
        f64::from(r.ours.p99_micros) / 1e3
    });
    timed.tell("ratio of cpu a delivery (ours / floor)", Bound::told(), cpu);
    told(&mut timed);

    let rounds = interleave(
        bench,
        beside.watched(),
        |span| beside.calls.block_on(ours.at_most_under_way(WINDOW, span)),
        |span, _| beside.calls.block_on(floor.at_most_under_way(WINDOW, span)),
    )?;
    let title = format!("messages to {hearers} sockets, as many as go / a list of sinks (L4)");
    let mut most = Outcome::of("D4-saturation", title, rounds);
    most.conditions = conditions(format!("{WINDOW} messages under way"))?;
    most.tell("ratio of deliveries/s (ours / floor)", Bound::at_least(0.75, 0.95), |r| {
        r.ours.rate / r.floor.rate
    });
    most.tell("ratio of cpu a delivery (ours / floor)", Bound::told(), cpu);
    told(&mut most);
    drop((ours, floor));
    most.faults = beside.end()?;
    Ok(vec![timed, most])
}
