//! One clock for all sockets: each says in how many seconds it wants to be woken, and is, within a second of it. A timer of its own
//! would cost each socket more than everything it does while it is idle.

use std::sync::{Arc, Weak, atomic::Ordering};

use parking_lot::Mutex;

use super::seat::Seat;

/// How many seconds ahead a socket can be woken.
const SLOTS: u32 = 64;

/// The clock.
#[derive(Debug)]
pub(crate) struct Wheel(Mutex<State>);

#[derive(Debug)]
struct State {
    now: u32,
    slots: Vec<Vec<Weak<Seat>>>,
}

impl Default for Wheel {
    fn default() -> Self {
        Self(Mutex::new(State { now: 0, slots: (0..SLOTS).map(|_| Vec::new()).collect() }))
    }
}

impl Wheel {
    /// Has a socket woken in so many seconds, one to 63; what it said before does not count any more.
    pub(crate) fn wake_in(&self, seat: &Arc<Seat>, seconds: u64) {
        let mut state = self.0.lock();
        let ahead = u32::try_from(seconds).unwrap_or(u32::MAX).clamp(1, SLOTS - 1);
        let due = state.now.wrapping_add(ahead);
        seat.due.store(due, Ordering::Relaxed);
        state.slots[(due % SLOTS) as usize].push(Arc::downgrade(seat));
    }

    /// A second has passed.
    pub(crate) fn turn(&self) {
        let (due, slot) = {
            let mut state = self.0.lock();
            state.now = state.now.wrapping_add(1);
            let now = state.now;
            (now, std::mem::take(&mut state.slots[(now % SLOTS) as usize]))
        };
        for seat in slot.iter().filter_map(Weak::upgrade) {
            if seat.due.load(Ordering::Relaxed) == due {
                seat.tick();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::{
        super::{mailbox::Signal, seat::testing::seat},
        *,
    };

    #[test]
    fn a_socket_is_woken_when_it_said_last_and_once() {
        let (wheel, seat) = (Wheel::default(), seat("a", 1000));
        wheel.wake_in(&seat, 3);
        wheel.wake_in(&seat, 1_000);
        let ticks: Vec<_> = (1..=200)
            .filter(|_| {
                wheel.turn();
                seat.poll(&Context::from_waker(Waker::noop())) == Poll::Ready(Signal::Tick)
            })
            .collect();
        assert_eq!(ticks, [63]);
    }
}
