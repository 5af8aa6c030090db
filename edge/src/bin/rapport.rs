//! The program `rapport`: core and edge in one process.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rapport_core::program::main::<rapport_edge::standalone::Beside>("rapport")
}
