//! What this core tells its subscribers: for each tenant somebody listens to, a ring of the latest events and the number of
//! the last one. A subscriber waits for the number to move and takes what it lacks from the ring, or from the log where the
//! ring no longer reaches. Nothing is pushed, so nobody waits for a slow reader and no queue grows.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, OnceLock},
    time::Duration,
};

use dashmap::DashMap;
use moka::sync::Cache;
use parking_lot::Mutex;
use rapport_proto::events::v1::Typing;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Audience, LoggedEvent, bus::Bus};
use crate::{caller::Principal, clock::Micros, ids::TenantId};

/// How many events a ring holds at most.
const RING: usize = 512;
/// How many ephemerals may wait for a subscriber; the oldest are dropped first.
const EPHEMERALS: usize = 128;

/// For how long it is remembered when an event was committed: long enough for those who come back together after a cut.
const REMEMBERED: Duration = Duration::from_secs(10);

/// How long the same ephemeral of the same sender is told once only.
const COALESCED: Duration = Duration::from_millis(250);

/// Something that is not kept.
#[derive(Clone, Debug)]
pub struct Ephemeral {
    /// Who hears it.
    pub audience: Audience,
    /// Who does not: the one who caused it, unless everybody is told.
    pub except: Option<Principal>,
    /// What it says.
    pub typing: Typing,
    /// Whether another core said it: edges, who follow every core, have it from that one.
    pub from_afar: bool,
}

/// The feeds of this core: one for each tenant that has a subscriber here.
#[derive(Debug)]
pub struct Feeds {
    feeds: DashMap<TenantId, Arc<Feed>>,
    behind: Notify,
    /// What was just told; the same again within the span is not.
    told: Cache<(String, Uuid, bool), ()>,
    /// When events were committed that readers come back to.
    moments: Cache<(TenantId, i64), Micros>,
    /// The way to the other cores, and to this one's listeners for what is not kept.
    bus: OnceLock<Arc<dyn Bus>>,
}

impl Default for Feeds {
    fn default() -> Self {
        let told = Cache::builder().max_capacity(100_000).time_to_live(COALESCED).build();
        let moments = Cache::builder().max_capacity(10_000).time_to_live(REMEMBERED).build();
        Self { feeds: DashMap::new(), behind: Notify::new(), told, moments, bus: OnceLock::new() }
    }
}

/// The latest events of one tenant.
#[derive(Debug)]
pub struct Feed {
    ring: Mutex<Ring>,
    end: watch::Sender<i64>,
    ephemerals: broadcast::Sender<Arc<Ephemeral>>,
    /// The log has lost events that this feed has told of: whoever listens begins again, with another.
    lost: CancellationToken,
}

#[derive(Debug, Default)]
struct Ring {
    /// Without a gap; the last one's number is `end`.
    events: VecDeque<Arc<LoggedEvent>>,
    /// The number of the last event known; nothing until the log was asked.
    end: Option<i64>,
    /// When that was committed, as far as it is known.
    at: Option<Micros>,
    listeners: usize,
    /// Whether another core wrote something that is not here yet, or is said to have.
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
    /// Takes a place on a bus, once.
    pub fn join(&self, bus: Arc<dyn Bus>) {
        // A second one would be a fault of the one place that builds a core; the first stays.
        let _ = self.bus.set(bus);
    }

    /// Begins to listen to a tenant.
    #[must_use]
    pub fn listen(self: &Arc<Self>, tenant: TenantId) -> Listener {
        let mut is_new = false;
        let held = self.feeds.entry(tenant).or_insert_with(|| {
            is_new = true;
            Arc::new(Feed {
                ring: Mutex::default(),
                end: watch::Sender::new(0),
                ephemerals: broadcast::Sender::new(EPHEMERALS),
                lost: CancellationToken::new(),
            })
        });
        // While the map is held: who leaves meanwhile must not take it for one without listeners.
        held.ring.lock().listeners += 1;
        let feed = Arc::clone(&held);
        drop(held);
        if let Some(bus) = self.bus.get().filter(|_| is_new) {
            bus.listened();
        }
        metrics::gauge!("rapport_event_listeners").increment(1.0);
        Listener { feeds: Arc::clone(self), tenant, feed }
    }

    /// Hands on what was just committed here, in order.
    pub(crate) fn publish(&self, tenant: TenantId, events: Vec<LoggedEvent>) {
        let end = events.last().map(|event| event.number);
        if let Some(feed) = self.feed(tenant)
            && !feed.push(events)
        {
            self.behind.notify_one();
        }
        if let (Some(bus), Some(end)) = (self.bus.get(), end) {
            bus.committed(tenant, end);
        }
    }

    /// Says something that is not kept, to whoever listens on any core.
    pub fn tell(&self, tenant: TenantId, ephemeral: Ephemeral) {
        let typing = &ephemeral.typing;
        let sender = ephemeral.except.map_or_else(Uuid::nil, Principal::id);
        let key = (typing.chat_id.clone(), sender, typing.typing);
        if !self.told.entry(key).or_insert(()).is_fresh() {
            return;
        }
        if let Some(bus) = self.bus.get() {
            bus.tell(tenant, Arc::new(ephemeral));
        }
    }

    /// Hands something that is not kept to whoever listens on this core.
    pub(super) fn hear(&self, tenant: TenantId, ephemeral: &Arc<Ephemeral>) {
        if let Some(feed) = self.feeds.get(&tenant) {
            // An error means that nobody listens.
            let _ = feed.ephemerals.send(Arc::clone(ephemeral));
        }
    }

    /// The last event of a tenant that is known here without asking the log, and when it was committed.
    pub(crate) fn last(&self, tenant: TenantId) -> Option<(i64, Micros)> {
        let feed = self.feeds.get(&tenant)?;
        let ring = feed.ring.lock();
        ring.end.zip(ring.at)
    }

    /// Takes in what the log said of its last event.
    pub(crate) fn ends_with(&self, tenant: TenantId, number: i64, at: Micros) {
        if let Some(feed) = self.feed(tenant) {
            feed.begin_at(number, Some(at));
        }
    }

    /// Whether it is known here that the event of this number was committed at this moment.
    pub(crate) fn vouch(&self, tenant: TenantId, number: i64, at: Micros) -> bool {
        self.last(tenant) == Some((number, at)) || self.moments.get(&(tenant, number)) == Some(at)
    }

    /// Forgets what was known of a log that has lost its end, as a server does that takes over from another without its last commits.
    pub(super) fn rewind(&self, tenant: TenantId) {
        self.moments.invalidate_all();
        if let Some((_, feed)) = self.feeds.remove(&tenant) {
            feed.lost.cancel();
        }
    }

    /// Takes in what the log said of an event.
    pub(crate) fn remember(&self, tenant: TenantId, number: i64, at: Micros) {
        self.moments.insert((tenant, number), at);
    }

    /// Notes that a tenant's log is said to end here. Where that is news to somebody who listens, the log is asked: whoever says it
    /// costs a look and is believed no further.
    pub(super) fn ends_at(&self, tenant: TenantId, end: i64) {
        let Some(feed) = self.feed(tenant) else { return };
        let mut ring = feed.ring.lock();
        if ring.end.is_none_or(|known| known < end) {
            ring.behind = true;
            drop(ring);
            self.behind.notify_one();
        }
    }

    /// Has the logs of these tenants asked for their ends.
    pub(super) fn look_again(&self, tenants: &HashSet<TenantId>) {
        for feed in tenants.iter().filter_map(|tenant| self.feed(*tenant)) {
            feed.ring.lock().behind = true;
        }
        self.behind.notify_one();
    }

    /// The tenants listened to here.
    pub(crate) fn tenants(&self) -> HashSet<TenantId> {
        self.feeds.iter().map(|entry| *entry.key()).collect()
    }

    /// Returns when a feed here was found to lack something another core wrote, or is said to.
    pub(crate) async fn fell_behind(&self) {
        self.behind.notified().await;
    }

    /// The tenants listened to, only those that lack something, or all. Whoever asks is about to look at their logs: what is found
    /// to be lacking from now on is lacking again.
    pub(crate) fn followed(&self, only_behind: bool) -> Vec<TenantId> {
        let followed = self.feeds.iter().filter_map(|entry| {
            let behind = std::mem::take(&mut entry.value().ring.lock().behind);
            (behind || !only_behind).then_some(*entry.key())
        });
        followed.collect()
    }

    pub(crate) fn feed(&self, tenant: TenantId) -> Option<Arc<Feed>> {
        self.feeds.get(&tenant).map(|feed| Arc::clone(&feed))
    }
}

impl Feed {
    /// Takes events in; false where some before them are missing, which then have to be read from the log.
    pub(crate) fn push(&self, events: Vec<LoggedEvent>) -> bool {
        let mut ring = self.ring.lock();
        for event in events {
            match ring.end {
                Some(end) if event.number <= end => {}
                Some(end) if event.number == end + 1 => {
                    (ring.end, ring.at) = (Some(event.number), Some(event.at));
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
        self.show(end);
        true
    }

    fn show(&self, end: i64) {
        self.end.send_if_modified(|shown| {
            *shown < end && {
                *shown = end;
                true
            }
        });
    }

    /// Says where the log ended when it was asked, for a feed that does not know yet, and when that was committed.
    pub(crate) fn begin_at(&self, end: i64, at: Option<Micros>) {
        let mut ring = self.ring.lock();
        if ring.end == Some(end) {
            ring.at = ring.at.or(at);
        }
        if ring.end.is_none() {
            (ring.end, ring.at) = (Some(end), at);
            drop(ring);
            self.show(end);
        }
    }

    /// The number of the last event known, nothing where the log was not asked yet.
    pub(crate) fn end(&self) -> Option<i64> {
        self.ring.lock().end
    }

    /// Wakes when the end moves.
    pub(crate) fn watch(&self) -> watch::Receiver<i64> {
        self.end.subscribe()
    }

    /// Cancelled when the log has lost what this feed has told of.
    pub(crate) fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    /// Hears what is not kept.
    pub(crate) fn ephemerals(&self) -> broadcast::Receiver<Arc<Ephemeral>> {
        self.ephemerals.subscribe()
    }

    /// The events after a number, at most `limit`; nothing where the ring no longer reaches back that far.
    pub(crate) fn after(&self, number: i64, limit: usize) -> Option<Vec<Arc<LoggedEvent>>> {
        let ring = self.ring.lock();
        let first = ring.events.front()?.number;
        let skip = usize::try_from(number + 1 - first).ok()?;
        Some(ring.events.iter().skip(skip).take(limit).cloned().collect())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        metrics::gauge!("rapport_event_listeners").decrement(1.0);
        // Counted under the map's lock, so that a new listener never finds a feed that is being removed. Another may be there already.
        let gone = self.feeds.feeds.remove_if(&self.tenant, |_, feed| {
            Arc::ptr_eq(feed, &self.feed) && {
                let mut ring = feed.ring.lock();
                ring.listeners -= 1;
                ring.listeners == 0
            }
        });
        if let (Some(bus), Some(_)) = (self.feeds.bus.get(), gone) {
            bus.listened();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// As many turns as show a moment between two locks in which somebody else can come.
    const TURNS: usize = 100_000;

    #[test]
    fn who_comes_while_the_last_one_goes_holds_the_feed_that_is_told() {
        let feeds = Arc::new(Feeds::default());
        let tenant = TenantId::from(Uuid::from_u128(1));
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for _ in 0..TURNS {
                        let listener = feeds.listen(tenant);
                        let told = feeds.feed(tenant);
                        assert!(told.is_some_and(|told| Arc::ptr_eq(&told, &listener.feed)));
                    }
                });
            }
        });
        assert!(feeds.tenants().is_empty());
    }
}
