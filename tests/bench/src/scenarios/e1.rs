//! E1: what the product replaces, beside it: Express 5, socket.io 4.8 and pg on Node, built with care (`tests/bench/peer`). The same callers
//! load both by turns, each server on one processor, each with a database of one PostgreSQL; a message is on disk before it is heard on
//! both. Its packages are fetched by npm where they are not there yet.
//!
//! - A message to 500 sockets, as many as go and 50,000 deliveries a second: deliveries for each second of the server's processor.
//! - Durable messages a second, a chat for each of 256 sockets.
//! - Memory of an idle socket.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tokio::runtime::Runtime;

use super::{beside, c1, check};
use crate::{
    Bench, Fallible,
    crowd::{Crowd, Seat},
    floors::postgres::Database,
    load::{Calls, Chance, TEXT, closed_loop},
    machine::Watched,
    pages::Pages,
    processors::{Duty, Pinned},
    report::{Bound, Figure, Outcome, say},
    rounds::{Round, interleave},
    servers::Server,
    sockets::{Door, Socket, call, call_of_peer, numbered},
    world::{Chat, World},
};

/// How many hear a message.
const HEARERS: usize = 500;
/// How many messages a second make 50,000 deliveries.
const RATE: u32 = 100;
/// How many speak to them, each in a socket of its own, and how many messages are under way where as many go as do.
const VOICES: usize = 8;
const WINDOW: usize = 96;
/// How many chats are spoken in at once.
const SPEAKERS: usize = 256;
/// How many sockets are idle.
const IDLE: usize = 3_000;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let packages = packages()?;
    let (dir, database) = (bench.folder()?, Database::create(bench.runtime.handle())?);
    let world = bench.runtime.block_on(async {
        let world = World::make(dir.path(), database.target()?, SPEAKERS).await?;
        world.leave(dir.path()).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(world)
    })?;
    let others = Database::create(bench.runtime.handle())?;
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let memory = memory(bench, &calls, (dir.path(), &database, &world), (&packages, &others))?;

    let ours = Server::rapport_on(dir.path(), Some(database.url()))?;
    let peer = Server::peer(&packages, others.url())?;
    let watched = Watched { ours: Some(ours.pid()), floor: Some(peer.pid()), ..database.watched()? };
    let [here, there] = [Door::Ours(ours.place("edge")?), Door::Peer(peer.place("edge")?)];
    let seats: Vec<Seat> = world.chats.iter().enumerate().map(|(group, chat)| seat(chat, group)).collect();
    let peers: Vec<Seat> = calls.block_on(visits(&peer, seats.iter().map(|seat| seat.chat.clone())))?;
    let staff = Seat { token: world.token_of_staff()?, ..seats[0].clone() };

    let mut outcomes = Vec::new();
    let mut crowd =
        calls.block_on(Crowd::gather(here, vec![seats[0].clone(); VOICES], vec![staff; HEARERS], HEARERS))?;
    let hearers = vec![peers[0].clone(); HEARERS];
    let mut others_crowd =
        calls.block_on(Crowd::gather(there, vec![peers[0].clone(); VOICES], hearers, HEARERS))?;
    let rounds = interleave(
        bench,
        watched,
        |span| calls.block_on(crowd.at_most_under_way(WINDOW, span)),
        |span, _| calls.block_on(others_crowd.at_most_under_way(WINDOW, span)),
    )?;
    outcomes.push(deliveries(
        "E1-saturation",
        "as many messages to 500 sockets as go",
        rounds,
        Bound::at_least(3.0, 8.0),
    ));
    let rounds = interleave(
        bench,
        watched,
        |span| calls.block_on(crowd.on_time(RATE, span)),
        |span, _| calls.block_on(others_crowd.on_time(RATE, span)),
    )?;
    outcomes.push(deliveries(
        "E1-fixed",
        "50,000 deliveries/s to 500 sockets",
        rounds,
        Bound::at_least(1.8, 2.2),
    ));
    drop((crowd, others_crowd));

    let mut speaking = calls.block_on(speakers(here, &seats))?;
    let mut speaking_there = calls.block_on(speakers(there, &peers))?;
    let rounds = interleave(
        bench,
        watched,
        |span| calls.block_on(closed_loop(&mut speaking, span)),
        |span, _| calls.block_on(closed_loop(&mut speaking_there, span)),
    )?;
    let title = "durable messages on PostgreSQL / Express, socket.io and pg";
    let mut outcome = Outcome::of_rates("E1-durable", title, rounds, Bound::at_least(2.0, 3.0));
    outcome.conditions = vec![
        format!("{SPEAKERS} sockets with a chat each, closed loop; text {TEXT} B"),
        database.conditions()?,
    ];
    outcomes.push(outcome);
    outcomes.push(memory);
    drop((speaking, speaking_there, calls));
    ours.stop()?;
    peer.stop()?;
    outcomes[0].faults = check::postgres(&database)?;
    let gaps = "select count(*) from (select min(seq) as least, max(seq) as most, count(*) as n from messages group by chat_id) g \
                where least <> 1 or most <> n";
    let gaps: i64 = others.one(gaps, |row| {
        use sea_orm::sqlx::Row as _;
        row.try_get(0)
    })?;
    if gaps != 0 {
        outcomes[0].faults.push(format!("the peer: {gaps} chats have gaps in their numbers"));
    }
    Ok(outcomes)
}

/// The peer's folder, with what it needs.
fn packages() -> Fallible<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer");
    let changed = |name: &str| std::fs::metadata(folder.join(name)).and_then(|file| file.modified()).ok();
    let (asked, there) = (changed("package-lock.json"), changed("node_modules/.package-lock.json"));
    if there.is_none() || there < asked {
        say("  npm ci");
        let done = Command::new("npm")
            .args(["ci", "--omit=dev", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .status()?;
        if !done.success() {
            return Err("the peer's packages could not be fetched: npm ci failed".into());
        }
    }
    Ok(folder)
}

fn seat(chat: &Chat, group: usize) -> Seat {
    Seat { token: chat.token.clone(), group, chat: chat.id.clone() }
}

/// Visits in these chats at the peer.
async fn visits(peer: &Server, chats: impl Iterator<Item = String>) -> Fallible<Vec<Seat>> {
    let mut pages = Pages::connect(peer.place("edge")?, "/", None).await?;
    let mut seats = Vec::new();
    for chat in chats {
        pages.turn_to(&format!("/visits/{chat}"), "none");
        let visit: serde_json::Value = serde_json::from_slice(pages.get().await?)?;
        let token = visit["token"].as_str().ok_or("a visit without a token")?.to_owned();
        seats.push(Seat { token, group: 0, chat });
    }
    Ok(seats)
}

/// Deliveries for each second of the server's processor.
fn deliveries(id: &'static str, what: &str, rounds: Vec<Round>, bound: Bound) -> Outcome {
    let mut outcome = Outcome::of(id, format!("{what} / Express, socket.io and pg"), rounds);
    outcome.conditions = vec![
        format!(
            "a message of {TEXT} B is on disk before it is heard, on PostgreSQL; {HEARERS} sockets, {VOICES} that speak"
        ),
        "cpu is the server's process, not the database's; a server has one processor, its callers the other"
            .to_owned(),
    ];
    outcome.tell("ratio of deliveries a cpu-second (ours / peer)", bound, |r| {
        r.floor.cpu_micros / r.ours.cpu_micros
    });
    for (name, value) in [
        ("ours, us of cpu a delivery", (|r| r.ours.cpu_micros) as fn(&Round) -> f64),
        ("peer, us of cpu a delivery", |r| r.floor.cpu_micros),
        ("ours, deliveries/s", |r| r.ours.rate),
        ("peer, deliveries/s", |r| r.floor.rate),
        ("ours, last hearer p50 ms", |r| f64::from(r.ours.p50_micros) / 1e3),
        ("ours, last hearer p99 ms", |r| f64::from(r.ours.p99_micros) / 1e3),
        ("peer, last hearer p50 ms", |r| f64::from(r.floor.p50_micros) / 1e3),
        ("peer, last hearer p99 ms", |r| f64::from(r.floor.p99_micros) / 1e3),
    ] {
        outcome.tell(name, Bound::told(), value);
    }
    outcome
}

/// What an idle socket holds, at programs that were just started.
fn memory(
    bench: &Bench,
    calls: &Runtime,
    (dir, database, world): (&Path, &Database, &World),
    (packages, others): (&Path, &Database),
) -> Fallible<Outcome> {
    let tokens = world.tokens(IDLE + c1::FIRST)?;
    let mut looks: Vec<[f64; 2]> = Vec::new();
    for _ in 0..bench.rounds.min(3) {
        let ours = Server::rapport_on(dir, Some(database.url()))?;
        let here = c1::look(&ours, Door::Ours(ours.place("edge")?), &tokens, false)?.kib;
        ours.stop()?;
        let peer = Server::peer(packages, others.url())?;
        let chats = (0..IDLE + c1::FIRST).map(|chat| format!("idle-{chat}"));
        let visits: Vec<String> =
            calls.block_on(visits(&peer, chats))?.into_iter().map(|seat| seat.token).collect();
        let there = c1::look(&peer, Door::Peer(peer.place("edge")?), &visits, false)?.kib;
        peer.stop()?;
        say(format_args!("  ours {here:.1} KiB a socket  peer {there:.1} KiB a socket"));
        looks.push([here, there]);
    }
    let mut outcome = Outcome::of("E1-memory", format!("{IDLE} idle sockets / socket.io"), Vec::new());
    outcome.conditions = vec![format!("{} looks at each, at a fresh program; a chat each", looks.len())];
    outcome.figures = vec![
        Figure::of(
            "ratio of memory (ours / peer)",
            looks.iter().map(|look| look[0] / look[1]),
            Bound::at_most(0.667, 0.5),
        ),
        Figure::of("ours, KiB a socket", looks.iter().map(|look| look[0]), Bound::told()),
        Figure::of("peer, KiB a socket", looks.iter().map(|look| look[1]), Bound::told()),
    ];
    Ok(outcome)
}

/// A socket that says the next thing when the one before is stored.
#[derive(Debug)]
struct Speaker {
    socket: Socket,
    door: Door,
    chat: String,
    chance: Chance,
    said: u32,
}

async fn speakers(door: Door, seats: &[Seat]) -> Fallible<Vec<Speaker>> {
    let mut speakers = Vec::new();
    for (place, seat) in seats.iter().enumerate() {
        let mut socket = Socket::connect(door).await?;
        socket.follow(&seat.token).await?;
        speakers.push(Speaker { socket, door, chat: seat.chat.clone(), chance: Chance::new(place), said: 0 });
    }
    Ok(speakers)
}

impl Calls for Speaker {
    async fn call(&mut self) -> Fallible {
        self.said += 1;
        let (id, text) = (self.said, numbered(self.said as usize));
        let (words, answer, good) = match self.door {
            Door::Peer(_) => (call_of_peer(id, self.chance.id(), &text), format!("43{id}["), r#""message":"#),
            _ => (
                call(id, &self.chat, self.chance.id(), &text),
                format!(r#"{{"result":{{"id":{id},"#),
                r#""body":"#,
            ),
        };
        self.socket.say(words).await?;
        loop {
            let frame = self.socket.next().await?;
            if frame.starts_with(&answer) {
                return if frame.contains(good) { Ok(()) } else { Err(format!("refused: {frame}").into()) };
            }
        }
    }
}
