//! What this core tells its subscribers: for each tenant somebody listens to, a ring of the latest events and the number of
//! the last one. A subscriber waits for the number to move and takes what it lacks from the ring, or from the log where the
//! ring no longer reaches. Nothing is pushed, so nobody waits for a slow reader and no queue grows.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use dashmap::{DashMap, Entry};
use moka::sync::Cache;
use parking_lot::Mutex;
use rapport_proto::events::v1::Typing;
use tokio::sync::{Notify, broadcast, watch};
use uuid::Uuid;

use super::{Audience, LoggedEvent};
use crate::ids::TenantId;

/// How many events a ring holds at most.
const RING: usize = 512;
/// How many ephemerals may wait for a subscriber; the oldest are dropped first.
const EPHEMERALS: usize = 128;

/// How long the same ephemeral of the same sender is told once only.
const COALESCED: Duration = Duration::from_millis(250);

/// Something that is not kept.
#[derive(Clone, Debug)]
pub struct Ephemeral {
    /// Who hears it.
    pub audience: Audience,
    /// Who does not: the one who caused it.
    pub except: Uuid,
    /// What it says.
    pub typing: Typing,
}

/// The feeds of this core: one for each tenant that has a subscriber here.
#[derive(Debug)]
pub struct Feeds {
    feeds: DashMap<TenantId, Arc<Feed>>,
    behind: Notify,
    /// What was just told; the same again within the span is not.
    told: Cache<(String, Uuid, bool), ()>,
}

impl Default for Feeds {
    fn default() -> Self {
        let told = Cache::builder().max_capacity(100_000).time_to_live(COALESCED).build();
        Self { feeds: DashMap::new(), behind: Notify::new(), told }
    }
}

/// The latest events of one tenant.
#[derive(Debug)]
pub struct Feed {
    ring: Mutex<Ring>,
    end: watch::Sender<i64>,
    ephemerals: broadcast::Sender<Arc<Ephemeral>>,
}

#[derive(Debug, Default)]
struct Ring {
    /// Without a gap; the last one's number is `end`.
    events: VecDeque<Arc<LoggedEvent>>,
    /// The number of the last event known; nothing until the log was asked.
    end: Option<i64>,
    listeners: usize,
    /// Whether another core wrote something that is not here yet.
    behind: bool,
}

/// A subscriber's hold on a feed; the feed goes when the last one is dropped.
#[derive(Debug)]
pub struct Listener {
    feeds: Arc<Feeds>,
    tenant: TenantId,
    /// The feed held.
    pub feed: Arc<Feed>,
}

impl Feeds {
    /// Begins to listen to a tenant.
    #[must_use]
    pub fn listen(self: &Arc<Self>, tenant: TenantId) -> Listener {
        let feed = match self.feeds.entry(tenant) {
            Entry::Occupied(entry) => Arc::clone(entry.get()),
            Entry::Vacant(entry) => Arc::clone(&entry.insert(Arc::new(Feed {
                ring: Mutex::default(),
                end: watch::Sender::new(0),
                ephemerals: broadcast::Sender::new(EPHEMERALS),
            }))),
        };
        feed.ring.lock().listeners += 1;
        metrics::gauge!("rapport_event_listeners").increment(1.0);
        Listener { feeds: Arc::clone(self), tenant, feed }
    }

    /// Hands on what was just committed here, in order.
    pub(crate) fn publish(&self, tenant: TenantId, events: Vec<LoggedEvent>) {
        let Some(feed) = self.feeds.get(&tenant).map(|feed| Arc::clone(&feed)) else { return };
        if !feed.push(events) {
            self.behind.notify_one();
        }
    }

    /// Says something that is not kept, to whoever listens on this core.
    pub fn tell(&self, tenant: TenantId, ephemeral: Ephemeral) {
        let typing = &ephemeral.typing;
        let key = (typing.chat_id.clone(), ephemeral.except, typing.typing);
        if !self.told.entry(key).or_insert(()).is_fresh() {
            return;
        }
        if let Some(feed) = self.feeds.get(&tenant) {
            // An error means that nobody listens.
            let _ = feed.ephemerals.send(Arc::new(ephemeral));
        }
    }

    /// Returns when a feed here was found to lack something another core wrote.
    pub(super) async fn fell_behind(&self) {
        self.behind.notified().await;
    }

    /// The tenants listened to, with the last number known of each; only those that lack something, or all.
    pub(super) fn followed(&self, only_behind: bool) -> Vec<(TenantId, Option<i64>)> {
        let followed = self.feeds.iter().filter_map(|entry| {
            let ring = entry.value().ring.lock();
            (ring.behind || !only_behind).then_some((*entry.key(), ring.end))
        });
        followed.collect()
    }

    pub(super) fn feed(&self, tenant: TenantId) -> Option<Arc<Feed>> {
        self.feeds.get(&tenant).map(|feed| Arc::clone(&feed))
    }
}

impl Feed {
    /// Takes events in; false where some before them are missing, which then have to be read from the log.
    pub(super) fn push(&self, events: Vec<LoggedEvent>) -> bool {
        let mut ring = self.ring.lock();
        for event in events {
            match ring.end {
                Some(end) if event.number <= end => {}
                Some(end) if event.number == end + 1 => {
                    ring.end = Some(event.number);
                    if ring.events.len() == RING {
                        ring.events.pop_front();
                    }
                    ring.events.push_back(Arc::new(event));
                }
                _ => {
                    ring.behind = true;
                    drop(ring);
                    return false;
                }
            }
        }
        let end = ring.end.unwrap_or(0);
        drop(ring);
        self.end.send_if_modified(|shown| {
            *shown < end && {
                *shown = end;
                true
            }
        });
        true
    }

    /// Says where the log ended when it was asked, for a feed that does not know yet.
    pub(super) fn begin_at(&self, end: i64) {
        let mut ring = self.ring.lock();
        if ring.end.is_none() {
            ring.end = Some(end);
            drop(ring);
            self.end.send_if_modified(|shown| {
                *shown < end && {
                    *shown = end;
                    true
                }
            });
        }
    }

    /// The log was read up to what is known now.
    pub(super) fn caught_up(&self) {
        self.ring.lock().behind = false;
    }

    /// The number of the last event known, nothing where the log was not asked yet.
    pub(super) fn end(&self) -> Option<i64> {
        self.ring.lock().end
    }

    /// Wakes when the end moves.
    pub(super) fn watch(&self) -> watch::Receiver<i64> {
        self.end.subscribe()
    }

    /// Hears what is not kept.
    pub(super) fn ephemerals(&self) -> broadcast::Receiver<Arc<Ephemeral>> {
        self.ephemerals.subscribe()
    }

    /// The events after a number, at most `limit`; nothing where the ring no longer reaches back that far.
    pub(super) fn after(&self, number: i64, limit: usize) -> Option<Vec<Arc<LoggedEvent>>> {
        let ring = self.ring.lock();
        let first = ring.events.front()?.number;
        let skip = usize::try_from(number + 1 - first).ok()?;
        Some(ring.events.iter().skip(skip).take(limit).cloned().collect())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        metrics::gauge!("rapport_event_listeners").decrement(1.0);
        // Counted under the map's lock, so that a new listener never finds a feed that is being removed.
        self.feeds.feeds.remove_if(&self.tenant, |_, feed| {
            let mut ring = feed.ring.lock();
            ring.listeners -= 1;
            ring.listeners == 0
        });
    }
}
