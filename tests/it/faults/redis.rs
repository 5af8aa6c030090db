//! Redis killed, emptied, stopped, overrun and made to lie, while people write on two cores: they notice nothing but, at most, time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rapport_tests::actors::Actor;
use rapport_tests::client::Item;
use rapport_tests::core::Core;
use rapport_tests::metrics::counted;
use rapport_tests::redis::{PrivateRedis, Wire};
use rapport_tests::wait::{PATIENCE, soon, until};
use rapport_tests::world::{Shape, Wishes, World};

use super::history::{Collector, History};

const CHATS: usize = 4;
/// How often a chat gets a message.
const PACE: Duration = Duration::from_millis(40);
/// The longest a send may take on a loaded machine; whoever waited for Redis would take as long as it is stopped.
const SENT: Duration = Duration::from_secs(3);

/// Two cores, people who write on both, and everybody's ears on the other one.
struct Stage {
    redis: PrivateRedis,
    world: World,
    history: History,
    chats: Vec<String>,
    writers: Vec<[Actor; 2]>,
    /// The visitors of the chats, each at the core where it does not write.
    far: Vec<Actor>,
    ears: Vec<Collector>,
}

impl Stage {
    async fn set(poll_ms: &str) -> Self {
        let redis = PrivateRedis::start().await;
        let wishes = Wishes::default().loud().redis(&redis.url()).env("RAPPORT_EVENTS__POLL_MS", poll_ms);
        let world = World::with(Shape::ManyNodes, wishes).await;
        let doors: Vec<_> = world.cores().iter().map(Core::endpoint).collect();
        let (mut chats, mut writers, mut far, mut ears) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (number, door) in doors.iter().enumerate() {
            ears.push(
                Collector::start(&format!("the owner on core {number}"), &world.owner.through(door)).await,
            );
        }
        for number in 0..CHATS {
            let visitor = world.visitor().await.through(&doors[number % 2]).await;
            let other = Actor::clone(&*visitor.through(&doors[1 - number % 2]).await);
            ears.push(Collector::start(&format!("visitor {number}"), &other).await);
            far.push(other);
            chats.push(visitor.start_chat("the first word").await.chat_id);
            writers
                .push([Actor::clone(&visitor), Actor::clone(&world.owner.through(&doors[1 - number % 2]))]);
        }
        Self { redis, world, history: History::default(), chats, writers, far, ears }
    }

    /// Lets everybody write while something happens; says how long the slowest message took.
    async fn while_they_write(&self, happening: impl Future<Output = ()>) -> Duration {
        let is_over = AtomicBool::new(false);
        let writing = join_all(self.chats.iter().zip(&self.writers).map(|(chat, writers)| {
            let is_over = &is_over;
            async move {
                let mut slowest = Duration::ZERO;
                let mut pace = tokio::time::interval(PACE);
                let from = self.history.len();
                for turn in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    pace.tick().await;
                    let begun = Instant::now();
                    self.history.settle(&[&writers[turn % 2]], chat, &format!("{from}/{turn}")).await;
                    slowest = slowest.max(begun.elapsed());
                }
                slowest
            }
        }));
        let happening = async {
            happening.await;
            is_over.store(true, Ordering::Relaxed);
        };
        let (slowest, ()) = tokio::join!(writing, happening);
        slowest.into_iter().max().unwrap_or_default()
    }

    /// Waits until so many messages more are settled.
    async fn go_on(&self, messages: usize) {
        soon("they go on writing", PATIENCE * 2, self.history.reached(self.history.len() + messages)).await;
    }

    async fn check(&self) {
        self.history.check(&self.world.owner, &self.chats, &self.ears).await;
    }

    /// The channels somebody subscribes to.
    async fn channels(&self) -> Vec<String> {
        until("a core subscribes", PATIENCE, || async {
            let mut wire = self.redis.wire().await;
            wire.say(&["PUBSUB", "CHANNELS", "rapport:*"]).await;
            Some(wire.next().await).filter(|names| !names.is_empty())
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_emptied_and_started_again_costs_nothing_but_time() {
    let stage = Stage::set("200").await;
    let slowest = stage
        .while_they_write(async {
            stage.go_on(40).await;
            stage.redis.kill9();
            stage.go_on(80).await;
            stage.redis.restart().await;
            stage.go_on(40).await;
            let mut wire = stage.redis.wire().await;
            assert_eq!(wire.ask(&["FLUSHALL"]).await, "+OK");
            stage.go_on(40).await;
            stage.redis.restart().await;
            stage.go_on(40).await;
        })
        .await;
    assert!(slowest < SENT, "{slowest:?}");
    stage.check().await;
    // It is used again, not only done without.
    let core = stage.world.core();
    let before = counted(core.admin(), "rapport_bus_received_total").await;
    until("the cores hear each other again", PATIENCE, || async {
        stage
            .history
            .settle(&[&stage.writers[1][0]], &stage.chats[1], &rapport_tests::client::request_id())
            .await;
        (counted(core.admin(), "rapport_bus_received_total").await > before).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_redis_that_stalls() {
    let stage = Stage::set("200").await;
    let slowest = stage
        .while_they_write(async {
            stage.go_on(20).await;
            stage.redis.pause();
            stage.go_on(100).await;
            until("the cores have noticed", PATIENCE, || async {
                let mut away = 0;
                for core in stage.world.cores() {
                    away +=
                        usize::from(counted(core.admin(), "rapport_redis_up{of=\"publisher\"").await < 1.0);
                }
                (away == 2).then_some(())
            })
            .await;
            stage.go_on(100).await;
            stage.redis.resume();
            stage.go_on(40).await;
            let mut wire = stage.redis.wire().await;
            assert_eq!(wire.ask(&["CLIENT", "PAUSE", "3000"]).await, "+OK");
            stage.go_on(100).await;
        })
        .await;
    assert!(slowest < SENT, "{slowest:?}");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_that_redis_cuts_off_reads_what_it_missed() {
    // Nobody asks by himself here: what is missed while a core is cut off is found because it has to subscribe again.
    let stage = Stage::set("600000").await;
    let names = stage.channels().await;
    let cut_off = async || {
        let mut cut = 0.0;
        for core in stage.world.cores() {
            cut += counted(core.admin(), "rapport_redis_reconnects_total{of=\"subscriber\"").await;
        }
        cut
    };
    stage
        .while_they_write(async {
            let mut wire = stage.redis.wire().await;
            let tiny = "pubsub 20000 20000 1";
            assert_eq!(wire.ask(&["CONFIG", "SET", "client-output-buffer-limit", tiny]).await, "+OK");
            let noise = "x".repeat(1 << 20);
            for round in 1..=3 {
                stage.go_on(20).await;
                for name in &names {
                    wire.ask(&["PUBLISH", name, &noise]).await;
                }
                until("both are cut off and come back", PATIENCE, || async {
                    (cut_off().await >= f64::from(round * 2)).then_some(())
                })
                .await;
            }
            stage.go_on(20).await;
        })
        .await;
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_lies_shows_readers_the_log_and_nothing_else() {
    let stage = Stage::set("200").await;
    let names = stage.channels().await;
    let mut spy = stage.redis.wire().await;
    spy.say(&["PSUBSCRIBE", "rapport:*"]).await;
    let owner = stage.world.owner.through(&stage.world.cores()[0].endpoint());
    let mut ears = stage.far[0].listen().await;
    stage
        .while_they_write(async {
            let mut wire = stage.redis.wire().await;
            let mut said: Vec<(String, String)> = Vec::new();
            owner.typing(&stage.chats[0], true).await.unwrap();
            for turn in 0..300_usize {
                let message = soon("something is said", PATIENCE, spy.next()).await;
                let [.., channel, text] = &message[..] else { continue };
                said.push((channel.clone(), text.clone()));
                // Again, an old one instead, in another's name, changed, and made up.
                let old = said[turn * 7 % said.len()].clone();
                let changed = format!("{}A", &text[..text.len() - 1]);
                let elsewhere = format!("{channel}x");
                for (channel, text) in [
                    (channel, text),
                    (&old.0, &old.1),
                    (&elsewhere, text),
                    (channel, &changed),
                    (&names[0], &"999999999".to_owned()),
                    (&names[0], &"{\"number\":5,\"event\":{}}".to_owned()),
                ] {
                    lie(&mut wire, channel, text).await;
                }
            }
        })
        .await;
    stage.check().await;
    let refused = counted(stage.world.core().admin(), "rapport_bus_refused_total").await;
    assert!(refused >= 300.0, "what was made up is dropped and counted: {refused}");
    // The sign that was given was heard once, however often it was repeated.
    owner.send(&stage.chats[0], "done").await.unwrap();
    ears.message("done").await;
    let signs = ears.items().iter().filter(|item| matches!(item, Item::Ephemeral(_))).count();
    assert_eq!(signs, 1);
}

async fn lie(wire: &mut Wire, channel: &str, text: &str) {
    wire.ask(&["PUBLISH", channel, text]).await;
}
