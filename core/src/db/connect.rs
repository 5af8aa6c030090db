//! Opening the database, with the settings every promise rests on.
//!
//! SQLite: write-ahead log, `synchronous = FULL` (an acknowledged commit survives a power cut), one connection that writes,
//! a few that can only read. PostgreSQL: a pool for the lanes and one for readers, so that neither starves the other, and
//! time limits at the server, so that a core that stands still never holds a tenant's lock for long.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::OnceLock,
    time::Duration,
};

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, SqlxPostgresConnector, SqlxSqliteConnector,
    Statement,
    sqlx::{
        self, ConnectOptions as _, Connection as _, SqliteConnection,
        postgres::{PgConnectOptions, PgPoolOptions},
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
    },
};

use tokio::time::timeout;

use crate::error::{Error, Result};

/// Which engine holds the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file beside the process.
    Sqlite,
    /// A server that several cores share.
    Postgres,
}

impl Engine {
    pub(super) fn backend(self) -> DbBackend {
        match self {
            Self::Sqlite => DbBackend::Sqlite,
            Self::Postgres => DbBackend::Postgres,
        }
    }

    /// Puts `$1`, `$2`… for `?` where the engine wants them.
    pub(super) fn numbered(self, sql: &str) -> String {
        match self {
            Self::Sqlite => sql.to_owned(),
            Self::Postgres => {
                let mut parts = sql.split('?');
                let mut text = parts.next().unwrap_or_default().to_owned();
                for (place, part) in parts.enumerate() {
                    text.push('$');
                    text.push_str(&(place + 1).to_string());
                    text.push_str(part);
                }
                text
            }
        }
    }
}

/// Where the data lies.
#[derive(Clone, Debug)]
pub enum Target {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by its URL.
    Postgres(Box<PgConnectOptions>),
}

impl Target {
    /// Reads `sqlite:<path>` or `postgres://…`.
    pub fn parse(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.trim_start_matches("//");
            return if path.is_empty() {
                Err("sqlite: needs the path of a file".to_owned())
            } else {
                Ok(Self::Sqlite(PathBuf::from(path)))
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url).map_err(|e| e.to_string())?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        Err("must begin with sqlite: or postgres://".to_owned())
    }
}

/// The connections of a core.
#[derive(Debug)]
pub struct Opened {
    pub(super) read: DatabaseConnection,
    pub(super) write: DatabaseConnection,
    pub(super) engine: Engine,
    pub(super) claim: Claim,
}

/// The right of one process to serve or migrate a SQLite file, held until that process ends or closes the database. What only
/// reads, such as the making of an operator's token, does without.
#[derive(Debug, Default)]
pub(super) struct Claim {
    /// The file to lock; a server has locks of its own.
    path: Option<PathBuf>,
    held: OnceLock<File>,
}

/// What the locked file says: a store was made beside it.
const MADE: &[u8] = b"A store was made here.\n";
/// The same, and it turned out to be damaged.
const DAMAGED: &[u8] = b"A store was made here. It is damaged.\n";

impl Claim {
    fn says(&self) -> Vec<u8> {
        self.path.as_ref().and_then(|path| fs::read(path).ok()).unwrap_or_default()
    }

    fn say(&self, text: &[u8]) {
        let Some(file) = self.held.get() else { return };
        let said = file.set_len(0).and_then(|()| file.write_all_at(text, 0)).and_then(|()| file.sync_all());
        if let Err(error) = said {
            tracing::warn!(%error, "the file beside the database cannot be written");
        }
    }

    pub(super) fn mark_damaged(&self) {
        self.say(DAMAGED);
    }

    pub(super) fn release(&self) {
        if let Some(held) = self.held.get() {
            let _ = held.unlock();
        }
    }
}

impl Opened {
    /// Keeps every other process from serving or migrating the same SQLite file: two would number events twice.
    pub fn claim(&self) -> Result<()> {
        let Some(path) = self.claim.path.as_ref().filter(|_| self.claim.held.get().is_none()) else {
            return Ok(());
        };
        let unusable = |source: io::Error| Error::internal(format!("{}: {source}", path.display()));
        let file = private(path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {
                let _ = self.claim.held.set(file);
                Ok(())
            }
            Err(TryLockError::WouldBlock) => Err(Error::internal(format!(
                "another rapport-core uses this database ({} is locked); stop it first, or give each its own RAPPORT_DATA_DIR",
                path.display()
            ))),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// Remembers beside the file that there is a store in it.
    pub(super) fn mark_made(&self) {
        if self.claim.says().is_empty() {
            self.claim.say(MADE);
        }
    }

    /// Refuses to take an empty file for a new store where there was one: it was lost, and nobody would notice.
    pub(super) fn refuse_lost(&self) -> Result<()> {
        let Some(path) = self.claim.path.as_ref().filter(|_| !self.claim.says().is_empty()) else {
            return Ok(());
        };
        Err(Error::internal(format!(
            "the database is empty, but there was a store in it; put a backup back (rapport restore), or remove {} to begin \
             with an empty one",
            path.display()
        )))
    }

    /// Looks at every page of a file that was found to be damaged, and refuses it while it is.
    pub(super) async fn refuse_damaged(&self) -> Result<()> {
        if self.claim.says() != DAMAGED {
            return Ok(());
        }
        let check = Statement::from_string(DbBackend::Sqlite, "pragma integrity_check(1)");
        let found = match self.write.query_one_raw(check).await {
            Ok(row) => row.and_then(|row| row.try_get_by_index::<String>(0).ok()).unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        if found == "ok" {
            self.claim.say(MADE);
            return Ok(());
        }
        Err(Error::internal(format!("the database is damaged; put a backup back (rapport restore): {found}")))
    }

    /// The connection that may write, for migrations and for the first start.
    #[must_use]
    pub fn write(&self) -> &DatabaseConnection {
        &self.write
    }

    pub(super) fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Writes out what is still in a journal and lets go.
    pub(super) async fn close(self) -> Result<(), DbErr> {
        self.read.close().await?;
        self.write.close().await?;
        self.claim.release();
        Ok(())
    }

    /// Which engine it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }
}

/// How long a caller waits for a free connection before the answer is UNAVAILABLE.
const ACQUIRE: Duration = Duration::from_secs(3);

/// How long an unused connection is taken for alive.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);

/// How long a connection of PostgreSQL may take to say that it lives, or to come to rest after what was given up on it.
const STANDS_STILL: Duration = Duration::from_secs(1);

/// Opens the database; `max_connections` is for PostgreSQL, half of it for the lanes.
pub async fn open(target: &Target, max_connections: u32) -> Result<Opened, DbErr> {
    match target {
        Target::Sqlite(path) => open_sqlite(path).await,
        Target::Postgres(options) => open_postgres(options, max_connections).await,
    }
}

/// Opens a file for writing; one that was not there is made for its owner alone, whatever the folder allows.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

async fn open_sqlite(path: &Path) -> Result<Opened, DbErr> {
    // SQLite gives its journals the mode of the file. One that is there is left alone: closing a second handle on it would
    // take the locks of a connection in this process.
    if !fs::exists(path).unwrap_or(false) {
        private(path).map_err(|e| DbErr::Conn(sea_orm::RuntimeErr::SqlxError(sqlx::Error::Io(e).into())))?;
    }
    let base = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        // A statement of many rows keeps a journal of its own while it runs: in memory, not in a file (bench S1: +13 %). And
        // checkpoints are made beside the lane (`writer/checkpoints.rs`), but for what that leaves where commits never pause.
        .pragma("temp_store", "memory")
        .pragma("wal_autocheckpoint", "16000")
        .statement_cache_capacity(256)
        .disable_statement_logging();
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|conn, _| Box::pin(is_clean(conn)))
        .acquire_timeout(ACQUIRE)
        .connect_with(base.clone().create_if_missing(true))
        .await
        .map_err(|e| DbErr::Conn(sea_orm::RuntimeErr::SqlxError(e.into())))?;
    let read = SqlitePoolOptions::new()
        .max_connections(5)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .connect_lazy_with(base.pragma("query_only", "ON"));
    let write = SqlxSqliteConnector::from_sqlx_sqlite_pool(write);
    write.ping().await?;
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    Ok(Opened {
        write,
        read: SqlxSqliteConnector::from_sqlx_sqlite_pool(read),
        engine: Engine::Sqlite,
        claim: Claim { path: Some(lock.into()), held: OnceLock::new() },
    })
}

/// Opens a file that is not written any more, for reading only; it may lie where nothing can be written.
pub(super) async fn open_copy(path: &Path) -> Result<Opened, DbErr> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging();
    alone(options).await
}

/// A store in memory, for its schema.
pub(super) async fn blank() -> Result<Opened, DbErr> {
    alone(SqliteConnectOptions::new().in_memory(true).disable_statement_logging()).await
}

async fn alone(options: SqliteConnectOptions) -> Result<Opened, DbErr> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .map_err(|e| DbErr::Conn(sea_orm::RuntimeErr::SqlxError(e.into())))?;
    let conn = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
    Ok(Opened { read: conn.clone(), write: conn, engine: Engine::Sqlite, claim: Claim::default() })
}

/// Whether a connection that comes back has no transaction left. When SQLite runs out of room it may end a transaction by
/// itself; the driver's own ROLLBACK then fails, it goes on counting one that is no more, and what it takes for the next
/// transaction would be a savepoint of nothing: acknowledged and never stored. Such a connection is closed, and so is what
/// the writer's lane drops.
async fn is_clean(conn: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if !conn.is_in_transaction() {
        return Ok(true);
    }
    // A dropped transaction's rollback may still be on its way to the driver's thread; the answer comes after it.
    conn.ping().await?;
    Ok(!conn.is_in_transaction())
}

async fn open_postgres(options: &PgConnectOptions, max_connections: u32) -> Result<Opened, DbErr> {
    let options = options
        .clone()
        .application_name("rapport-core")
        .statement_cache_capacity(256)
        .options([
            ("statement_timeout", "5000"),
            ("idle_in_transaction_session_timeout", "5000"),
            ("default_transaction_isolation", "read committed"),
        ])
        .disable_statement_logging();
    let half = (max_connections / 2).max(1);
    let pool = |options: PgConnectOptions| {
        PgPoolOptions::new()
            .max_connections(half)
            .acquire_timeout(ACQUIRE)
            .test_before_acquire(false)
            // A connection that was just in use is not asked whether it lives: that is a round trip for every call.
            .before_acquire(|conn, meta| {
                Box::pin(async move {
                    Ok(meta.idle_for < IDLE_TRUSTED
                        || timeout(STANDS_STILL, conn.ping()).await.is_ok_and(|answer| answer.is_ok()))
                })
            })
            // What was under way when its caller gave up has to end before the connection is used again. The driver waits for that
            // without a limit, and as long as it waits the place in the pool is taken.
            .after_release(|conn, _| {
                Box::pin(async move {
                    let rested = timeout(STANDS_STILL, conn.flush()).await;
                    rested.unwrap_or_else(|_elapsed| Err(io::Error::from(io::ErrorKind::TimedOut).into()))?;
                    Ok(true)
                })
            })
            .connect_lazy_with(options)
    };
    let read = options.clone().options([("default_transaction_read_only", "on")]);
    let write = SqlxPostgresConnector::from_sqlx_postgres_pool(pool(options));
    write.execute_unprepared("select 1").await?;
    Ok(Opened {
        write,
        read: SqlxPostgresConnector::from_sqlx_postgres_pool(pool(read)),
        engine: Engine::Postgres,
        claim: Claim::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_for_postgres() {
        assert_eq!(Engine::Postgres.numbered("a = ? and b > ?"), "a = $1 and b > $2");
        assert_eq!(Engine::Sqlite.numbered("a = ?"), "a = ?");
    }

    #[test]
    fn other_databases_are_refused() {
        assert!(Target::parse("mysql://x").is_err());
        assert!(Target::parse("sqlite:").is_err());
        assert!(matches!(Target::parse("sqlite:a/b.db"), Ok(Target::Sqlite(p)) if p == Path::new("a/b.db")));
    }
}
