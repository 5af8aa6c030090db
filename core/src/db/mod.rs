//! The database: the one truth. This module alone holds connections.
//!
//! Slices reach data through two handles that add the tenant where a query runs: [`TenantRead`] for reading and
//! [`TenantTx`] inside a unit of work that the [`writer`] commits. Forgetting the tenant does not compile; looking across
//! tenants needs [`Db::across_tenants`] and a written reason.
//!
//! What the types allow (each refusal below is this example with one line changed):
//!
//! ```
//! use rapport_core::{db::{TenantRead, TenantScope}, events::entity, ids::TenantId};
//! use sea_orm::EntityTrait as _;
//!
//! async fn rows(read: TenantRead<'_>, scope: &TenantScope) {
//!     let _ = read.all(entity::Entity::find()).await;
//!     let _ = entity::Entity::find_by_id((scope.tenant(), 7i64));
//! }
//! ```
//!
//! A query cannot run without the handle that adds the tenant:
//!
//! ```compile_fail,E0277
//! use rapport_core::{db::{TenantRead, TenantScope}, events::entity, ids::TenantId};
//! use sea_orm::EntityTrait as _;
//!
//! async fn rows(read: TenantRead<'_>, scope: &TenantScope) {
//!     let _ = entity::Entity::find().all(&read).await;
//! }
//! ```
//!
//! A row is not found by half a key:
//!
//! ```compile_fail,E0277
//! use rapport_core::{db::{TenantRead, TenantScope}, events::entity, ids::TenantId};
//! use sea_orm::EntityTrait as _;
//!
//! async fn rows(read: TenantRead<'_>, scope: &TenantScope) {
//!     let _ = entity::Entity::find_by_id(7i64);
//! }
//! ```
//!
//! A scope cannot be made up:
//!
//! ```compile_fail,E0624
//! use rapport_core::{db::{TenantRead, TenantScope}, events::entity, ids::TenantId};
//!
//! fn forge(tenant: TenantId) -> TenantScope {
//!     TenantScope::verified(tenant)
//! }
//! ```
//!
//! What belongs to no tenant is not read through a tenant's handle:
//!
//! ```compile_fail,E0277
//! use rapport_core::{db::{TenantRead, TenantScope}, revocations::entity, ids::TenantId};
//! use sea_orm::EntityTrait as _;
//!
//! async fn rows(read: TenantRead<'_>, scope: &TenantScope) {
//!     let _ = read.all(entity::Entity::find()).await;
//! }
//! ```
//!
//! Two kinds of id do not mix:
//!
//! ```compile_fail,E0308
//! use rapport_core::ids::{ChatId, MemberId};
//!
//! fn swap(chat: ChatId) -> MemberId {
//!     chat
//! }
//! ```

mod across;
mod connect;
pub mod copy;
mod damage;
pub mod failure;
pub mod hot;
pub mod installation;
#[cfg(test)]
mod plans;
mod scope;
mod tenant;
pub mod writer;

use std::sync::Arc;

pub use across::AcrossTenants;
pub use connect::{Engine, Opened, Target, open};
pub use installation::Installation;
pub use scope::{TenantOwned, TenantScope};
use sea_orm::DatabaseConnection;
pub use tenant::{TenantRead, TenantTx};
use tracing::Instrument as _;
pub use writer::Unit;

use crate::{clock::Clock, error::Result, events::feed::Feeds, revocations::Revocations};

/// The way to the data.
pub struct Db {
    read: DatabaseConnection,
    writer: writer::Writer,
    engine: Engine,
    damage: damage::Damage,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Db {
    /// Takes the opened connections into use.
    #[must_use]
    pub fn new(opened: Opened, clock: Clock, feeds: Arc<Feeds>, revocations: Arc<Revocations>) -> Self {
        let outlet = writer::Outlet { feeds, revocations };
        let damage = damage::Damage::none_yet(opened.claim);
        Self {
            writer: writer::Writer::new(
                (opened.write, opened.read.clone()),
                opened.engine,
                clock,
                outlet,
                damage.clone(),
            ),
            read: opened.read,
            engine: opened.engine,
            damage,
        }
    }

    /// Reads within a tenant, as of now.
    #[must_use]
    pub fn read(&self, scope: &TenantScope) -> TenantRead<'_> {
        TenantRead::pool(&self.read, scope, &self.damage)
    }

    /// Runs a unit of work and returns its result once it is committed. The unit is not stopped when the caller goes away.
    pub async fn write<U: Unit>(&self, scope: &TenantScope, unit: U) -> Result<U::Out> {
        self.writer.run(scope, unit).instrument(tracing::debug_span!("write")).await
    }

    /// Adds a message to a chat in the hot lane and returns it once it is committed.
    pub async fn append(&self, append: hot::Append) -> Result<hot::Stored> {
        self.writer.append(append).instrument(tracing::debug_span!("append")).await
    }

    /// Looks across tenants. The reason is for the reader; a test lists every place that gives one.
    #[must_use]
    pub fn across_tenants(&self, reason: &'static str) -> AcrossTenants<'_> {
        AcrossTenants::new(&self.read, self.engine, &self.damage, reason)
    }

    /// Whether the file turned out to be damaged, so that nothing is written to it any more.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.damage.is_known()
    }

    /// How long the oldest work has waited that the writer has not finished.
    #[must_use]
    pub fn backlog(&self) -> std::time::Duration {
        self.writer.backlog()
    }

    /// The pools of connections: which, how many connections there are, how many of them nobody uses.
    #[must_use]
    pub fn pools(&self) -> [(&'static str, u32, usize); 2] {
        let state = |conn: &DatabaseConnection| match self.engine {
            Engine::Sqlite => {
                let pool = conn.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            }
            Engine::Postgres => {
                let pool = conn.get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            }
        };
        [("read", &self.read), ("write", self.writer.conn())].map(|(name, conn)| {
            let (size, idle) = state(conn);
            (name, size, idle)
        })
    }

    /// Takes no more work, finishes what is queued, closes the connections.
    pub async fn close(&self) {
        self.writer.close().await;
        let _ = self.read.close_by_ref().await;
        self.damage.release();
    }
}
