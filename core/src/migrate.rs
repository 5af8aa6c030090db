//! Bringing the schema up to date, one core at a time.

use rapport_migrations::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};

use crate::{
    db::{Engine, Opened},
    error::{Error, Result},
};

/// The lock under which one core migrates while others wait.
const LOCK: &str = "select pg_advisory_xact_lock(1381060688, 3)";

/// Applies every step that is missing.
pub async fn run(opened: &Opened) -> Result<()> {
    if opened.engine() == Engine::Postgres {
        // The lock has a connection of its own; the steps run on others of the pool.
        let holder = opened.write().begin().await?;
        holder.execute_unprepared("set local statement_timeout = 0").await?;
        holder.execute_unprepared("set local idle_in_transaction_session_timeout = 0").await?;
        holder.execute_unprepared(LOCK).await?;
        Migrator::up(opened.write(), None).await?;
        holder.commit().await?;
    } else {
        Migrator::up(opened.write(), None).await?;
    }
    Ok(())
}

/// Makes the schema of an empty database; refuses one that is behind, for that is the operator's decision.
pub async fn prepare(opened: &Opened) -> Result<()> {
    let pending = Migrator::get_pending_migrations(opened.write()).await?.len();
    let applied = Migrator::get_applied_migrations(opened.write()).await?.len();
    match (applied, pending) {
        (_, 0) => Ok(()),
        (0, _) => run(opened).await,
        _ => Err(Error::internal(format!(
            "the database is {pending} migration(s) behind; run: rapport-core migrate"
        ))),
    }
}
