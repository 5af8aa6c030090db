//! How long the oldest work has waited that a lane has not finished: what says that a writer is stuck before its queue is full.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// What the lanes are at.
#[derive(Clone, Debug, Default)]
pub(super) struct Backlog(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    batches: Mutex<BTreeMap<u64, Instant>>,
    last: AtomicU64,
}

/// A batch under way.
#[derive(Debug)]
pub(super) struct Mark {
    number: u64,
    backlog: Backlog,
}

impl Backlog {
    /// A lane takes a batch whose oldest work has waited since this moment. The queue behind it is younger.
    pub(super) fn begin(&self, since: Instant) -> Mark {
        let number = self.0.last.fetch_add(1, Ordering::Relaxed);
        self.0.batches.lock().insert(number, since);
        Mark { number, backlog: self.clone() }
    }

    /// How long the oldest work has waited; nothing waits where it is zero.
    pub(super) fn age(&self) -> Duration {
        self.0.batches.lock().values().min().map(Instant::elapsed).unwrap_or_default()
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.backlog.0.batches.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_batch_under_way_is_what_counts() {
        let backlog = Backlog::default();
        assert_eq!(backlog.age(), Duration::ZERO);
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        let (old, _young) = (backlog.begin(ago(60)), backlog.begin(ago(1)));
        assert!(backlog.age() >= Duration::from_mins(1));
        drop(old);
        assert!((1..60).contains(&backlog.age().as_secs()));
    }
}
