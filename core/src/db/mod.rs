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
pub mod failure;
pub mod hot;
pub mod installation;
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
pub use writer::Unit;

use crate::{clock::Clock, error::Result, events::feed::Feeds, revocations::Revocations};

/// The way to the data.
pub struct Db {
    read: DatabaseConnection,
    writer: writer::Writer,
    engine: Engine,
    claim: connect::Claim,
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
        Self {
            writer: writer::Writer::new(opened.write, opened.engine, clock, outlet),
            read: opened.read,
            engine: opened.engine,
            claim: opened.claim,
        }
    }

    /// Reads within a tenant, as of now.
    #[must_use]
    pub fn read(&self, scope: &TenantScope) -> TenantRead<'_> {
        TenantRead::pool(&self.read, scope)
    }

    /// Runs a unit of work and returns its result once it is committed. The unit is not stopped when the caller goes away.
    pub async fn write<U: Unit>(&self, scope: &TenantScope, unit: U) -> Result<U::Out> {
        self.writer.run(scope, unit).await
    }

    /// Adds a message to a chat in the hot lane and returns it once it is committed.
    pub async fn append(&self, append: hot::Append) -> Result<hot::Stored> {
        self.writer.append(append).await
    }

    /// Looks across tenants. The reason is for the reader; a test lists every place that gives one.
    #[must_use]
    pub fn across_tenants(&self, reason: &'static str) -> AcrossTenants<'_> {
        AcrossTenants::new(&self.read, self.engine, reason)
    }

    /// Takes no more work, finishes what is queued, closes the connections.
    pub async fn close(&self) {
        self.writer.close().await;
        let _ = self.read.close_by_ref().await;
        self.claim.release();
    }
}
