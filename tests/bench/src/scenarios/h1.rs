//! H1: a page of 50 messages over REST, 64 connections, each asking for a chat of its own. Floor: L6, axum with the same bytes.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::beside;
use crate::{
    Bench, Fallible,
    floors::Floor,
    load::{Chance, TEXT, send},
    machine::Watched,
    pages::Pages,
    processors::{Duty, Pinned},
    report::{Bound, Outcome},
    rounds::{Work, interleave},
    servers::Server,
    world::{self, World},
};

/// How many connections there are.
const CONNECTIONS: usize = 64;
/// How many messages a page has.
const PAGE: usize = 50;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let world = bench.runtime.block_on(async {
        let world = World::make(dir.path(), world::sqlite(dir.path()), CONNECTIONS).await?;
        let mut chance = Chance::new(0);
        for chat in world.chats.iter() {
            for _ in 0..PAGE {
                send(&world.app, &chat.caller, &chat.id, &mut chance).await?;
            }
        }
        world.leave(dir.path()).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(world)
    })?;
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let ours = Server::rapport(dir.path())?;
    let file = dir.path().join("page");
    let (mut pages, page) = calls.block_on(async {
        let mut pages = Vec::new();
        for chat in world.chats.iter() {
            let path = format!("/v1/chats/{}/messages?pageSize={PAGE}", chat.id);
            pages.push(Pages::connect(ours.place("edge")?, &path, Some(&chat.token)).await?);
        }
        let page = pages.first_mut().ok_or("no chats")?.get().await?.to_vec();
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((pages, page))
    })?;
    let messages = String::from_utf8_lossy(&page).matches(r#""messageId":"#).count();
    if messages != PAGE {
        return Err(format!("a page of {messages} messages").into());
    }
    std::fs::write(&file, &page)?;
    let floor = Server::floor(Floor::Bare, Some(&file))?;
    let mut same = calls.block_on(async {
        let mut pages = Vec::new();
        for _ in 0..CONNECTIONS {
            pages.push(Pages::connect(floor.place("edge")?, "/page", None).await?);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(pages)
    })?;
    let rounds = interleave(
        bench,
        Watched { ours: Some(ours.pid()), floor: Some(floor.pid()), ..Watched::default() },
        |span| calls.block_on(read(&mut pages, span)),
        |span, _| calls.block_on(read(&mut same, span)),
    )?;
    drop(calls);
    ours.stop()?;
    let title = "a page of 50 messages over REST / the same bytes from axum (L6)";
    let mut outcome = Outcome::of_rates("H1", title, rounds, Bound::at_least(0.15, 0.35));
    outcome.conditions = vec![
        format!("{CONNECTIONS} connections, closed loop; page {} B of texts of {TEXT} B; SQLite, warm", page.len()),
        "a server has one processor, its callers the other; where the callers are the slower side the floor's rate is theirs, its cpu is not".to_owned(),
    ];
    Ok(vec![outcome])
}

async fn read(pages: &mut Vec<Pages>, span: Duration) -> Fallible<Work> {
    for page in pages.iter_mut() {
        page.again().await?;
    }
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for mut page in pages.drain(..) {
        callers.spawn(async move {
            let mut micros = Vec::new();
            while begun.elapsed() < span {
                let at = Instant::now();
                page.get().await?;
                micros.push(u32::try_from(at.elapsed().as_micros())?);
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((page, micros))
        });
    }
    let mut micros = Vec::new();
    for read in callers.join_all().await {
        let (page, mut times) = read?;
        pages.push(page);
        micros.append(&mut times);
    }
    Ok(Work { done: u64::try_from(micros.len())?, took: begun.elapsed(), micros, failed: 0 })
}
