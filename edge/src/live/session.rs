//! One session from its welcome to its end: a single task that reads what comes, writes what waits, and sees to what has become due.

use std::{
    future::poll_fn,
    time::{Duration, Instant},
};

use rapport_proto::{edge::v1::AuthorizeResponse, errors::v1::Reason, fault::Fault};
use tokio::time::{sleep, sleep_until, timeout_at};

use super::{
    bucket::{Bucket, Verdict},
    calls::{Calls, Renewed},
    chance,
    close::{Close, Ending},
    frame::Frame,
    frames::{self, Call, Incoming},
    hello::{Opened, Visit, open},
    mailbox::Signal,
    socket::{Over, Received, Socket},
};
use crate::rpc::invoke::Caller;

/// How often the client is pinged and its cursor moved.
const BEAT: Duration = Duration::from_secs(25);
/// How long nothing may be heard of a client.
const SILENCE: Duration = Duration::from_mins(1);
/// How long a message may be on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(30);
/// How long before its end a token is called expiring.
const EXPIRING: Duration = Duration::from_mins(1);
/// How much of the handshake's request id the calls of its socket have.
const LONGEST_ID: usize = 50;
/// How long calls under way may take when the edge goes.
const LAST_CALLS: Duration = Duration::from_secs(3);

/// Serves a connection from its first frame to its end.
pub(crate) async fn serve(mut visit: Box<Visit>, mut socket: Socket) {
    let mut bucket = Bucket::new(visit.edge.config.limits.session_requests);
    // What is needed once is not kept in the task's own memory.
    let over = match Box::pin(open(&mut visit, &mut socket, &mut bucket)).await {
        Ok(opened) => {
            let mut session = Box::new(Session::new(visit, opened, bucket));
            let over = session.serve(&mut socket).await;
            session.leave(over);
            over
        }
        Err(over) => over,
    };
    if let Over::Told(ending) = over {
        tracing::debug!(code = ending.close.code(), reason = ending.reason, "a socket is closed");
        Box::pin(socket.close(ending)).await;
    }
}

struct Session {
    visit: Box<Visit>,
    opened: Opened,
    bucket: Bucket,
    calls: Calls,
    /// How many calls there were, for the ids of their requests.
    called: u32,
    /// When the client was last heard of.
    heard: Instant,
    /// When it is to be pinged.
    beat: Instant,
    /// Whether it was told that its token ends.
    warned: bool,
    /// Until when calls under way may end, once the edge goes.
    leaving: Option<Instant>,
}

enum Turn {
    Signal(Signal),
    Received(Result<Received, Over>),
    Done(Option<Renewed>),
    Leave,
}

impl Session {
    fn new(visit: Box<Visit>, opened: Opened, bucket: Bucket) -> Self {
        let now = Instant::now();
        // Not all at once after a storm.
        let beat = now + BEAT.mul_f64(0.5 + chance() / 2.0);
        Self {
            visit,
            opened,
            bucket,
            calls: Calls::default(),
            called: 0,
            heard: now,
            beat,
            warned: false,
            leaving: None,
        }
    }

    async fn serve(&mut self, socket: &mut Socket) -> Over {
        self.wake_at_next(Instant::now());
        loop {
            let turn = {
                let (edge, seat) = (&self.visit.edge, &self.opened.seat);
                let leave = self.leaving;
                tokio::select! {
                    signal = poll_fn(|cx| seat.poll(cx)) => Turn::Signal(signal),
                    received = socket.next() => Turn::Received(received),
                    done = self.calls.done(edge, seat) => Turn::Done(done),
                    () = until(leave), if leave.is_some() => Turn::Leave,
                }
            };
            let done = match turn {
                Turn::Signal(Signal::End(ending)) => Err(ending.into()),
                // From a box: a socket that does nothing is not to hold a place for it.
                Turn::Signal(Signal::Write) => Box::pin(self.write()).await,
                Turn::Signal(Signal::Tick) => self.tick(socket),
                Turn::Signal(Signal::Goodbye(after)) => {
                    self.say_goodbye(after);
                    Ok(())
                }
                Turn::Received(Ok(received)) => self.receive(received),
                Turn::Received(Err(over)) => Err(over),
                Turn::Done(Some(renewed)) => self.renew(renewed).map_err(Over::Told),
                Turn::Done(None) => Ok(()),
                Turn::Leave => Err(Close::ShuttingDown.into()),
            };
            if let Err(over) = done {
                return over;
            }
            if self.leaving.is_some() && self.calls.is_empty() {
                // What still waits, as far as the client reads.
                return Box::pin(self.last_answers()).await;
            }
        }
    }

    /// Takes the session out of everything that knows it.
    fn leave(self, over: Over) {
        let ending = match over {
            Over::Told(ending) => ending,
            Over::Gone => Close::Silent.into(),
        };
        let Opened { seat, hub, .. } = &self.opened;
        hub.leave(seat, ending);
        let live = &self.visit.edge.live;
        live.hubs.leave(hub);
        live.report(live.attendance.leave(seat), seat);
    }

    /// Writes what waits as far as the client reads; one that stands still is cut off, and so is one whose session ends meanwhile.
    async fn write(&self) -> Result<(), Over> {
        let (seat, patience) = (&self.opened.seat, self.visit.edge.config.limits.slow_reader);
        loop {
            tokio::select! {
                biased;
                ending = poll_fn(|cx| seat.poll_end(cx)) => return Err(ending.into()),
                written = poll_fn(|cx| seat.poll_written(cx)) => return written.map_err(|_| Over::Gone),
                () = sleep_until(self.opened.expires.into()) => return Err(Close::TokenSpent.into()),
                () = sleep(patience) => {
                    if !seat.has_moved() {
                        return Err(Close::SlowReader.into());
                    }
                }
            }
        }
    }

    /// Writes what still waits, for a moment.
    async fn last_answers(&self) -> Over {
        let _ = timeout_at(self.leaving.unwrap_or_else(Instant::now).into(), self.write()).await;
        Close::ShuttingDown.into()
    }

    fn receive(&mut self, received: Received) -> Result<(), Over> {
        let now = Instant::now();
        self.heard = now;
        let over = match self.bucket.take(now) {
            Verdict::Within => None,
            Verdict::Over(wait) => Some(wait),
            Verdict::Flood => return Err(Close::Flood.into()),
        };
        let Received::Text(text) = received else { return Ok(()) };
        match frames::read(text.as_bytes()) {
            Some(Incoming::Call(call)) => self.call(call, over),
            Some(Incoming::Cancel(cancel)) => {
                self.calls.cancel(&self.visit.edge, &self.opened.seat, cancel.id);
            }
            Some(Incoming::Ping(_)) => {
                self.opened.seat.put(&frames::pong());
            }
            Some(Incoming::Reauth(reauth)) => {
                if reauth.token.is_empty() {
                    return Err(Ending::because(Close::Unauthorized, Reason::TokenMissing).into());
                }
                let caller = self.caller();
                self.calls.renew(&self.visit.edge, reauth.token, &self.visit.origin, caller);
            }
            Some(Incoming::Hello(_)) | None => return Err(Close::FrameMalformed.into()),
        }
        Ok(())
    }

    fn call(&mut self, call: Call, over: Option<f32>) {
        let (id, caller) = (call.id, self.caller());
        let request_id = caller.request_id.clone();
        let begun = match over {
            Some(wait) => Err(Fault::new(Reason::RateLimited, "too many frames of this socket")
                .with_retry_after(Duration::from_secs_f32(wait))),
            None if self.leaving.is_some() => {
                Err(Fault::new(Reason::ShuttingDown, "this server is shutting down"))
            }
            None => self.calls.begin(&self.visit.edge, &self.opened.seat, call, caller),
        };
        if let Err(fault) = begun {
            self.opened.seat.put(&frames::problem(id, fault, &request_id));
        }
    }

    /// Who calls, with a request id of its own.
    fn caller(&mut self) -> Caller {
        self.called = self.called.wrapping_add(1);
        let mut caller = self.visit.caller.clone();
        // An id that grew beyond what core takes would be replaced by another one there.
        let (id, _) = caller.request_id.split_at_checked(LONGEST_ID).unwrap_or((&*caller.request_id, ""));
        caller.request_id = format!("{id}-{}", self.called);
        caller
    }

    /// A new token takes the old one's place where it is of the same session.
    fn renew(&mut self, renewed: Renewed) -> Result<(), Ending> {
        let worth: AuthorizeResponse = renewed.worth.map_err(|fault| Ending::of(&fault))?;
        let who = &self.opened.seat.who;
        let is_same = *worth.tenant_id == *who.tenant
            && *worth.principal == *who.principal
            && *worth.session_id == *who.session;
        if !is_same {
            return Err(Ending::because(Close::Unauthorized, Reason::TokenInvalid));
        }
        if worth.generation != who.generation {
            // Its rights have changed: what it hears for begins anew with the new token.
            return Err(Ending::because(Close::TokenSpent, Reason::TokenStale));
        }
        let now = Instant::now();
        self.visit.caller.token = Some(renewed.token);
        self.opened.expires = now + Duration::from_millis(worth.expires_in_ms);
        self.warned = false;
        let in_ms = u32::try_from(worth.expires_in_ms).unwrap_or(u32::MAX);
        self.opened.seat.put(&frames::reauthorized(in_ms));
        self.wake_at_next(now);
        Ok(())
    }

    /// Sees to what has become due.
    fn tick(&mut self, socket: &Socket) -> Result<(), Over> {
        let now = Instant::now();
        if now >= self.opened.expires {
            return Err(Close::TokenSpent.into());
        }
        if now.duration_since(self.heard) >= SILENCE {
            return Err(Close::Silent.into());
        }
        if socket.begun().is_some_and(|begun| now.duration_since(begun) >= ON_ITS_WAY) {
            return Err(Close::TooSlow.into());
        }
        let left = self.opened.expires - now;
        if !self.warned && left <= EXPIRING {
            self.warned = true;
            self.opened.seat.put(&frames::expiring(u32::try_from(left.as_millis()).unwrap_or(u32::MAX)));
        }
        if now >= self.beat {
            self.beat = now + BEAT;
            self.opened.hub.checkpoint(&self.opened.seat);
            self.opened.seat.put(&Frame::ping());
        }
        self.wake_at_next(now);
        Ok(())
    }

    fn wake_at_next(&self, now: Instant) {
        let Opened { seat, expires, .. } = &self.opened;
        let end = if self.warned { *expires } else { expires.checked_sub(EXPIRING).unwrap_or(now) };
        let next = self.beat.min(end).saturating_duration_since(now);
        // Rounded down: a second too early is looked at again.
        self.visit.edge.live.wheel.wake_in(seat, next.as_secs());
    }

    /// The edge goes: calls under way may end, no others begin.
    fn say_goodbye(&mut self, after: u32) {
        self.leaving = Some(Instant::now() + LAST_CALLS);
        self.opened.seat.put(&frames::goodbye(after));
    }
}

async fn until(moment: Option<Instant>) {
    if let Some(moment) = moment {
        sleep_until(moment.into()).await;
    }
}
