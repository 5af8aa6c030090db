//! Who may run at the same time: many quiet tests, or the loud ones, which load the machine or the database.
//!
//! Promises of speed (a stream ends within a second) are checked by quiet tests; beside a loud one they would measure the machine.

use parking_lot::{Condvar, Mutex};

/// How much of the machine a test takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// A test that measures nothing and loads nothing.
    Quiet,
    /// A test that keeps the machine busy.
    Loud,
}

/// The right to run; ends when dropped.
#[derive(Debug)]
pub struct Pass(Noise);

static INSIDE: Mutex<(u32, u32)> = Mutex::new((0, 0));
static LEFT: Condvar = Condvar::new();

/// Waits until nothing of the other kind runs.
#[must_use]
pub fn enter(noise: Noise) -> Pass {
    let mut inside = INSIDE.lock();
    match noise {
        Noise::Quiet => {
            LEFT.wait_while(&mut inside, |(_, loud)| *loud > 0);
            inside.0 += 1;
        }
        Noise::Loud => {
            LEFT.wait_while(&mut inside, |(quiet, _)| *quiet > 0);
            inside.1 += 1;
        }
    }
    Pass(noise)
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut inside = INSIDE.lock();
        match self.0 {
            Noise::Quiet => inside.0 -= 1,
            Noise::Loud => inside.1 -= 1,
        }
        LEFT.notify_all();
    }
}
