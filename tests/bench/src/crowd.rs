//! Many sockets of which some speak and others hear, and the times from when a message was to be sent until the last of those who
//! must hear it has read it. The moment a message is to be sent is set by a timetable, not by the answer before it, so a server
//! that stands still is seen to stand still.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use crate::{
    Fallible,
    board::Board,
    load::Chance,
    rounds::Work,
    sockets::{Door, Socket, call, call_of_peer, number, numbered},
};

/// How many messages a crowd can be sent in its life.
const MESSAGES: usize = 1 << 18;
/// How many texts may wait at one socket before they are sent.
const WAITING: usize = 1024;
/// How many calls of one socket are under way; the product takes 16.
const CALLS: usize = 12;
/// How long the last messages of a turn may be under way.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many sockets are opened at once.
const OPENING: usize = 64;

/// Who a socket is.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    /// The access token, where there is a session.
    pub(crate) token: String,
    /// The group at the floor.
    pub(crate) group: usize,
    /// The chat it speaks in.
    pub(crate) chat: String,
}

/// The sockets.
#[derive(Debug)]
pub(crate) struct Crowd {
    door: Door,
    board: Arc<Board>,
    speakers: Vec<(mpsc::Sender<String>, Seat)>,
    tasks: JoinSet<Fallible>,
    next: usize,
    chance: Chance,
}

impl Crowd {
    /// Opens the sockets; each message must be heard by `hearing_each` of the hearers.
    pub(crate) async fn gather(
        door: Door,
        speakers: Vec<Seat>,
        hearers: Vec<Seat>,
        hearing_each: usize,
    ) -> Fallible<Self> {
        Self::gather_apart(door, speakers, door, hearers, hearing_each).await
    }

    /// The same where those who hear have another door than those who speak.
    pub(crate) async fn gather_apart(
        door: Door,
        speakers: Vec<Seat>,
        other: Door,
        hearers: Vec<Seat>,
        hearing_each: usize,
    ) -> Fallible<Self> {
        let count = speakers.len();
        let mut crowd = Self::of_speakers(door, speakers, hearing_each).await?;
        for socket in enter_all(other, &hearers).await? {
            crowd.hear_by(|board| hear(socket, board, count));
        }
        Ok(crowd)
    }

    /// Those who speak, without anybody who hears.
    pub(crate) async fn of_speakers(door: Door, speakers: Vec<Seat>, hearing_each: usize) -> Fallible<Self> {
        let mut crowd = Self {
            door,
            board: Arc::new(Board::new(MESSAGES, hearing_each)?),
            speakers: Vec::new(),
            tasks: JoinSet::new(),
            next: 0,
            chance: Chance::new(0),
        };
        let sockets = enter_all(door, &speakers).await?;
        for (socket, seat) in sockets.into_iter().zip(speakers) {
            let (say, texts) = mpsc::channel(WAITING);
            crowd.speakers.push((say, seat));
            crowd.tasks.spawn(speak(door, socket, texts));
        }
        Ok(crowd)
    }

    /// One more who hears, and notes on the board what was heard; whose end is an error.
    pub(crate) fn hear_by<F>(&mut self, hear: impl FnOnce(Arc<Board>) -> F)
    where
        F: Future<Output = Fallible> + Send + 'static,
    {
        self.tasks.spawn(hear(Arc::clone(&self.board)));
    }

    /// The next message of a speaker as its socket sends it.
    fn words(&mut self, speaker: usize) -> String {
        let number = self.next;
        self.next += 1;
        let text = numbered(number);
        match self.door {
            Door::Floor(_) => text,
            Door::Ours(_) => {
                let id = u32::try_from(number).unwrap_or(0) + 1;
                call(id, &self.speakers[speaker].1.chat, self.chance.id(), &text)
            }
            Door::Peer(_) => call_of_peer(u32::try_from(number).unwrap_or(0), self.chance.id(), &text),
        }
    }

    /// Sends so many a second until the time is over. An operation is a message heard by one hearer.
    pub(crate) async fn on_time(&mut self, rate: u32, span: Duration) -> Fallible<Work> {
        let first = self.next;
        let count = usize::try_from(span.as_millis())? * rate as usize / 1000;
        let mut timetable = Vec::with_capacity(count);
        let begun = self.board.now() + Duration::from_millis(5);
        for place in 0..count {
            let speaker = place % self.speakers.len();
            let at = begun + Duration::from_secs(u64::try_from(place)?) / rate;
            self.board.intend(self.next, at)?;
            let words = self.words(speaker);
            timetable.push((at, self.speakers[speaker].0.clone(), words));
        }
        // A thread wakes where it should; the runtime's own clock goes by milliseconds.
        let board = Arc::clone(&self.board);
        let sending = tokio::task::spawn_blocking(move || {
            for (at, say, words) in timetable {
                std::thread::sleep(at.saturating_sub(board.now()));
                say.blocking_send(words)?;
            }
            Ok::<_, mpsc::error::SendError<String>>(())
        });
        self.until_heard(count, span + PATIENCE).await?;
        sending.await??;
        self.work(first, begun)
    }

    /// Sends the next message whenever fewer than `window` are under way.
    pub(crate) async fn at_most_under_way(&mut self, window: usize, span: Duration) -> Fallible<Work> {
        let (first, begun) = (self.next, self.board.now());
        let mut under_way = 0;
        while self.board.now() < begun + span {
            if under_way == window {
                self.until_heard(1, PATIENCE).await?;
                under_way -= 1;
            }
            let speaker = self.next % self.speakers.len();
            self.board.intend(self.next, self.board.now())?;
            let words = self.words(speaker);
            self.speakers[speaker].0.send(words).await?;
            under_way += 1;
        }
        self.until_heard(under_way, PATIENCE).await?;
        self.work(first, begun)
    }

    /// Waits until so many more were heard by all, or one of the sockets has failed.
    async fn until_heard(&mut self, count: usize, patience: Duration) -> Fallible {
        tokio::select! {
            heard = timeout(patience, self.board.heard(count)) => heard.map_err(|_| "some messages were not heard")?,
            ended = self.tasks.join_next() => Err(format!("a socket ended: {ended:?}").into()),
        }
    }

    fn work(&self, first: usize, begun: Duration) -> Fallible<Work> {
        let micros = self.board.micros(first..self.next);
        let done = u64::try_from(micros.len())? * u64::from(self.board.hearers());
        Ok(Work { done, failed: 0, took: self.board.now().saturating_sub(begun), micros })
    }

    /// How many messages it has sent in its life, each of which was heard.
    pub(crate) fn sent(&self) -> u64 {
        self.next as u64
    }

    /// How many sockets there are.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }
}

/// Opens a socket for each, some at a time.
async fn enter_all(door: Door, seats: &[Seat]) -> Fallible<Vec<Socket>> {
    use futures_util::{StreamExt as _, TryStreamExt as _};

    let opening = seats.iter().map(|seat| async move {
        let mut socket = Socket::connect(door).await?;
        match door {
            Door::Ours(_) | Door::Peer(_) => socket.follow(&seat.token).await?,
            Door::Floor(_) => socket.join(seat.group).await?,
        }
        Ok(socket)
    });
    futures_util::stream::iter(opening).buffered(OPENING).try_collect().await
}

/// Notes every message; one that comes out of the order in which its speaker said them ends it. Speakers take turns, so a number names
/// its speaker.
async fn hear(mut socket: Socket, board: Arc<Board>, speakers: usize) -> Fallible {
    let mut heard: HashMap<usize, usize> = HashMap::new();
    loop {
        let text = socket.next().await?;
        if let Some(number) = number(&text) {
            let before = heard.insert(number % speakers, number);
            if before >= Some(number) {
                return Err(format!("message {number} came after {before:?}").into());
            }
            board.note(number)?;
        }
    }
}

/// Sends what it is told to, in its time or when the answers before it let it; an answer that is a refusal ends it.
async fn speak(door: Door, mut socket: Socket, mut texts: mpsc::Receiver<String>) -> Fallible {
    let mut under_way = 0;
    loop {
        tokio::select! {
            text = texts.recv(), if under_way < CALLS => match text {
                Some(text) => {
                    socket.say(text).await?;
                    under_way += usize::from(door.asks_who());
                }
                None => return Ok(()),
            },
            heard = socket.next() => {
                let heard = heard?;
                if heard.starts_with(r#"{"result":"#) || heard.starts_with("43") {
                    under_way -= 1;
                    if heard.contains(r#""problem":"#) || heard.contains(r#""error":"#) {
                        return Err(format!("refused: {heard}").into());
                    }
                }
            }
        }
    }
}
