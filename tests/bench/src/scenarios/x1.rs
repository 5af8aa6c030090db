//! X1: D1 beside 20 sockets of a member, who hears everything, and the same when these stop reading: 1 % of 2,000, as the study has 100 of
//! 10,000. Each is cut off when its mailbox is full, long before the minute of the study is over, so a turn takes ten seconds at least:
//! the mailboxes are full after some six. The others' times, and what the program has resident more than before, at most: of what it
//! could be, a mailbox for each.

use std::{
    cell::{Cell, RefCell},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

use super::{
    beside::{self, left},
    check,
    d1::{CHATS, RATE, quiet_and_not},
};
use crate::{
    Bench, Fallible,
    crowd::{Crowd, Seat},
    load::TEXT,
    machine::{Watched, float, resident_kib},
    pages::Counters,
    processors::{Duty, Pinned},
    report::{Bound, Figure, Outcome, say},
    rounds::{Work, interleave},
    servers::Server,
    sockets::{Door, Socket},
};

/// How many stop reading.
const SLOW: usize = 20;
/// What the kernel keeps for each of them, so that the mailbox is what fills.
const KERNEL: u32 = 64 * 1024;
/// What a member's mailbox holds, in KiB.
const MAILBOX: f64 = 1024.0;
/// How long a turn takes at least.
const LEAST: Duration = Duration::from_secs(10);
/// How long it may take them to come back.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(50);

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let world = left(bench, dir.path(), CHATS)?;
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let ours = Server::rapport(dir.path())?;
    let door = Door::Ours(ours.place("edge")?);
    let admin = ours.place("admin")?;
    let seats: Vec<Seat> = (0..CHATS).map(|group| world.seat(group)).collect();
    let crowd = RefCell::new(calls.block_on(Crowd::gather(door, seats.clone(), seats, 1))?);
    let mut slow = calls.block_on(Slow::begin(door, &world.staff))?;
    let heard_by_them = Arc::clone(&slow.heard);
    let on_time = |span: Duration| calls.block_on(crowd.borrow_mut().on_time(RATE, span.max(LEAST)));
    let (mut growth, heard) = (Vec::new(), Cell::new(0));
    let rounds = interleave(
        bench,
        Watched { ours: Some(ours.pid()), ..Watched::default() },
        |span| {
            let before = calls.block_on(cut_off(admin))?;
            let peak = Peak::begin(ours.pid())?;
            slow.stop();
            let work = on_time(span)?;
            growth.push(peak.end()?);
            let cut = calls.block_on(cut_off(admin))? - before;
            if (cut - float(SLOW as u64)).abs() > 0.5 {
                return Err(format!("{SLOW} stopped reading, {cut} were cut off").into());
            }
            slow.go_on();
            calls.block_on(slow.are_back())?;
            Ok(work)
        },
        |span, _| {
            let before = heard_by_them.load(Ordering::Relaxed);
            let work: Work = on_time(span)?;
            heard.set(heard.get() + heard_by_them.load(Ordering::Relaxed) - before);
            Ok(work)
        },
    )?;
    // The turns before the first are not counted.
    growth.remove(0);
    say(format_args!("  {growth:.0?} KiB more than before"));
    let sockets = crowd.borrow().len();
    let sent = crowd.borrow().sent();
    drop((crowd, slow, calls));
    ours.stop()?;
    let title =
        format!("a message from one socket to another while {SLOW} others do not read / while they do");
    let mut outcome = Outcome::of("X1", title, rounds);
    outcome.conditions = vec![
        format!(
            "{sockets} sockets in {CHATS} chats of two, {RATE} messages/s by a timetable; text {TEXT} B; SQLite"
        ),
        format!(
            "{SLOW} sockets of a member who hears all of it; each was cut off with 4409, nobody else was"
        ),
        "a server has one processor, its callers the other".to_owned(),
        "the study's gate for memory is a mailbox for each, its goal a tenth more: the gate alone is kept"
            .to_owned(),
    ];
    quiet_and_not(&mut outcome, 1.5, 1.1);
    let mailboxes = MAILBOX * float(SLOW as u64);
    let memory = Bound { gate: Some(1.0), goal: None, lower: true };
    let share = growth.iter().map(|kib| kib / mailboxes);
    outcome.figures.push(Figure::of("memory more than before / all their mailboxes", share, memory));
    outcome.figures.push(Figure::of("memory more than before, KiB", growth.iter().copied(), Bound::told()));
    outcome.faults = check::sqlite_holding(&dir.path().join("rapport.db"), sent)?;
    if heard.get() == 0 {
        outcome.faults.push("those who were to stop reading had nothing to read".to_owned());
    }
    Ok(vec![outcome])
}

/// How many sockets the program has cut off because they did not read.
async fn cut_off(admin: SocketAddr) -> Fallible<f64> {
    Ok(Counters::read(admin).await?.sum("rapport_live_closed_total{", r#"code="4409""#))
}

/// Sockets that read while they are told to. One that is cut off meanwhile comes back when it is to read again.
struct Slow {
    reads: watch::Sender<bool>,
    back: Arc<Semaphore>,
    heard: Arc<AtomicU64>,
    tasks: JoinSet<Fallible>,
}

impl Slow {
    async fn begin(door: Door, token: &str) -> Fallible<Self> {
        let (back, heard) = (Arc::new(Semaphore::new(0)), Arc::<AtomicU64>::default());
        let mut slow = Self { reads: watch::Sender::new(true), back, heard, tasks: JoinSet::new() };
        for _ in 0..SLOW {
            let (reads, token) = (slow.reads.subscribe(), token.to_owned());
            let (back, heard) = (Arc::clone(&slow.back), Arc::clone(&slow.heard));
            slow.tasks.spawn(async move { read(door, &token, reads, &back, &heard).await });
        }
        slow.are_back().await?;
        Ok(slow)
    }

    fn stop(&self) {
        self.reads.send_replace(false);
    }

    fn go_on(&self) {
        self.reads.send_replace(true);
    }

    /// Waits until all read.
    async fn are_back(&mut self) -> Fallible {
        let back = self.back.acquire_many(u32::try_from(SLOW)?);
        tokio::select! {
            back = timeout(PATIENCE, back) => back??.forget(),
            Some(ended) = self.tasks.join_next() => ended??,
        }
        Ok(())
    }
}

/// Reads, stops when it is told to, and comes back for as long as there is somebody to tell it.
async fn read(
    door: Door,
    token: &str,
    mut reads: watch::Receiver<bool>,
    back: &Semaphore,
    heard: &AtomicU64,
) -> Fallible {
    loop {
        let mut socket = Socket::connect_with(door, Ipv4Addr::LOCALHOST, Some(KERNEL)).await?;
        socket.follow(token).await?;
        back.add_permits(1);
        loop {
            tokio::select! {
                stopped = reads.wait_for(|reads| !reads) => {
                    stopped?;
                    break;
                }
                said = socket.next() => {
                    said?;
                    heard.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        // Held, and not read from.
        reads.wait_for(|reads| *reads).await?;
    }
}

/// What a program has resident at most while this is looked at.
struct Peak {
    over: Arc<AtomicBool>,
    looking: std::thread::JoinHandle<Fallible<f64>>,
}

impl Peak {
    fn begin(pid: u32) -> Fallible<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let before = resident_kib(pid)?;
        let is_over = Arc::clone(&over);
        let looking = std::thread::spawn(move || {
            let mut peak = before;
            while !is_over.load(Ordering::Relaxed) {
                peak = peak.max(resident_kib(pid)?);
                std::thread::sleep(LOOK);
            }
            Ok(float(peak - before))
        });
        Ok(Self { over, looking })
    }

    /// How much more than at first it had, in KiB.
    fn end(self) -> Fallible<f64> {
        self.over.store(true, Ordering::Relaxed);
        self.looking.join().map_err(|_| "memory was not looked at")?
    }
}
