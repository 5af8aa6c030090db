//! How many frames a socket may send: so many a second, twice as many at once. Who goes on beyond that runs into debt, and is cut off
//! when the debt is five times what may come at once.

use std::time::Instant;

/// How far into debt a socket may run, in bursts.
const DEBT: f32 = 5.0;

/// The measure of one socket.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: f32,
    left: f32,
    at: Instant,
}

/// What a frame is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is taken.
    Within,
    /// It is refused; seconds until one is taken again.
    Over(f32),
    /// It is one too many for good.
    Flood,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub(crate) fn new(rate: u32) -> Self {
        // Rates are at most a million: exact.
        #[expect(clippy::cast_precision_loss, reason = "the settings admit at most a million")]
        let rate = rate as f32;
        Self { rate, left: 2.0 * rate, at: Instant::now() }
    }

    /// One frame more, at a moment.
    pub(crate) fn take(&mut self, now: Instant) -> Verdict {
        let burst = 2.0 * self.rate;
        let since = now.saturating_duration_since(self.at).as_secs_f32();
        self.at = now;
        self.left = (self.left + since * self.rate).min(burst) - 1.0;
        if self.left >= 0.0 {
            Verdict::Within
        } else if self.left >= -DEBT * burst {
            Verdict::Over((1.0 - self.left) / self.rate)
        } else {
            Verdict::Flood
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_then_the_rate_then_refusals_then_the_end() {
        let mut bucket = Bucket::new(20);
        let now = bucket.at;
        let taken = (0..300).map(|_| bucket.take(now)).collect::<Vec<_>>();
        let count = |wanted: fn(&Verdict) -> bool| taken.iter().filter(|verdict| wanted(verdict)).count();
        assert_eq!(count(|verdict| *verdict == Verdict::Within), 40);
        assert_eq!(count(|verdict| matches!(verdict, Verdict::Over(_))), 200);
        assert_eq!(taken[240], Verdict::Flood);

        let mut bucket = Bucket::new(20);
        let mut now = bucket.at;
        for _ in 0..40 {
            bucket.take(now);
        }
        let Verdict::Over(wait) = bucket.take(now) else { panic!("the burst is used up") };
        now += Duration::from_secs_f32(wait + 0.001);
        assert_eq!(bucket.take(now), Verdict::Within, "after the time that was said");
        for _ in 0..1_000 {
            now += Duration::from_millis(51);
            assert_eq!(bucket.take(now), Verdict::Within, "at the rate for ever");
        }
    }
}
