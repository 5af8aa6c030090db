//! Bringing the schema up to date, one core at a time and in one transaction: a crash leaves the old schema or the new one.

use std::collections::HashSet;

use rapport_migrations::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, TransactionTrait as _};

use crate::{
    db::{Engine, Opened},
    error::{Error, Result},
};

/// The lock under which one core looks and migrates while others wait.
const LOCK: &str = "select pg_advisory_xact_lock(1381060688, 3)";

/// How the name of a step ends that only adds what older programs need not know of: they go on serving while it is applied, and may be
/// started again after it. So one core after the other gets a new program, or an old one again.
const EXPANDS: &str = "_expands";

/// Applies every step that is missing.
pub async fn run(opened: &Opened) -> Result<()> {
    let tx = begin(opened).await?;
    if Steps::look(&tx).await?.missing > 0 {
        Migrator::up(&tx, None).await?;
    }
    Ok(tx.commit().await?)
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
    }
    Ok(tx)
}
