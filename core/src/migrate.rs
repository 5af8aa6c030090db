//! Bringing the schema up to date, one core at a time and in one transaction: a crash leaves the old schema or the new one.

use std::{collections::HashSet, time::Duration};

use rapport_migrations::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, TransactionTrait as _};

use crate::{
    db::{Engine, Opened, failure::is_held_by_others},
    error::{Error, Result},
};

/// The lock under which one core looks and migrates while others wait.
const LOCK: &str = "select pg_advisory_xact_lock(1381060688, 3)";

/// How the name of a step ends that only adds what older programs need not know of: they go on serving while it is applied, and may be
/// started again after it. So one core after the other gets a new program, or an old one again.
const EXPANDS: &str = "_expands";

/// How long a step on PostgreSQL waits for whoever reads or writes the table it changes: everybody who comes after it waits as well.
const WAIT: &str = "set local lock_timeout = '1s'";
/// After what pause it tries again, and how often: a backup under way takes its time.
const PAUSE: Duration = Duration::from_secs(1);
const TRIES: u32 = 600;

/// Applies every step that is missing.
pub async fn run(opened: &Opened) -> Result<()> {
    for _ in 0..TRIES {
        let tx = begin(opened).await?;
        if Steps::look(&tx).await?.missing == 0 {
            return Ok(tx.commit().await?);
        }
        match Migrator::up(&tx, None).await {
            Ok(()) => return Ok(tx.commit().await?),
            Err(error) if is_held_by_others(&error) => {
                tracing::warn!(%error, "a table is in use; it is changed when it is free");
                tx.rollback().await?;
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::internal("a table stayed in use: see who holds it (pg_stat_activity), and try again"))
}

/// Makes the schema of an empty database; refuses one that is behind, for that is the operator's decision.
pub async fn prepare(opened: &Opened) -> Result<()> {
    let tx = begin(opened).await?;
    match Steps::look(&tx).await? {
        Steps { missing: 0, .. } => {}
        Steps { applied: 0, .. } => Migrator::up(&tx, None).await?,
        Steps { missing, .. } => {
            return Err(Error::internal(format!(
                "the database is {missing} migration(s) behind; run: rapport-core migrate"
            )));
        }
    }
    Ok(tx.commit().await?)
}

/// How many steps of this program's are applied to a store, and how many are not.
struct Steps {
    applied: usize,
    missing: usize,
}

impl Steps {
    /// Refuses a store with a step that a later program made and that may have changed what this one rests on.
    async fn look(tx: &DatabaseTransaction) -> Result<Self> {
        Migrator::install(tx).await?;
        let steps = Migrator::migrations();
        let known: HashSet<_> = steps.iter().map(|step| step.name()).collect();
        let found = Migrator::get_migration_models(tx).await?.into_iter().map(|step| step.version);
        let (ours, others): (Vec<_>, Vec<_>) = found.partition(|step| known.contains(&**step));
        let missing = known.len() - ours.len();
        let (harmless, grave): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|step| step.ends_with(EXPANDS));
        if !grave.is_empty() || (missing > 0 && !harmless.is_empty()) {
            return Err(Error::internal(format!(
                "the database was made by a newer version of this program, which is the one to start ({} is not known here)",
                [harmless, grave].concat().join(", ")
            )));
        }
        if !harmless.is_empty() {
            tracing::warn!(
                steps = harmless.join(", "),
                "the database was expanded by a newer version of this program"
            );
        }
        Ok(Self { applied: ours.len(), missing })
    }
}

/// Nobody else looks or migrates until the transaction ends; a file stays this process's own for good.
async fn begin(opened: &Opened) -> Result<DatabaseTransaction> {
    opened.claim()?;
    let tx = opened.write().begin().await?;
    if opened.engine() == Engine::Postgres {
        // Neither the wait for another core nor a long step is a call that hangs.
        tx.execute_unprepared("set local statement_timeout = 0").await?;
        tx.execute_unprepared("set local idle_in_transaction_session_timeout = 0").await?;
        tx.execute_unprepared(LOCK).await?;
        tx.execute_unprepared(WAIT).await?;
    }
    Ok(tx)
}
