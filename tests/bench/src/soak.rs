//! Traffic of every kind at once, for as long as one likes, in which nothing may be lost, doubled or out of order.
//!
//! Each chat has a resident, who speaks by a timetable and hears the chat; some chats have a second socket of the same visitor that comes
//! and goes and takes up where it was; the staff hears all over gRPC, on streams that stay and one that comes and goes. Every message
//! bears its number in its chat and the moment it was to be sent, so whoever hears one knows whether it is the next and how late it is.

mod stream;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use self::stream::Stream;
use crate::{
    Fallible,
    load::{Chance, TEXT},
    pages::Pages,
    sockets::{Door, MARK, Socket, call, field},
    world::Chat,
};

/// How many calls of one socket may be under way; the product takes 16.
const CALLS: usize = 12;
/// How many words may wait at a resident: more than two seconds' of any rate here.
const WAITING: usize = 256;
/// How many samples may wait until they are looked at.
const SAMPLES: usize = 65_536;
/// Every so manieth chat has a second socket that comes and goes.
const COMER_EACH: usize = 5;
/// For how long such a socket stays, at least and at most, in milliseconds, and how long it is away.
const STAYS: (usize, usize) = (3_000, 20_000);
const AWAY: (usize, usize) = (200, 4_000);
/// How many streams of the staff stay.
const STREAMS: usize = 3;
/// A page for so many messages sent, and a list.
const PAGE_EACH: u32 = 4;
const LIST_EACH: u32 = 20;
/// How long the last messages may be under way.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something that was waited for, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sample {
    /// From when a message was to be sent until its sender knew it was stored.
    Acknowledged(u32),
    /// Until a member of the staff had it.
    Delivered(u32),
    /// A page or a list.
    Read(u32),
    /// A socket or a stream came back.
    CameBack,
}

/// The traffic while it goes on.
#[derive(Debug)]
pub(crate) struct Soak {
    samples: mpsc::Receiver<Sample>,
    /// What has been waited for since it was last asked.
    kept: Vec<Sample>,
    shared: Arc<Shared>,
    words: Vec<mpsc::Sender<(u32, u64)>>,
    tasks: JoinSet<Fallible>,
    next: usize,
    over: watch::Sender<bool>,
}

#[derive(Debug)]
struct Shared {
    begun: Instant,
    door: Door,
    edge: SocketAddr,
    staff: String,
    chats: Vec<Chat>,
    /// How many messages each chat has been told to send.
    sent: Box<[AtomicU32]>,
    samples: mpsc::Sender<Sample>,
    over: watch::Receiver<bool>,
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn since(&self, micros: u64) -> u32 {
        u32::try_from(self.now().saturating_sub(micros)).unwrap_or(u32::MAX)
    }

    async fn note(&self, sample: Sample) -> Fallible {
        Ok(self.samples.send(sample).await?)
    }

    fn sent(&self, chat: usize) -> u32 {
        self.sent[chat].load(Ordering::Relaxed)
    }
}

/// A text of [`TEXT`] bytes that bears its number in the chat and when it was to be sent.
fn text(number: u32, micros: u64) -> String {
    let mut text = format!("{MARK}{number:08}{MARK}{micros:014}{MARK} said hello and went on: ");
    while text.len() < TEXT {
        text.push_str("a line of a chat that is neither short nor long, ");
    }
    text.truncate(TEXT);
    text
}

/// What such a text bears.
fn borne(frame: &str) -> Option<(u32, u64)> {
    let mut parts = frame.splitn(4, MARK).skip(1);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// What one hearer of a chat has heard: each message after the one before.
fn is_next(heard: &mut Option<u32>, number: u32) -> Fallible {
    let expected = heard.map_or(number, |last| last + 1);
    if number != expected {
        return Err(format!("message {number} was heard where {expected} was next").into());
    }
    *heard = Some(number);
    Ok(())
}

impl Soak {
    /// Opens all that stays, and begins what comes and goes. `tokens` of chats and staff must outlive the traffic.
    pub(crate) async fn begin(
        edge: SocketAddr,
        grpc: SocketAddr,
        staff: String,
        chats: Vec<Chat>,
    ) -> Fallible<Self> {
        let (noting, samples) = mpsc::channel(SAMPLES);
        let (over, is_over) = watch::channel(false);
        let sent = chats.iter().map(|_| AtomicU32::new(0)).collect();
        let shared = Arc::new(Shared {
            begun: Instant::now(),
            door: Door::Ours(edge),
            edge,
            staff,
            chats,
            sent,
            samples: noting,
            over: is_over,
        });
        let mut soak = Self {
            samples,
            kept: Vec::new(),
            shared: Arc::clone(&shared),
            words: Vec::new(),
            tasks: JoinSet::new(),
            next: 0,
            over,
        };
        let channel = tonic::transport::Endpoint::from_shared(format!("http://{grpc}"))?
            .tcp_nodelay(true)
            .connect()
            .await?;
        for place in 0..=STREAMS {
            let mut stream = Stream::new(Arc::clone(&shared), channel.clone(), place);
            stream.open().await?;
            soak.tasks.spawn(stream.follow(place == STREAMS));
        }
        for chat in 0..shared.chats.len() {
            let mut socket = Socket::connect(shared.door).await?;
            socket.follow(&shared.chats[chat].token).await?;
            let (say, words) = mpsc::channel(WAITING);
            soak.words.push(say);
            soak.tasks.spawn(reside(Arc::clone(&shared), chat, socket, words));
            if chat % COMER_EACH == 0 {
                soak.tasks.spawn(come_and_go(Arc::clone(&shared), chat));
            }
        }
        Ok(soak)
    }

    /// Sends so many a second, in turns of the chats, and reads as that goes with it, until the time is over or somebody fails.
    pub(crate) async fn go_on(&mut self, rate: u32, span: Duration) -> Fallible {
        let begun = self.shared.now() + 5_000;
        let count = u64::from(rate) * u64::try_from(span.as_millis())? / 1_000;
        let mut places = Vec::new();
        for place in 0..count {
            let chat = self.next % self.words.len();
            self.next += 1;
            places.push((begun + place * 1_000_000 / u64::from(rate), chat));
        }
        let (shared, words) = (Arc::clone(&self.shared), self.words.clone());
        // A thread wakes where it should; the runtime's own clock goes by milliseconds.
        let mut sending = tokio::task::spawn_blocking(move || {
            for (at, chat) in places {
                std::thread::sleep(Duration::from_micros(at.saturating_sub(shared.now())));
                let number = shared.sent[chat].fetch_add(1, Ordering::Relaxed);
                words[chat].blocking_send((number, at))?;
            }
            Ok::<_, mpsc::error::SendError<(u32, u64)>>(())
        });
        let mut reading = JoinSet::new();
        for (each, what) in [(PAGE_EACH, Reads::Pages), (LIST_EACH, Reads::Lists)] {
            let apart = Duration::from_secs(1) * each / rate.max(1);
            reading.spawn(read(Arc::clone(&self.shared), what, apart));
        }
        loop {
            tokio::select! {
                sent = &mut sending => break Ok(sent??),
                Some(sample) = self.samples.recv() => self.kept.push(sample),
                ended = self.tasks.join_next() => return Err(format!("somebody stopped: {ended:?}").into()),
                ended = reading.join_next() => return Err(format!("a reader stopped: {ended:?}").into()),
            }
        }
    }

    /// What has been waited for since the last time.
    pub(crate) fn drain(&mut self) -> Vec<Sample> {
        let mut samples = std::mem::take(&mut self.kept);
        while let Ok(sample) = self.samples.try_recv() {
            samples.push(sample);
        }
        samples
    }

    /// How many messages were to be sent.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.iter().map(|sent| u64::from(sent.load(Ordering::Relaxed))).sum()
    }

    /// Waits until everybody has heard the last message of each chat, and ends. One who does not in time is an error.
    pub(crate) async fn end(mut self) -> Fallible<Vec<Sample>> {
        self.over.send(true)?;
        drop(self.words);
        let mut samples = Vec::new();
        timeout(PATIENCE, async {
            loop {
                tokio::select! {
                    Some(sample) = self.samples.recv() => samples.push(sample),
                    ended = self.tasks.join_next() => match ended {
                        Some(ended) => ended??,
                        None => return Ok::<_, Box<dyn std::error::Error + Send + Sync>>(()),
                    },
                }
            }
        })
        .await
        .map_err(|_| "some had not heard everything when the time was over")??;
        while let Ok(sample) = self.samples.try_recv() {
            samples.push(sample);
        }
        Ok(samples)
    }
}

/// Speaks in a chat and hears it.
async fn reside(
    shared: Arc<Shared>,
    chat: usize,
    mut socket: Socket,
    mut words: mpsc::Receiver<(u32, u64)>,
) -> Fallible {
    let (mut under_way, mut heard, mut chance) = (HashMap::new(), None, Chance::new(chat));
    let mut silent = false;
    while !silent || !under_way.is_empty() || heard.map_or(0, |last| last + 1) < shared.sent(chat) {
        tokio::select! {
            word = words.recv(), if under_way.len() < CALLS && !silent => match word {
                Some((number, micros)) => {
                    let id = number + 1;
                    under_way.insert(id, micros);
                    socket.say(call(id, &shared.chats[chat].id, chance.id(), &text(number, micros))).await?;
                }
                None => silent = true,
            },
            frame = socket.next() => {
                let frame = frame?;
                if let Some(rest) = frame.strip_prefix(r#"{"result":{"id":"#) {
                    let id = rest.split(',').next().and_then(|id| id.parse().ok()).ok_or("an answer without an id")?;
                    if !rest.contains(r#""body":"#) {
                        return Err(format!("refused: {frame}").into());
                    }
                    let micros = under_way.remove(&id).ok_or("an answer to nothing")?;
                    shared.note(Sample::Acknowledged(shared.since(micros))).await?;
                } else if let Some((number, _)) = borne(&frame) {
                    is_next(&mut heard, number)?;
                }
            }
        }
    }
    Ok(())
}

/// Hears a chat on a socket that comes and goes, each time from where it was.
async fn come_and_go(shared: Arc<Shared>, chat: usize) -> Fallible {
    let (mut cursor, mut heard, mut chance) = (String::new(), None, Chance::new(chat + 100_000));
    let (mut over, token) = (shared.over.clone(), &shared.chats[chat].token);
    loop {
        let mut socket = Socket::connect(shared.door).await?;
        let welcome = socket.greet(token, &cursor).await?;
        if cursor.is_empty() {
            field(&welcome, "head").ok_or("a welcome without a head")?.clone_into(&mut cursor);
        } else {
            shared.note(Sample::CameBack).await?;
        }
        let stays = sleep(millis(&mut chance, STAYS));
        tokio::pin!(stays);
        loop {
            let last = *over.borrow();
            if last && heard.is_none_or(|heard| heard + 1 == shared.sent(chat)) {
                return Ok(());
            }
            tokio::select! {
                () = &mut stays, if !last => break,
                changed = over.changed(), if !last => changed?,
                frame = socket.next() => {
                    let frame = frame?;
                    if let Some((number, _)) = borne(&frame) {
                        is_next(&mut heard, number)?;
                    } else if frame.contains(r#""reset":"#) {
                        return Err(format!("a reader was sent away: {frame}").into());
                    }
                    if let Some(at) = field(&frame, "cursor") {
                        at.clone_into(&mut cursor);
                    }
                }
            }
        }
        drop(socket);
        tokio::select! {
            () = sleep(millis(&mut chance, AWAY)) => {}
            changed = over.changed(), if !*over.borrow() => changed?,
        }
    }
}

fn millis(chance: &mut Chance, (least, most): (usize, usize)) -> Duration {
    Duration::from_millis((least + chance.below(most - least)) as u64)
}

#[derive(Clone, Copy, Debug)]
enum Reads {
    /// The newest page of a chat, by its visitor.
    Pages,
    /// The newest chats, by the staff.
    Lists,
}

/// Reads so often; an answer that is late is not made up for.
async fn read(shared: Arc<Shared>, what: Reads, apart: Duration) -> Fallible {
    let (mut turn, mut chance) = (interval(apart.max(Duration::from_millis(1))), Chance::new(300_000));
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pages = Pages::connect(shared.edge, "/", None).await?;
    loop {
        turn.tick().await;
        let at = shared.now();
        let (path, token, expected) = match what {
            Reads::Pages => {
                let chat = &shared.chats[chance.below(shared.chats.len())];
                (
                    format!("/v1/chats/{}/messages?beforeSeq=2000000000&pageSize=20", chat.id),
                    &chat.token,
                    "{\"",
                )
            }
            Reads::Lists => ("/v1/chats?pageSize=50".to_owned(), &shared.staff, r#""chatId":"#),
        };
        pages.turn_to(&path, token);
        let answer = pages.get().await?;
        if !std::str::from_utf8(answer)?.contains(expected) && !matches!(what, Reads::Pages) {
            return Err("an empty list".into());
        }
        shared.note(Sample::Read(shared.since(at))).await?;
    }
}
