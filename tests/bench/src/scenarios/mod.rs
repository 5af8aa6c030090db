//! The scenarios. Ids, gates and goals are those of the performance study; each file says how its own is measured.

use clap::ValueEnum;

use crate::{Bench, Fallible, report::Outcome};

mod check;
mod g1;
mod o1;
mod s1;
mod s4;
mod s5;
mod s5_writers;
mod s6;

/// What can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "verbatim")]
pub(crate) enum Scenario {
    /// Durable sends into `SQLite`.
    S1,
    /// Durable sends into `PostgreSQL`.
    S4,
    /// One hot chat, on both.
    S5,
    /// Two writers under an old snapshot, and the design that was discarded.
    S5W,
    /// One caller on an idle system.
    S6,
    /// A read over gRPC.
    G1,
    /// A warm start, and the memory of an idle core.
    O1,
}

impl Scenario {
    /// Runs it.
    pub(crate) fn run(self, bench: &Bench) -> Fallible<Vec<Outcome>> {
        match self {
            Self::S1 => s1::run(bench),
            Self::S4 => s4::run(bench),
            Self::S5 => s5::run(bench),
            Self::S5W => s5_writers::run(bench),
            Self::S6 => s6::run(bench),
            Self::G1 => g1::run(bench),
            Self::O1 => o1::run(bench),
        }
    }
}
