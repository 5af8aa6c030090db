//! The leases: renewed every five seconds for this core and for the edges that report to it, good for fifteen; what has long ended is
//! swept away. They belong to no tenant, and are written in a lane of nobody's.
//!
//! When a core starts and none is there that could have renewed leases meanwhile, those that ended within the last minute are
//! prolonged once: their edges are about to come back, and nobody is to flicker.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use sea_orm::{ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, Set, sea_query::Expr};
use tokio::time::{MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::entity::{connection, lease};
use crate::{
    app::App,
    db::{TenantScope, TenantTx, Unit},
    error::{Error, Result},
    ids::TenantId,
};

/// How long a lease lasts.
const LASTS: Duration = Duration::from_secs(15);
/// How often it is renewed.
const RENEWED: Duration = Duration::from_secs(5);
/// How long ago a lease may have ended to be prolonged at a start.
const SETTLES: Duration = Duration::from_mins(1);
/// How long an ended lease is kept.
const KEPT: Duration = Duration::from_hours(1);
/// How many renewals there are between two sweeps, and how many rows one sweep takes.
const SWEEP_EVERY: u32 = 12;
const SWEEP: i64 = 1_000;
/// How long to wait after the store could not be written.
pub(super) const AGAIN: Duration = Duration::from_millis(500);

/// A lease and who may write on its behalf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    /// The process: the id an edge made at its start, or this core's.
    pub(super) id: Uuid,
    /// Who keeps its connections: each stream of an edge is another one, later ones are greater.
    pub(super) holder: Uuid,
}

/// The leases this core renews.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<HashMap<Uuid, Uuid>>);

impl Leases {
    fn all(&self) -> Vec<Lease> {
        self.0.lock().iter().map(|(id, holder)| Lease { id: *id, holder: *holder }).collect()
    }
}

/// A lease that is renewed until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    leases: Arc<Leases>,
    pub(super) lease: Lease,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut leases = self.leases.0.lock();
        // Another holder may have it here already.
        if leases.get(&self.lease.id) == Some(&self.lease.holder) {
            leases.remove(&self.lease.id);
        }
    }
}

/// The lane of what belongs to no tenant.
pub(super) fn nobodys() -> TenantScope {
    TenantScope::verified(Uuid::nil().into())
}

pub(super) async fn run(app: Arc<App>) {
    let stopping = app.stopping.clone();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = renew_all(&app) => {}
    }
}

async fn renew_all(app: &App) {
    while let Err(error) = app.db.write(&nobodys(), Settle).await {
        warn(&error, "leases cannot be looked at");
        sleep(AGAIN).await;
    }
    app.presence.settled.cancel();
    let mut turn = interval(RENEWED);
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turns = 0;
    loop {
        turn.tick().await;
        // Well before they end, however often it takes.
        while let Err(error) = app.db.write(&nobodys(), Renew(app.presence.leases.all())).await {
            warn(&error, "leases cannot be renewed");
            sleep(AGAIN).await;
        }
        turns += 1;
        if turns % SWEEP_EVERY == 0
            && let Err(error) = sweep(app).await
        {
            warn(&error, "ended leases cannot be swept away");
        }
    }
}

fn warn(error: &Error, what: &str) {
    tracing::warn!(%error, causes = error.causes(), "{what}");
}

/// Makes a lease a new holder's and renews it from now on; nothing where a later holder has it.
pub(super) async fn claim(app: &App, id: Uuid) -> Result<Option<Held>> {
    app.presence.settled.cancelled().await;
    let lease = Lease { id, holder: app.ids.make() };
    if !app.db.write(&nobodys(), Claim(lease)).await? {
        return Ok(None);
    }
    let leases = Arc::clone(&app.presence.leases);
    leases.0.lock().insert(lease.id, lease.holder);
    Ok(Some(Held { leases, lease }))
}

/// Holders are ordered by the time they were made: a claim that was still on its way when its stream ended does not take the lease
/// from the stream that came after.
pub(super) struct Claim(pub(super) Lease);

impl Unit for Claim {
    type Out = bool;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<bool> {
        let leases = tx.global("a lease belongs to a process");
        let before = leases.one(lease::Entity::find_by_id(self.0.id)).await?;
        if before.as_ref().is_some_and(|before| before.holder > self.0.holder) {
            return Ok(false);
        }
        if before.is_none() {
            leases.insert_unless(row(tx, self.0), lease::Column::LeaseId).await?;
            return Ok(true);
        }
        let claim = lease::Entity::update_many()
            .col_expr(lease::Column::Holder, Expr::value(self.0.holder))
            .col_expr(lease::Column::ExpiresAt, Expr::value(tx.now().plus(LASTS).0))
            .filter(lease::Column::LeaseId.eq(self.0.id));
        leases.update_many(claim).await?;
        Ok(true)
    }
}

fn row(tx: &TenantTx<'_>, lease: Lease) -> lease::ActiveModel {
    lease::ActiveModel {
        lease_id: Set(lease.id),
        holder: Set(lease.holder),
        expires_at: Set(tx.now().plus(LASTS).0),
    }
}

pub(super) struct Renew(pub(super) Vec<Lease>);

impl Unit for Renew {
    type Out = ();

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
        let leases = tx.global("a lease belongs to a process");
        for held in &self.0 {
            let renew = lease::Entity::update_many()
                .col_expr(lease::Column::ExpiresAt, Expr::value(tx.now().plus(LASTS).0))
                .filter(lease::Column::LeaseId.eq(held.id))
                .filter(lease::Column::Holder.eq(held.holder));
            if leases.update_many(renew).await? == 0 {
                // Swept away while this core could not write, or another holder's now, whose it stays.
                leases.insert_unless(row(tx, *held), lease::Column::LeaseId).await?;
            }
        }
        Ok(())
    }
}

pub(super) struct Settle;

impl Unit for Settle {
    type Out = ();

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
        let leases = tx.global("a lease belongs to a process");
        // Renewed within the last two turns, for one may just be due or under way: a core is there, and whoever wanted to come back has.
        let fresh = tx.now().plus(LASTS.saturating_sub(RENEWED * 2));
        let renewed = lease::Entity::find().filter(lease::Column::ExpiresAt.gt(fresh.0));
        if leases.one(renewed).await?.is_some() {
            return Ok(());
        }
        let prolong = lease::Entity::update_many()
            .col_expr(lease::Column::ExpiresAt, Expr::value(tx.now().plus(LASTS).0))
            .filter(lease::Column::ExpiresAt.gt(tx.now().minus(SETTLES).0));
        leases.update_many(prolong).await?;
        Ok(())
    }
}

/// Drops leases that ended long ago, then connections whose lease is gone.
pub(super) async fn sweep(app: &App) -> Result<()> {
    app.db.write(&nobodys(), Forget).await?;
    let sql = "select distinct c.tenant_id, c.lease_id from presence_connections c \
               left join edge_leases l on l.lease_id = c.lease_id where l.lease_id is null limit ?";
    let across = app.db.across_tenants("connections whose lease is gone, of whatever tenant");
    let found: Vec<Ended> = across.rows(sql, vec![SWEEP.into()]).await?;
    let mut ended: HashMap<TenantId, Vec<Uuid>> = HashMap::new();
    for Ended { tenant_id, lease_id } in found {
        ended.entry(tenant_id).or_default().push(lease_id);
    }
    for (tenant, leases) in ended {
        app.db.write(&TenantScope::verified(tenant), DropConnections(leases)).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Ended {
    tenant_id: TenantId,
    lease_id: Uuid,
}

struct Forget;

impl Unit for Forget {
    type Out = ();

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
        let ended = lease::Column::ExpiresAt.lt(tx.now().minus(KEPT).0);
        tx.global("a lease belongs to a process")
            .delete_many(lease::Entity::delete_many().filter(ended))
            .await?;
        Ok(())
    }
}

struct DropConnections(Vec<Uuid>);

impl Unit for DropConnections {
    type Out = ();

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
        let gone = connection::Column::LeaseId.is_in(self.0.iter().copied());
        tx.delete_many(connection::Entity::delete_many().filter(gone)).await?;
        Ok(())
    }
}
