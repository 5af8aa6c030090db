//! The scenarios. Ids, gates and goals are those of the performance study; each file says how its own is measured.

use clap::ValueEnum;

use crate::{Bench, Fallible, report::Outcome};

mod a1;
mod beside;
mod c1;
mod c2;
mod c3;
mod c4;
pub(crate) mod check;
mod d1;
mod d2;
mod d3;
mod d4;
mod d5;
mod e1;
mod g1;
mod g2;
mod growth;
mod growth_sockets;
mod growth_tenants;
mod h1;
mod h3;
mod o1;
mod s1;
mod s2;
mod s3;
mod s4;
mod s5;
mod s5_writers;
mod s6;
mod s7;
mod u1;
mod x1;
mod x2;
mod x3;

/// What can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "verbatim")]
pub(crate) enum Scenario {
    /// Durable sends into `SQLite`.
    S1,
    /// Durable sends over gRPC.
    S2,
    /// Durable sends over sockets.
    S3,
    /// Durable sends into `PostgreSQL`.
    S4,
    /// One hot chat, on both.
    S5,
    /// Two writers under an old snapshot, and the design that was discarded.
    S5W,
    /// One caller on an idle system.
    S6,
    /// A steady load, far from what can be done.
    S7,
    /// A message from one socket to another.
    D1,
    /// A message from one edge to another.
    D2,
    /// A message to a thousand sockets.
    D3,
    /// A message to ten thousand.
    D4,
    /// Messages to streams of gRPC.
    D5,
    /// The memory of an idle socket.
    C1,
    /// A hundred thousand idle sockets.
    C2,
    /// Sockets that all come back at once.
    C3,
    /// New sessions.
    C4,
    /// A page over REST.
    H1,
    /// Lists with filters in a large store.
    H3,
    /// A read over gRPC.
    G1,
    /// What the edge adds to a call within one process.
    G2,
    /// A flood of sign-ins.
    A1,
    /// Some who stop reading.
    X1,
    /// A tenant that asks for far more than it may.
    X2,
    /// Three times as much as can be done.
    X3,
    /// A warm start, and the memory of an idle program.
    O1,
    /// What a store that grows does to those who use it.
    #[value(name = "GROWTH")]
    Growth,
    /// What the product replaces.
    E1,
    /// Two hours of everything at once.
    U1,
}

impl Scenario {
    /// Whether it runs where none is named: what takes many minutes is a command of its own.
    pub(crate) fn is_usual(self) -> bool {
        !matches!(self, Self::C2 | Self::S7 | Self::Growth | Self::E1 | Self::U1)
    }

    /// Runs it.
    pub(crate) fn run(self, bench: &Bench) -> Fallible<Vec<Outcome>> {
        match self {
            Self::S1 => s1::run(bench),
            Self::S2 => s2::run(bench),
            Self::S4 => s4::run(bench),
            Self::S5 => s5::run(bench),
            Self::S5W => s5_writers::run(bench),
            Self::S6 => s6::run(bench),
            Self::S7 => s7::run(bench),
            Self::S3 => s3::run(bench),
            Self::D1 => d1::run(bench),
            Self::D2 => d2::run(bench),
            Self::D3 => d3::run(bench),
            Self::D4 => d4::run(bench),
            Self::D5 => d5::run(bench),
            Self::C1 => c1::run(bench),
            Self::C2 => c2::run(bench),
            Self::C3 => c3::run(bench),
            Self::C4 => c4::run(bench),
            Self::H1 => h1::run(bench),
            Self::H3 => h3::run(bench),
            Self::Growth => growth::run(bench),
            Self::E1 => e1::run(bench),
            Self::U1 => u1::run(bench),
            Self::G1 => g1::run(bench),
            Self::G2 => g2::run(bench),
            Self::A1 => a1::run(bench),
            Self::X1 => x1::run(bench),
            Self::X2 => x2::run(bench),
            Self::X3 => x3::run(bench),
            Self::O1 => o1::run(bench),
        }
    }
}
