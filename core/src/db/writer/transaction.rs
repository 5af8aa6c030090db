//! The transactions of a lane: begun, committed, or rolled back whole.
//!
//! PostgreSQL's are the driver's. SQLite has one connection that writes and one lane that uses it, so the lane keeps it: given
//! back to the pool after each batch it is asked whether it lives, one more call to the driver's thread for which the next
//! batch waits. The library lends a connection only as a transaction of the driver's, so the first one is never given back,
//! and those after it are begun and ended on it by statements. What the driver then counts is no longer true, which
//! does no harm: a connection that is dropped here is closed (`connect.rs`), and SQLite rolls back what was open.
//!
//! A lane waits for PostgreSQL no longer than [`answered`] allows, so a connection that has died without a word costs its tenant
//! seconds. A file answers in the end; there nothing is cut off in the middle.

use std::future::Future;

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _,
};

use crate::db::{Engine, failure::answered};

/// What comes of work within a transaction, or that the database does not answer.
pub(super) async fn answer_of<T>(
    engine: Engine,
    work: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    match engine {
        Engine::Sqlite => work.await,
        Engine::Postgres => answered(work).await,
    }
}

/// What a lane runs its batches in.
pub(super) struct Transactions {
    conn: DatabaseConnection,
    engine: Engine,
    /// The connection of SQLite's lane between two batches: without a transaction.
    kept: Option<DatabaseTransaction>,
}

impl Transactions {
    pub(super) fn new(conn: DatabaseConnection, engine: Engine) -> Self {
        Self { conn, engine, kept: None }
    }

    pub(super) async fn begin(&mut self) -> Result<DatabaseTransaction, DbErr> {
        if let Some(tx) = self.kept.take() {
            tx.execute_unprepared("begin immediate").await?;
            return Ok(tx);
        }
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        answer_of(self.engine, self.conn.begin_with_options(options)).await
    }

    pub(super) async fn commit(&mut self, tx: DatabaseTransaction) -> Result<(), DbErr> {
        if self.engine == Engine::Postgres {
            return answered(tx.commit()).await;
        }
        if let Err(error) = tx.execute_unprepared("commit").await {
            self.roll_back(tx).await;
            return Err(error);
        }
        self.kept = Some(tx);
        Ok(())
    }

    /// Only a ROLLBACK that was carried out proves that a connection of SQLite is clean. On a full disk there may be nothing
    /// left to roll back: SQLite has then done it by itself.
    pub(super) async fn roll_back(&mut self, tx: DatabaseTransaction) {
        if self.engine == Engine::Postgres {
            return;
        }
        match tx.execute_unprepared("rollback").await {
            Ok(_) => self.kept = Some(tx),
            Err(error) => tracing::warn!(%error, "a connection that did not roll back is closed"),
        }
    }
}
