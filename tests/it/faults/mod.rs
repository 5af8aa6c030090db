//! What must hold when things break: processes killed, connections cut, disks full, the database away.
//!
//! A call whose answer never came is *unknown*, never failed: it is asked again under the same request id until it is settled.
//! At the end the history is checked: everything acknowledged is stored once, numbers run 1..n, and every subscriber has
//! heard every message once and in that order.

mod clock;
mod cores;
mod damaged;
mod disk;
mod draft;
mod entry;
mod history;
mod lost_end;
mod memory;
mod overload;
mod partition;
mod redis;
mod slow_store;
mod slow_way;
mod sockets;
mod stand_still;
mod store;
mod storm;
mod tab;
mod traffic;
mod upgrade;

/// The chance of this run: printed, and set by `RAPPORT_TEST_SEED` to run it again.
fn seed() -> u64 {
    let seed = std::env::var("RAPPORT_TEST_SEED")
        .map_or_else(|_| rand::random(), |seed| seed.parse().expect("RAPPORT_TEST_SEED is a number"));
    eprintln!("RAPPORT_TEST_SEED={seed}");
    seed
}

/// A number that may be set from outside.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}
