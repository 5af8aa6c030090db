//! Which processor works for whom: where there are two, programs that are measured from outside have the first, their callers
//! the second, so that neither takes from the other what is then counted against it.

use std::sync::LazyLock;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Fallible;

/// What this process was given, before anything here was moved.
static GIVEN: LazyLock<Option<CpuSet>> = LazyLock::new(|| sched_getaffinity(None).ok());

/// For whom a processor works.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Duty {
    /// Programs that are measured.
    Serve,
    /// Those who call them.
    Call,
}

/// This thread on one processor, and whatever it starts; back where it was when the value is gone.
#[derive(Debug)]
pub(crate) struct Pinned {
    before: Option<CpuSet>,
}

impl Pinned {
    /// Moves this thread.
    pub(crate) fn to(duty: Duty) -> Fallible<Self> {
        let Some(given) = LazyLock::force(&GIVEN) else { return Ok(Self { before: None }) };
        let before = sched_getaffinity(None)?;
        let places: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|place| given.is_set(*place)).take(2).collect();
        let [first, second] = places[..] else { return Ok(Self { before: None }) };
        let mut one = CpuSet::new();
        one.set(match duty {
            Duty::Serve => first,
            Duty::Call => second,
        });
        sched_setaffinity(None, &one)?;
        Ok(Self { before: Some(before) })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // It was allowed before.
            let _ = sched_setaffinity(None, before);
        }
    }
}
