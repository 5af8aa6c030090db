//! One server, killed again and again under load, while the subscribers' connections break at random.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use rapport_tests::actors::Actor;
use rapport_tests::cut::Relay;
use rapport_tests::wait::soon;
use rapport_tests::world::{Wishes, World};

use super::history::{Collector, History};
use super::{seed, setting};

on_both![
    five_thousand_messages_survive_ten_kills_and_two_hundred_cuts with Wishes::default().loud(),
];

const CHATS: usize = 4;
const SENDERS: usize = 2 * CHATS;
const CUTS: usize = 200;

/// What happens when so many messages are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Blow {
    Cut(usize),
    Kill,
}

async fn five_thousand_messages_survive_ten_kills_and_two_hundred_cuts(world: &World) {
    let mut chance = ChaCha20Rng::seed_from_u64(seed());
    let messages = usize::try_from(setting("RAPPORT_TEST_MESSAGES", 5_000)).unwrap();
    let history = Arc::new(History::default());

    // Every subscriber on a connection of its own that can be cut; every sender on one that breaks only with the server.
    let (mut relays, mut collectors, mut senders, mut chats) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..CHATS {
        let visitor = world.visitor().await;
        let agent = world.agent(&format!("Agent {number}")).await;
        let (one, two) = (Relay::to(world.core().grpc()).await, Relay::to(world.core().grpc()).await);
        let listening = visitor.through(&one.endpoint()).await;
        collectors.push(Collector::start(&format!("visitor {number}"), &listening).await);
        let listening = agent.through(&two.endpoint());
        collectors.push(Collector::start(&format!("agent {number}"), &listening).await);
        relays.extend([one, two]);
        senders.push((number, (*visitor).clone()));
        senders.push((number, (*agent).clone()));
        chats.push(visitor);
    }
    let relay = Relay::to(world.core().grpc()).await;
    collectors.push(Collector::start("owner", &world.owner.through(&relay.endpoint())).await);
    relays.push(relay);
    let mut started = Vec::new();
    for visitor in &chats {
        started.push(visitor.start_chat("the first word").await.chat_id);
    }

    let mut blows: Vec<(usize, Blow)> = Vec::new();
    for _ in 0..CUTS {
        blows.push((chance.random_range(1..messages), Blow::Cut(chance.random_range(0..relays.len()))));
    }
    for _ in 0..setting("RAPPORT_TEST_FAULT_KILLS", 10) {
        blows.push((chance.random_range(1..messages), Blow::Kill));
    }
    blows.sort_unstable();
    let striking = async {
        for (at, blow) in blows {
            history.reached(at).await;
            match blow {
                Blow::Cut(relay) => relays[relay].cut(),
                Blow::Kill => world.core().restart().await,
            }
        }
    };
    let sending = join_all(senders.into_iter().enumerate().map(|(number, (chat, actor))| {
        let (history, chat) = (Arc::clone(&history), started[chat].clone());
        let share = messages / SENDERS + usize::from(number < messages % SENDERS);
        async move { send(&history, &actor, &chat, number, share).await }
    }));
    // Longer where more is sent.
    let passes = Duration::from_mins(8) * u32::try_from(messages.div_ceil(5_000)).unwrap();
    soon("the storm passes", passes, async { tokio::join!(striking, sending) }).await;
    assert_eq!(history.len(), messages);
    history.check(&world.owner, &started, &collectors).await;
}

async fn send(history: &History, actor: &Actor, chat: &str, sender: usize, share: usize) {
    for number in 0..share {
        history.settle(&[actor], chat, &format!("sender {sender}, message {number}")).await;
    }
}
