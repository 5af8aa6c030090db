//! A store of either engine, as scenarios need it that run on both.

use std::path::{Path, PathBuf};

use rapport_core::db::Target;
use rusqlite::Connection;

use crate::{
    Bench, Fallible,
    fill::{self, Batch},
    floors::{
        postgres::{ADMIN_URL, Database},
        sqlite::{LAST_EVENT, Template},
    },
    scenarios::check,
};

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file.
    Sqlite,
    /// A database of a server.
    Postgres,
}

impl Kind {
    /// Those that are there: a server only where one is named.
    pub(crate) fn here() -> Vec<Self> {
        if std::env::var_os(ADMIN_URL).is_some() {
            vec![Self::Sqlite, Self::Postgres]
        } else {
            vec![Self::Sqlite]
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// A store; gone with this value and its folder.
#[derive(Debug)]
pub(crate) enum Store {
    /// The file.
    Sqlite(PathBuf),
    /// The database.
    Postgres(Database),
}

impl Store {
    /// An empty one; a file is made in the folder when it is opened.
    pub(crate) fn create(bench: &Bench, kind: Kind, dir: &Path) -> Fallible<Self> {
        Ok(match kind {
            Kind::Sqlite => Self::Sqlite(dir.join("rapport.db")),
            Kind::Postgres => Self::Postgres(Database::create(bench.runtime.handle())?),
        })
    }

    /// What a core is given.
    pub(crate) fn target(&self) -> Fallible<Target> {
        match self {
            Self::Sqlite(path) => Ok(Target::Sqlite(path.clone())),
            Self::Postgres(database) => database.target(),
        }
    }

    /// What a program is given that would take a file in its own folder otherwise.
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(database) => Some(database.url()),
        }
    }

    /// The last event, which should be of a message.
    pub(crate) fn last_event(&self) -> Fallible<Template> {
        match self {
            Self::Postgres(database) => database.last_event(),
            Self::Sqlite(path) => Ok(Connection::open(path)?.query_row(LAST_EVENT, [], |row| {
                Ok(Template { kind: row.get(0)?, audience: row.get(1)?, payload: row.get(2)? })
            })?),
        }
    }

    /// Adds rows; nobody may have it open.
    pub(crate) fn fill(&self, event: &Template, batches: &[Batch]) -> Fallible {
        match self {
            Self::Sqlite(path) => fill::sqlite(path, event, batches),
            Self::Postgres(database) => fill::postgres(database, event, batches),
        }
    }

    /// How many messages it holds.
    pub(crate) fn messages(&self) -> Fallible<u64> {
        let sql = "select count(*) from messages";
        let count: i64 = match self {
            Self::Sqlite(path) => Connection::open(path)?.query_row(sql, [], |row| row.get(0))?,
            Self::Postgres(database) => database.one(sql, |row| {
                use sea_orm::sqlx::Row as _;
                row.try_get(0)
            })?,
        };
        Ok(u64::try_from(count)?)
    }

    /// What is wrong with it; its core must have stopped.
    pub(crate) fn faults(&self) -> Fallible<Vec<String>> {
        match self {
            Self::Sqlite(path) => check::sqlite(path),
            Self::Postgres(database) => check::postgres(database),
        }
    }

    /// What decides about durability.
    pub(crate) fn conditions(&self) -> Fallible<String> {
        match self {
            Self::Sqlite(_) => Ok("SQLite, synchronous full".to_owned()),
            Self::Postgres(database) => database.conditions(),
        }
    }
}
