//! The bus over Redis: a channel for each tenant of a store's epoch. A core publishes what it commits, many messages with one flush, and
//! subscribes to the tenants somebody listens to here. Redis may go, stall, forget or lie at any time: a call never notices.

use std::{collections::HashSet, fmt::Write as _, sync::Arc, time::Duration};

use rapport_host::redis::{
    Redis, Target,
    fred::{
        error::Error as RedisError,
        interfaces::{EventInterface as _, PubsubInterface as _},
        types::Message,
    },
};
use serde_json::json;
use tokio::sync::{Notify, broadcast::error::RecvError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{
    Bus, Memory,
    envelope::{Envelopes, Heard},
    outbox::{Outbox, Word, dropped},
};
use crate::{
    clock::Clock,
    events::feed::{Ephemeral, Feeds},
    ids::TenantId,
    seal::Sealer,
};

/// How many messages go out with one flush.
const BATCH: usize = 128;
/// How long Redis may take to accept them.
const ACCEPTED: Duration = Duration::from_millis(500);
/// How long it may take to subscribe.
const SUBSCRIBED: Duration = Duration::from_secs(2);
/// The shortest time between two looks at who is listened to.
const PACE: Duration = Duration::from_millis(10);
/// How long until a subscription that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What a core is on the bus.
#[derive(Debug)]
pub struct Identity {
    /// Seals what is said.
    pub sealer: Arc<Sealer>,
    /// Tells how old it is.
    pub clock: Clock,
    /// The epoch of the store: cores of one store hear each other, and nobody else.
    pub epoch: Uuid,
    /// This core.
    pub core: Uuid,
}

/// A core's place on the bus.
#[derive(Debug)]
pub struct RedisBus {
    local: Memory,
    clock: Clock,
    outbox: Outbox,
    listened: Notify,
    publisher: Arc<Redis>,
    subscriber: Arc<Redis>,
}

impl RedisBus {
    /// Joins the feeds of this core to those of the others.
    pub fn join(
        target: &Target,
        identity: Identity,
        feeds: &Arc<Feeds>,
        stopping: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<Arc<Self>, RedisError> {
        let local = Memory::default();
        local.join(feeds);
        let bus = Arc::new(Self {
            local,
            clock: identity.clock.clone(),
            outbox: Outbox::default(),
            listened: Notify::new(),
            publisher: Redis::connect(target, "publisher", stopping.clone(), tasks)?,
            subscriber: Redis::connect(target, "subscriber", stopping.clone(), tasks)?,
        });
        let channels = Channels::of(identity.epoch);
        let Identity { sealer, clock, epoch, core } = identity;
        let envelopes = Arc::new(Envelopes::new(sealer, clock, epoch, core));
        let (saying, hearing) = (Arc::clone(&bus), Arc::clone(&bus));
        let (names, seals, stop) = (channels.clone(), Arc::clone(&envelopes), stopping.clone());
        tasks.spawn(async move { stop.run_until_cancelled(saying.say(&names, &seals)).await });
        let ear = Ear { feeds: Arc::clone(feeds), channels, envelopes, subscribed: HashSet::new() };
        let stop = stopping.clone();
        tasks.spawn(async move { stop.run_until_cancelled(Box::pin(ear.listen(&hearing))).await });
        Ok(bus)
    }

    /// Whether Redis answers, and what operators are told of it.
    #[must_use]
    pub fn readiness(&self) -> (bool, serde_json::Value) {
        let (publisher, subscriber) = (&self.publisher, &self.subscriber);
        let said = json!({ "publisher": publisher.said(), "subscriber": subscriber.said() });
        (publisher.is_up() && subscriber.is_up(), said)
    }

    /// Publishes what waits, for ever.
    async fn say(&self, channels: &Channels, envelopes: &Envelopes) {
        loop {
            self.outbox.wait().await;
            // Meanwhile what is oldest goes.
            self.publisher.is_back().await;
            let pipeline = self.publisher.client().pipeline();
            let mut count = 0;
            for (tenant, word, at) in self.outbox.take(BATCH) {
                let Ok(text) = envelopes.seal(tenant, word, at) else { continue };
                // This only puts it into the pipeline.
                if pipeline.publish::<(), _, _>(channels.name(tenant), text).await.is_ok() {
                    count += 1;
                }
            }
            match self.publisher.ask(ACCEPTED, pipeline.last::<i64>()).await {
                Ok(_) => metrics::counter!("rapport_bus_published_total").increment(count),
                Err(why) => {
                    tracing::debug!(%why, count, "something was not said on the bus");
                    dropped(count);
                }
            }
        }
    }
}

impl Bus for RedisBus {
    fn committed(&self, tenant: TenantId, end: i64) {
        self.outbox.end(tenant, end, self.clock.now());
    }

    fn tell(&self, tenant: TenantId, ephemeral: Arc<Ephemeral>) {
        self.local.tell(tenant, Arc::clone(&ephemeral));
        self.outbox.told(tenant, ephemeral, self.clock.now());
    }

    fn listened(&self) {
        self.listened.notify_one();
    }
}

/// The names of the channels of a store.
#[derive(Clone, Debug)]
struct Channels {
    prefix: String,
}

impl Channels {
    fn of(epoch: Uuid) -> Self {
        Self { prefix: format!("rapport:{}:", epoch.simple()) }
    }

    fn name(&self, tenant: TenantId) -> String {
        let mut name = self.prefix.clone();
        // Writing to a text cannot fail.
        let _ = write!(name, "{tenant}");
        name
    }

    fn tenant(&self, channel: &str) -> Option<TenantId> {
        channel.strip_prefix(&self.prefix)?.parse().ok()
    }
}

/// What this core hears.
struct Ear {
    feeds: Arc<Feeds>,
    channels: Channels,
    envelopes: Arc<Envelopes>,
    subscribed: HashSet<TenantId>,
}

impl Ear {
    async fn listen(mut self, bus: &RedisBus) {
        let mut messages = bus.subscriber.client().message_rx();
        let mut connected = bus.subscriber.client().reconnect_rx();
        let mut up = bus.subscriber.watch();
        let mut retry = AGAIN;
        loop {
            tokio::select! {
                heard = messages.recv() => match heard {
                    Ok(message) => self.hear(&message),
                    Err(RecvError::Lagged(count)) => {
                        metrics::counter!("rapport_bus_dropped_total", "why" => "not_heard").increment(count);
                        self.feeds.look_again(&self.subscribed);
                    }
                    Err(RecvError::Closed) => return,
                },
                // A new connection has no subscriptions.
                _ = connected.recv() => {
                    self.subscribed.clear();
                    retry = self.keep_up(bus).await;
                }
                _ = up.changed() => retry = self.keep_up(bus).await,
                () = bus.listened.notified() => {
                    retry = self.keep_up(bus).await;
                    tokio::time::sleep(PACE).await;
                }
                () = tokio::time::sleep(retry) => retry = self.keep_up(bus).await,
            }
        }
    }

    fn hear(&self, message: &Message) {
        metrics::counter!("rapport_bus_received_total").increment(1);
        let tenant = self.channels.tenant(&message.channel);
        let text = message.value.as_str();
        let (Some(tenant), Some(text)) = (tenant, text) else { return refused("malformed") };
        match self.envelopes.open(tenant, &text) {
            Heard::Word(word, under_way) => {
                metrics::histogram!("rapport_bus_lag_seconds").record(under_way);
                match word {
                    Word::End(end) => self.feeds.ends_at(tenant, end),
                    Word::Told(ephemeral) => self.feeds.hear(tenant, &ephemeral),
                }
            }
            Heard::Own => {}
            Heard::Stale => refused("stale"),
            Heard::Forged => refused("malformed"),
        }
    }

    /// Subscribes to the tenants that are listened to by now and to no others; says when to try that again.
    async fn keep_up(&mut self, bus: &RedisBus) -> Duration {
        let wanted = self.feeds.tenants();
        let names = |of: &HashSet<TenantId>, but: &HashSet<TenantId>| -> Vec<String> {
            of.difference(but).map(|tenant| self.channels.name(*tenant)).collect()
        };
        let (come, gone) = (names(&wanted, &self.subscribed), names(&self.subscribed, &wanted));
        let redis = &bus.subscriber;
        if !gone.is_empty() && redis.ask(SUBSCRIBED, redis.client().unsubscribe(gone)).await.is_ok() {
            self.subscribed.retain(|tenant| wanted.contains(tenant));
        }
        if come.is_empty() {
            return Duration::MAX;
        }
        if let Err(why) = redis.ask(SUBSCRIBED, redis.client().subscribe(come)).await {
            tracing::debug!(%why, "tenants cannot be subscribed to");
            return AGAIN;
        }
        // What was committed before nobody has told this core of; from here on somebody does.
        let new: HashSet<_> = wanted.difference(&self.subscribed).copied().collect();
        self.feeds.look_again(&new);
        self.subscribed = wanted;
        Duration::MAX
    }
}

fn refused(why: &'static str) {
    metrics::counter!("rapport_bus_refused_total", "why" => why).increment(1);
}
