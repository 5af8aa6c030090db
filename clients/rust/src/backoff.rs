//! How long to wait before asking again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Doubling waits from 50 ms up to 2 s, each shortened at random by up to a half, so that the clients of a server that
/// comes back do not all return in the same moment.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { next: FIRST }
    }

    /// The next wait; never shorter than what the server asked for.
    pub(crate) fn wait(&mut self, asked: Option<Duration>) -> Duration {
        let wait = self.next.mul_f64(rand::random_range(0.5..=1.0));
        self.next = (self.next * 2).min(LONGEST);
        match asked {
            Some(asked) => asked + wait.min(asked / 4),
            None => wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_are_never_shorter_than_asked() {
        let mut backoff = Backoff::new();
        let first = backoff.wait(None);
        assert!(first >= FIRST / 2 && first <= FIRST, "{first:?}");
        for _ in 0..20 {
            assert!(backoff.wait(None) <= LONGEST);
        }
        assert!(backoff.wait(None) >= LONGEST / 2);
        let asked = Duration::from_secs(7);
        assert!(backoff.wait(Some(asked)) >= asked);
    }
}
