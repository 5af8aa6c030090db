//! Who of the staff is there, how they want to be shown, and how much they have to do.
//!
//! The truth lies in the database, so that every core says the same and no restart signs anybody off. A member is connected by way of
//! a process: this core, for its own streams, or an edge, for its sockets. Each such process has a lease ([`leases`]) that is renewed
//! every five seconds; a row for each of its members is written when the first connection opens and when the last one closes
//! ([`keep`]). A row counts while its lease does, so who was connected to a process that died is gone with its lease, unless connected
//! elsewhere. The [`board`] asks once a second how that looks to those who watch.
//!
//! An edge's connections are kept by the core it last reported to: the holder of its lease. What another core still had to write for
//! it is dropped there, because the edge reports everybody anew.

mod board;
mod convert;
mod entity;
mod get_workload;
mod is_anybody_ready;
mod keep;
mod leases;
mod list_online_agents;
mod service;
mod set_status;
#[cfg(test)]
mod tests;
mod watch_presence;
mod workload;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub(crate) use is_anybody_ready::is_anybody_ready;
pub(crate) use keep::{Kept, keep_edge};
pub use service::service;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;

/// What presence keeps in memory.
#[derive(Debug)]
pub struct Presence {
    board: Arc<board::Board>,
    leases: Arc<leases::Leases>,
    /// How long a member whose last connection closed is shown as before.
    grace: Duration,
    started: AtomicBool,
    /// Set when the leases of before this core's start have been looked at.
    settled: CancellationToken,
    /// This core as a process that members are connected to.
    own: Uuid,
}

impl Presence {
    /// Presence at rest; `own` is the id of this process.
    #[must_use]
    pub fn new(grace: Duration, own: Uuid) -> Self {
        Self {
            board: Arc::default(),
            leases: Arc::default(),
            grace,
            started: AtomicBool::new(false),
            settled: CancellationToken::new(),
            own,
        }
    }
}

/// Begins to keep leases and connections and to tell watchers: when the core serves, not where it is only opened. Once, however
/// often it is asked.
pub fn start(app: &Arc<App>) {
    if app.presence.started.swap(true, Ordering::Relaxed) {
        return;
    }
    app.tasks.spawn(leases::run(Arc::clone(app)));
    app.tasks.spawn(board::run(Arc::clone(app)));
    let roster = Arc::clone(&app.streams.roster);
    app.tasks.spawn(keep::run(Arc::clone(app), app.presence.own, roster, app.stopping.clone()));
}
