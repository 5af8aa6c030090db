//! Finds what other cores committed. Five times a second, and at once where a feed has a hole, one query asks for the ends of
//! all the logs somebody listens to here; what is new is read once and handed to all of them.

use std::{sync::Arc, time::Duration};

use sea_orm::FromQueryResult;
use tokio_util::sync::CancellationToken;

use super::log;
use crate::{app::App, db::TenantScope, error::Result, ids::TenantId};

/// How often the ends are asked for: the longest a foreign event waits.
const EVERY: Duration = Duration::from_millis(200);
/// How many tenants one query asks for.
const TENANTS: usize = 200;
/// How many rows of a log are read at a time.
const ROWS: u64 = 500;

#[derive(Debug, FromQueryResult)]
struct End {
    tenant_id: TenantId,
    number: Option<i64>,
}

/// Follows the logs until the core stops. A database that cannot be reached is asked again at the next turn.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut turn = tokio::time::interval(EVERY);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let only_behind = tokio::select! {
            () = stop.cancelled() => return,
            _ = turn.tick() => false,
            () = app.feeds.fell_behind() => true,
        };
        let followed = app.feeds.followed(only_behind);
        for some in followed.chunks(TENANTS) {
            if let Err(error) = catch_up(&app, some).await {
                tracing::warn!(%error, causes = error.causes(), "the logs cannot be followed");
            }
        }
    }
}

async fn catch_up(app: &App, followed: &[(TenantId, Option<i64>)]) -> Result<()> {
    let marks = vec!["?"; followed.len()].join(", ");
    let sql = format!(
        "select t.tenant_id, (select e.number from events e where e.tenant_id = t.tenant_id \
         order by e.number desc limit 1) as number from tenants t where t.tenant_id in ({marks})"
    );
    let values = followed.iter().map(|(tenant, _)| (*tenant).into()).collect();
    let ends: Vec<End> =
        app.db.across_tenants("the ends of the logs listened to here").rows(&sql, values).await?;
    for End { tenant_id, number } in ends {
        let Some(feed) = app.feeds.feed(tenant_id) else { continue };
        let end = number.unwrap_or(0);
        feed.begin_at(end);
        let read = app.db.read(&TenantScope::verified(tenant_id));
        while let Some(known) = feed.end().filter(|known| *known < end) {
            let page = log::after(read, None, known, end, ROWS).await?;
            feed.caught_up();
            if page.events.is_empty() || !feed.push(page.events) {
                break;
            }
        }
        feed.caught_up();
    }
    Ok(())
}
