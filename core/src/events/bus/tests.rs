//! What every engine of the bus must do, and each of them shown to. Redis's half needs `RAPPORT_TEST_REDIS`, which `tests/run` sets.

use std::{sync::Arc, time::Duration};

use rapport_host::{redis::Target, settings::Settings};
use rapport_proto::events::v1::Typing;
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{
    Memory,
    redis::{Identity, RedisBus},
};
use crate::{
    clock::Clock,
    events::{
        Audience,
        feed::{Ephemeral, Feeds, Listener},
    },
    ids::{Ids, TenantId},
    keys::MasterKey,
    seal::Sealer,
};

/// How long something may take that must happen.
const SOON: Duration = Duration::from_secs(20);
/// How long to wait for one of several tries.
const TRY: Duration = Duration::from_millis(100);

/// A bus that cores of one store, or of others, can be put on.
trait Engine {
    /// A core of the store of this epoch.
    fn core(&self, epoch: Uuid) -> Arc<Feeds>;
}

#[derive(Default)]
struct InMemory(dashmap::DashMap<Uuid, Memory>);

impl Engine for InMemory {
    fn core(&self, epoch: Uuid) -> Arc<Feeds> {
        let feeds = Arc::new(Feeds::default());
        // A store is served from one memory.
        let memory = self.0.entry(epoch).or_default().clone();
        memory.join(&feeds);
        feeds.join(Arc::new(memory));
        feeds
    }
}

struct OverRedis {
    target: Target,
    ids: Ids,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl OverRedis {
    fn new() -> Self {
        let url = std::env::var("RAPPORT_TEST_REDIS").expect("run tests/run, which starts a private Redis");
        let mut settings = Settings::of(&[("redis.url", &url)]);
        let target = Target::read(&mut settings);
        let target = settings.finish(target).unwrap().unwrap();
        let ids = Ids::system(Clock::System);
        Self { target, ids, stopping: CancellationToken::new(), tasks: TaskTracker::new() }
    }
}

impl Engine for OverRedis {
    fn core(&self, epoch: Uuid) -> Arc<Feeds> {
        let feeds = Arc::new(Feeds::default());
        let sealer = Arc::new(Sealer::new(&MasterKey::from_bytes([7; 32])));
        let identity = Identity { sealer, clock: Clock::System, epoch, core: self.ids.make() };
        let bus = RedisBus::join(&self.target, identity, &feeds, &self.stopping, &self.tasks).unwrap();
        feeds.join(bus);
        feeds
    }
}

fn sign(chat: &str) -> Ephemeral {
    let typing = Typing { chat_id: chat.to_owned(), typing: true, ..Typing::default() };
    Ephemeral { audience: Audience::everyone(), except: None, typing, from_afar: false }
}

/// Says something by the first, whose name it bears, until the second has heard of it; both have heard of it then. What somebody else
/// said may still be on its way to either.
async fn are_joined(name: &str, one: (&Feeds, &mut Ears), other: &mut Ears, tenant: TenantId) {
    for turn in 0.. {
        let chat = format!("{name} {turn}");
        one.0.tell(tenant, sign(&chat));
        while one.1.next().await != chat {}
        let heard = timeout(TRY, async { while !other.next().await.starts_with(name) {} });
        if heard.await.is_ok() {
            return;
        }
    }
}

struct Ears {
    signs: tokio::sync::broadcast::Receiver<Arc<Ephemeral>>,
    _listener: Listener,
}

impl Ears {
    fn of(feeds: &Arc<Feeds>, tenant: TenantId) -> Self {
        let listener = feeds.listen(tenant);
        Self { signs: listener.feed.ephemerals(), _listener: listener }
    }

    async fn next(&mut self) -> String {
        self.signs.recv().await.unwrap().typing.chat_id.clone()
    }

    /// The next that is one of these.
    async fn first_of(&mut self, said: &[&str]) -> String {
        loop {
            let heard = self.next().await;
            if said.contains(&heard.as_str()) {
                return heard;
            }
        }
    }
}

/// Waits until a core is told that a log here ends elsewhere than it knows.
async fn falls_behind(feeds: &Feeds) -> Vec<TenantId> {
    loop {
        timeout(SOON, feeds.fell_behind()).await.expect("it is told");
        let behind = feeds.followed(true);
        if !behind.is_empty() {
            return behind;
        }
    }
}

async fn conforms(engine: &(impl Engine + Sync)) {
    let ids = Ids::system(Clock::System);
    let (store, elsewhere) = (ids.make(), ids.make());
    let (here, there) = (engine.core(store), engine.core(store));
    let (stranger, neighbour) = (engine.core(elsewhere), engine.core(elsewhere));
    let (tenant, another): (TenantId, TenantId) = (ids.make(), ids.make());
    let mut mine = Ears::of(&here, tenant);
    let mut theirs = Ears::of(&there, tenant);
    let mut strangers = Ears::of(&stranger, tenant);
    let mut neighbours = Ears::of(&neighbour, tenant);
    let mut anothers = Ears::of(&there, another);

    // What is not kept reaches every core of the store, once and in order.
    timeout(SOON, are_joined("here", (&here, &mut mine), &mut theirs, tenant))
        .await
        .expect("they hear each other");
    timeout(SOON, are_joined("there", (&there, &mut theirs), &mut mine, tenant)).await.expect("both ways");
    let both = are_joined("neighbour", (&neighbour, &mut neighbours), &mut strangers, tenant);
    timeout(SOON, both).await.expect("so do those of another store");
    stranger.followed(true);
    let said = ["a", "b", "c"];
    for chat in said {
        here.tell(tenant, sign(chat));
    }
    for ears in [&mut mine, &mut theirs] {
        for chat in said {
            assert_eq!(timeout(SOON, ears.first_of(&said)).await.unwrap(), chat);
        }
        assert!(timeout(TRY, ears.first_of(&said)).await.is_err(), "nothing is heard twice");
    }

    // An end makes the others look, where it is news to them.
    for feeds in [&here, &there] {
        feeds.feed(tenant).unwrap().begin_at(5, None);
        feeds.followed(false);
    }
    here.publish(tenant, vec![event(6)]);
    assert_eq!(falls_behind(&there).await, [tenant]);
    assert_eq!(here.feed(tenant).unwrap().end(), Some(6));
    assert!(here.followed(true).is_empty(), "who says it knows it");
    there.feed(tenant).unwrap().push(vec![event(6)]);
    // Said again by the other, it is no news to anybody; what follows is.
    there.publish(tenant, vec![event(6)]);
    there.publish(tenant, vec![event(7)]);
    assert_eq!(falls_behind(&here).await, [tenant]);

    // Who is of another store or listens to another tenant hears nothing of all this; who does not listen costs nothing.
    assert!(anothers.signs.try_recv().is_err());
    while let Ok(heard) = strangers.signs.try_recv() {
        assert!(heard.typing.chat_id.starts_with("neighbour"), "{heard:?}");
    }
    assert!(stranger.followed(true).is_empty());
    drop(theirs);
    here.publish(tenant, vec![event(8)]);
    assert!(there.feed(tenant).is_none());
}

fn event(number: i64) -> crate::events::LoggedEvent {
    use rapport_proto::events::v1::{GrantsChanged, event::Body};
    let body = Body::GrantsChanged(GrantsChanged::default());
    crate::events::NewEvent { audience: Audience::everyone(), chat: None, body }
        .at(number, crate::clock::Micros(number))
}

#[tokio::test]
async fn memory_conforms() {
    conforms(&InMemory::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_conforms() {
    let engine = OverRedis::new();
    conforms(&engine).await;
    engine.stopping.cancel();
    engine.tasks.close();
    timeout(SOON, engine.tasks.wait()).await.expect("everything ends");
}
