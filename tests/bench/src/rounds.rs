//! The turns: ours, floor, ours, floor… each timed, with the processor time it took and what else ran meanwhile.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::{
    Bench, Fallible,
    machine::{Side, Ticks, Watched, float},
    report::say,
};

/// A turn in which others had more of the machine than this says nothing.
const STOLEN: f64 = 0.02;
const OTHERS: f64 = 0.10;

/// What one side did in its turn.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// How many operations were done.
    pub(crate) done: u64,
    /// How many failed; one is enough to make the scenario invalid.
    pub(crate) failed: u64,
    /// How long it took.
    pub(crate) took: Duration,
    /// Each operation's time in microseconds, where the side has single ones.
    pub(crate) micros: Vec<u32>,
}

impl Work {
    /// Operations a second.
    pub(crate) fn rate(&self) -> f64 {
        float(self.done) / self.took.as_secs_f64()
    }
}

/// A turn as it is kept.
#[derive(Debug, Serialize)]
pub(crate) struct Turn {
    /// Operations done.
    pub(crate) done: u64,
    /// Operations a second.
    pub(crate) rate: f64,
    /// Processor time of one operation, in microseconds.
    pub(crate) cpu_micros: f64,
    /// The middle operation, in microseconds; 0 where they were not timed.
    pub(crate) p50_micros: u32,
    /// The slowest of a hundred.
    pub(crate) p99_micros: u32,
    /// The slowest of a thousand.
    pub(crate) p999_micros: u32,
    /// The slowest.
    pub(crate) max_micros: u32,
    /// The share of the machine the hypervisor took.
    pub(crate) stolen: f64,
    /// The share of the machine processes of others took.
    pub(crate) others: f64,
}

/// A turn of each side.
#[derive(Debug, Serialize)]
pub(crate) struct Round {
    /// The hand-written side.
    pub(crate) floor: Turn,
    /// The product.
    pub(crate) ours: Turn,
    /// Whether the machine was ours while it ran.
    pub(crate) quiet: bool,
}

/// Times a turn.
fn turn(watched: Watched, side: Side, run: impl FnOnce() -> Fallible<Work>) -> Fallible<Turn> {
    let before = Ticks::read(watched)?;
    let mut work = run()?;
    let spent = before.until(Ticks::read(watched)?);
    if work.failed > 0 || work.done == 0 {
        return Err(format!("{} operations failed, {} were done", work.failed, work.done).into());
    }
    work.micros.sort_unstable();
    let at = |thousandths: usize| part(&work.micros, thousandths);
    Ok(Turn {
        done: work.done,
        rate: work.rate(),
        cpu_micros: spent.of(side) / float(work.done),
        p50_micros: at(500),
        p99_micros: at(990),
        p999_micros: at(999),
        max_micros: work.micros.last().copied().unwrap_or(0),
        stolen: spent.stolen,
        others: spent.others,
    })
}

/// The value that so many thousandths of sorted ones are below; 0 where there are none.
pub(crate) fn part(sorted: &[u32], thousandths: usize) -> u32 {
    sorted.get((sorted.len() * thousandths / 1000).min(sorted.len().max(1) - 1)).copied().unwrap_or(0)
}

/// Runs the sides in turns until there are enough quiet rounds, or twice as many as were asked for. The floor is given what
/// ours did in the same round, so that it can do as much and both stores stay equally large.
pub(crate) fn interleave(
    bench: &Bench,
    watched: Watched,
    mut ours: impl FnMut(Duration) -> Fallible<Work>,
    mut floor: impl FnMut(Duration, u64) -> Fallible<Work>,
) -> Fallible<Vec<Round>> {
    // The first seconds fill caches and prepare statements.
    let warm = Duration::from_secs(1);
    let done = ours(warm)?.done;
    floor(warm, done)?;
    let mut rounds: Vec<Round> = Vec::new();
    let mut wait = bench.wait;
    while rounds.len() < bench.rounds * 2 && rounds.iter().filter(|round| round.quiet).count() < bench.rounds
    {
        await_quiet(watched, &mut wait)?;
        let ours = turn(watched, Side::Ours, || ours(bench.span))?;
        let floor = turn(watched, Side::Floor, || floor(bench.span, ours.done))?;
        let quiet = [&ours, &floor].iter().all(|turn| turn.stolen <= STOLEN && turn.others <= OTHERS);
        say(format_args!("  {}", Line(&ours, &floor, quiet)));
        rounds.push(Round { floor, ours, quiet });
    }
    Ok(rounds)
}

/// Waits until others leave the machine alone for two looks in a row, or until there is no patience left.
fn await_quiet(watched: Watched, patience: &mut Duration) -> Fallible {
    let look = Duration::from_secs(1);
    let mut quiet = 0;
    while quiet < 2 && *patience >= look {
        let before = Ticks::read(watched)?;
        std::thread::sleep(look);
        let spent = before.until(Ticks::read(watched)?);
        *patience -= look;
        quiet = if spent.stolen <= STOLEN && spent.others <= OTHERS / 2.0 { quiet + 1 } else { 0 };
    }
    Ok(())
}

struct Line<'a>(&'a Turn, &'a Turn, bool);

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(ours, floor, quiet) = self;
        write!(
            f,
            "ours {:>8.0}/s {:>6.1} us cpu  floor {:>8.0}/s {:>6.1} us cpu  ratio {:.3}  steal {:.1} % others {:.1} %{}",
            ours.rate,
            ours.cpu_micros,
            floor.rate,
            floor.cpu_micros,
            ours.rate / floor.rate,
            ours.stolen.max(floor.stolen) * 100.0,
            ours.others.max(floor.others) * 100.0,
            if *quiet { "" } else { "  (left out)" }
        )
    }
}

/// What was done since `begun`, where single operations were not timed.
pub(crate) fn timed_since(begun: Instant, done: usize) -> Fallible<Work> {
    Ok(Work { done: u64::try_from(done)?, took: begun.elapsed(), ..Work::default() })
}
