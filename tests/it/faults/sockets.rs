//! Live sockets while edges and cores are killed and connections are cut: what each session hears is compared with what is stored and with
//! what its owner may see.
//!
//! `RAPPORT_TEST_FAULT_SECONDS` sets how long it lasts; from 120 on it is the full size, 2,000 visitors' sockets in 1,000 chats under 500
//! messages a second, for which a debug build is too slow and 1,024 open files are too few:
//! `ulimit -n 8192; cargo build --release --workspace --bins; RAPPORT_TEST_FAULT_SECONDS=120 cargo test --release -p rapport-tests faults::sockets`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use rapport_tests::client::request_id;
use rapport_tests::proto::auth::v1::StartVisitRequest;
use rapport_tests::proto::chats::v1::Message;
use rapport_tests::world::{Wishes, World};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::draft::{Draft, Ledger, send_over_rest};
use super::entry::{Entry, Told};
use super::tab::{Tab, browser, edges};
use super::{seed, setting};

on_shapes! {
    every_session_hears_all_it_may_once_in_order_and_nothing_else,
    Wishes::default().loud(), [sqlite Sqlite, two_cores TwoCores]
}

/// From how many seconds on the storm is of full size.
const FULL: u64 = 120;
/// How often somebody is killed.
const KILLS: Duration = Duration::from_secs(30);
/// How long who was killed stays away at most.
const AWAY: Duration = Duration::from_secs(2);
/// How long everything may take to begin, and to come to rest after the last fault.
const REST: Duration = Duration::from_mins(4);
/// How many requests the preparations and the checks have under way.
const BESIDE: usize = 16;

/// Somebody with tabs, and what is to be seen of the workspace from there.
struct Person {
    name: String,
    token: String,
    sees: Sees,
    writes: bool,
    tabs: Vec<Tab>,
}

enum Sees {
    /// The own chat, without notes.
    Chat(String),
    /// Every chat.
    All,
    /// The chats of no department, and of this one.
    Department(Option<String>),
}

struct Chat {
    id: String,
    department: Option<String>,
}

impl Person {
    fn may_see(&self, chat: &Chat, internal: bool) -> bool {
        match &self.sees {
            Sees::Chat(own) => *own == chat.id && !internal,
            Sees::All => true,
            Sees::Department(own) => chat.department.is_none() || chat.department == *own,
        }
    }
}

async fn every_session_hears_all_it_may_once_in_order_and_nothing_else(world: &World) {
    let seconds = setting("RAPPORT_TEST_FAULT_SECONDS", 20);
    let (count, rate) = if seconds < FULL { (300, 200) } else { (1_000, 500) };
    let lasts = Duration::from_secs(seconds);
    let seed = seed();
    let ledger = Arc::new(Ledger::default());
    let edges = edges(world);
    let browser = browser();

    let (mut staff, departments) = staff(world).await;
    let (mut visitors, chats) = visitors(world, &browser, count, &departments).await;
    for person in &mut staff {
        open_tabs(person, if person.name == "owner" { 2 } else { 1 }, &edges, &ledger);
    }
    for person in &mut visitors {
        open_tabs(person, 2, &edges, &ledger);
    }
    let all = || staff.iter().chain(&visitors).flat_map(|person| &person.tabs);
    for tab in all() {
        tab.begun(REST).await;
    }

    let tabs: Vec<_> = all().collect();
    let end = Instant::now() + lasts;
    let sending = async {
        let mut chance = ChaCha20Rng::seed_from_u64(seed);
        let mut tick = interval(Duration::from_millis(10));
        // An open loop: what is late is made up for, whatever has become of what was sent before.
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let total = usize::try_from(seconds * rate).unwrap();
        for number in 0..total {
            if number % usize::try_from(rate / 100).unwrap() == 0 {
                tick.tick().await;
            }
            let place = chance.random_range(0..chats.len());
            // Mostly the two sides by turns; every tenth word is a note.
            let internal = chance.random_ratio(1, 10);
            let writer = if internal || chance.random_ratio(1, 4) {
                let may = staff.iter().filter(|person| person.writes && person.may_see(&chats[place], true));
                let may: Vec<_> = may.collect();
                may[chance.random_range(0..may.len())]
            } else {
                &visitors[place]
            };
            let draft = Draft::new(&chats[place].id, format!("word {number}"), internal);
            if chance.random_ratio(1, 5) {
                let (edges, ledger) = (Arc::clone(&edges), Arc::clone(&ledger));
                tokio::spawn(send_over_rest(browser.clone(), edges, writer.token.clone(), draft, ledger));
            } else {
                writer.tabs[chance.random_range(0..writer.tabs.len())].send(draft);
            }
        }
        total
    };
    let (sent, cuts, kills) = tokio::join!(sending, cut(&tabs, end, seed), kill(world, end, seed));
    ledger.reached(sent, REST).await;

    let stored = stored(world, &chats).await;
    check_ledger(&ledger, &stored, sent);
    for person in staff.iter().chain(&visitors) {
        check(world, person, &chats, &stored).await;
    }
    let mut ends = BTreeMap::new();
    for (code, times) in all().flat_map(Tab::ends) {
        *ends.entry(code).or_insert(0) += times;
    }
    let sessions: usize = all().map(Tab::sessions).sum();
    let slowest = ledger.settled().into_iter().map(|settled| settled.took).max();
    eprintln!(
        "{sent} messages in {count} chats to {} sockets, {kills} kills, {cuts} cuts; {sessions} sessions, ended {ends:?}; {} sends \
         repeated, the slowest took {slowest:?}",
        tabs.len(),
        ledger.repeated(),
    );
    assert!(sessions >= tabs.len() + cuts / 2, "the cuts were real");
}

/// Owner, agents and a viewer, and the departments of some.
async fn staff(world: &World) -> (Vec<Person>, Vec<String>) {
    let (ada, ben, cleo) = (world.agent("Ada").await, world.agent("Ben").await, world.agent("Cleo").await);
    let sales = world.department("Sales", &[&ben]).await.department_id;
    let support = world.department("Support", &[&cleo]).await.department_id;
    let viewer = world.viewer("Vic").await;
    let mut all = Vec::new();
    for (name, member, sees) in [
        ("owner", &world.owner, Sees::All),
        ("viewer", &viewer, Sees::All),
        ("agent of no department", &ada, Sees::Department(None)),
        ("agent of sales", &ben, Sees::Department(Some(sales.clone()))),
        ("agent of support", &cleo, Sees::Department(Some(support.clone()))),
    ] {
        let token = member.sign_in().await.access_token;
        let writes = name != "viewer";
        all.push(Person { name: name.to_owned(), token, sees, writes, tabs: Vec::new() });
    }
    (all, vec![sales, support])
}

/// So many visitors, each with a chat; of four chats two belong to a department.
async fn visitors(
    world: &World,
    browser: &reqwest::Client,
    count: usize,
    departments: &[String],
) -> (Vec<Person>, Vec<Chat>) {
    let nobody = world.nobody();
    let made = iter(0..count).map(|number| {
        let (nobody, url) = (nobody.clone(), format!("{}/v1/chats", world.edge_url()));
        async move {
            let visit = StartVisitRequest { workspace: world.slug.clone(), ..Default::default() };
            let token = nobody.start_visit(visit).await.unwrap().access_token;
            let department = departments.get(number % 4).cloned();
            let body =
                json!({ "requestId": request_id(), "departmentId": department.as_deref().unwrap_or("") });
            let answer = browser.post(url).bearer_auth(&token).json(&body).send().await.unwrap();
            let answer: Value = answer.error_for_status().unwrap().json().await.unwrap();
            let id = answer["chat"]["chatId"].as_str().unwrap().to_owned();
            let (name, sees) = (format!("visitor {number}"), Sees::Chat(id.clone()));
            (Person { name, token, sees, writes: true, tabs: Vec::new() }, Chat { id, department })
        }
    });
    made.buffered(BESIDE).unzip().await
}

fn open_tabs(person: &mut Person, count: usize, edges: &Arc<[SocketAddr]>, ledger: &Arc<Ledger>) {
    for number in 0..count {
        let name = format!("{}, tab {number}", person.name);
        person.tabs.push(Tab::open(&name, edges, &person.token, None, ledger));
    }
}

/// Cuts a few connections every second; gives how many.
async fn cut(tabs: &[&Tab], end: Instant, seed: u64) -> usize {
    let mut chance = ChaCha20Rng::seed_from_u64(seed.wrapping_add(1));
    let mut second = interval(Duration::from_secs(1));
    let mut cuts = 0;
    loop {
        second.tick().await;
        if Instant::now() >= end {
            return cuts;
        }
        for _ in 0..chance.random_range(1..=20) {
            tabs[chance.random_range(0..tabs.len())].cut();
            cuts += 1;
        }
    }
}

/// Kills a core or an edge now and then, and brings it back after a moment; gives how often.
async fn kill(world: &World, end: Instant, seed: u64) -> usize {
    let mut chance = ChaCha20Rng::seed_from_u64(seed.wrapping_add(2));
    let lasts = end - Instant::now();
    // Two a minute, and two in any case.
    let every = KILLS.min(lasts / 2);
    let mut next = Instant::now() + every / 2;
    let first = chance.random_range(0..2);
    let mut kills = 0;
    while next < end {
        sleep_until(next).await;
        // Cores and edges by turns, so that even a short storm has both.
        let is_edge = (first + kills) % 2 == 0 && !world.edges().is_empty();
        let process = if is_edge {
            let edges = world.edges();
            &**edges.get(chance.random_range(0..edges.len())).unwrap()
        } else {
            let cores = world.cores();
            &**cores.get(chance.random_range(0..cores.len())).unwrap()
        };
        process.kill9();
        sleep(AWAY.mul_f64(chance.random_range(0.0..1.0))).await;
        process.restart().await;
        kills += 1;
        next += every.mul_f64(chance.random_range(0.8..1.2));
    }
    kills
}

/// Every message of every chat, as the owner reads it now.
async fn stored(world: &World, chats: &[Chat]) -> BTreeMap<String, Vec<Message>> {
    let read = iter(chats).map(|chat| async {
        let messages = world.owner.messages(&chat.id).await?;
        let seqs: Vec<_> = messages.iter().map(|message| message.seq).collect();
        let through = u32::try_from(messages.len()).unwrap();
        assert_eq!(seqs, (1..=through).collect::<Vec<_>>(), "numbers of {} run 1..n", chat.id);
        Ok::<_, rapport_tests::client::Error>((chat.id.clone(), messages))
    });
    read.buffer_unordered(BESIDE).try_collect().await.unwrap()
}

/// Everything that was sent is stored once, as it was answered.
fn check_ledger(ledger: &Ledger, stored: &BTreeMap<String, Vec<Message>>, sent: usize) {
    assert_eq!(stored.values().map(Vec::len).sum::<usize>(), sent, "every message is stored once");
    let settled = ledger.settled();
    assert_eq!(settled.len(), sent);
    for settled in settled {
        let place = usize::try_from(settled.seq).unwrap() - 1;
        let message = &stored[&settled.draft.chat][place];
        let (draft, id) = (&settled.draft, &settled.id);
        assert_eq!(
            (&message.message_id, &message.text, message.internal),
            (id, &draft.text, draft.internal),
            "it is stored as it was answered"
        );
    }
}

/// Each of a person's tabs has heard what the log says the person may read, and that is every message the person may see.
async fn check(world: &World, person: &Person, chats: &[Chat], stored: &BTreeMap<String, Vec<Message>>) {
    let mut visible: Vec<Told> = Vec::new();
    for chat in chats {
        for message in &stored[&chat.id] {
            if person.may_see(chat, message.internal) {
                visible.push(Told {
                    chat: chat.id.clone(),
                    seq: message.seq,
                    id: message.message_id.clone(),
                    internal: message.internal,
                });
            }
        }
    }
    visible.sort_unstable();
    let reader = world.owner.bearing(&person.token);
    let mut known: Option<(String, Vec<Entry>)> = None;
    for tab in &person.tabs {
        let begun = tab.begun(REST).await;
        let log = match known.take() {
            Some((cursor, log)) if cursor == begun => log,
            _ => reader.log(&begun).await.unwrap().into_iter().map(Entry::from).collect(),
        };
        tab.heard(log.len(), REST).await;
        let heard: Vec<_> = tab.entries().into_iter().map(|(entry, _)| entry).collect();
        let place = heard.iter().zip(&log).position(|(heard, logged)| heard != logged);
        assert!(
            heard.len() == log.len() && place.is_none(),
            "{} heard {} events, the log has {}; they part at {place:?}: {:?}",
            tab.name,
            heard.len(),
            log.len(),
            place.map(|place| (&heard[place], &log[place])),
        );
        let mut messages: Vec<_> = heard.into_iter().filter_map(|entry| entry.message).collect();
        messages.sort_unstable();
        assert!(messages == visible, "{} heard {} messages of {}", tab.name, messages.len(), visible.len());
        known = Some((begun, log));
    }
}
