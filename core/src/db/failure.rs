//! What a database error means to us. The drivers say it in codes; nothing else in core reads those. And how long silence may last
//! until it is one: a connection whose other end stands still, or is gone without a word, reports nothing by itself.

use std::{future::Future, io, time::Duration};

use sea_orm::{DbErr, RuntimeErr, sqlx};

/// How long a database may take to answer: longer than the time limits it keeps itself, which end what is only slow.
const SILENCE: Duration = Duration::from_secs(7);

/// What comes of it, or that nobody answers. Work that is given up leaves its connection in an unknown state; it is closed where it
/// does not come to rest by itself (`connect.rs`).
pub(super) async fn answered<T>(work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    within(SILENCE, work).await
}

async fn within<T>(span: Duration, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    tokio::time::timeout(span, work).await.unwrap_or_else(|_elapsed| {
        let silent = io::Error::new(io::ErrorKind::TimedOut, "the database does not answer");
        Err(DbErr::Conn(RuntimeErr::SqlxError(sqlx::Error::Io(silent).into())))
    })
}

/// What a database error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Gone, going, too slow or without a free connection: it heals by itself.
    Unavailable,
    /// No room on its disk.
    Full,
    /// Lost against another transaction; the same work may be done again at once.
    Contended,
    /// A unique key is taken.
    Duplicate,
    /// A page of a SQLite file is not what was written there: it does not heal.
    Damaged,
    /// Anything else: a fault of ours.
    Other,
}

/// Sorts a database error.
#[must_use]
pub fn classify(error: &DbErr) -> Failure {
    match error {
        DbErr::ConnectionAcquire(_) => Failure::Unavailable,
        _ => driver(error).map_or(Failure::Other, classify_sqlx),
    }
}

/// Whether a lock was waited for as long as the transaction allows (`lock_timeout`).
#[must_use]
pub fn is_held_by_others(error: &DbErr) -> bool {
    let error = driver(error).and_then(sqlx::Error::as_database_error);
    error.is_some_and(|error| error.code().as_deref() == Some("55P03"))
}

fn driver(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => Some(e),
        _ => None,
    }
}

fn classify_sqlx(error: &sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Failure::Unavailable,
        sqlx::Error::Database(e) => {
            if e.is_unique_violation() {
                return Failure::Duplicate;
            }
            classify_code(e.code().as_deref().unwrap_or_default())
        }
        _ => Failure::Other,
    }
}

/// SQLSTATE of PostgreSQL (five characters) or an extended result code of SQLite (a number).
fn classify_code(code: &str) -> Failure {
    if code.len() == 5 {
        return match code {
            "53100" => Failure::Full,
            "40001" | "40P01" => Failure::Contended,
            // statement_timeout, lock_timeout, idle in transaction, too many connections, out of memory
            "57014" | "55P03" | "25P03" | "53300" | "53200"
            // the database takes no connections or is not there now; only reads are taken: another server took over
            | "55000" | "3D000" | "25006" => Failure::Unavailable,
            // connection exceptions; shutdown, crash and "starting up"
            _ if code.starts_with("08") || code.starts_with("57P") => Failure::Unavailable,
            _ => Failure::Other,
        };
    }
    let extended: u32 = code.parse().unwrap_or(0);
    match (extended & 0xff, extended) {
        // SQLITE_FULL; SQLITE_IOERR_SHMSIZE and SQLITE_IOERR_WRITE also come from a full disk
        (13, _) | (_, 4874 | 778) => Failure::Full,
        // SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY; SQLITE_BUSY and SQLITE_LOCKED: this core is the only writer, so another
        // program holds the file, and for longer than the driver waited
        (10 | 14 | 8 | 5 | 6, _) => Failure::Unavailable,
        // SQLITE_CORRUPT, SQLITE_NOTADB
        (11 | 26, _) => Failure::Damaged,
        _ => Failure::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn silence_is_an_outage_and_an_answer_in_time_is_none() {
        let silent = within(Duration::from_millis(5), std::future::pending::<Result<(), DbErr>>()).await;
        assert_eq!(classify(&silent.unwrap_err()), Failure::Unavailable);
        assert_eq!(answered(std::future::ready(Ok(1))).await.unwrap(), 1);
    }

    #[test]
    fn codes_of_both_engines_are_sorted() {
        assert_eq!(classify_code("53100"), Failure::Full);
        assert_eq!(classify_code("57P01"), Failure::Unavailable);
        assert_eq!(classify_code("08006"), Failure::Unavailable);
        for gone in ["55000", "3D000", "25006"] {
            assert_eq!(classify_code(gone), Failure::Unavailable);
        }
        assert_eq!(classify_code("40P01"), Failure::Contended);
        assert_eq!(classify_code("22001"), Failure::Other);
        assert_eq!(classify_code("13"), Failure::Full);
        assert_eq!(classify_code("778"), Failure::Full);
        assert_eq!(classify_code("517"), Failure::Unavailable);
        assert_eq!(classify_code("1034"), Failure::Unavailable);
        assert_eq!(classify_code("779"), Failure::Damaged);
        assert_eq!(classify_code("26"), Failure::Damaged);
        assert_eq!(classify_code("1"), Failure::Other);
    }
}
