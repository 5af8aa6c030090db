//! Writes to the many who hear one event: some at a time, so that nobody else on this edge waits for a crowd to be served. What comes
//! while a crowd is served waits in its mailboxes and goes out together.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::task::yield_now;

use super::seat::Seat;

/// How many are written to at a time; so many are written to at once, by whoever has something for them.
const AT_A_TIME: usize = 32;
/// For how many one task more is worth its while.
const CROWD: usize = 2_048;

/// Who is to be written to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pump(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    due: VecDeque<Arc<Seat>>,
    tasks: usize,
}

impl Pump {
    /// Has what waits for these written. Each is here once: who was told to write is not told again before it has.
    pub(crate) fn write(&self, due: Vec<Arc<Seat>>) {
        if due.len() <= AT_A_TIME {
            for seat in due {
                seat.write();
            }
            return;
        }
        let more = {
            let mut state = self.0.lock();
            state.due.extend(due);
            let tasks = state
                .due
                .len()
                .div_ceil(CROWD)
                .min(tokio::runtime::Handle::current().metrics().num_workers());
            let more = tasks.saturating_sub(state.tasks);
            state.tasks += more;
            more
        };
        for _ in 0..more {
            tokio::spawn(self.clone().run());
        }
    }

    async fn run(self) {
        let mut next = Vec::with_capacity(AT_A_TIME);
        loop {
            {
                let mut state = self.0.lock();
                let many = state.due.len().min(AT_A_TIME);
                next.extend(state.due.drain(..many));
                if next.is_empty() {
                    state.tasks -= 1;
                    state.due = VecDeque::new();
                    return;
                }
            }
            for seat in next.drain(..) {
                seat.write();
            }
            yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            frame::Frame,
            mailbox::{Mailbox, testing::Pipe},
            seat::{Seat, testing::who},
        },
        *,
    };

    #[tokio::test]
    async fn a_crowd_has_everything_in_order_and_somebody_beside_it_does_not_wait() {
        let seats: Vec<_> = (0..3 * CROWD)
            .map(|_| {
                let pipe = Arc::new(Pipe::default());
                pipe.make_room(1_000);
                (Seat::new(who("a"), Mailbox::new(Box::new(Arc::clone(&pipe)), 1_000)), pipe)
            })
            .collect();
        let (pump, frames) = (Pump::default(), ["one", "two", "three"].map(Frame::text));
        for frame in &frames[..2] {
            let due = seats.iter().filter(|(seat, _)| seat.leave(frame));
            pump.write(due.map(|(seat, _)| Arc::clone(seat)).collect());
        }
        let beside = Pipe::default();
        beside.make_room(1_000);
        let beside = Arc::new(beside);
        let seat = Seat::new(who("b"), Mailbox::new(Box::new(Arc::clone(&beside)), 1_000));
        assert!(seat.leave(&frames[2]));
        pump.write(vec![seat]);
        assert_eq!(*frames[2].bytes(), beside.out());
        let all = [frames[0].bytes().clone(), frames[1].bytes().clone()].concat();
        while pump.0.lock().tasks > 0 {
            yield_now().await;
        }
        assert!(seats.iter().all(|(_, pipe)| pipe.out() == all));
    }
}
