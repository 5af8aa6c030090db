//! X2: D1 in one workspace beside another one that asks for twenty times what it may, and without. There is no quota of a workspace; what
//! it may is what the limits of its sessions add up to: here 10 visitors of 20 requests a second. They send over REST, by a timetable;
//! what is let through is stored. A workspace with many sessions is bounded by nothing else, and that is not measured here.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    time::Duration,
};

use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, interval_at},
};

use super::{
    beside, check,
    d1::{CHATS, RATE, quiet_and_not},
};
use crate::{
    Bench, Fallible,
    crowd::{Crowd, Seat},
    load::{Chance, TEXT},
    machine::{Watched, float},
    pages::Pages,
    processors::{Duty, Pinned},
    report::{Bound, Figure, Outcome},
    rounds::interleave,
    servers::Server,
    sockets::{Door, numbered},
    world::{self, Chat, World},
};

/// How many sessions the noisy workspace has.
const SESSIONS: usize = 10;
/// What each may ask for in a second, which is the default, and at once.
const MAY: u32 = 20;
const AT_ONCE: u64 = 2 * MAY as u64;
/// How many times that they ask for.
const TIMES: u32 = 20;
/// On how many connections each does.
const CONNECTIONS: u32 = 4;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let (world, noisy) = bench.runtime.block_on(async {
        let world = World::make(dir.path(), world::sqlite(dir.path()), CHATS).await?;
        let noisy = world.another("noisy", SESSIONS).await?;
        world.leave(dir.path()).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((world, noisy))
    })?;
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let may = MAY.to_string();
    let ours = Server::rapport_with(dir.path(), &[("LIMITS__SESSION_REQUESTS", &may)])?;
    let edge = ours.place("edge")?;
    let seats: Vec<Seat> = (0..CHATS).map(|group| world.seat(group)).collect();
    let crowd = calls.block_on(Crowd::gather(Door::Ours(edge), seats.clone(), seats, 1))?;
    let crowd = RefCell::new(crowd);
    let on_time = |span| calls.block_on(crowd.borrow_mut().on_time(RATE, span));
    let (mut noises, stored) = (Vec::new(), Cell::new(0));
    let rounds = interleave(
        bench,
        Watched { ours: Some(ours.pid()), ..Watched::default() },
        |span| {
            let noise = calls.block_on(begin(edge, &noisy.chats, span))?;
            let work = on_time(span);
            let noise = calls.block_on(end(noise))?;
            stored.set(stored.get() + noise.stored);
            noises.push((noise, span.as_secs_f64()));
            work
        },
        |span, _| on_time(span),
    )?;
    // The turns before the first are not counted.
    noises.remove(0);
    let (sockets, sent) = (crowd.borrow().len(), crowd.borrow().sent() + stored.get());
    drop((crowd, calls));
    ours.stop()?;
    let title = format!(
        "a message from one socket to another beside a workspace at {TIMES} times what it may / without it"
    );
    let mut outcome = Outcome::of("X2", title, rounds);
    outcome.conditions = vec![
        format!(
            "{sockets} sockets in {CHATS} chats of two, {RATE} messages/s by a timetable; text {TEXT} B; SQLite"
        ),
        format!(
            "the other: {SESSIONS} visitors of {MAY} requests/s on {CONNECTIONS} connections each; no limit of a workspace is there"
        ),
        "a server has one processor, its callers the other".to_owned(),
    ];
    quiet_and_not(&mut outcome, 1.5, 1.15);
    let quota = float(SESSIONS as u64) * f64::from(MAY);
    for (name, value) in [
        (
            "refused of the noisy, %",
            (|n, _, _| 100.0 * float(n.refused) / float(n.all())) as fn(Noise, f64, f64) -> f64,
        ),
        ("asked by the noisy, times what it may", |n, s, quota| float(n.all()) / s / quota),
        ("connections closed on the noisy, a second", |n, s, _| float(n.closed) / s),
        ("stored of the noisy, messages/s", |n, s, _| float(n.stored) / s),
    ] {
        let values = noises.iter().map(|(noise, seconds)| value(*noise, *seconds, quota));
        outcome.figures.push(Figure::of(name, values, Bound::told()));
    }
    outcome.faults = check::sqlite_holding(&dir.path().join("rapport.db"), sent)?;
    for (noise, seconds) in noises {
        let most = float(SESSIONS as u64) * (float(AT_ONCE) + f64::from(MAY) * (seconds + 1.0));
        if float(noise.stored) > most {
            outcome.faults.push(format!("{} calls were let through where {most} may be", noise.stored));
        }
        if float(noise.stored) < 0.9 * quota * seconds {
            outcome.faults.push(format!("only {} calls were let through", noise.stored));
        }
        if float(noise.all()) < 0.9 * f64::from(TIMES) * quota * seconds {
            outcome.faults.push(format!("only {} calls could be made", noise.all()));
        }
    }
    Ok(vec![outcome])
}

/// What the noisy workspace was answered.
#[derive(Clone, Copy, Debug, Default)]
struct Noise {
    stored: u64,
    refused: u64,
    /// How often a connection was closed after an answer.
    closed: u64,
}

impl Noise {
    /// Asks; on another connection where the one there was is closed. The request id is the same then, so nothing is stored twice.
    async fn ask(&mut self, pages: &mut Pages, body: &str) -> Fallible<u16> {
        if let Ok((status, _)) = pages.post(body).await {
            return Ok(status);
        }
        self.closed += 1;
        pages.again().await?;
        Ok(pages.post(body).await?.0)
    }

    fn all(self) -> u64 {
        self.stored + self.refused
    }
}

/// Lets the noisy ones ask until the time is over.
async fn begin(edge: SocketAddr, chats: &[Chat], span: Duration) -> Fallible<JoinSet<Fallible<Noise>>> {
    let mut asking = JoinSet::new();
    let each = Duration::from_secs(1) * CONNECTIONS / (MAY * TIMES);
    let begun = Instant::now();
    let many = u32::try_from(SESSIONS)? * CONNECTIONS;
    for (place, chat) in (0..many).zip(chats.iter().cycle()) {
        let path = format!("/v1/chats/{}/messages", chat.id);
        let mut pages = Pages::connect_to_post(edge, &path, Some(&chat.token)).await?;
        // Not all at the same moment.
        let mut turn = interval_at(begun + each * place / many, each);
        asking.spawn(async move {
            let (mut noise, mut chance) = (Noise::default(), Chance::new(place as usize));
            while begun.elapsed() < span {
                turn.tick().await;
                let body = json!({ "requestId": chance.id(), "text": numbered(place as usize) }).to_string();
                match noise.ask(&mut pages, &body).await? {
                    200 => noise.stored += 1,
                    429 => noise.refused += 1,
                    status => return Err(format!("the noisy were answered {status}").into()),
                }
            }
            Ok(noise)
        });
    }
    Ok(asking)
}

async fn end(asking: JoinSet<Fallible<Noise>>) -> Fallible<Noise> {
    let mut all = Noise::default();
    for noise in asking.join_all().await {
        let Noise { stored, refused, closed } = noise?;
        all = Noise {
            stored: all.stored + stored,
            refused: all.refused + refused,
            closed: all.closed + closed,
        };
    }
    Ok(all)
}
