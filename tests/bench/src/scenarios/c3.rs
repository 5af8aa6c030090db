//! C3: a storm. 4,000 sockets, two of each of 2,000 visitors, are cut off; 20 messages are sent into each chat; then all come back
//! within five seconds, each with its cursor. Until the last has what it missed, in order and once. The study's 10,000 would be
//! more files than one process may open here with what it sends.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rapport_proto::chats::v1::{SendMessageRequest, chat_service_client::ChatServiceClient};
use tokio::{task::JoinSet, time::timeout};
use tonic::transport::Channel;

use super::beside;
use crate::{
    Bench, Fallible,
    grpc::{bearing, connect},
    load::{Chance, TEXT},
    machine::float,
    pages::Counters,
    processors::{Duty, Pinned},
    report::{Bound, Figure, Outcome, say},
    servers::Server,
    sockets::{Door, Socket, field, number, numbered},
    world::Chat,
};

/// How many chats there are.
const CHATS: usize = 2_000;
/// How many sockets hear each.
const EACH: usize = 2;
/// How many messages each socket has missed.
const MISSED: usize = 20;
/// Within what time all come back.
const SPREAD: Duration = Duration::from_secs(5);
/// After what time a socket has failed.
const PATIENCE: Duration = Duration::from_mins(1);
/// How many callers send what is missed.
const SENDERS: usize = 64;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let world = beside::left(bench, dir.path(), CHATS)?;
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let server = Server::rapport(dir.path())?;
    let door = Door::Ours(server.place("edge")?);
    let (grpc, admin) = (server.place("grpc")?, server.place("admin")?);
    let mut storms = Vec::new();
    for turn in 0..bench.rounds.min(3) {
        let storm = calls.block_on(async {
            let cursors = cursors(door, &world.chats).await?;
            send(connect(grpc, 1).await?, &world.chats, turn).await?;
            let before = Counts::read(admin).await?;
            let storm = storm(door, &world.chats, cursors, turn).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((
                storm,
                Counts::read(admin).await?.since(before),
            ))
        })?;
        say(format_args!("  all caught up after {:.2} s, {:?}", storm.0.all.as_secs_f64(), storm.1));
        storms.push(storm);
    }
    drop(calls);
    server.stop()?;
    let sockets = CHATS * EACH;
    let clients = float(u64::try_from(sockets)?);
    let all = |value: &dyn Fn(&(Storm, Counts)) -> f64| storms.iter().map(value).collect::<Vec<_>>();
    let title =
        format!("{sockets} sockets cut off and back within {} s, {MISSED} messages behind", SPREAD.as_secs());
    let mut outcome = Outcome::of("C3", title, Vec::new());
    outcome.conditions = vec![
        format!("{CHATS} visitors with {EACH} sockets; {} messages missed in all, more than any ring holds; text {TEXT} B", CHATS * MISSED),
        "bounds are the study's for 10,000 sockets; SQLite; the server has one processor, its callers the other".to_owned(),
    ];
    outcome.figures = vec![
        Figure::of("until all have caught up, s", all(&|s| s.0.all.as_secs_f64()), Bound::at_most(20.0, 6.0)),
        Figure::of(
            "reads of the database a socket",
            all(&|s| s.1.reads / clients),
            Bound::at_most(1.0, 0.01),
        ),
        Figure::of("errors", all(&|s| float(s.0.errors)), Bound::at_most(0.0, 0.0)),
        Figure::of("one socket, p50 ms", all(&|s| f64::from(s.0.at(500)) / 1e3), Bound::told()),
        Figure::of("one socket, p99 ms", all(&|s| f64::from(s.0.at(990)) / 1e3), Bound::told()),
        Figure::of("calls of Authorize a socket", all(&|s| s.1.authorize / clients), Bound::told()),
        Figure::of("calls of Replay a socket", all(&|s| s.1.replay / clients), Bound::told()),
    ];
    outcome.faults = super::check::sqlite(&dir.path().join("rapport.db"))?;
    Ok(vec![outcome])
}

/// How one storm went.
#[derive(Debug)]
struct Storm {
    /// From the first socket that came until the last had everything.
    all: Duration,
    errors: u64,
    /// Each socket's time, in microseconds, in order.
    micros: Vec<u32>,
}

impl Storm {
    fn at(&self, part: usize) -> u32 {
        self.micros.get(self.micros.len() * part / 1000).copied().unwrap_or(0)
    }
}

/// Opens every socket once, and cuts all off.
async fn cursors(door: Door, chats: &[Chat]) -> Fallible<Vec<String>> {
    let mut cursors = Vec::new();
    let mut sockets = Vec::new();
    for chat in chats.iter().cycle().take(CHATS * EACH) {
        let mut socket = Socket::connect(door).await?;
        let welcome = socket.greet(&chat.token, "").await?;
        cursors.push(field(&welcome, "head").ok_or("a welcome without a head")?.to_owned());
        sockets.push(socket);
    }
    Ok(cursors)
}

/// Sends what is missed, chat after chat of a caller's share, so that each chat's are spread over the whole log.
async fn send(channels: Vec<Channel>, chats: &Arc<[Chat]>, turn: usize) -> Fallible {
    let mut senders = JoinSet::new();
    for (place, channel) in (0..SENDERS).zip(channels.iter().cycle()) {
        let (mut client, chats) = (ChatServiceClient::new(channel.clone()), Arc::clone(chats));
        senders.spawn(async move {
            let mut chance = Chance::new(place);
            for message in 0..MISSED {
                for chat in chats.iter().skip(place).step_by(SENDERS) {
                    let message = SendMessageRequest {
                        chat_id: chat.id.clone(),
                        request_id: chance.id().to_string(),
                        text: numbered(turn * MISSED + message),
                        internal: false,
                    };
                    client.send_message(bearing(message, &chat.token)?).await?;
                }
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        });
    }
    senders.join_all().await.into_iter().collect()
}

async fn storm(door: Door, chats: &Arc<[Chat]>, cursors: Vec<String>, turn: usize) -> Fallible<Storm> {
    let begun = Instant::now();
    let apart = SPREAD / u32::try_from(cursors.len())?;
    let mut coming = JoinSet::new();
    for (place, cursor) in (0_u32..).zip(cursors) {
        let token = chats[place as usize % chats.len()].token.clone();
        coming.spawn(async move {
            tokio::time::sleep_until((begun + apart * place).into()).await;
            let at = Instant::now();
            let socket = timeout(PATIENCE, catch_up(door, &token, &cursor, turn * MISSED)).await??;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((socket, at.elapsed()))
        });
    }
    let (mut sockets, mut micros, mut errors) = (Vec::new(), Vec::new(), 0);
    for came in coming.join_all().await {
        match came {
            Ok((socket, took)) => {
                micros.push(u32::try_from(took.as_micros())?);
                sockets.push(socket);
            }
            Err(error) => {
                say(format_args!("  {error}"));
                errors += 1;
            }
        }
    }
    micros.sort_unstable();
    Ok(Storm { all: begun.elapsed(), errors, micros })
}

/// Comes back and reads what was missed: all of it, in order, and no more before the replay is said to be done.
async fn catch_up(door: Door, token: &str, cursor: &str, first: usize) -> Fallible<Socket> {
    let mut socket = Socket::connect(door).await?;
    socket.greet(token, cursor).await?;
    let mut expected = first..first + MISSED;
    loop {
        let frame = socket.next().await?;
        if let Some(number) = number(&frame) {
            if expected.next() != Some(number) {
                return Err(format!("message {number} came out of its order").into());
            }
        } else if frame.starts_with(r#"{"checkpoint":"#) && expected.is_empty() {
            return Ok(socket);
        } else if !frame.starts_with(r#"{"checkpoint":"#) {
            return Err(format!("not what was missed: {frame}").into());
        }
    }
}

/// What the server has counted.
#[derive(Clone, Copy, Debug)]
struct Counts {
    reads: f64,
    authorize: f64,
    replay: f64,
}

impl Counts {
    async fn read(admin: std::net::SocketAddr) -> Fallible<Self> {
        let counters = Counters::read(admin).await?;
        Ok(Self {
            reads: counters.sum("rapport_reads_total", ""),
            authorize: counters.sum("rapport_calls_total{", "EdgeService/Authorize"),
            replay: counters.sum("rapport_calls_total{", "EdgeService/Replay"),
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            reads: self.reads - before.reads,
            authorize: self.authorize - before.authorize,
            replay: self.replay - before.replay,
        }
    }
}
