//! The writer: every durable change goes through a lane, and a lane commits together what waits together.
//!
//! One lane in all on SQLite (there is one writer anyway), one lane for each tenant on PostgreSQL, made when first needed and
//! gone when idle. A lane takes the tenant's lock, runs its batch, numbers the events, commits, answers every caller, and
//! hands the events to the feeds. Two kinds of work: messages for the hot lane, and units ([`Unit`]) that may be run again.

mod backlog;
mod batch;
mod checkpoints;
mod lane;
mod lanes;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod tests;
mod transaction;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use lanes::Lanes;
use sea_orm::DatabaseConnection;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use super::{
    Engine, TenantScope, TenantTx,
    damage::Damage,
    hot::{Append, Stored},
};
use crate::{
    clock::Clock,
    error::{Error, Reason, Result},
    events::feed::Feeds,
    ids::TenantId,
    revocations::Revocations,
};

/// How many units of work one transaction takes at most.
const BATCH: usize = 256;

/// A unit of work. It touches the database through its [`TenantTx`] and nothing else, and it may be run more than once: only
/// the run whose transaction commits counts.
pub trait Unit: Send + Sync + 'static {
    /// What the caller gets once it is committed.
    type Out: Send + 'static;

    /// Checks first, then writes, then emits. An error returned before the first write costs the rest of the batch nothing.
    fn run(&self, tx: &mut TenantTx<'_>) -> impl Future<Output = Result<Self::Out>> + Send;
}

/// Where committed events and revocations go.
#[derive(Clone, Debug)]
pub struct Outlet {
    /// The subscribers of this core.
    pub feeds: Arc<Feeds>,
    /// The tokens this core refuses.
    pub revocations: Arc<Revocations>,
}

/// Work in a lane's queue.
enum Work {
    Append { append: Append, answer: oneshot::Sender<Result<Stored>> },
    Unit { scope: TenantScope, job: Box<dyn Job> },
}

/// Work and since when it waits.
type Queued = (Instant, Work);

/// A unit with its caller, whatever its result is.
trait Job: Send {
    fn run<'a>(
        &'a mut self,
        tx: &'a mut TenantTx<'_>,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;
    /// Answers the caller: with the result of the last run, or with why there is none.
    fn answer(self: Box<Self>, end: Result<()>);
}

struct Waiting<U: Unit> {
    unit: U,
    out: Option<U::Out>,
    answer: oneshot::Sender<Result<U::Out>>,
}

impl<U: Unit> Job for Waiting<U> {
    fn run<'a>(
        &'a mut self,
        tx: &'a mut TenantTx<'_>,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
        Box::pin(async move {
            self.out = None;
            self.out = Some(self.unit.run(tx).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, end: Result<()>) {
        let Self { out, answer, .. } = *self;
        let end = end.and_then(|()| out.ok_or_else(|| Error::internal("a unit of work left no result")));
        // The caller may be gone; the work is done all the same.
        let _ = answer.send(end);
    }
}

/// The lanes of a core.
pub struct Writer {
    shared: batch::Shared,
    /// Copies the log of SQLite, which reading allows.
    read: DatabaseConnection,
    lanes: Lanes,
    tasks: TaskTracker,
}

impl Writer {
    pub(super) fn new(
        opened: (DatabaseConnection, DatabaseConnection),
        engine: Engine,
        clock: Clock,
        outlet: Outlet,
        damage: Damage,
    ) -> Self {
        let (conn, read) = opened;
        Self {
            shared: batch::Shared {
                conn,
                written: checkpoints::Written::default(),
                engine,
                clock,
                outlet,
                backlog: backlog::Backlog::default(),
                damage,
            },
            read,
            lanes: Lanes::default(),
            tasks: TaskTracker::new(),
        }
    }

    pub(super) async fn run<U: Unit>(&self, scope: &TenantScope, unit: U) -> Result<U::Out> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Waiting { unit, out: None, answer });
        self.enqueue(scope.tenant(), Work::Unit { scope: *scope, job })?;
        answered.await.unwrap_or_else(|_| Err(unknown()))
    }

    pub(super) async fn append(&self, append: Append) -> Result<Stored> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(append.row.tenant_id, Work::Append { append, answer })?;
        answered.await.unwrap_or_else(|_| Err(unknown()))
    }

    fn enqueue(&self, tenant: TenantId, work: Work) -> Result<()> {
        let key = match self.shared.engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(tenant),
        };
        self.lanes.enqueue(key, work, |queue| self.open(queue))
    }

    /// How long the oldest work has waited that is not finished.
    pub(super) fn backlog(&self) -> Duration {
        self.shared.backlog.age()
    }

    fn open(&self, queue: mpsc::Receiver<Queued>) {
        let (backlog, closing) = (self.shared.backlog.clone(), self.lanes.closing().clone());
        let database = batch::Database::new(self.shared.clone());
        self.tasks.spawn(lane::run(database, backlog, queue, closing.clone()));
        if self.shared.engine == Engine::Sqlite {
            let batch::Shared { written, damage, .. } = self.shared.clone();
            self.tasks.spawn(checkpoints::run(self.read.clone(), written, damage, closing));
        }
    }

    pub(super) fn conn(&self) -> &DatabaseConnection {
        &self.shared.conn
    }

    pub(super) async fn close(&self) {
        self.lanes.closing().cancel();
        self.tasks.close();
        self.tasks.wait().await;
        let _ = self.shared.conn.close_by_ref().await;
    }
}

/// The commit's answer was lost: it may have happened. The request id settles it.
fn unknown() -> Error {
    Error::new(
        Reason::StoreUnavailable,
        "it is not known whether this was stored; ask again with the same request_id",
    )
    .retry_after(Duration::from_secs(1))
}
