//! What is kept for a time only: the event log, request ids, sessions that ended. Every core sweeps all tenants now and then, one after
//! another, a batch at a time, and rests nine times as long as a batch took: nobody's sends wait for it longer than for any other unit.
//! Two cores that sweep at once clear the same rows, which is as good as once.

use std::{sync::Arc, time::Duration};

use sea_orm::FromQueryResult;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    app::App,
    auth,
    clock::Micros,
    db::{TenantScope, Unit},
    error::Result,
    events, idempotency,
    ids::TenantId,
};

/// How many rows one unit clears at most.
pub(crate) const BATCH: u64 = 500;
/// How many tenants are asked for at once.
const TENANTS: u64 = 500;
/// How much longer than a batch took its sweeper rests.
const REST: u32 = 9;

/// How long things are kept, and how often what is older is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// How long events are; messages, tickets and all else they tell of stay.
    pub events: Duration,
    /// How long there is between two sweeps.
    pub every: Duration,
}

impl Retention {
    /// Whoever comes back to a place from before this moment begins anew. It is well after the moment up to which events are cleared: of
    /// a stretch that is being read nothing goes.
    pub(crate) fn reaches_back_to(&self, now: Micros) -> Micros {
        now.minus(self.events).plus(self.events / 24)
    }
}

/// Sweeps until told to stop.
pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    // Cores that were started together need not sweep together.
    let [part] = app.ids.random::<1>();
    let mut wait = app.retention.every * u32::from(part) / 256;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(wait) => {}
        }
        wait = app.retention.every;
        tokio::select! {
            () = stop.cancelled() => return,
            swept = sweep(&app) => if let Err(error) = swept {
                tracing::warn!(%error, causes = error.causes(), "what is kept for a time only was not cleared");
            },
        }
    }
}

/// Clears what is past its time, of every tenant.
pub(crate) async fn sweep(app: &Arc<App>) -> Result<()> {
    let mut after = TenantId::from(Uuid::nil());
    loop {
        let tenants = tenants(app, after).await?;
        let Some(last) = tenants.last() else { return Ok(()) };
        after = *last;
        for tenant in tenants {
            let scope = TenantScope::verified(tenant);
            let read = || app.db.read(&scope);
            let now = app.clock.now();
            let old = now.minus(app.retention.events);
            while let Some(unit) = events::clear::old(read(), old).await? {
                clear(app, &scope, unit, "events").await?;
            }
            while let Some(unit) = idempotency::Clear::expired(read(), now).await? {
                clear(app, &scope, unit, "request_ids").await?;
            }
            while let Some(unit) = auth::ClearSessions::expired(read(), now).await? {
                clear(app, &scope, unit, "sessions").await?;
            }
        }
    }
}

async fn clear(
    app: &Arc<App>,
    scope: &TenantScope,
    unit: impl Unit<Out = u64>,
    what: &'static str,
) -> Result<()> {
    let begun = Instant::now();
    let rows = app.db.write(scope, unit).await?;
    metrics::counter!("rapport_cleared_rows_total", "table" => what).increment(rows);
    sleep(begun.elapsed() * REST).await;
    Ok(())
}

#[derive(FromQueryResult)]
struct Known {
    tenant_id: TenantId,
}

async fn tenants(app: &App, after: TenantId) -> Result<Vec<TenantId>> {
    let sql = "select tenant_id from tenants where tenant_id > ? order by tenant_id limit ?";
    let across = app.db.across_tenants("what is past its time, of whatever tenant");
    let known: Vec<Known> = across.rows(sql, vec![after.into(), TENANTS.into()]).await?;
    Ok(known.into_iter().map(|known| known.tenant_id).collect())
}

#[cfg(test)]
mod tests {
    use rapport_proto::{
        auth::v1 as auth_pb,
        chats::v1::StartChatResponse,
        events::v1::{ResetCause, TenantUpdated, event::Body},
    };
    use sea_orm::EntityTrait as _;

    use super::*;
    use crate::{
        db::TenantTx,
        error::Reason,
        events::{Audience, NewEvent, begin::begin, log},
        idempotency::Once,
        testing::TestApp,
    };

    const DAY: Duration = Duration::from_hours(24);

    /// A create with a request id, which emits nothing.
    struct Create(Once);

    impl Unit for Create {
        type Out = bool;

        async fn run(&self, tx: &mut TenantTx<'_>) -> Result<bool> {
            if self.0.earlier::<StartChatResponse>(tx).await?.is_some() {
                return Ok(true);
            }
            self.0.keep(tx, &StartChatResponse::default()).await?;
            Ok(false)
        }
    }

    struct Happen;

    impl Unit for Happen {
        type Out = ();

        async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
            let body = Body::TenantUpdated(TenantUpdated { tenant: None });
            tx.emit(NewEvent { audience: Audience::everyone(), chat: None, body });
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_request_id_is_known_for_seven_days_and_refused_then_and_one_without_a_time_is_known_for_good()
    {
        let app = TestApp::start().await;
        let (scope, owner) = app.workspace().await;
        let (timed, timeless) =
            (app.ids.make::<Uuid>().to_string(), Uuid::from_bytes([0x41; 16]).to_string());
        assert_eq!(Uuid::parse_str(&timed).unwrap().get_version_num(), 7);
        let ask = async |id: &str| {
            let body = auth_pb::SignOutRequest::default();
            let once = Once::new("StartChat", owner.uuid(), id, &body).unwrap();
            app.db.write(&scope, Create(once)).await
        };
        assert!(!ask(&timed).await.unwrap() && !ask(&timeless).await.unwrap());
        app.clock.advance(7 * DAY);
        sweep(&app).await.unwrap();
        assert!(ask(&timed).await.unwrap(), "on its last day it is known");
        app.clock.advance(Duration::from_secs(1));
        sweep(&app).await.unwrap();
        assert_eq!(ask(&timed).await.unwrap_err().reason, Reason::RequestIdExpired);
        assert!(ask(&timeless).await.unwrap());
        let kept = app.db.read(&scope).all(idempotency::entity::Entity::find()).await.unwrap();
        assert_eq!(kept.len(), 1, "{kept:?}");
    }

    #[tokio::test]
    async fn the_log_is_cleared_batch_by_batch_up_to_its_last_event_and_readers_of_what_is_gone_begin_anew() {
        let app = TestApp::start().await;
        let (scope, _) = app.workspace().await;
        let read = || app.db.read(&scope);
        let first = log::beginning(read()).await.unwrap().unwrap();
        let long = i64::try_from(BATCH).unwrap() * 2 + 7;
        let write = async |count: i64| {
            for _ in 0..count {
                app.db.write(&scope, Happen).await.unwrap();
            }
        };
        write(long).await;
        let end = log::end(read()).await.unwrap();
        let (begun, ended) =
            (log::cursor(&app, read(), first).await.unwrap(), log::cursor(&app, read(), end).await.unwrap());
        app.clock.advance(30 * DAY + DAY);
        sweep(&app).await.unwrap();
        assert_eq!(log::beginning(read()).await.unwrap(), Some(end), "the last one stays");
        assert_eq!(begin(&app, &scope, &ended, end).await.unwrap(), (end, None), "who has seen all goes on");
        assert_eq!(begin(&app, &scope, &begun, end).await.unwrap(), (end, Some(ResetCause::HistoryGone)));
        write(3).await;
        assert_eq!(log::end(read()).await.unwrap(), end + 3, "numbers go on");
        sweep(&app).await.unwrap();
        assert_eq!(log::beginning(read()).await.unwrap(), Some(end + 1), "what is young stays");
        let young = log::cursor(&app, read(), end + 1).await.unwrap();
        assert_eq!(begin(&app, &scope, &young, end + 3).await.unwrap(), (end + 1, None));
        // Not cleared yet, but too near to it: a stretch that is read goes nowhere.
        app.clock.advance(29 * DAY);
        assert_eq!(
            begin(&app, &scope, &young, end + 3).await.unwrap(),
            (end + 3, Some(ResetCause::HistoryGone))
        );
    }
}
