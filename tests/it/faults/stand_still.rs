//! A reader that stands still: it is cut off in time, its neighbours hear and its colleagues send as fast as before, and it catches up.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rapport_tests::wait::PATIENCE;
use rapport_tests::world::{Wishes, World};
use tokio::time::{MissedTickBehavior, interval};

use super::draft::{Draft, Ledger};
use super::entry::Entry;
use super::tab::{Tab, browser, edges};

on_shapes! {
    neighbours_of_a_reader_that_stands_still_notice_nothing,
    Wishes::default().loud().env("RAPPORT_LIMITS__SLOW_READER_MS", "1000"), [sqlite Sqlite, postgres Postgres]
}

/// As the setting above.
const SLOW_READER: Duration = Duration::from_secs(1);
/// How often it stands still.
const ROUNDS: usize = 5;
/// How many messages are sent before it does, and when it is back.
const BEFORE: usize = 100;
/// How often a message is sent.
const PACE: Duration = Duration::from_millis(20);
/// How many characters of four bytes each has.
const LENGTH: usize = 8_000;
/// More than the mailbox and the kernel hold for one reader together.
const HELD: usize = 8 << 20;
/// What the machine may take besides.
const SPARE: Duration = Duration::from_secs(1);
/// How much slower the slowest hundredth may be: what is told apart here is milliseconds from the seconds of a reader that is waited for.
const RATIO: f64 = 3.0;

async fn neighbours_of_a_reader_that_stands_still_notice_nothing(world: &World) {
    let ledger = Arc::new(Ledger::default());
    let edges = edges(world);
    let browser = browser();
    let admin = world.edges().first().map_or_else(|| world.core().admin(), rapport_tests::edge::Edge::admin);
    let (ada, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("the first word").await.chat_id;
    let open = |name: &str, token: &str, buffer| Tab::open(name, &edges, token, buffer, &ledger);
    let neighbour = open("owner", &world.owner.sign_in().await.access_token, None);
    let begun = neighbour.begun(PATIENCE).await;
    let sender = open("visitor", &visitor.visit().await.access_token, None);
    sender.begun(PATIENCE).await;
    let slow = open("agent", &ada.sign_in().await.access_token, Some(4096));
    assert_eq!(slow.begun(PATIENCE).await, begun, "nothing has happened meanwhile");

    let (mut calm, mut still) = (Vec::new(), Vec::new());
    let mut sent = 0;
    for round in 0..=ROUNDS {
        let from = sent;
        speak(&sender, &chat, &mut sent, |said| std::future::ready(said == BEFORE)).await;
        neighbour.heard(sent, PATIENCE).await;
        slow.heard(sent, PATIENCE).await;
        calm.push(slowest(&ledger, &neighbour, from, sent).await);
        if round == ROUNDS {
            break;
        }
        slow.stand_still(true);
        let (from, mut full) = (sent, None);
        let mut deadline = Duration::MAX;
        speak(&sender, &chat, &mut sent, |said| {
            if said * 4 * LENGTH > HELD {
                deadline = full.get_or_insert_with(Instant::now).elapsed();
            }
            assert!(deadline == Duration::MAX || deadline < SLOW_READER + SPARE, "it still is not cut off");
            let (asks, browser) = (said % 5 == 0, &browser);
            async move { asks && cut_off(browser, admin).await > round }
        })
        .await;
        // Soon: who never reads does not hear why either.
        slow.stand_still(false);
        neighbour.heard(sent, PATIENCE).await;
        still.push(slowest(&ledger, &neighbour, from, sent).await);
        slow.heard(sent, PATIENCE).await;
        assert_eq!(slow.ends(), [(4409, round + 1)].into(), "it is told why, and nothing else ends it");
        assert_eq!(neighbour.sessions() + sender.sessions(), 2, "the others are not touched");
    }
    eprintln!(
        "p99 of hearing and of sending, before each time and after the last: {calm:?}; meanwhile: {still:?}"
    );
    for (what, pick) in [("neighbours hear", 0), ("others send", 1)] {
        // Beside the times before and after it, so that what else the machine does is in both.
        let ratio = |(during, around): (&[Duration; 2], &[[Duration; 2]])| {
            2.0 * during[pick].as_secs_f64() / (around[0][pick] + around[1][pick]).as_secs_f64()
        };
        let mut ratios: Vec<_> = still.iter().zip(calm.windows(2)).map(ratio).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let median = ratios[ROUNDS / 2];
        assert!(median <= RATIO, "{what} {median:.1} times as slowly: {ratios:?}");
    }

    let log: Vec<_> = world.owner.log(&begun).await.unwrap().into_iter().map(Entry::from).collect();
    assert_eq!(log.len(), sent);
    for tab in [&neighbour, &slow] {
        let heard: Vec<_> = tab.entries().into_iter().map(|(entry, _)| entry).collect();
        assert!(heard == log, "{} heard {} of {} events, or others", tab.name, heard.len(), log.len());
    }
}

/// Sends at a steady pace until enough is said.
async fn speak<F>(sender: &Tab, chat: &str, sent: &mut usize, mut enough: impl FnMut(usize) -> F)
where
    F: Future<Output = bool>,
{
    let text = "\u{1f600}".repeat(LENGTH);
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for said in 0.. {
        if enough(said).await {
            return;
        }
        pace.tick().await;
        sender.send(Draft::new(chat, text.clone(), false));
        *sent += 1;
    }
}

/// The 99th percentile of the time until a neighbour heard a message, and until its sender knew that it is stored.
async fn slowest(ledger: &Ledger, neighbour: &Tab, from: usize, to: usize) -> [Duration; 2] {
    ledger.reached(to, PATIENCE).await;
    let settled = ledger.settled();
    let heard: HashMap<_, _> =
        neighbour.entries().into_iter().filter_map(|(entry, at)| Some((entry.message?.id, at))).collect();
    let these = &settled[from..to];
    let hearing = these.iter().map(|settled| heard[&settled.id] - settled.draft.asked());
    let sending = these.iter().map(|settled| settled.took);
    [p99(hearing.collect()), p99(sending.collect())]
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[(times.len() * 99).div_ceil(100) - 1]
}

/// How many slow readers the edge has cut off.
async fn cut_off(browser: &reqwest::Client, admin: SocketAddr) -> usize {
    let answer = browser.get(format!("http://{admin}/metrics")).send().await.unwrap();
    let metrics = answer.text().await.unwrap();
    let closed = |line: &&str| line.starts_with("rapport_live_closed_total{") && line.contains("\"4409\"");
    let line = metrics.lines().find(closed);
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}
