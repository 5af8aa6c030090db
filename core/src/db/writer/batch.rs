//! One transaction: the units one by one, then all the messages and events together, then COMMIT.
//!
//! There are no savepoints. A unit that refuses before it wrote anything is answered and costs the others nothing; one that
//! fails later fails the whole batch, which is rolled back and run again piece by piece by the lane.

use std::{panic::AssertUnwindSafe, pin::pin, sync::atomic::Ordering, time::Duration};

use futures_util::FutureExt as _;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbErr};
use tokio::{sync::oneshot, time::Instant};

use super::{
    Job, Outlet, Work,
    backlog::Backlog,
    checkpoints,
    lane::Store,
    transaction::{Transactions, answer_of},
    unknown,
};
use crate::{
    clock::{Clock, Micros},
    db::{
        Engine, TenantScope, TenantTx,
        damage::Damage,
        failure::{Failure, classify},
        hot::{self, Append, Events, Stored, Written},
        tenant::Marks,
    },
    error::{Error, Reason, Result},
    events::LoggedEvent,
    ids::TenantId,
    revocations::{self, Revoke, Revoked},
};

/// How long one unit may take: it holds everybody else of its tenant.
const UNIT_LIMIT: Duration = Duration::from_secs(4);
/// When to come back with a unit that took longer.
const AGAIN: Duration = Duration::from_secs(1);

/// How long a lane of PostgreSQL outlives its last work.
const IDLE: Duration = Duration::from_secs(30);

/// What every lane of a core has in common.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) conn: DatabaseConnection,
    pub(super) written: checkpoints::Written,
    pub(super) engine: Engine,
    pub(super) clock: Clock,
    pub(super) outlet: Outlet,
    pub(super) backlog: Backlog,
    pub(super) damage: Damage,
}

/// The database, as a lane uses it.
pub(super) struct Database {
    shared: Shared,
    transactions: Transactions,
}

impl Database {
    pub(super) fn new(shared: Shared) -> Self {
        Self { transactions: Transactions::new(shared.conn.clone(), shared.engine), shared }
    }
}

impl Store for Database {
    async fn commit(&mut self, works: Vec<Work>) -> Result<(), Failed> {
        Batch::new(works).commit(&self.shared, &mut self.transactions).await
    }

    async fn idled(&self) {
        match self.shared.engine {
            Engine::Sqlite => std::future::pending().await,
            Engine::Postgres => tokio::time::sleep(IDLE).await,
        }
    }
}

/// Work that is to be committed together.
struct Batch {
    appends: Vec<(Append, oneshot::Sender<Result<Stored>>)>,
    units: Vec<(TenantScope, Box<dyn Job>)>,
}

/// A batch that came to nothing.
pub(super) struct Failed {
    /// The work, to be run again or refused.
    pub(super) works: Vec<Work>,
    /// Why.
    pub(super) error: Error,
    /// What can be done about it.
    pub(super) cure: Cure,
}

/// What can be done about a batch that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cure {
    /// One piece of it is at fault: each is run alone.
    Apart,
    /// It lost against another transaction: the same again may succeed at once.
    Again,
    /// Nothing here: the database is gone or full, or the commit's answer was lost, so that it may have happened after all.
    None,
}

enum Trouble {
    Database(DbErr),
    Unit(Error),
    Damaged(Error),
    CommitLost(DbErr),
}

impl From<DbErr> for Trouble {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

/// What a transaction leaves to be told once it is committed.
struct Effects {
    appended: Vec<Result<Stored>>,
    unit_ends: Vec<Result<()>>,
    logged: Vec<(TenantId, Vec<LoggedEvent>)>,
    revoked: Vec<Revoked>,
}

/// What units want told; their events are not numbered yet.
#[derive(Default)]
struct Wanted {
    events: Events,
    revoked: Vec<(TenantId, Revoke)>,
}

impl Batch {
    fn new(works: Vec<Work>) -> Self {
        let mut batch = Self { appends: Vec::new(), units: Vec::new() };
        for work in works {
            match work {
                Work::Append { append, answer } => batch.appends.push((append, answer)),
                Work::Unit { scope, job } => batch.units.push((scope, job)),
            }
        }
        batch
    }

    async fn commit(mut self, shared: &Shared, transactions: &mut Transactions) -> Result<(), Failed> {
        let started = Instant::now();
        match self.attempt(shared, transactions).await {
            Ok(effects) => {
                metrics::histogram!("rapport_writer_commit_seconds").record(started.elapsed());
                shared.written.add(effects.appended.len() + effects.unit_ends.len());
                self.tell(shared, effects);
                Ok(())
            }
            Err(trouble) => {
                metrics::counter!("rapport_writer_rollbacks_total").increment(1);
                let (error, cure) = match trouble {
                    Trouble::Unit(e) => (e, Cure::Apart),
                    Trouble::Damaged(e) => (e, Cure::None),
                    Trouble::CommitLost(e) => (unknown().caused_by(e), Cure::None),
                    Trouble::Database(e) => {
                        let cure = match classify(&e) {
                            Failure::Contended => Cure::Again,
                            Failure::Unavailable | Failure::Full | Failure::Damaged => Cure::None,
                            Failure::Duplicate | Failure::Other => Cure::Apart,
                        };
                        (Error::from(e), cure)
                    }
                };
                shared.damage.note(&error);
                Err(Failed { works: self.into_works(), error, cure })
            }
        }
    }

    async fn attempt(
        &mut self,
        shared: &Shared,
        transactions: &mut Transactions,
    ) -> Result<Effects, Trouble> {
        if let Some(refusal) = shared.damage.refusal() {
            return Err(Trouble::Damaged(refusal));
        }
        let tx = transactions.begin().await?;
        match self.run(shared, &tx).await {
            Ok(effects) => {
                transactions.commit(tx).await.map_err(|e| match classify(&e) {
                    Failure::Unavailable | Failure::Other => Trouble::CommitLost(e),
                    Failure::Full | Failure::Contended | Failure::Duplicate | Failure::Damaged => {
                        Trouble::Database(e)
                    }
                })?;
                Ok(effects)
            }
            Err(trouble) => {
                transactions.roll_back(tx).await;
                Err(trouble)
            }
        }
    }

    async fn run(&mut self, shared: &Shared, tx: &DatabaseTransaction) -> Result<Effects, Trouble> {
        if shared.engine == Engine::Postgres {
            answer_of(shared.engine, lock_tenant(tx, self.tenant())).await?;
        }
        // Read after the lock: within a tenant, later numbers carry later times unless the clock itself goes back.
        let now = shared.clock.now();
        let mut wanted = Wanted::default();
        let mut unit_ends = Vec::with_capacity(self.units.len());
        for (scope, job) in &mut self.units {
            let end = run_unit(tx, *scope, now, job.as_mut(), &mut wanted).await?;
            if let Err(refused) = &end {
                shared.damage.note(refused);
            }
            unit_ends.push(end);
        }
        let appends: Vec<&Append> = self.appends.iter().map(|(append, _)| append).collect();
        let written = pin!(hot::write(tx, shared.engine, now, &appends, wanted.events));
        let Written { answers, logged } = answer_of(shared.engine, written).await?;
        let revoked = pin!(revocations::store(tx, shared.engine, now, &wanted.revoked));
        let revoked = answer_of(shared.engine, revoked).await?;
        Ok(Effects { appended: answers, unit_ends, logged, revoked })
    }

    fn tenant(&self) -> Option<TenantId> {
        let append = self.appends.first().map(|(append, _)| append.row.tenant_id);
        append.or_else(|| self.units.first().map(|(scope, _)| scope.tenant()))
    }

    fn tell(self, shared: &Shared, effects: Effects) {
        // Before the answer: who was told that a session has ended finds it ended here.
        shared.outlet.revocations.apply(&effects.revoked);
        for ((_, answer), row) in self.appends.into_iter().zip(effects.appended) {
            let _ = answer.send(row);
        }
        for ((_, job), end) in self.units.into_iter().zip(effects.unit_ends) {
            job.answer(end);
        }
        for (tenant, events) in effects.logged {
            shared.outlet.feeds.publish(tenant, events);
        }
    }

    fn into_works(self) -> Vec<Work> {
        let appends = self.appends.into_iter().map(|(append, answer)| Work::Append { append, answer });
        let units = self.units.into_iter().map(|(scope, job)| Work::Unit { scope, job });
        appends.chain(units).collect()
    }
}

/// Everything a tenant's lanes write, on whatever core, is written under this lock: taken first and held to the commit, it
/// makes reading, deciding and numbering one step, without row locks that could meet in another order.
async fn lock_tenant(tx: &DatabaseTransaction, tenant: Option<TenantId>) -> Result<(), DbErr> {
    let Some(tenant) = tenant else { return Ok(()) };
    let (high, low) = tenant.uuid().as_u64_pair();
    let key = i64::from_ne_bytes((high ^ low.rotate_left(17)).to_ne_bytes());
    tx.execute_unprepared(&format!("select pg_advisory_xact_lock({key})")).await?;
    Ok(())
}

/// Runs one unit: `Ok(Err(..))` is its own refusal, which leaves the transaction clean.
async fn run_unit(
    tx: &DatabaseTransaction,
    scope: TenantScope,
    now: Micros,
    job: &mut dyn Job,
    wanted: &mut Wanted,
) -> Result<Result<()>, Trouble> {
    let marks = Marks::default();
    let mut unit_tx = TenantTx::new(tx, scope, now, &marks);
    let run = AssertUnwindSafe(tokio::time::timeout(UNIT_LIMIT, job.run(&mut unit_tx))).catch_unwind().await;
    let end = match run {
        Ok(Ok(end)) => end,
        // What takes so long is the database: a unit waits for nothing else.
        Ok(Err(_elapsed)) => {
            let late = Error::new(Reason::StoreUnavailable, "the database took too long; nothing was stored");
            return Err(Trouble::Unit(late.retry_after(AGAIN)));
        }
        Err(_panic) => return Err(Trouble::Unit(Error::internal("a unit of work panicked"))),
    };
    if let Err(refused) = end {
        return if marks.spoiled() { Err(Trouble::Unit(refused)) } else { Ok(Err(refused)) };
    }
    // A unit that made light of a failed statement: PostgreSQL would answer the COMMIT with a rollback and no error.
    if marks.poisoned.load(Ordering::Relaxed) {
        return Err(Trouble::Unit(Error::internal("a unit of work went on after a statement had failed")));
    }
    let (events, revoked) = unit_tx.into_effects();
    if !events.is_empty() {
        wanted.events.entry(scope.tenant()).or_default().extend(events);
    }
    wanted.revoked.extend(revoked.into_iter().map(|revoke| (scope.tenant(), revoke)));
    Ok(Ok(()))
}
