//! What is full and what waits, for the operators' graphs; what happens is counted where it does.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(5);

/// Looks until the core stops.
pub(crate) async fn run(app: Arc<App>, stopping: CancellationToken) {
    let mut turn = interval(EVERY);
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stopping.run_until_cancelled(turn.tick()).await.is_some() {
        metrics::gauge!("rapport_writer_backlog_seconds").set(app.db.backlog().as_secs_f64());
        metrics::gauge!("rapport_calls_free").set(count(app.limits.calls.available_permits()));
        for (pool, size, idle) in app.db.pools() {
            metrics::gauge!("rapport_pool_connections", "pool" => pool).set(size);
            metrics::gauge!("rapport_pool_idle", "pool" => pool).set(count(idle));
        }
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).unwrap_or(u32::MAX).into()
}
