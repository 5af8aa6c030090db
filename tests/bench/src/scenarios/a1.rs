//! A1: 200 callers who sign in over REST at once, each again when it was answered, or when it was told to come back. Floor: L11, a loop
//! that verifies the same hash with the library alone, on the processor the server has: one loop, because it is one processor (core
//! hashes one password at a time wherever it runs, so on two processors of its own it would be half of two loops). Then D1 beside the
//! flood and without it, by turns.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use argon2::{Argon2, password_hash::PasswordVerifier as _};
use rusqlite::Connection;
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    beside::Beside,
    check,
    d1::{CHATS, RATE, quiet_and_not},
};
use crate::{
    Bench, Fallible,
    crowd::{Crowd, Seat},
    load::TEXT,
    machine::{Watched, float},
    pages::Pages,
    processors::{Duty, Pinned},
    report::{Bound, Outcome},
    rounds::{Work, interleave, timed_since},
    world::World,
};

/// How many sign in at once.
const CALLERS: usize = 200;
/// After what time somebody who was refused comes back, as the refusal says.
const AWAY: Duration = Duration::from_secs(1);

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let beside = Beside::broadcast(bench, CHATS)?;
    let store = beside.store();
    let (hash, before) = (hash(&store)?, sessions(&store)?);
    let (edge, body) = (beside.ours.place("edge")?, body(&beside.world));
    let (signed_in, refused) = (Cell::new(0), Cell::new(0));
    let note = |flood: Flood| {
        signed_in.set(signed_in.get() + flood.signed_in);
        refused.set(refused.get() + flood.refused);
        flood
    };

    let rounds = interleave(
        bench,
        Watched { floor: None, ..beside.watched() },
        |span| {
            let begun = Instant::now();
            let flood = beside.calls.block_on(async {
                let flood = Flooding::begin(edge, &body).await?;
                tokio::time::sleep(span).await;
                flood.end().await
            })?;
            timed_since(begun, usize::try_from(note(flood).signed_in)?)
        },
        |span, _| verify(&hash, &beside.world.owner.password, span),
    )?;
    let title = "passwords verified at sign-in / a loop of the same argon2 (L11)";
    let mut flood = Outcome::of_rates("A1", title, rounds, Bound::at_least(0.9, 0.97));
    let all = float(signed_in.get() + refused.get());
    flood.conditions = vec![
        format!("{CALLERS} callers over REST; whoever is refused comes back after {} s", AWAY.as_secs()),
        format!("{hash:.30}…; SQLite, a session stored for each"),
        "a server has one processor, its callers the other; the loop has the server's".to_owned(),
        format!("{:.0} % of the calls were refused: too many waited", 100.0 * float(refused.get()) / all),
    ];

    let seats: Vec<Seat> = (0..CHATS).map(|group| beside.world.seat(group)).collect();
    let door = beside.doors()?[0];
    let crowd = beside.calls.block_on(Crowd::gather(door, seats.clone(), seats, 1))?;
    let crowd = RefCell::new(crowd);
    let on_time = |span| beside.calls.block_on(crowd.borrow_mut().on_time(RATE, span));
    let rounds = interleave(
        bench,
        beside.watched(),
        |span| {
            let flooding = beside.calls.block_on(Flooding::begin(edge, &body))?;
            let work = on_time(span);
            note(beside.calls.block_on(flooding.end())?);
            work
        },
        |span, _| on_time(span),
    )?;
    let title = "a message from one socket to another while all sign in / while nobody does";
    let mut delivered = Outcome::of("A1-delivery", title, rounds);
    delivered.conditions = vec![format!(
        "{} sockets in {CHATS} chats of two, {RATE} messages/s by a timetable; text {TEXT} B; {CALLERS} callers sign in",
        crowd.borrow().len()
    )];
    quiet_and_not(&mut delivered, 2.0, 1.3);
    drop(crowd);
    delivered.faults = beside.end_and(|store| {
        let mut faults = check::sqlite(store)?;
        let (stored, said) = (sessions(store)? - before, signed_in.get());
        faults.extend((stored != said).then(|| format!("{said} signed in, {stored} sessions are stored")));
        Ok(faults)
    })?;
    Ok(vec![flood, delivered])
}

/// What came of a flood.
#[derive(Clone, Copy, Debug, Default)]
struct Flood {
    signed_in: u64,
    refused: u64,
}

/// A flood under way.
struct Flooding {
    over: Arc<AtomicBool>,
    callers: JoinSet<Fallible<Flood>>,
}

impl Flooding {
    async fn begin(edge: SocketAddr, body: &Arc<str>) -> Fallible<Self> {
        let (over, mut callers) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
        for _ in 0..CALLERS {
            let mut pages = Pages::connect_to_post(edge, "/v1/auth:signIn", None).await?;
            let (over, body) = (Arc::clone(&over), Arc::clone(body));
            callers.spawn(async move {
                let mut flood = Flood::default();
                while !over.load(Ordering::Relaxed) {
                    let (status, answer) = pages.post(&body).await?;
                    let answer = String::from_utf8_lossy(answer);
                    match status {
                        200 if answer.contains(r#""accessToken":""#) => flood.signed_in += 1,
                        503 if answer.contains(r#""reason":"OVERLOADED""#) => {
                            flood.refused += 1;
                            tokio::time::sleep(AWAY).await;
                        }
                        _ => return Err(format!("{status}: {answer}").into()),
                    }
                }
                Ok(flood)
            });
        }
        Ok(Self { over, callers })
    }

    /// Lets nobody sign in again, and waits for those who do: what is under way must not run into what is measured next.
    async fn end(self) -> Fallible<Flood> {
        self.over.store(true, Ordering::Relaxed);
        let mut all = Flood::default();
        for flood in self.callers.join_all().await {
            let Flood { signed_in, refused } = flood?;
            all = Flood { signed_in: all.signed_in + signed_in, refused: all.refused + refused };
        }
        Ok(all)
    }
}

fn body(world: &World) -> Arc<str> {
    let owner = &world.owner;
    json!({ "workspace": owner.workspace, "email": owner.email, "password": owner.password })
        .to_string()
        .into()
}

/// The hash of the owner's password as core made it: its text says at what cost.
fn hash(store: &Path) -> Fallible<String> {
    Ok(Connection::open(store)?.query_row("select password_hash from members", [], |row| row.get(0))?)
}

fn sessions(store: &Path) -> Fallible<u64> {
    let count: i64 =
        Connection::open(store)?.query_row("select count(*) from sessions", [], |row| row.get(0))?;
    Ok(u64::try_from(count)?)
}

/// The floor, on the server's processor.
fn verify(hash: &str, password: &str, span: Duration) -> Fallible<Work> {
    std::thread::scope(|scope| {
        let verifying = scope.spawn(|| {
            let _there = Pinned::to(Duty::Serve)?;
            let begun = Instant::now();
            let mut done = 0;
            while begun.elapsed() < span {
                // At the cost that the hash names.
                let verified = Argon2::default().verify_password(password.as_bytes(), hash);
                verified.map_err(|error| error.to_string())?;
                done += 1;
            }
            timed_since(begun, done)
        });
        verifying.join().map_err(|_| "the loop failed")?
    })
}
