//! U1: two hours of everything at once at two fifths of what the server's processor can do: messages, pages, lists, sockets and streams that
//! stay, come and go. Every minute memory, files, the store and its journal are looked at, and what was waited for. In the second half
//! none of them may grow beyond chance, nor acknowledgements and deliveries get later. Every message is counted, at each of its hearers
//! and in the store. How many messages a second make two fifths is found out first.

use std::{fs, path::Path, time::Duration};

use serde_json::json;

use super::beside;
use crate::{
    Bench, Fallible,
    asked::middle,
    machine::{Side, Ticks, Watched, float},
    processors::{Duty, Pinned},
    report::{Bound, Figure, Outcome, say},
    servers::Server,
    soak::{Sample, Soak},
    trend::Trend,
    world::Chat,
};

/// How many chats there are, each with a visitor.
const CHATS: usize = 200;
/// The part of a processor that the server is to use.
const LOAD: f64 = 0.4;
/// At what rates, in messages a second, its use is measured, and for how long each.
const TRIED: [u32; 2] = [50, 200];
const TRY: Duration = Duration::from_secs(8);
/// No more than this is sent, whatever the processor could do: the store must find room.
const MOST: u32 = 1_000;
/// How long it lasts.
const SPAN: Duration = Duration::from_hours(2);
/// How far apart looks are, where there is time for as many.
const APART: Duration = Duration::from_mins(1);
const LOOKS: u32 = 20;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let span = bench.for_long(SPAN);
    let dir = bench.folder()?;
    let world = beside::left(bench, dir.path(), CHATS)?;
    let chats: Vec<Chat> = world
        .chats
        .iter()
        .map(|chat| Ok(Chat { token: world.token_of(chat.caller.id())?, ..chat.clone() }))
        .collect::<Fallible<_>>()?;
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let server = Server::rapport(dir.path())?;
    let watched = Watched { ours: Some(server.pid()), ..Watched::default() };
    let (edge, grpc) = (server.place("edge")?, server.place("grpc")?);
    let mut soak = calls.block_on(Soak::begin(edge, grpc, world.token_of_staff()?, chats))?;

    let mut tried = Vec::new();
    for rate in TRIED {
        let before = Ticks::read(watched)?;
        calls.block_on(soak.go_on(rate, TRY))?;
        tried.push((
            f64::from(rate),
            before.until(Ticks::read(watched)?).of(Side::Ours) / 1e6 / TRY.as_secs_f64(),
        ));
    }
    let rate = rate_for(&tried);
    say(format_args!("  {rate} messages/s for {} s", span.as_secs()));
    soak.drain();

    let apart = APART.min(span / LOOKS).max(Duration::from_secs(1));
    let count = span.as_millis() / apart.as_millis();
    let mut looks = Vec::new();
    for _ in 0..count {
        let before = Ticks::read(watched)?;
        calls.block_on(soak.go_on(rate, apart))?;
        let spent = before.until(Ticks::read(watched)?);
        let look =
            Look::of(&server, dir.path(), soak.drain(), spent.of(Side::Ours) / 1e6 / apart.as_secs_f64())?;
        say(format_args!("  {look:.1?}"));
        looks.push(look);
    }
    let sent = soak.sent();
    calls.block_on(soak.end())?;
    drop(calls);
    server.stop()?;
    let mut faults = super::check::sqlite(&dir.path().join("rapport.db"))?;
    let stored: u64 = rusqlite::Connection::open(dir.path().join("rapport.db"))?.query_row(
        "select count(*) from messages",
        [],
        |row| row.get(0),
    )?;
    if stored != sent {
        faults.push(format!("{stored} messages are stored and {sent} were sent"));
    }

    let title = format!("{} s of everything at {rate} messages/s", span.as_secs());
    let mut outcome = Outcome::of("U1", title, Vec::new());
    outcome.conditions = vec![
        format!("{CHATS} chats with a socket that stays, 40 sockets and a stream that come and go, 3 streams of the staff that stay"),
        format!("a page for every 4 messages, a list for every 20; a look every {} s; {sent} messages in all", apart.as_secs()),
        "each heard once and in order by every one of its hearers, and stored once; SQLite; the server has one processor".to_owned(),
    ];
    outcome.faults = faults;
    outcome.figures = figures(&looks[looks.len() / 2..], apart)?;
    outcome.looks = looks.iter().map(Look::told).collect();
    Ok(vec![outcome])
}

/// The rate at which the server would use [`LOAD`]: by the line through what was tried.
fn rate_for(tried: &[(f64, f64)]) -> u32 {
    let [(slow, used), .., (fast, used_more)] = tried else { return MOST };
    let each = ((used_more - used) / (fast - slow)).max(1e-6);
    let rate = slow + (LOAD - used) / each;
    let fits = (1..=MOST).rev().find(|most| f64::from(*most) <= rate);
    fits.unwrap_or(1)
}

/// What was seen at one look.
#[derive(Debug)]
struct Look {
    mib: f64,
    files: f64,
    store_mib: f64,
    wal_mib: f64,
    processor: f64,
    /// p50 and p99, in milliseconds.
    acknowledged: (f64, f64),
    delivered: (f64, f64),
    read: (f64, f64),
    came_back: u64,
}

impl Look {
    fn of(server: &Server, dir: &Path, samples: Vec<Sample>, processor: f64) -> Fallible<Self> {
        let (mut acknowledged, mut delivered, mut read, mut came_back) =
            (Vec::new(), Vec::new(), Vec::new(), 0);
        for sample in samples {
            match sample {
                Sample::Acknowledged(micros) => acknowledged.push(micros),
                Sample::Delivered(micros) => delivered.push(micros),
                Sample::Read(micros) => read.push(micros),
                Sample::CameBack => came_back += 1,
            }
        }
        let ms = |times: &[u32]| {
            let (p50, p99) = middle(times);
            (p50 / 1e3, p99 / 1e3)
        };
        let mib =
            |name: &str| fs::metadata(dir.join(name)).map_or(0.0, |file| float(file.len()) / 1_048_576.0);
        Ok(Self {
            mib: server.resident()? / 1024.0,
            files: float(server.files()?),
            store_mib: mib("rapport.db"),
            wal_mib: mib("rapport.db-wal"),
            processor,
            acknowledged: ms(&acknowledged),
            delivered: ms(&delivered),
            read: ms(&read),
            came_back,
        })
    }

    fn told(&self) -> serde_json::Value {
        json!({
            "resident_mib": self.mib, "files": self.files, "store_mib": self.store_mib, "wal_mib": self.wal_mib,
            "processor": self.processor, "acknowledged_ms": self.acknowledged, "delivered_ms": self.delivered,
            "read_ms": self.read, "came_back": self.came_back,
        })
    }
}

/// What the second half came to. A part of each middle is chance however still it stands: an allocator keeps what it may need again, and
/// the slowest of a hundred is whatever else the machine did.
fn figures(half: &[Look], apart: Duration) -> Fallible<Vec<Figure>> {
    let hours = apart.as_secs_f64() * float(half.len() as u64) / 3_600.0;
    let mut figures = Vec::new();
    let mut told = Vec::new();
    for (name, part, value) in [
        ("memory, MiB", 0.02, (|look| look.mib) as fn(&Look) -> f64),
        ("files", 0.01, |look| look.files),
        ("journal, MiB", 0.1, |look| look.wal_mib),
        ("acknowledgement p50, ms", 0.25, |look| look.acknowledged.0),
        ("acknowledgement p99, ms", 0.5, |look| look.acknowledged.1),
        ("delivery p50, ms", 0.25, |look| look.delivered.0),
        ("delivery p99, ms", 0.5, |look| look.delivered.1),
    ] {
        let looks: Vec<f64> = half.iter().map(value).collect();
        let trend = Trend::of(&looks).ok_or("too few looks: more --seconds")?;
        figures.push(Figure::of(
            format!("{name}: rise beyond chance"),
            [trend.beyond(part)],
            Bound::at_most(0.0, 0.0),
        ));
        told.push(Figure::of(name, looks, Bound::told()));
        told.push(Figure::of(format!("{name}: slope an hour"), [trend.rise / hours], Bound::told()));
    }
    for (name, value) in [
        ("processors", (|look| look.processor) as fn(&Look) -> f64),
        ("store, MiB", |look| look.store_mib),
        ("page or list p50, ms", |look| look.read.0),
        ("page or list p99, ms", |look| look.read.1),
    ] {
        told.push(Figure::of(name, half.iter().map(value), Bound::told()));
    }
    figures.append(&mut told);
    Ok(figures)
}
