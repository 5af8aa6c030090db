//! People who go on talking while something breaks, and whether all they said and heard is right afterwards.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use rapport_tests::actors::Actor;
use rapport_tests::wait::PATIENCE;
use rapport_tests::world::World;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::draft::{Draft, Ledger, send_over_rest};
use super::entry::Entry;
use super::tab::{Tab, browser};

const CHATS: usize = 4;
/// How often somebody says something.
const PACE: Duration = Duration::from_millis(40);
/// How long everything may take to be settled and heard once nothing is broken any more.
const REST: Duration = Duration::from_mins(1);

/// A few visitors, each with a chat, and members who answer.
pub(super) struct Traffic {
    ledger: Arc<Ledger>,
    edges: Arc<[SocketAddr]>,
    chats: Vec<String>,
    /// What somebody hears, and who it is: what they may read is what they are to have heard.
    hearers: Vec<(Arc<Tab>, Actor, String)>,
    token: String,
    stopping: Arc<AtomicBool>,
    sending: JoinHandle<usize>,
}

impl Traffic {
    /// Everybody comes to one of these edges and begins to talk, by the socket and over REST.
    pub(super) async fn begin(world: &World, edges: Arc<[SocketAddr]>, seed: u64) -> Self {
        let ledger = Arc::new(Ledger::default());
        let (mut people, mut chats) = (Vec::new(), Vec::new());
        for name in ["Ada", "Ben"] {
            let agent = world.agent(name).await;
            people.push((name.to_owned(), agent.sign_in().await.access_token, (*agent).clone()));
        }
        for number in 0..CHATS {
            let visitor = world.visitor().await;
            chats.push(visitor.start_chat("the first word").await.chat_id);
            let token = visitor.visit().await.access_token;
            people.push((format!("visitor {number}"), token, (*visitor).clone()));
        }
        let open = |(name, token, actor): &(String, String, Actor)| {
            (Arc::new(Tab::open(name, &edges, token, None, &ledger)), actor.clone())
        };
        let hearers = join_all(people.iter().map(open).map(|(tab, actor)| async move {
            let begun = tab.begun(PATIENCE).await;
            (tab, actor, begun)
        }));
        let hearers = hearers.await;
        let stopping = Arc::new(AtomicBool::new(false));
        let talk = Talk {
            tabs: hearers.iter().map(|(tab, ..)| Arc::clone(tab)).collect(),
            tokens: people.iter().map(|(_, token, _)| token.clone()).collect(),
            chats: chats.clone(),
            edges: Arc::clone(&edges),
            ledger: Arc::clone(&ledger),
            stopping: Arc::clone(&stopping),
        };
        let token = people[0].1.clone();
        let sending = tokio::spawn(talk.go_on(seed));
        Self { ledger, edges, chats, hearers, token, stopping, sending }
    }

    /// Waits until so many more messages are acknowledged.
    pub(super) async fn goes_on(&self, count: usize, within: Duration) {
        self.ledger.reached(self.ledger.settled().len() + count, within).await;
    }

    /// How many are acknowledged.
    pub(super) fn settled(&self) -> usize {
        self.ledger.settled().len()
    }

    /// How many sessions there were so far, of all tabs together.
    pub(super) fn sessions(&self) -> usize {
        self.hearers.iter().map(|(tab, ..)| tab.sessions()).sum()
    }

    /// One message over REST, asked for until it is settled.
    pub(super) async fn one_more(&self, within: Duration) {
        let ledger = Arc::new(Ledger::default());
        let draft = Draft::new(&self.chats[0], "one more".to_owned(), false);
        let edges = Arc::clone(&self.edges);
        tokio::spawn(send_over_rest(
            browser(),
            edges,
            self.token.clone(),
            draft.clone(),
            Arc::clone(&ledger),
        ));
        ledger.reached(1, within).await;
        // It counts as what was said.
        self.ledger.adopt(&ledger);
    }

    /// A token of a member, and a chat the member may write to.
    pub(super) fn asks(&self) -> (&str, &str) {
        (&self.token, &self.chats[0])
    }

    /// Everybody stops talking. Then everything said is stored once, in the place it was answered with; numbers run 1..n; and each has
    /// heard what the log says they may read, once and in order.
    pub(super) async fn end(self, world: &World) {
        self.stopping.store(true, Ordering::Relaxed);
        let sent = self.sending.await.expect("they talk to the end");
        let adopted = self.ledger.adopted();
        self.ledger.reached(sent + adopted, REST).await;
        let settled = self.ledger.settled();
        let mut stored = 0;
        for chat in &self.chats {
            let messages = world.owner.messages(chat).await.expect("what is stored can be read");
            let seqs: Vec<_> = messages.iter().map(|message| message.seq).collect();
            let through = u32::try_from(messages.len()).expect("a number");
            assert_eq!(seqs, (1..=through).collect::<Vec<_>>(), "numbers of {chat} run 1..n");
            stored += messages.len() - 1;
            for said in settled.iter().filter(|said| said.draft.chat == *chat) {
                let place = usize::try_from(said.seq).expect("a number") - 1;
                let message = messages.get(place).unwrap_or_else(|| panic!("lost: {said:?}"));
                assert_eq!((&message.message_id, &message.text), (&said.id, &said.draft.text));
            }
        }
        assert_eq!(stored, sent + adopted, "everything said is stored once");
        for (tab, actor, begun) in &self.hearers {
            let log: Vec<_> = actor.log(begun).await.expect("the log").into_iter().map(Entry::from).collect();
            tab.heard(log.len(), REST).await;
            let heard: Vec<_> = tab.entries().into_iter().map(|(entry, _)| entry).collect();
            assert!(heard == log, "{} heard {} of {} events, or others", tab.name, heard.len(), log.len());
        }
        let slowest = settled.iter().map(|said| said.took).max();
        eprintln!(
            "{stored} messages, {} asked for again, the slowest took {slowest:?}; {} sessions",
            self.ledger.repeated(),
            self.hearers.iter().map(|(tab, ..)| tab.sessions()).sum::<usize>()
        );
    }
}

struct Talk {
    tabs: Vec<Arc<Tab>>,
    tokens: Vec<String>,
    chats: Vec<String>,
    edges: Arc<[SocketAddr]>,
    ledger: Arc<Ledger>,
    stopping: Arc<AtomicBool>,
}

impl Talk {
    /// Somebody says something again and again, whatever has become of what was said before; gives how much was said.
    async fn go_on(self, seed: u64) -> usize {
        let mut chance = ChaCha20Rng::seed_from_u64(seed);
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let browser = browser();
        for number in 0.. {
            pace.tick().await;
            if self.stopping.load(Ordering::Relaxed) {
                return number;
            }
            let place = chance.random_range(0..self.chats.len());
            let members = self.tabs.len() - self.chats.len();
            // A member, or the visitor whose chat it is.
            let who = if chance.random_bool(0.5) { chance.random_range(0..members) } else { members + place };
            let draft = Draft::new(&self.chats[place], format!("word {number}"), false);
            if chance.random_bool(0.5) {
                let (edges, ledger) = (Arc::clone(&self.edges), Arc::clone(&self.ledger));
                tokio::spawn(send_over_rest(browser.clone(), edges, self.tokens[who].clone(), draft, ledger));
            } else {
                self.tabs[who].send(draft);
            }
        }
        unreachable!("the numbers do not end")
    }
}
