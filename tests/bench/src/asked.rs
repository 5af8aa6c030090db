//! What one caller is answered at a store, one question after another, through the doors of the product as it is shipped: messages sent and
//! heard over sockets, streams that come back, pages and lists over REST. Every answer is looked at: a message is told once and in its
//! order, a page is full, a list is full and goes from new to old.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use rapport_core::ids::ChatId;
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Bench, Fallible,
    fill::{self, Batch},
    floors::sqlite::Template,
    load::Chance,
    pages::Pages,
    rounds::part,
    servers::Server,
    sockets::{Door, Socket, call, field, number, numbered},
    store::{Kind, Store},
    world::World,
};

/// How many guests there are.
pub(crate) const GUESTS: u64 = 100;
/// How many messages each sends in a turn, and has missed when its stream comes back. All guests' together are more than any ring holds.
pub(crate) const EACH: usize = 10;
/// How many messages a page has.
const PAGE: usize = 20;
/// After every message there is.
const NEWEST: u32 = 2_000_000_000;
/// How many chats a list has.
const LIST: usize = 50;
/// How many pages and lists are asked for in a turn.
const ASKED: usize = 300;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Question {
    /// From the call to its answer: the message is on disk.
    Send,
    /// From the call until the sender's own socket hears of it.
    Hear,
    /// From the connect until all that was missed is there.
    Resume,
    /// The newest page of a chat.
    Page,
    /// A page in the middle of a chat that holds a tenth of all messages.
    Deep,
    /// The staff's list of those who wait, page after page.
    List,
    /// A visitor's own list.
    Own,
}

/// How long answers took, in microseconds.
pub(crate) type Times = BTreeMap<Question, Vec<u32>>;

/// The middle of them, and the slowest of a hundred.
pub(crate) fn middle(times: &[u32]) -> (f64, f64) {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    (f64::from(part(&sorted, 500)), f64::from(part(&sorted, 990)))
}

/// A visitor with a chat.
#[derive(Debug)]
struct Guest {
    token: String,
    chat: String,
}

/// A store, a program on it, and those who ask.
#[derive(Debug)]
pub(crate) struct Place {
    // Ended before the store is gone.
    server: Option<Server>,
    pub(crate) store: Store,
    pub(crate) world: World,
    event: Template,
    guests: Vec<Guest>,
    staff: String,
    /// The chat that holds a tenth of all messages, and how many these are.
    long: Option<(String, u64)>,
    /// How many messages it must hold.
    held: u64,
    turns: usize,
    dir: TempDir,
}

impl Place {
    /// A store with a workspace, one chat and one message in it.
    pub(crate) fn make(bench: &Bench, kind: Kind) -> Fallible<Self> {
        let dir = bench.folder()?;
        let store = Store::create(bench, kind, dir.path())?;
        let world = bench.runtime.block_on(async {
            let world = World::make(dir.path(), store.target()?, 1).await?;
            let chat = world.chats.first().ok_or("no chats")?;
            crate::load::send_text(&world.app, &chat.caller, &chat.id, &mut Chance::new(0), fill::short())
                .await?;
            world.leave(dir.path()).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(world)
        })?;
        let (event, staff) = (store.last_event()?, world.token_of_staff()?);
        Ok(Self {
            server: None,
            store,
            world,
            event,
            guests: Vec::new(),
            staff,
            long: None,
            held: 1,
            turns: 0,
            dir,
        })
    }

    /// Adds rows; the program must not run.
    pub(crate) fn fill(&mut self, batches: &[Batch]) -> Fallible {
        self.held += batches.iter().map(Batch::messages).sum::<u64>();
        self.store.fill(&self.event, batches)
    }

    /// Those who ask are the visitors of these chats, all of the first workspace.
    pub(crate) fn invite(&mut self, chats: impl Iterator<Item = u64>) -> Fallible {
        self.guests.clear();
        for chat in chats {
            self.welcome(self.world.token_of(fill::visitor(chat))?, chat);
        }
        Ok(())
    }

    /// Those who ask are the visitors of these chats, each with the number of its workspace.
    pub(crate) fn invite_from(&mut self, bench: &Bench, chats: impl Iterator<Item = (u64, u64)>) -> Fallible {
        self.guests.clear();
        let tokens = self.with_core(bench, async |world| {
            let mut tokens = Vec::new();
            for (tenant, chat) in chats {
                tokens.push((world.token_elsewhere(&fill::slug(tenant), fill::visitor(chat)).await?, chat));
            }
            Ok(tokens)
        })?;
        for (token, chat) in tokens {
            self.welcome(token, chat);
        }
        Ok(())
    }

    /// Does something that needs a core of our own on the store; the program must not run.
    pub(crate) fn with_core<T>(
        &self,
        bench: &Bench,
        work: impl AsyncFnOnce(&World) -> Fallible<T>,
    ) -> Fallible<T> {
        bench.runtime.block_on(async {
            let world = self.world.on(crate::world::open(self.dir.path(), self.store.target()?).await?);
            let done = work(&world).await;
            world.app.stop().await;
            done
        })
    }

    fn welcome(&mut self, token: String, chat: u64) {
        self.guests.push(Guest { token, chat: ChatId::from(fill::chat(chat)).to_string() });
    }

    /// Names the long chat.
    pub(crate) fn remember_long(&mut self, chat: u64, messages: u64) {
        self.long = Some((ChatId::from(fill::chat(chat)).to_string(), messages));
    }

    /// Starts the program.
    pub(crate) fn serve(&mut self) -> Fallible<&Server> {
        let server = Server::rapport_on(self.dir.path(), self.store.url())?;
        Ok(self.server.insert(server))
    }

    /// The program.
    pub(crate) fn server(&self) -> Fallible<&Server> {
        Ok(self.server.as_ref().ok_or("nothing runs")?)
    }

    /// The staff's token.
    pub(crate) fn staff(&self) -> &str {
        &self.staff
    }

    /// Ends the program.
    pub(crate) fn rest(&mut self) -> Fallible {
        self.server.take().map_or(Ok(()), Server::stop)
    }

    /// Ends the program; what is wrong with the store it leaves.
    pub(crate) fn end(mut self) -> Fallible<Vec<String>> {
        self.rest()?;
        let mut faults = self.store.faults()?;
        let found = self.store.messages()?;
        if found != self.held {
            faults.push(format!("{found} messages are stored, {} were filled in or acknowledged", self.held));
        }
        Ok(faults)
    }

    /// Asks everything, one question after another.
    pub(crate) async fn ask(&mut self) -> Fallible<Times> {
        let edge = self.server()?.place("edge")?;
        let first = self.turns * EACH;
        self.turns += 1;
        let mut times = Times::new();
        let cursors = self.send(Door::Ours(edge), first, &mut times).await?;
        self.held += (self.guests.len() * EACH) as u64;
        for (guest, cursor) in self.guests.iter().zip(&cursors) {
            let at = Instant::now();
            guest.resume(Door::Ours(edge), cursor, first).await?;
            note(&mut times, Question::Resume, at)?;
        }
        self.page(edge, first + EACH - 1, &mut times).await?;
        self.list(edge, &mut times).await?;
        Ok(times)
    }

    /// Each guest sends, one message after another of all guests; gives where each was in the log before.
    async fn send(&self, door: Door, first: usize, times: &mut Times) -> Fallible<Vec<String>> {
        let (mut sockets, mut cursors, mut chance) = (Vec::new(), Vec::new(), Chance::new(0));
        for guest in &self.guests {
            let mut socket = Socket::connect(door).await?;
            let welcome = socket.greet(&guest.token, "").await?;
            cursors.push(field(&welcome, "head").ok_or("a welcome without a head")?.to_owned());
            socket.settle().await?;
            sockets.push(socket);
        }
        for message in 0..EACH {
            let id = u32::try_from(message)? + 1;
            let (answer, bears) = (format!(r#"{{"result":{{"id":{id},"body":"#), first + message);
            for (guest, socket) in self.guests.iter().zip(&mut sockets) {
                let words = call(id, &guest.chat, chance.id(), &numbered(bears));
                let at = Instant::now();
                socket.say(words).await?;
                let (mut acknowledged, mut heard) = (false, false);
                while !acknowledged || !heard {
                    let frame = socket.next().await?;
                    if frame.starts_with(&answer) {
                        acknowledged = true;
                        note(times, Question::Send, at)?;
                    } else if frame.starts_with(r#"{"event":"#) && number(&frame) == Some(bears) && !heard {
                        heard = true;
                        note(times, Question::Hear, at)?;
                    } else if !frame.starts_with(r#"{"checkpoint":"#) {
                        return Err(format!("not what was sent: {frame}").into());
                    }
                }
            }
        }
        Ok(cursors)
    }

    async fn page(&self, edge: SocketAddr, last: usize, times: &mut Times) -> Fallible {
        let mut pages = Pages::connect(edge, "/", None).await?;
        for guest in self.guests.iter().cycle().take(ASKED) {
            let path = format!("/v1/chats/{}/messages?beforeSeq={NEWEST}&pageSize={PAGE}", guest.chat);
            pages.turn_to(&path, &guest.token);
            let page = timed(&mut pages, Question::Page, times).await?;
            let text = page["messages"]
                .as_array()
                .filter(|page| page.len() == PAGE)
                .map(|page| &page[PAGE - 1]["text"]);
            if text.and_then(Value::as_str) != Some(&numbered(last)) {
                return Err(format!("a page that is not full up to the newest message: {page}").into());
            }
        }
        let Some((chat, messages)) = &self.long else { return Ok(()) };
        let mut chance = Chance::new(1);
        for _ in 0..ASKED {
            let before = PAGE + 1 + chance.below(usize::try_from(*messages)? - PAGE);
            let path = format!("/v1/chats/{chat}/messages?beforeSeq={before}&pageSize={PAGE}");
            pages.turn_to(&path, &self.staff);
            let page = timed(&mut pages, Question::Deep, times).await?;
            let seqs: Option<Vec<_>> = page["messages"].as_array().map(|page| {
                page.iter().filter_map(|message| usize::try_from(message["seq"].as_u64()?).ok()).collect()
            });
            if seqs != Some((before - PAGE..before).collect()) {
                return Err(format!("a page that does not end before {before}: {page}").into());
            }
        }
        Ok(())
    }

    async fn list(&self, edge: SocketAddr, times: &mut Times) -> Fallible {
        let mut pages = Pages::connect(edge, "/", None).await?;
        let (mut after, mut oldest) = (String::new(), None);
        for _ in 0..ASKED {
            let path = format!("/v1/chats?states=CHAT_STATE_WAITING&pageSize={LIST}&pageToken={after}");
            pages.turn_to(&path, &self.staff);
            let list = timed(&mut pages, Question::List, times).await?;
            let mut chats: Vec<ChatId> = Vec::new();
            for chat in list["chats"].as_array().ok_or("a list without chats")? {
                chats.push(chat["chatId"].as_str().ok_or("a chat without an id")?.parse()?);
            }
            list["nextPageToken"].as_str().unwrap_or_default().clone_into(&mut after);
            let in_order = chats.windows(2).all(|pair| pair[0] > pair[1]);
            let is_next = oldest.is_none_or(|oldest| chats.first().is_some_and(|first| *first < oldest));
            if !in_order || !is_next || (chats.len() != LIST && !after.is_empty()) {
                return Err(format!("{} chats, or not in their order: {list}", chats.len()).into());
            }
            oldest = chats.last().copied().filter(|_| !after.is_empty());
        }
        for guest in self.guests.iter().cycle().take(ASKED) {
            pages.turn_to(&format!("/v1/chats?pageSize={LIST}"), &guest.token);
            let list = timed(&mut pages, Question::Own, times).await?;
            let own =
                list["chats"].as_array().filter(|chats| chats.len() == 1).map(|chats| &chats[0]["chatId"]);
            if own.and_then(Value::as_str) != Some(&guest.chat) {
                return Err(format!("not the own chat: {list}").into());
            }
        }
        Ok(())
    }
}

impl Guest {
    /// Comes back and reads what was missed: all of it, in order, and nothing else.
    async fn resume(&self, door: Door, cursor: &str, first: usize) -> Fallible {
        let mut socket = Socket::connect(door).await?;
        socket.greet(&self.token, cursor).await?;
        let mut expected = first..first + EACH;
        loop {
            let frame = tokio::time::timeout(Duration::from_secs(20), socket.next()).await??;
            match number(&frame) {
                Some(number) if expected.next() == Some(number) => {}
                None if frame.starts_with(r#"{"checkpoint":"#) && expected.is_empty() => return Ok(()),
                None if frame.starts_with(r#"{"checkpoint":"#) => {}
                _ => return Err(format!("not what was missed: {frame}").into()),
            }
        }
    }
}

fn note(times: &mut Times, question: Question, since: Instant) -> Fallible {
    let took = u32::try_from(since.elapsed().as_micros())?;
    times.entry(question).or_default().push(took);
    Ok(())
}

/// Asks, and reads the answer when the time has been taken.
async fn timed(pages: &mut Pages, question: Question, times: &mut Times) -> Fallible<Value> {
    let at = Instant::now();
    let answer = pages.get().await?;
    note(times, question, at)?;
    Ok(serde_json::from_slice(answer)?)
}

/// So many of these numbers, evenly apart.
pub(crate) fn spread(count: u64, below: u64) -> impl Iterator<Item = u64> {
    let many = count.min(below);
    (0..many).map(move |place| place * below / many)
}
