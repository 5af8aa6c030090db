//! Waiting for a condition, never for a time.

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// How long something may take that must happen but has no promise of speed: long enough for a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How soon authority that ended ends what was open on it (R7).
pub const AT_ONCE: Duration = Duration::from_secs(1);

/// Asks again and again until there is an answer.
///
/// # Panics
/// Names `what` where there is none in time.
pub async fn until<T, F, Fut>(what: &str, within: Duration, mut ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let mut tick = interval(Duration::from_millis(20));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let begun = Instant::now();
    loop {
        tick.tick().await;
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < within, "waited {within:?} in vain: {what}");
    }
}

/// What comes of `event`, which must be soon.
///
/// # Panics
/// Names `what` where it takes longer.
pub async fn soon<T: Debug>(what: &str, within: Duration, event: impl Future<Output = T>) -> T {
    timeout(within, event).await.unwrap_or_else(|_| panic!("waited {within:?} in vain: {what}"))
}
