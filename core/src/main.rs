//! The program `rapport-core`: the services, without an edge.

use std::process::ExitCode;

use rapport_core::program::{self, Alone};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    program::main::<Alone>("rapport-core")
}
