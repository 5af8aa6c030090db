//! Databases on the `PostgreSQL` server that `tests/bench/run` names, and what is done to them without core.

use std::str::FromStr as _;

use rapport_core::{db::Target, migrate};
use sea_orm::sqlx::{
    self, AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _,
    postgres::PgConnectOptions,
};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::sqlite::{LAST_EVENT, Template};
use crate::{
    Fallible,
    machine::{self, Watched},
    world::{CHATS, CONNECTIONS},
};

/// Names the administrator's URL.
pub(crate) const ADMIN_URL: &str = "RAPPORT_TEST_POSTGRES";
/// The workspace of a database that was filled by SQL; its chats and visitors are numbered likewise, see `sql/`.
const TENANT: u128 = 0x7000_9000_0000_0000_0001;
const CHAT: u128 = 0x7000_8000_0000_0000_0000;
const VISITOR: u128 = 0x7000_a000_0000_0000_0000;

/// A database of its own, whose owner is no administrator; dropped with this value.
#[derive(Debug)]
pub(crate) struct Database {
    runtime: Handle,
    admin: String,
    name: String,
    url: String,
}

impl Database {
    /// Makes an empty one.
    pub(crate) fn create(runtime: &Handle) -> Fallible<Self> {
        let admin = std::env::var(ADMIN_URL)
            .map_err(|_| format!("{ADMIN_URL} names no PostgreSQL: run tests/bench/run"))?;
        let name = format!("bench_{:016x}", rand::random::<u64>());
        let password = format!("{:032x}", rand::random::<u128>());
        let url =
            url(&admin, &name, &password).ok_or_else(|| format!("{ADMIN_URL} is no URL of a database"))?;
        let database = Self { runtime: runtime.clone(), admin, name, url };
        let name = &database.name;
        database.as_admin(&[
            &format!("create role {name} login password '{password}'"),
            &format!("create database {name} owner {name}"),
        ])?;
        Ok(database)
    }

    /// What a core or pgbench is given.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What a core is given.
    pub(crate) fn target(&self) -> Fallible<Target> {
        Ok(Target::parse(&self.url)?)
    }

    /// A connection of its owner.
    pub(crate) async fn connect(&self) -> Fallible<PgConnection> {
        Ok(PgConnectOptions::from_str(&self.url)?.disable_statement_logging().connect().await?)
    }

    /// Runs statements as its owner.
    pub(crate) fn execute(&self, sql: &str) -> Fallible {
        self.runtime.block_on(async {
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connect().await?).await?;
            Ok(())
        })
    }

    /// The first row of a query, read by `read`.
    pub(crate) fn one<T>(
        &self,
        sql: &'static str,
        read: impl FnOnce(&sqlx::postgres::PgRow) -> Result<T, sqlx::Error>,
    ) -> Fallible<T> {
        let row = self.runtime.block_on(async {
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(
                sqlx::query(sql).fetch_one(&mut self.connect().await?).await?,
            )
        })?;
        Ok(read(&row)?)
    }

    /// The last event, which should be of a message.
    pub(crate) fn last_event(&self) -> Fallible<Template> {
        self.one(LAST_EVENT, |row| {
            Ok(Template { kind: row.try_get(0)?, audience: row.try_get(1)?, payload: row.try_get(2)? })
        })
    }

    /// Makes the real schema with a workspace and chats in it, and the rows that the discarded design counts in.
    pub(crate) fn fill(&self) -> Fallible {
        self.runtime.block_on(async {
            let opened = rapport_core::db::open(&self.target()?, CONNECTIONS).await?;
            migrate::run(&opened).await?;
            opened.write().close_by_ref().await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        })?;
        let id = |base: u128| {
            format!("('{}' || lpad(to_hex(i), 12, '0'))::uuid", &Uuid::from_u128(base).to_string()[..24])
        };
        let (tenant, chat, visitor) = (Uuid::from_u128(TENANT), id(CHAT), id(VISITOR));
        let last = CHATS - 1;
        self.execute(&format!(
            "insert into tenants (tenant_id, slug, name, locale, time_zone, created_at, revision)
               values ('{tenant}', 'bench', 'Bench', 'en', 'UTC', 1, 1);
             insert into customers (tenant_id, customer_id, visitor_id, name, email, created_at, revision)
               select '{tenant}', {chat}, {visitor}, 'Vera Visitor', '', 1, 1 from generate_series(0, {last}) i;
             insert into chats (tenant_id, chat_id, customer_id, visitor_id, state, page_url, close_reason, created_at, revision)
               select '{tenant}', {chat}, {chat}, {visitor}, 1, '', '', 1, 1 from generate_series(0, {last}) i;
             create table bench_heads (tenant_id uuid primary key, head bigint not null) with (fillfactor = 50);
             create table bench_seqs (tenant_id uuid, chat_id uuid, seq integer not null, primary key (tenant_id, chat_id))
               with (fillfactor = 50);
             create table bench_commits (n bigint not null);
             insert into bench_heads values ('{tenant}', 0);
             insert into bench_seqs select tenant_id, chat_id, 0 from chats;
             analyze customers, chats, bench_heads, bench_seqs"
        ))
    }

    /// The server's processes, if they run on this machine.
    pub(crate) fn watched(&self) -> Fallible<Watched> {
        self.runtime.block_on(async {
            let mut conn = self.connect().await?;
            let pid: i32 = sqlx::query("select pg_backend_pid()").fetch_one(&mut conn).await?.try_get(0)?;
            // Asked while the backend is there: its parent is the server's first process.
            let postmaster = machine::parent_of(pid.unsigned_abs()).ok();
            conn.close().await?;
            Ok(Watched { postmaster, ..Watched::default() })
        })
    }

    /// The server's version and what decides about durability.
    pub(crate) fn conditions(&self) -> Fallible<String> {
        let sql = "select current_setting('server_version'), current_setting('fsync'), \
                   current_setting('synchronous_commit'), current_setting('shared_buffers')";
        self.one(sql, |row| {
            let parts: [String; 4] = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
            let [version, fsync, synchronous, buffers] = parts;
            Ok(format!(
                "PostgreSQL {version}, fsync {fsync}, synchronous_commit {synchronous}, shared_buffers {buffers}"
            ))
        })
    }

    fn as_admin(&self, statements: &[&str]) -> Fallible {
        self.runtime.block_on(async {
            let mut conn =
                PgConnectOptions::from_str(&self.admin)?.disable_statement_logging().connect().await?;
            for statement in statements {
                sqlx::raw_sql(AssertSqlSafe((*statement).to_owned())).execute(&mut conn).await?;
            }
            conn.close().await?;
            Ok(())
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = &self.name;
        let dropped = self.as_admin(&[
            &format!("drop database if exists {name} with (force)"),
            &format!("drop role if exists {name}"),
        ]);
        if let Err(error) = dropped {
            crate::report::say(format_args!("the database {name} was left behind: {error}"));
        }
    }
}

/// The administrator's URL with another user and database.
fn url(admin: &str, name: &str, password: &str) -> Option<String> {
    let (address, options) =
        admin.split_once('?').map_or((admin, None), |(address, options)| (address, Some(options)));
    let (scheme, rest) = address.split_once("://")?;
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let (host, _) = place.split_once('/').unwrap_or((place, ""));
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    Some(format!("{scheme}://{name}:{password}@{host}/{name}{options}"))
}

/// The workspace of a database that was filled by SQL.
pub(crate) fn tenant() -> Uuid {
    Uuid::from_u128(TENANT)
}

/// Its chats, each with its visitor.
pub(crate) fn chats(count: usize) -> Vec<(Uuid, Uuid)> {
    (0..count as u128).map(|i| (Uuid::from_u128(CHAT + i), Uuid::from_u128(VISITOR + i))).collect()
}

/// An old reader: a transaction that sees the store as it was when it began, until it is dropped. What changes meanwhile
/// cannot be cleaned away, as under a report or a backup that runs for an hour.
#[derive(Debug)]
pub(crate) struct OldSnapshot {
    _conn: PgConnection,
}

impl OldSnapshot {
    /// Takes it now.
    pub(crate) async fn take(database: &Database) -> Fallible<Self> {
        let mut conn = database.connect().await?;
        sqlx::raw_sql("begin isolation level repeatable read; select count(*) from chats")
            .execute(&mut conn)
            .await?;
        Ok(Self { _conn: conn })
    }
}
