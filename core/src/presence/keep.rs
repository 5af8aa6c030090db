//! Keeping the store's connections of one process as its roster has them. What could not be written is written again: the roster
//! knows what is to be, so nothing depends on the order or the number of tries.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use sea_orm::{ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, Set, sea_query::Expr};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    entity::{connection, lease},
    leases::{self, AGAIN, Lease},
};
use crate::{
    app::App,
    db::{TenantScope, TenantTx, Unit},
    error::{Error, Result},
    ids::{MemberId, TenantId},
    roster::{Changes, Roster},
    tenants,
};

/// How many members one unit writes.
const MEMBERS: usize = 500;

/// The keeping of an edge's connections; dropped when its stream ends. Whoever was connected stays so until the lease ends, or until
/// the edge has told another core, or this one, who is.
#[derive(Debug)]
pub(crate) struct Kept {
    roster: Arc<Roster>,
    stop: CancellationToken,
}

impl Kept {
    /// These are all who are connected to the edge.
    pub(crate) fn live(&self, members: impl IntoIterator<Item = (TenantId, MemberId)>) {
        self.roster.replace(members);
    }

    /// Somebody came to the edge or left it.
    pub(crate) fn set(&self, tenant: TenantId, member: MemberId, connected: bool) {
        self.roster.set(tenant, member, connected);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Begins to keep the connections of an edge, in place of whoever kept them before.
pub(crate) fn keep_edge(app: &Arc<App>, edge: Uuid) -> Kept {
    let kept = Kept { roster: Arc::default(), stop: app.stopping.child_token() };
    // Of another stream, or of another core, there may be members in the store whom this edge has no more.
    kept.roster.replace([]);
    app.tasks.spawn(run(Arc::clone(app), edge, Arc::clone(&kept.roster), kept.stop.clone()));
    kept
}

/// Keeps the connections of a process until told to stop.
pub(super) async fn run(app: Arc<App>, process: Uuid, roster: Arc<Roster>, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = keep(&app, process, &roster) => {}
    }
}

async fn keep(app: &App, process: Uuid, roster: &Roster) {
    let held = loop {
        match leases::claim(app, process).await {
            Ok(Some(held)) => break held,
            // The last holder was made by a clock that is ahead of this one: soon it is not any more.
            Ok(None) => sleep(AGAIN).await,
            Err(error) => wait_after(&error).await,
        }
    };
    let lease = held.lease;
    loop {
        if roster.take_replaced()
            && let Err(error) = look_up(app, lease, roster).await
        {
            roster.give_back_replaced();
            wait_after(&error).await;
            continue;
        }
        while let Some((tenant, changes)) = roster.take(MEMBERS) {
            let members: Vec<_> = changes.iter().map(|(member, _)| *member).collect();
            let unit = Connect { lease, grace: app.presence.grace, changes };
            match app.db.write(&TenantScope::verified(tenant), unit).await {
                Ok(()) => app.presence.board.look_at(tenant),
                Err(error) => {
                    roster.touch(tenant, members);
                    wait_after(&error).await;
                }
            }
        }
        roster.changed().await;
    }
}

async fn wait_after(error: &Error) {
    tracing::warn!(%error, causes = error.causes(), "connections cannot be written");
    sleep(AGAIN).await;
}

#[derive(FromQueryResult)]
struct Known {
    tenant_id: TenantId,
    member_id: MemberId,
}

/// Has every member written anew whom the store takes for connected.
async fn look_up(app: &App, lease: Lease, roster: &Roster) -> Result<()> {
    let sql = "select tenant_id, member_id from presence_connections where lease_id = ? and left_at is null";
    let across = app.db.across_tenants("who was connected to an edge, of whatever tenant");
    let known: Vec<Known> = across.rows(sql, vec![lease.id.into()]).await?;
    for Known { tenant_id, member_id } in known {
        roster.touch(tenant_id, [member_id]);
    }
    Ok(())
}

/// Writes who is connected and who is not, unless somebody else keeps that by now.
pub(super) struct Connect {
    pub(super) lease: Lease,
    pub(super) grace: Duration,
    pub(super) changes: Changes,
}

impl Unit for Connect {
    type Out = ();

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
        let held =
            tx.global("a lease belongs to a process").one(lease::Entity::find_by_id(self.lease.id)).await?;
        match held {
            Some(held) if held.holder == self.lease.holder => {}
            Some(_) => return Ok(()),
            // It is on its way back with the next renewal.
            None => return Err(Error::internal("a lease was swept away under its holder")),
        }
        let of_lease = connection::Column::LeaseId.eq(self.lease.id);
        let (came, left): (Vec<_>, Vec<_>) = self.changes.iter().partition(|(_, connected)| *connected);
        if !left.is_empty() {
            let members = left.iter().map(|(member, _)| *member);
            let leave = connection::Entity::update_many()
                .col_expr(connection::Column::LeftAt, Expr::value(tx.now().0))
                .filter(of_lease.clone())
                .filter(connection::Column::MemberId.is_in(members))
                .filter(connection::Column::LeftAt.is_null());
            tx.update_many(leave).await?;
        }
        if came.is_empty() {
            return Ok(());
        }
        // An edge may report whom it likes: a member is one of this tenant, or nobody.
        let members = tenants::member_names(tx.read(), came.iter().map(|(member, _)| *member)).await?;
        let members: Vec<MemberId> = members.into_keys().collect();
        let there = There::look(tx, &members, self.grace).await?;
        let mut back: BTreeMap<Option<i64>, Vec<MemberId>> = BTreeMap::new();
        let mut new = Vec::new();
        for member in members {
            let since = there.since(member).unwrap_or_else(|| tx.now().0);
            match there.rows.iter().find(|row| row.member_id == member && row.lease_id == self.lease.id) {
                None => new.push(connection::ActiveModel {
                    member_id: Set(member),
                    lease_id: Set(self.lease.id),
                    since: Set(since),
                    left_at: Set(None),
                    ..Default::default()
                }),
                Some(row) if row.left_at.is_some() => {
                    back.entry((row.since != since).then_some(since)).or_default().push(member);
                }
                Some(_) => {}
            }
        }
        for (since, members) in back {
            let mut update = connection::Entity::update_many()
                .col_expr(connection::Column::LeftAt, Expr::value(None::<i64>))
                .filter(of_lease.clone())
                .filter(connection::Column::MemberId.is_in(members));
            if let Some(since) = since {
                update = update.col_expr(connection::Column::Since, Expr::value(since));
            }
            tx.update_many(update).await?;
        }
        tx.insert_many(new).await
    }
}

/// How some members are there already, by way of whatever process: who comes back within the grace, or goes from one device to
/// another, has been there all the time.
struct There {
    rows: Vec<connection::Model>,
    alive: HashSet<Uuid>,
    grace: i64,
}

impl There {
    async fn look(tx: &TenantTx<'_>, members: &[MemberId], grace: Duration) -> Result<Self> {
        let of = connection::Column::MemberId.is_in(members.iter().copied());
        let rows = tx.read().all(connection::Entity::find().filter(of)).await?;
        let leases: HashSet<Uuid> = rows.iter().map(|row| row.lease_id).collect();
        let alive = lease::Entity::find()
            .filter(lease::Column::LeaseId.is_in(leases))
            .filter(lease::Column::ExpiresAt.gt(tx.now().0));
        let alive = tx.global("a lease belongs to a process").all(alive).await?;
        let alive = alive.into_iter().map(|lease| lease.lease_id).collect();
        Ok(Self { rows, alive, grace: tx.now().minus(grace).0 })
    }

    fn since(&self, member: MemberId) -> Option<i64> {
        let counts = |row: &&connection::Model| match row.left_at {
            None => self.alive.contains(&row.lease_id),
            Some(left_at) => left_at > self.grace,
        };
        self.rows.iter().filter(|row| row.member_id == member).filter(counts).map(|row| row.since).min()
    }
}
