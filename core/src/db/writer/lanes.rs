//! The queues of a core's lanes, by their keys: a lane begins when work comes for it, and ends when it has idled or the core stops.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dashmap::DashMap;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Queued, Work};
use crate::{
    error::{Error, Reason, Result},
    ids::TenantId,
};

/// How many callers may wait for one lane; the next is refused as overloaded.
const QUEUE: usize = 4096;

/// What a lane is found by: its tenant, or nothing where one lane has all.
pub(super) type Key = Option<TenantId>;

/// The queues.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes {
    queues: Arc<DashMap<Key, mpsc::Sender<Queued>>>,
    closing: CancellationToken,
}

impl Lanes {
    /// Puts work into the lane of this key. Where there is none, `open` begins one that takes from this queue until it ends.
    pub(super) fn enqueue(&self, key: Key, work: Work, open: impl Fn(mpsc::Receiver<Queued>)) -> Result<()> {
        let mut queued = (Instant::now(), work);
        let begin = || {
            let (sender, queue) = mpsc::channel(QUEUE);
            open(queue);
            sender
        };
        loop {
            if self.closing.is_cancelled() {
                return Err(Error::new(Reason::ShuttingDown, "this server is shutting down"));
            }
            let lane = self.queues.entry(key).or_insert_with(begin).clone();
            match lane.try_send(queued) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Full(_)) => {
                    metrics::counter!("rapport_writer_refused_total").increment(1);
                    return Err(Error::new(Reason::Overloaded, "too much is waiting to be written")
                        .retry_after(Duration::from_secs(1)));
                }
                // The lane went idle between the look-up and the send: the next turn opens a new one.
                Err(mpsc::error::TrySendError::Closed(back)) => {
                    self.queues.remove_if(&key, |_, lane| lane.is_closed());
                    queued = back;
                }
            }
        }
    }

    /// What tells the lanes to end once they have done what they were given.
    pub(super) fn closing(&self) -> &CancellationToken {
        &self.closing
    }
}
