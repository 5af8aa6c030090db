//! Finds what other cores committed. Five times a second (`events.poll_ms`), and at once where a feed has a hole or the bus says that
//! it lacks something, one query asks for the ends of the logs somebody listens to here; what is new is read once and handed to all.

use std::{collections::HashMap, sync::Arc, time::Duration};

use sea_orm::FromQueryResult;
use tokio_util::sync::CancellationToken;

use super::log;
use crate::{app::App, db::TenantScope, error::Result, ids::TenantId};

/// The shortest time between two looks at what is said to be lacking. What is said meanwhile is one look, so a tenant that is written
/// to a thousand times a second, or a bus that lies, costs two hundred at most.
const PACE: Duration = Duration::from_millis(5);
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
pub async fn run(app: Arc<App>, every: Duration, stop: CancellationToken) {
    let mut turn = tokio::time::interval(every);
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
        if only_behind {
            tokio::time::sleep(PACE).await;
        }
    }
}

async fn catch_up(app: &App, followed: &[TenantId]) -> Result<()> {
    let marks = vec!["?"; followed.len()].join(", ");
    let sql = format!(
        "select t.tenant_id, (select e.number from events e where e.tenant_id = t.tenant_id \
         order by e.number desc limit 1) as number from tenants t where t.tenant_id in ({marks})"
    );
    let values = followed.iter().map(|tenant| (*tenant).into()).collect();
    // Before the question: what is known here was committed before it was known, so the answer is never behind it.
    let known: HashMap<TenantId, i64> =
        followed.iter().filter_map(|tenant| Some((*tenant, app.feeds.feed(*tenant)?.end()?))).collect();
    let ends: Vec<End> =
        app.db.across_tenants("the ends of the logs listened to here").rows(&sql, values).await?;
    for End { tenant_id, number } in ends {
        let Some(feed) = app.feeds.feed(tenant_id) else { continue };
        let end = number.unwrap_or(0);
        let read = app.db.read(&TenantScope::verified(tenant_id));
        if let Some(known) = known.get(&tenant_id).filter(|known| **known > end) {
            tracing::error!(tenant = %tenant_id, known, end, "a log has lost its end");
            app.feeds.rewind(tenant_id);
            continue;
        }
        feed.begin_at(end, None);
        while let Some(known) = feed.end().filter(|known| *known < end) {
            let page = log::after(read, None, known, end, ROWS).await?;
            if page.events.is_empty() || !feed.push(page.events) {
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;

    #[tokio::test]
    async fn what_a_log_has_lost_is_vouched_for_no_more() {
        let app = TestApp::start().await;
        let (scope, _) = app.workspace().await;
        let tenant = scope.tenant();
        let (end, at) = log::last(app.db.read(&scope)).await.unwrap();
        let listener = app.feeds.listen(tenant);
        app.feeds.ends_with(tenant, end + 3, at);
        app.feeds.remember(tenant, end + 2, at);
        assert!(app.feeds.vouch(tenant, end + 3, at) && app.feeds.vouch(tenant, end + 2, at));
        catch_up(&app, &[tenant]).await.unwrap();
        assert!(!app.feeds.vouch(tenant, end + 3, at) && !app.feeds.vouch(tenant, end + 2, at));
        assert!(listener.feed.lost().is_cancelled());
        let other = app.feeds.listen(tenant);
        drop(listener);
        assert!(app.feeds.feed(tenant).is_some_and(|feed| Arc::ptr_eq(&feed, &other.feed)));
    }
}
