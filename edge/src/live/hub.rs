//! One tenant's sessions and the latest of its log. An event reaches each session that may hear it exactly once and in order: its
//! number is given out under one lock, under which a session also steps from its replay into the live stream.

use std::sync::Arc;

use rapport_proto::edge::v1::Rescope;

use super::{
    close::Ending,
    frame::Frame,
    frames,
    index::{Hearer, Index},
    lock::Mutex,
    pump::Pump,
    ring::{Kept, Ring},
    seat::Seat,
};

/// How many bytes of a replay are taken at a time.
const STRETCH: usize = 64 * 1024;
/// How many events of the ring are looked at under the lock.
const LOOKED_AT: usize = 512;

/// One tenant.
#[derive(Debug)]
pub(crate) struct Hub {
    /// The tenant's id.
    pub(crate) tenant: Arc<str>,
    state: Mutex<State>,
    pump: Pump,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    /// The cursor of the ring's end.
    cursor: Box<str>,
    index: Index,
}

/// A session on its way from its place to the end of the log.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Its socket.
    pub(crate) seat: Arc<Seat>,
    /// What it hears for.
    pub(crate) principals: Vec<Arc<str>>,
    /// Changes of what it hears up to this number are in `principals` already.
    pub(crate) as_of: i64,
    /// The number up to which it has everything.
    pub(crate) place: i64,
    /// The cursor to come back with, where `place` is beyond what the hub has.
    pub(crate) cursor: Box<str>,
}

/// How far a reader has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// These come next.
    Next(Vec<Frame>),
    /// The ring does not reach back: everything up to this number must be read from the log.
    Behind(i64),
    /// It hears everything from here on.
    Live,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is out.
    New,
    /// It was out before.
    Again,
    /// What is before it is missing.
    Gap,
}

impl Hub {
    /// A tenant's, from the end of its log on.
    #[must_use]
    pub(crate) fn new(tenant: Arc<str>, end: i64, cursor: &str) -> Self {
        let state = State { ring: Ring::after(end), cursor: cursor.into(), index: Index::default() };
        Self { tenant, state: Mutex::new(state), pump: Pump::default() }
    }

    /// The number and the cursor of the last event it has.
    #[must_use]
    pub(crate) fn end(&self) -> (i64, Box<str>) {
        let state = self.state.lock();
        (state.ring.end(), state.cursor.clone())
    }

    /// Whether an event of this number is the next one, to be made a frame of.
    #[must_use]
    pub(crate) fn expects(&self, number: i64) -> Heard {
        expects(&self.state.lock().ring, number)
    }

    /// Gives an event to all who may hear it.
    pub(crate) fn dispatch(&self, event: Arc<Kept>) -> Heard {
        let mut due = Vec::new();
        let mut state = self.state.lock();
        let State { ring, cursor, index } = &mut *state;
        let heard = expects(ring, event.number);
        if heard == Heard::New {
            index.each(&event.audience, |hearer| {
                if hearer.told < event.number {
                    hearer.told = event.number;
                    if hearer.seat.leave(&event.frame) {
                        due.push(Arc::clone(&hearer.seat));
                    }
                }
            });
            if let Some(rescope) = &event.rescope {
                index.rescope(rescope, event.number);
            }
            cursor.clone_from(&event.cursor);
            ring.push(event);
        }
        drop(state);
        self.pump.write(due);
        heard
    }

    /// Gives what is not kept to all who may hear it but its cause.
    pub(crate) fn tell(&self, audience: &[Box<str>], except: &str, frame: &Frame) {
        let mut due = Vec::new();
        self.state.lock().index.each(audience, |hearer| {
            if &*hearer.seat.who.principal != except && hearer.seat.offer(frame) {
                due.push(Arc::clone(&hearer.seat));
            }
        });
        self.pump.write(due);
    }

    /// Brings a reader nearer to the end. Where what is left is little it is put into the mailbox and the reader becomes a hearer in the
    /// same breath: nothing falls between, nothing comes twice.
    pub(crate) fn step(&self, reader: &mut Reader) -> Step {
        let mut state = self.state.lock();
        let State { ring, cursor, index } = &mut *state;
        if reader.place < ring.start() {
            return Step::Behind(ring.start());
        }
        let (mut frames, mut bytes) = (Vec::new(), 0);
        for event in ring.from(reader.place).take(LOOKED_AT) {
            if bytes > STRETCH {
                break;
            }
            if reader.hears(&event.audience) {
                bytes += event.frame.len();
                frames.push(event.frame.clone());
            }
            reader.pass(event.number, event.rescope.as_ref());
        }
        if reader.place < ring.end() || !reader.seat.has_room(&frames) {
            return Step::Next(frames);
        }
        // Where the hub lags behind the session, the place the session came with is the newer one.
        let place = if reader.place > ring.end() { &reader.cursor } else { &*cursor };
        frames.push(frames::checkpoint(place));
        let mut is_to_write = false;
        for frame in &frames {
            is_to_write |= reader.seat.leave(frame);
        }
        index.add(Hearer {
            seat: Arc::clone(&reader.seat),
            principals: std::mem::take(&mut reader.principals),
            as_of: reader.as_of,
            told: reader.place,
            round: 0,
        });
        drop(state);
        if is_to_write {
            reader.seat.write();
        }
        Step::Live
    }

    /// Takes a session out, wherever it is on its way.
    pub(crate) fn leave(&self, seat: &Arc<Seat>, ending: Ending) {
        // Before the lock: a replay that ends in this moment finds it closed and does not add it any more.
        seat.end(ending);
        self.state.lock().index.remove(seat);
    }

    /// Moves a session's cursor where something happened that was not for it.
    pub(crate) fn checkpoint(&self, seat: &Arc<Seat>) {
        let mut state = self.state.lock();
        let State { ring, cursor, index } = &mut *state;
        if let Some(hearer) = index.get(seat)
            && hearer.told < ring.end()
        {
            hearer.told = ring.end();
            seat.put(&frames::checkpoint(cursor));
        }
    }
}

fn expects(ring: &Ring, number: i64) -> Heard {
    match number - ring.end() {
        1 => Heard::New,
        ..=0 => Heard::Again,
        _ => Heard::Gap,
    }
}

impl Reader {
    /// Whether it may hear an event of this audience.
    pub(crate) fn hears<N: AsRef<str>>(&self, audience: &[N]) -> bool {
        audience.iter().any(|name| self.principals.iter().any(|own| **own == *name.as_ref()))
    }

    /// Goes on to the event of this number; true where it changed what is heard from here on.
    pub(crate) fn pass(&mut self, number: i64, rescope: Option<&Rescope>) -> bool {
        self.place = number;
        match rescope {
            Some(rescope) if number > self.as_of && rescope.principal == *self.seat.who.principal => {
                rescoped(&mut self.principals, rescope);
                self.as_of = number;
                true
            }
            _ => false,
        }
    }
}

/// What a session hears for after a change: what comes and goes begins with `department_`, the rest stays.
pub(super) fn rescoped(principals: &mut Vec<Arc<str>>, rescope: &Rescope) {
    principals.retain(|name| !name.starts_with(CHANGING));
    principals.extend(rescope.principals.iter().map(|name| Arc::from(&**name)));
}

/// How the principals begin that come and go while a session stands; the contract of `Rescope` says so.
const CHANGING: &str = "department_";

#[cfg(test)]
mod seeds;
#[cfg(test)]
mod tests;
