//! The database: the one truth. This module alone holds connections.
//!
//! Slices reach data through two handles that add the tenant where a query runs: [`TenantRead`] for reading and
//! [`TenantTx`] inside a unit of work that the [`writer`] commits. Forgetting the tenant does not compile; looking across
//! tenants needs [`Db::across_tenants`] and a written reason.

mod across;
mod connect;
pub mod failure;
pub mod hot;
mod installation;
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
    pub async fn append(&self, append: hot::Append) -> Result<hot::MessageRow> {
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
    }
}
