//! C4: new sessions a second: connect, upgrade, a token not seen before, hello and welcome; 32 at a time. Floor: L10, connect and
//! upgrade at axum.

use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::beside;
use crate::{
    Bench, Fallible,
    floors::Floor,
    machine::Watched,
    processors::{Duty, Pinned},
    report::{Bound, Outcome},
    rounds::{Work, interleave},
    servers::Server,
    sockets::{Door, Socket},
};

/// How many callers there are.
const CALLERS: usize = 32;
/// How many tokens there are; more than the server remembers, so that one that comes again is as good as new.
const TOKENS: usize = 60_000;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let world = beside::left(bench, dir.path(), 1)?;
    let tokens: Arc<[String]> = world.tokens(TOKENS)?.into();
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let ours = Server::rapport(dir.path())?;
    let floor = Server::floor(Floor::Bare, None)?;
    let watched = Watched { ours: Some(ours.pid()), floor: Some(floor.pid()), ..Watched::default() };
    let (door, beside) = (Door::Ours(ours.place("edge")?), Door::Floor(floor.place("edge")?));
    let used = Cell::new(0);
    let rounds = interleave(
        bench,
        watched,
        |span| {
            let work = calls.block_on(connects(door, &tokens, used.get(), span))?;
            used.set(used.get() + usize::try_from(work.done)? + CALLERS);
            Ok(work)
        },
        |span, _| calls.block_on(connects(beside, &tokens, 0, span)),
    )?;
    drop(calls);
    ours.stop()?;
    let title = "sessions opened over WebSocket / upgrades at axum (L10)";
    let mut outcome = Outcome::of_rates("C4", title, rounds, Bound::at_least(0.5, 0.8));
    outcome.conditions = vec![format!(
        "{CALLERS} at a time, each cut off when it stands; a token not seen before each; a server has one processor, its callers the other"
    )];
    Ok(vec![outcome])
}

async fn connects(door: Door, tokens: &Arc<[String]>, from: usize, span: Duration) -> Fallible<Work> {
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for place in 0..CALLERS {
        let tokens = Arc::clone(tokens);
        callers.spawn(async move {
            let mut micros = Vec::new();
            while begun.elapsed() < span {
                let at = Instant::now();
                let mut socket = Socket::connect(door).await?;
                if let Door::Ours(_) = door {
                    let place = from + place + micros.len() * CALLERS;
                    socket.greet(&tokens[place % tokens.len()], "").await?;
                }
                micros.push(u32::try_from(at.elapsed().as_micros())?);
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(micros)
        });
    }
    let mut micros = Vec::new();
    for times in callers.join_all().await {
        micros.append(&mut times?);
    }
    Ok(Work { done: u64::try_from(micros.len())?, took: begun.elapsed(), micros, failed: 0 })
}
