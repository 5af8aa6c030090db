//! What joins cores that share a database: each says on the bus what it has committed and what is not kept, and hears the others.
//!
//! **Nothing depends on it.** The log is the truth, and [`super::follow`] asks it anyway; the bus only says when to ask sooner, and
//! carries what is not kept at all. So nobody waits for the bus, and what it loses costs time or a sign of typing.
//!
//! **Decision: it says that something was committed, not what.** A core that hears of a number it lacks reads the log, once for all that
//! was said meanwhile. *Rejected: the events themselves.* That would save the read, and a bus that repeats, holds back or invents could
//! then show readers what the log does not hold; after a restore or a failover that lost the last commits it would without ill will.
//!
//! Two engines: [`Memory`], which reaches the feeds of this process, and [`redis`], which reaches those of the others too.

mod envelope;
mod outbox;
pub mod redis;
#[cfg(test)]
mod tests;

use std::{
    fmt::Debug,
    sync::{Arc, Weak},
};

use parking_lot::RwLock;

use super::feed::{Ephemeral, Feeds};
use crate::ids::TenantId;

/// A core's place on the bus. Nothing here waits.
pub trait Bus: Debug + Send + Sync {
    /// A tenant's log ends here now.
    fn committed(&self, tenant: TenantId, end: i64);

    /// Something is said that is not kept: to whoever listens, on this core too.
    fn tell(&self, tenant: TenantId, ephemeral: Arc<Ephemeral>);

    /// Somebody began to listen to a tenant here, or nobody does any more.
    fn listened(&self);
}

/// The bus of one process.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<RwLock<Vec<Weak<Feeds>>>>);

impl Memory {
    /// One more who hears what is said.
    pub fn join(&self, feeds: &Arc<Feeds>) {
        self.0.write().push(Arc::downgrade(feeds));
    }

    fn each(&self, say: impl Fn(&Feeds)) {
        for feeds in self.0.read().iter().filter_map(Weak::upgrade) {
            say(&feeds);
        }
    }
}

impl Bus for Memory {
    fn committed(&self, tenant: TenantId, end: i64) {
        self.each(|feeds| feeds.ends_at(tenant, end));
    }

    fn tell(&self, tenant: TenantId, ephemeral: Arc<Ephemeral>) {
        self.each(|feeds| feeds.hear(tenant, &ephemeral));
    }

    fn listened(&self) {}
}
