//! C2: 100,000 sockets that are open, authenticated and silent, from several addresses of this machine, pinged every 25 s, for ten
//! minutes. What the program has resident for each, what its processor does, and how many are lost. A command of its own: it needs 11
//! minutes, 8 GiB, and the right to open 220,000 files (root, or `ulimit -n`).

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::task::JoinSet;

use super::{beside, c1};
use crate::{
    Bench, Fallible,
    machine::{Side, Ticks, Watched, float},
    processors::{Duty, Pinned},
    report::{Bound, Figure, Outcome, say},
    servers::Server,
    sockets::Door,
};

const SOCKETS: usize = 100_000;
/// How many each address has.
const EACH: usize = 20_000;
/// Files of a process: a socket each, and some more.
const FILES: u64 = 110_000;
/// How long they are watched.
const SPAN: Duration = Duration::from_mins(10);
/// After what time memory is looked at.
const SETTLED: Duration = Duration::from_secs(30);

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    setrlimit(Resource::Nofile, Rlimit { current: Some(FILES), maximum: Some(FILES) })
        .map_err(|why| format!("{FILES} files may not be opened here ({why}): ulimit -n {FILES}"))?;
    let dir = bench.folder()?;
    let world = beside::left(bench, dir.path(), 1)?;
    let tokens = world.tokens(SOCKETS)?;
    let _there = Pinned::to(Duty::Call)?;
    let server = Server::rapport(dir.path())?;
    let door = Door::Ours(server.place("edge")?);
    let calls = beside::calls()?;
    let before = server.resident()?;
    let mut held = JoinSet::new();
    let begun = Instant::now();
    // 127.0.0.2, 127.0.0.3, …: the whole network is this machine.
    let from = |place: usize| {
        Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + 1 + u32::try_from(place / EACH).unwrap_or(0))
    };
    c1::hold(&calls, door, &tokens, from, &mut held)?;
    let opened = begun.elapsed();
    say(format_args!("  {SOCKETS} sockets were opened in {:.0} s", opened.as_secs_f64()));
    c1::wait(&calls, &mut held, SETTLED)?;
    let sockets = float(u64::try_from(SOCKETS)?);
    let kib = (server.resident()? - before) / sockets;
    let watched = Watched { ours: Some(server.pid()), ..Watched::default() };
    let ticks = Ticks::read(watched)?;
    // One that ends is an error.
    let span = bench.for_long(SPAN);
    c1::wait(&calls, &mut held, span)?;
    let micros = ticks.until(Ticks::read(watched)?).of(Side::Ours);
    let later = (server.resident()? - before) / sockets;
    drop((held, calls));
    server.stop()?;
    let title = format!("{SOCKETS} idle authenticated sockets for {} s", span.as_secs());
    let mut outcome = Outcome::of("C2", title, Vec::new());
    outcome.conditions = vec![
        "a visitor each; pinged every 25 s; memory of the process, not the kernel's; none was lost"
            .to_owned(),
    ];
    outcome.figures = vec![
        Figure::of("KiB a socket", vec![kib], Bound::at_most(16.0, 10.0)),
        Figure::of("KiB a socket at the end", vec![later], Bound::at_most(16.0, 10.0)),
        Figure::of("processors, idle", vec![micros / 1e6 / span.as_secs_f64()], Bound::at_most(0.6, 0.25)),
        Figure::of("sockets opened a second", vec![sockets / opened.as_secs_f64()], Bound::told()),
    ];
    Ok(vec![outcome])
}
