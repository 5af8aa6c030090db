//! C1: what a program has resident for each of 10,000 sockets that are open, authenticated and silent. Floor: L9, axum with a read
//! buffer of 1 KiB and nothing behind it. Every look is at a program that was just started.

use std::{net::Ipv4Addr, path::Path, time::Duration};

use futures_util::StreamExt as _;
use tokio::{runtime::Runtime, task::JoinSet};

use super::beside;
use crate::{
    Bench, Fallible,
    floors::Floor,
    machine::{Side, Ticks, Watched, float},
    processors::{Duty, Pinned},
    report::{Bound, Figure, Outcome, say},
    servers::Server,
    sockets::{Door, Socket},
};

/// How many sockets there are.
const SOCKETS: usize = 10_000;
/// How many in the short form.
const FEWER: usize = 2_000;
/// How many are opened at once.
const OPENING: usize = 64;
/// How many are opened before the first look: what the first ones cost once is not theirs.
pub(super) const FIRST: usize = 50;
/// After what time memory is looked at.
const SETTLED: Duration = Duration::from_secs(2);
/// For how long the work of idle sockets is looked at: a server pings each once in that time, or twice.
const IDLE: Duration = Duration::from_secs(30);

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let sockets = if bench.short { FEWER } else { SOCKETS };
    let rounds = bench.rounds.min(3);
    let dir = bench.folder()?;
    let world = beside::left(bench, dir.path(), 1)?;
    let tokens = world.tokens(sockets + FIRST)?;
    let _there = Pinned::to(Duty::Call)?;
    let mut looks: Vec<[Look; 2]> = Vec::new();
    for _ in 0..rounds {
        let ours = ours(bench, dir.path(), &tokens)?;
        let floor = floor(bench, &tokens)?;
        say(format_args!("  ours {:.1} KiB a socket  floor {:.1} KiB a socket", ours.kib, floor.kib));
        looks.push([ours, floor]);
    }
    let all = |value: fn(&[Look; 2]) -> f64| looks.iter().map(value).collect::<Vec<_>>();
    let title = format!("{sockets} idle authenticated sockets / axum with a read buffer of 1 KiB (L9)");
    let mut outcome = Outcome::of("C1", title, Vec::new());
    outcome.conditions = vec![
        format!(
            "{rounds} looks at each, at a fresh program; a visitor each; memory of the process, not the kernel's"
        ),
        "ours pings each socket every 25 s, the floor never".to_owned(),
    ];
    let kib = if bench.short { Bound::told() } else { Bound::at_most(16.0, 8.0) };
    outcome.figures = vec![
        Figure::of("ratio of memory (ours / floor)", all(|l| l[0].kib / l[1].kib), Bound::at_most(3.0, 1.6)),
        Figure::of("ours, KiB a socket", all(|l| l[0].kib), kib),
        Figure::of("floor, KiB a socket", all(|l| l[1].kib), Bound::told()),
    ];
    if !bench.short {
        for (name, value) in [
            ("ours, us of cpu a socket and second, idle", (|l| l[0].cpu) as fn(&[Look; 2]) -> f64),
            ("ours, MiB before", |l| l[0].before / 1024.0),
            ("floor, MiB before", |l| l[1].before / 1024.0),
        ] {
            outcome.figures.push(Figure::of(name, all(value), Bound::told()));
        }
    }
    Ok(vec![outcome])
}

/// What was seen of one program.
#[derive(Debug)]
pub(super) struct Look {
    /// Resident for each socket.
    pub(super) kib: f64,
    /// Resident before they were opened, in KiB.
    before: f64,
    /// Processor time for each socket in a second, in microseconds.
    cpu: f64,
}

fn ours(bench: &Bench, dir: &Path, tokens: &[String]) -> Fallible<Look> {
    let server = Server::rapport(dir)?;
    let look = look(&server, Door::Ours(server.place("edge")?), tokens, !bench.short)?;
    server.stop()?;
    Ok(look)
}

fn floor(bench: &Bench, tokens: &[String]) -> Fallible<Look> {
    let server = Server::floor(Floor::Bare, None)?;
    look(&server, Door::Floor(server.place("edge")?), tokens, !bench.short)
}

/// Opens a socket for each token, and looks; at what they do when nobody speaks only where it is wanted.
pub(super) fn look(server: &Server, door: Door, tokens: &[String], at_idle: bool) -> Fallible<Look> {
    // Dropped with all its sockets before the program is stopped.
    let calls = beside::calls()?;
    let (first, rest) = tokens.split_at(FIRST);
    let mut held = JoinSet::new();
    let here = |_| Ipv4Addr::LOCALHOST;
    hold(&calls, door, first, here, &mut held)?;
    wait(&calls, &mut held, SETTLED)?;
    let before = server.resident()?;
    hold(&calls, door, rest, here, &mut held)?;
    wait(&calls, &mut held, SETTLED)?;
    let after = server.resident()?;
    let sockets = float(u64::try_from(rest.len())?);
    let mut cpu = 0.0;
    if at_idle {
        let watched = Watched { ours: Some(server.pid()), ..Watched::default() };
        let begun = Ticks::read(watched)?;
        wait(&calls, &mut held, IDLE)?;
        cpu = begun.until(Ticks::read(watched)?).of(Side::Ours) / IDLE.as_secs_f64() / sockets;
    }
    Ok(Look { kib: (after - before) / sockets, before, cpu })
}

/// Opens a socket for each token and keeps reading, so that pings are answered. `from` says from which address.
pub(super) fn hold(
    calls: &Runtime,
    door: Door,
    tokens: &[String],
    from: impl Fn(usize) -> Ipv4Addr + Copy,
    held: &mut JoinSet<Fallible>,
) -> Fallible {
    calls.block_on(async {
        let opening = tokens.iter().enumerate().map(|(place, token)| async move {
            let mut socket = Socket::connect_from(door, from(place)).await?;
            if door.asks_who() {
                socket.follow(token).await?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(socket)
        });
        let mut opening = futures_util::stream::iter(opening).buffer_unordered(OPENING);
        while let Some(socket) = opening.next().await {
            let mut socket = socket?;
            held.spawn(async move {
                loop {
                    socket.next().await?;
                }
            });
        }
        Ok(())
    })
}

/// Lets the sockets be; one that ends is an error.
pub(super) fn wait(calls: &Runtime, held: &mut JoinSet<Fallible>, span: Duration) -> Fallible {
    calls.block_on(async {
        tokio::select! {
            () = tokio::time::sleep(span) => Ok(()),
            ended = held.join_next() => Err(format!("a socket ended: {ended:?}").into()),
        }
    })
}
