//! The lanes and feeds of two cores under thousands of orders of events: callers who give up and ask again, a store that refuses, loses the answer of a
//! commit or stands before somebody else's, a core that stops in the middle, listeners who come, leave and come back. Lanes, feeds and what
//! calls them are the real ones; the store is a list. The order is chance's; a seed that failed is printed and is run again with
//! `RAPPORT_TEST_SEED`.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use rapport_proto::events::v1::{MessagesRead, event::Body};
use shuttle::{
    future::{JoinHandle, block_on, spawn, yield_now},
    rand::{Rng as _, thread_rng},
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::{
    Work,
    backlog::Backlog,
    batch::{Cure, Failed},
    lane::{self, Store},
    lanes::Lanes,
    unknown,
};
use crate::{
    clock::Micros,
    db::hot::{Append, ChatHead, MessageRow, Rules, Stored},
    error::{Error, Reason, Result},
    events::{Audience, LoggedEvent, NewEvent, feed::Feeds},
    ids::{DepartmentId, TenantId},
};

/// How many seeds a run tries.
const SEEDS: u64 = 2_000;
/// How many write, and how many messages each.
const WRITERS: u128 = 4;
const MESSAGES: u128 = 3;
/// How many events there are in the end.
const EVENTS: i64 = 12;
/// What no store takes.
const BAD: &str = "bad";

fn tenant() -> TenantId {
    TenantId::from(Uuid::from_u128(1))
}

fn one_in(many: u32) -> bool {
    thread_rng().gen_range(0..many) == 0
}

/// Lets others go first.
async fn rest() {
    for _ in 0..thread_rng().gen_range(0..4) {
        yield_now().await;
    }
}

/// The rows, and the lock that whoever writes holds to the commit.
#[derive(Default)]
struct Book {
    writing: tokio::sync::Mutex<()>,
    rows: Mutex<Vec<MessageRow>>,
}

impl Book {
    fn end(&self) -> i64 {
        i64::try_from(self.rows.lock().len()).unwrap()
    }

    /// The events after a number, as the log has them.
    fn after(&self, number: i64, limit: i64) -> Vec<LoggedEvent> {
        (number + 1..=self.end().min(number + limit)).map(event).collect()
    }
}

fn told(number: i64) -> NewEvent {
    let body = Body::MessagesRead(MessagesRead { seq: u32::try_from(number).unwrap(), ..Default::default() });
    NewEvent { audience: Audience::everyone(), chat: None, body }
}

fn event(number: i64) -> LoggedEvent {
    told(number).at(number, Micros(number))
}

/// The store as a lane of one core sees it.
struct Paper {
    book: Arc<Book>,
    feeds: Arc<Feeds>,
}

impl Store for Paper {
    async fn commit(&mut self, works: Vec<Work>) -> Result<(), Failed> {
        let held = self.book.writing.lock().await;
        rest().await;
        let failed = |works, error, cure| Failed { works, error, cure };
        if one_in(10) {
            return Err(failed(works, Error::internal("another transaction was first"), Cure::Again));
        }
        if one_in(10) {
            return Err(failed(works, Error::new(Reason::StoreUnavailable, "the store is away"), Cure::None));
        }
        if works.iter().any(|work| append(work).row.text == BAD) {
            return Err(failed(works, Error::not_found("thing"), Cure::Apart));
        }
        let before = self.book.end();
        let rows: Vec<MessageRow> = works.iter().map(|work| self.keep(append(work))).collect();
        drop(held);
        if one_in(10) {
            return Err(failed(works, unknown(), Cure::None));
        }
        let new = self.book.after(before, i64::try_from(works.len()).unwrap());
        for (work, row) in works.into_iter().zip(rows) {
            if let Work::Append { answer, .. } = work {
                let _ = answer.send(Ok(Stored { row, customer_name: String::new() }));
            }
        }
        self.feeds.publish(tenant(), new);
        Ok(())
    }

    async fn idled(&self) {
        for _ in 0..thread_rng().gen_range(1..30) {
            yield_now().await;
        }
    }
}

impl Paper {
    /// The row of a request id, which is the same whenever it is asked for.
    fn keep(&self, append: &Append) -> MessageRow {
        let mut rows = self.book.rows.lock();
        let found = rows.iter().find(|row| row.request_id == append.row.request_id).cloned();
        found.unwrap_or_else(|| {
            let seq = i32::try_from(rows.len()).unwrap() + 1;
            let row = MessageRow { seq, ..append.row.clone() };
            rows.push(row.clone());
            row
        })
    }
}

fn append(work: &Work) -> &Append {
    match work {
        Work::Append { append, .. } => append,
        Work::Unit { .. } => panic!("there are messages only"),
    }
}

/// Who may write is not what this is about.
struct NoRules;

impl Rules for NoRules {
    fn admit(&self, _: &ChatHead, _: &std::collections::HashSet<DepartmentId>) -> Result<()> {
        Ok(())
    }

    fn event(&self, row: &MessageRow, _: &ChatHead) -> NewEvent {
        told(row.seq.into())
    }
}

fn message(request: u128, text: &str) -> Append {
    let row = MessageRow {
        tenant_id: tenant(),
        chat_id: Uuid::nil().into(),
        seq: 0,
        message_id: Uuid::nil().into(),
        sender_kind: 0,
        sender_id: Uuid::nil(),
        text: text.to_owned(),
        internal: false,
        request_id: Uuid::from_u128(request),
        body_hash: Vec::new(),
        sent_at: 0,
    };
    Append { row, member: None, rules: Arc::new(NoRules) }
}

/// A core: its lanes, its feeds, and those of its lanes that were begun.
#[derive(Clone)]
struct Core {
    lanes: Lanes,
    feeds: Arc<Feeds>,
    book: Arc<Book>,
    begun: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Core {
    fn new(book: &Arc<Book>) -> Self {
        Self { lanes: Lanes::default(), feeds: Arc::default(), book: Arc::clone(book), begun: Arc::default() }
    }

    /// What the writer does with a message.
    async fn append(&self, append: Append) -> Result<Stored> {
        let (answer, answered) = oneshot::channel();
        // Begun after the map of lanes is free again: the scheduler may let somebody else go first at a spawn.
        let opened = Mutex::new(None);
        let put = self.lanes.enqueue(Some(tenant()), Work::Append { append, answer }, |queue| {
            *opened.lock() = Some(queue);
        });
        if let Some(queue) = opened.into_inner() {
            self.open(queue);
        }
        put?;
        // A caller may go away, and come back with the same request id.
        if one_in(8) {
            rest().await;
            return Err(unknown());
        }
        answered.await.expect("a lane answers every caller")
    }

    fn open(&self, queue: mpsc::Receiver<super::Queued>) {
        let paper = Paper { book: Arc::clone(&self.book), feeds: Arc::clone(&self.feeds) };
        let lane = spawn(lane::run(paper, Backlog::default(), queue, self.lanes.closing().clone()));
        self.begun.lock().push(lane);
    }

    /// What `events/follow.rs` does, with the list for the log.
    async fn follow(self, is_over: Arc<AtomicBool>) {
        while !is_over.load(Ordering::Relaxed) {
            let turn = pin!(async {
                for _ in 0..thread_rng().gen_range(1..20) {
                    yield_now().await;
                }
            });
            let only_behind = tokio::select! {
                biased;
                () = self.feeds.fell_behind() => true,
                () = turn => false,
            };
            for tenant in self.feeds.followed(only_behind) {
                let Some(feed) = self.feeds.feed(tenant) else { continue };
                let end = self.book.end();
                rest().await;
                feed.begin_at(end, None);
                while let Some(known) = feed.end().filter(|known| *known < end) {
                    let page = self.book.after(known, 3);
                    rest().await;
                    if !feed.push(page) {
                        break;
                    }
                }
            }
        }
    }

    /// What `events/subscribe.rs` does, with the list for the log: every event once and in order, over any number of breaks.
    async fn listen(self) -> Vec<i64> {
        let mut heard: Vec<i64> = Vec::new();
        while heard.len() < usize::try_from(EVENTS).unwrap() {
            let listener = self.feeds.listen(tenant());
            let mut ends = listener.feed.watch();
            loop {
                let (place, end) = (heard.last().copied().unwrap_or(0), *ends.borrow_and_update());
                if end > place {
                    let ring = listener.feed.after(place, 2).filter(|events| !events.is_empty());
                    let numbers = ring.map_or_else(
                        || {
                            self.book
                                .after(place, 2.min(end - place))
                                .iter()
                                .map(|event| event.number)
                                .collect()
                        },
                        |events| events.iter().map(|event| event.number).collect::<Vec<_>>(),
                    );
                    heard.extend(numbers);
                    rest().await;
                } else {
                    ends.changed().await.unwrap();
                }
                if heard.len() == usize::try_from(EVENTS).unwrap() || one_in(5) {
                    break;
                }
            }
            drop(listener);
            rest().await;
        }
        heard
    }
}

/// Writes its messages one after the other, each until it is acknowledged; gives them with their numbers.
async fn write(cores: [Core; 2], who: u128) -> Vec<(u128, i32)> {
    let mut acknowledged = Vec::new();
    for n in 0..MESSAGES {
        let request = who * MESSAGES + n + 1;
        loop {
            let core = &cores[thread_rng().gen_range(0..2)];
            if one_in(6) {
                let refused = core.append(message(1_000 + request, BAD)).await;
                assert!(refused.is_err(), "what is bad is acknowledged");
            }
            if let Ok(stored) = core.append(message(request, "good")).await {
                acknowledged.push((request, stored.row.seq));
                break;
            }
            rest().await;
        }
    }
    acknowledged
}

async fn scene() {
    let book = Arc::new(Book::default());
    let cores = [Core::new(&book), Core::new(&book)];
    let is_over = Arc::new(AtomicBool::new(false));
    let following: Vec<_> =
        cores.iter().map(|core| spawn(core.clone().follow(Arc::clone(&is_over)))).collect();
    let listening: Vec<_> = [0, 0, 1, 1].map(|core: usize| spawn(cores[core].clone().listen())).into();
    let writing: Vec<_> = (0..WRITERS).map(|who| spawn(write(cores.clone(), who))).collect();
    let stopping = {
        let core = cores[0].clone();
        spawn(async move {
            for _ in 0..thread_rng().gen_range(0..200) {
                yield_now().await;
            }
            core.lanes.closing().cancel();
            ended(&core).await;
        })
    };
    let mut acknowledged = Vec::new();
    for writer in writing {
        acknowledged.extend(writer.await.unwrap());
    }
    stopping.await.unwrap();
    cores[1].lanes.closing().cancel();
    ended(&cores[1]).await;
    for listener in listening {
        assert_eq!(listener.await.unwrap(), (1..=EVENTS).collect::<Vec<_>>(), "each event once, in order");
    }
    is_over.store(true, Ordering::Relaxed);
    for follower in following {
        follower.await.unwrap();
    }
    let rows: Vec<(u128, i32)> =
        book.rows.lock().iter().map(|row| (row.request_id.as_u128(), row.seq)).collect();
    acknowledged.sort_by_key(|(_, seq)| *seq);
    assert_eq!(acknowledged, rows, "what was acknowledged is stored once, and nothing else is");
    assert!(cores.iter().all(|core| core.feeds.tenants().is_empty()), "a feed without listeners stays");
}

/// Ends when every lane of the core has ended.
async fn ended(core: &Core) {
    loop {
        let Some(lane) = core.begun.lock().pop() else { return };
        lane.await.unwrap();
    }
}

/// Says which seed it was.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("RAPPORT_TEST_SEED={} fails", self.0);
        }
    }
}

#[test]
fn in_any_order_of_events_what_was_acknowledged_is_stored_and_heard_once() {
    let set = |name| std::env::var(name).ok().map(|value| value.parse::<u64>().expect("a number"));
    let seeds = if let Some(seed) = set("RAPPORT_TEST_SEED") {
        seed..seed + 1
    } else {
        let first = u64::from(rand::random::<u32>());
        first..first + set("RAPPORT_TEST_SEEDS").unwrap_or(SEEDS)
    };
    for seed in seeds {
        let _told = Told(seed);
        let scheduler = shuttle::scheduler::RandomScheduler::new_from_seed(seed, 1);
        shuttle::Runner::new(scheduler, shuttle::Config::default()).run(|| block_on(scene()));
    }
}
