//! Bringing the schema up to date, one core at a time and in one transaction: a crash leaves the old schema or the new one.

use rapport_migrations::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, TransactionTrait as _};

use crate::{
    db::{Engine, Opened},
    error::{Error, Result},
};

/// The lock under which one core looks and migrates while others wait.
const LOCK: &str = "select pg_advisory_xact_lock(1381060688, 3)";

/// Applies every step that is missing.
pub async fn run(opened: &Opened) -> Result<()> {
    let tx = begin(opened).await?;
    Migrator::up(&tx, None).await?;
    Ok(tx.commit().await?)
}

/// Makes the schema of an empty database; refuses one that is behind, for that is the operator's decision.
pub async fn prepare(opened: &Opened) -> Result<()> {
    let tx = begin(opened).await?;
    let pending = Migrator::get_pending_migrations(&tx).await?.len();
    let applied = Migrator::get_applied_migrations(&tx).await?.len();
    match (applied, pending) {
        (_, 0) => {}
        (0, _) => Migrator::up(&tx, None).await?,
        _ => {
            return Err(Error::internal(format!(
                "the database is {pending} migration(s) behind; run: rapport-core migrate"
            )));
        }
    }
    Ok(tx.commit().await?)
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
