//! Two cores on one database, one of them killed every half a minute, under chats that both write to.

use std::time::Duration;

use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use rapport_tests::wait::soon;
use rapport_tests::world::{Shape, Wishes, World};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::history::{Collector, History};
use super::{seed, setting};

const CHATS: usize = 32;
const VISITORS: usize = 8;
const AGENTS: usize = 4;
/// How often each chat gets a message.
const PACE: Duration = Duration::from_millis(250);
/// How often a core is killed.
const KILLS: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_cores_on_one_database_lose_and_repeat_nothing_while_they_are_killed_in_turn() {
    let world = World::with(Shape::TwoCores, Wishes::default().loud()).await;
    let lasts = Duration::from_secs(setting("RAPPORT_TEST_FAULT_SECONDS", 180));
    let mut chance = ChaCha20Rng::seed_from_u64(seed());
    let history = History::default();
    let endpoints: Vec<_> = world.cores().iter().map(rapport_tests::core::Core::endpoint).collect();

    // Everybody has a door to either core; each subscription stays with one, and both cores have some.
    let (mut visitors, mut agents, mut collectors) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..VISITORS {
        let visitor = world.visitor().await;
        let doors = [visitor.through(&endpoints[0]).await, visitor.through(&endpoints[1]).await];
        collectors.push(Collector::start(&format!("visitor {number}"), &doors[number % 2]).await);
        visitors.push(doors);
    }
    for number in 0..AGENTS {
        let agent = world.agent(&format!("Agent {number}")).await;
        let doors = [agent.through(&endpoints[0]), agent.through(&endpoints[1])];
        collectors.push(Collector::start(&format!("agent {number}"), &doors[number % 2]).await);
        agents.push(doors);
    }
    for (number, endpoint) in endpoints.iter().enumerate() {
        let owner = world.owner.through(endpoint);
        collectors.push(Collector::start(&format!("owner on core {number}"), &owner).await);
    }
    let mut chats = Vec::new();
    for number in 0..CHATS {
        chats.push(visitors[number % VISITORS][number % 2].start_chat("the first word").await.chat_id);
    }

    let end = Instant::now() + lasts;
    let sending = join_all(chats.iter().enumerate().map(|(number, chat)| {
        let (visitor, agent) = (&visitors[number % VISITORS], &agents[number % AGENTS]);
        let history = &history;
        async move {
            let mut pace = interval(PACE);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut sent = 0;
            while Instant::now() < end {
                pace.tick().await;
                // Both sides and both doors take turns.
                let door = (sent / 2) % 2;
                let doors = if sent % 2 == 0 {
                    [&*visitor[door], &*visitor[1 - door]]
                } else {
                    [&*agent[door], &*agent[1 - door]]
                };
                history.settle(&doors, chat, &format!("message {sent}")).await;
                sent += 1;
            }
        }
    }));
    let killing = async {
        let mut kills = 0;
        let mut next = Instant::now() + KILLS / 2;
        // Waiting for the moment is the load here, not a way to be on the safe side.
        while next < end {
            let _ = timeout_at(next, std::future::pending::<()>()).await;
            world.cores()[chance.random_range(0..2)].restart().await;
            kills += 1;
            next += KILLS.mul_f64(chance.random_range(0.8..1.2));
        }
        kills
    };
    let both = async { tokio::join!(sending, killing) };
    let (_, kills) = soon("the time is over", lasts + Duration::from_mins(2), both).await;
    eprintln!("{} messages, {kills} kills", history.len());
    assert!(
        history.len() > CHATS * usize::try_from(lasts.as_secs()).unwrap(),
        "the load was real: {}",
        history.len()
    );
    history.check(&world.owner, &chats, &collectors).await;
}
