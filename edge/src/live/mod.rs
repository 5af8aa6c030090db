//! The live socket, `GET /v1/live`: calls and everything that happens on one connection.
//!
//! `upgrade` makes a connection a [`socket::Socket`]; `hello` opens its session, `session` serves it in one task, `calls` runs what it
//! asks for. What happens comes from [`crate::follow`] into the tenant's [`hub::Hub`], which puts the same bytes into the
//! [`mailbox`] of every session that may hear it; `replay` brings a session from its cursor to there. An edge judges nothing: who may
//! hear what, core says in principals, which are opaque here.

pub(crate) mod attendance;
mod bucket;
mod calls;
pub mod close;
mod frame;
pub mod frames;
mod hello;
pub(crate) mod hub;
mod hubs;
mod index;
mod lock;
pub(crate) mod mailbox;
mod pieces;
mod pump;
mod replay;
pub(crate) mod ring;
pub(crate) mod seat;
mod session;
mod socket;
pub mod upgrade;
mod wheel;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use self::{
    attendance::{Attendance, Change, Person},
    close::Close,
    hub::Hub,
    hubs::Hubs,
    seat::Seat,
    wheel::Wheel,
};
use crate::{follow::Orders, server::Edge, upstream::Upstream};

/// How long no core may be followed before every socket is closed: what it should hear, it would not.
const LONELY: Duration = Duration::from_secs(15);
/// How many sessions may be opened at once; a storm of them waits its turn here and not in core.
const OPENING: usize = 64;
/// How many replays may read the log at once.
const REPLAYING: usize = 16;
/// The longest that clients are asked to stay away when this edge goes.
const STAY_AWAY: f64 = 2_000.0;

/// What all sockets share.
#[derive(Debug)]
pub struct Live {
    /// The id this edge made for itself.
    pub(crate) id: String,
    /// The tenants that are followed.
    pub(crate) hubs: Hubs,
    /// Who is connected.
    pub(crate) attendance: Attendance,
    /// What each core is still to be told.
    pub(crate) orders: Box<[Orders]>,
    wheel: Wheel,
    opening: Semaphore,
    replaying: Semaphore,
    sockets: AtomicUsize,
    followed: Mutex<Followed>,
}

/// Which cores are followed.
#[derive(Debug)]
struct Followed {
    by: Vec<bool>,
    /// The one that is told who is connected.
    reporter: Option<usize>,
    lost: Option<Instant>,
}

impl Live {
    /// Nobody is connected yet.
    #[must_use]
    pub fn new(upstream: &Upstream) -> Self {
        let cores = upstream.cores().len();
        let mut id = [0; 16];
        // Without randomness there are no tokens either; the id then is as good as any.
        let _ = getrandom::fill(&mut id);
        Self {
            id: uuid::Builder::from_random_bytes(id).into_uuid().to_string(),
            hubs: Hubs::default(),
            attendance: Attendance::default(),
            orders: (0..cores).map(|_| Orders::default()).collect(),
            wheel: Wheel::default(),
            opening: Semaphore::new(OPENING),
            replaying: Semaphore::new(REPLAYING),
            sockets: AtomicUsize::new(0),
            followed: Mutex::new(Followed {
                by: vec![false; cores],
                reporter: None,
                lost: Some(Instant::now()),
            }),
        }
    }

    /// A core is followed.
    pub(crate) fn follow_began(&self, core: usize) {
        let mut followed = self.followed.lock();
        followed.by[core] = true;
        followed.lost = None;
        self.choose_reporter(&mut followed, core);
    }

    /// A core is not followed any more.
    pub(crate) fn follow_ended(&self, core: usize) {
        let mut followed = self.followed.lock();
        followed.by[core] = false;
        if !followed.by.contains(&true) {
            followed.lost.get_or_insert_with(Instant::now);
        }
        self.choose_reporter(&mut followed, core);
    }

    /// One core is told who is connected: the one that was, while it is followed; else the first that is. It is told of everybody when
    /// it takes over and when its stream begins anew.
    fn choose_reporter(&self, followed: &mut Followed, changed: usize) {
        let before = followed.reporter;
        let stays = before.filter(|core| followed.by[*core]);
        followed.reporter = stays.or_else(|| followed.by.iter().position(|is| *is));
        if followed.reporter != before || followed.reporter == Some(changed) {
            for (core, orders) in self.orders.iter().enumerate() {
                orders.report(followed.reporter == Some(core));
            }
        }
    }

    /// One session more of a tenant.
    pub(crate) fn join(&self, tenant: &Arc<str>, end: i64, head: &str) -> Arc<Hub> {
        let (hub, new) = self.hubs.join(tenant, end, head);
        if new {
            self.attach(tenant);
        }
        hub
    }

    /// Has every core told what is wanted of a tenant now.
    fn attach(&self, tenant: &Arc<str>) {
        self.orders.iter().for_each(|orders| orders.attach(tenant));
    }

    pub(crate) fn report(&self, change: Change, seat: &Seat) {
        if change == Change::Presence {
            let person = Person::from(&seat.who);
            self.orders.iter().for_each(|orders| orders.came_or_went(&person));
        }
    }

    /// Whether no core has been followed for too long. Said once: who comes back after that is given as long again.
    fn is_lonely(&self) -> bool {
        let mut followed = self.followed.lock();
        let is_lonely = followed.lost.is_some_and(|lost| lost.elapsed() >= LONELY);
        if is_lonely {
            followed.lost = Some(Instant::now());
        }
        is_lonely
    }

    fn goodbye() -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 2000")]
        let after = (chance() * STAY_AWAY) as u32;
        after
    }
}

/// A number from 0 to 1, for what must not happen everywhere at once.
pub(crate) fn chance() -> f64 {
    let mut bytes = [0; 4];
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

/// Starts what serves all sockets: the streams to the cores, and the clock.
pub fn start(edge: &Arc<Edge>) {
    crate::follow::start(edge);
    let edge = Arc::clone(edge);
    tokio::spawn(async move {
        edge.stopping.run_until_cancelled(turn(&edge.live)).await;
        let live = &edge.live;
        live.attendance.close(Close::ShuttingDown.into(), |seat| seat.say_goodbye(Live::goodbye()));
    });
}

/// What is to be done every second.
async fn turn(live: &Live) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let mut seconds = 0_u64;
    loop {
        second.tick().await;
        seconds += 1;
        live.wheel.turn();
        for tenant in live.hubs.sweep(Instant::now()) {
            live.attach(&tenant);
        }
        if seconds.is_multiple_of(60) {
            live.attendance.forget();
        }
        if live.is_lonely() {
            live.attendance.each(|seat| seat.end(Close::CoreUnavailable.into()));
        }
    }
}

/// A socket that is open, counted.
#[derive(Debug)]
struct Open(Arc<Edge>);

impl Open {
    /// One more; nothing where there are as many as may be.
    fn one(edge: &Arc<Edge>) -> Option<Self> {
        // Made first, so that it is given back where it is one too many.
        let one = Self(Arc::clone(edge));
        let before = edge.live.sockets.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("rapport_live_sockets").increment(1.0);
        (before < edge.config.limits.connections).then_some(one)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.live.sockets.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("rapport_live_sockets").decrement(1.0);
    }
}
