//! What is still to be said on the bus. It is bounded, and whoever puts something in never waits: what is oldest goes.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{clock::Micros, events::feed::Ephemeral, ids::TenantId};

/// How much may wait.
const ROOM: usize = 4_096;

/// Something to be said.
#[derive(Clone, Debug)]
pub(super) enum Word {
    /// A tenant's log ends here.
    End(i64),
    /// Something that is not kept.
    Told(Arc<Ephemeral>),
}

/// What waits to be said: of each tenant one end at most, the last.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    came: Notify,
}

#[derive(Debug, Default)]
struct State {
    turns: VecDeque<Turn>,
    ends: HashMap<TenantId, (i64, Micros)>,
}

#[derive(Debug)]
enum Turn {
    End(TenantId),
    Told(TenantId, Arc<Ephemeral>, Micros),
}

impl Outbox {
    /// A tenant's log ends here.
    pub(super) fn end(&self, tenant: TenantId, end: i64, now: Micros) {
        let mut state = self.state.lock();
        if let Some((waiting, _)) = state.ends.get_mut(&tenant) {
            // Said as of the first that waits, so that the lag shows how long anybody did.
            *waiting = end.max(*waiting);
        } else {
            state.ends.insert(tenant, (end, now));
            state.push(Turn::End(tenant));
        }
        drop(state);
        self.came.notify_one();
    }

    /// Something that is not kept.
    pub(super) fn told(&self, tenant: TenantId, ephemeral: Arc<Ephemeral>, now: Micros) {
        self.state.lock().push(Turn::Told(tenant, ephemeral, now));
        self.came.notify_one();
    }

    /// Waits until there is something to say.
    pub(super) async fn wait(&self) {
        while self.state.lock().turns.is_empty() {
            self.came.notified().await;
        }
    }

    /// Takes out the oldest, at most so many.
    pub(super) fn take(&self, most: usize) -> Vec<(TenantId, Word, Micros)> {
        let mut state = self.state.lock();
        let count = most.min(state.turns.len());
        let turns: Vec<_> = state.turns.drain(..count).collect();
        let word = |turn| match turn {
            Turn::End(tenant) => state.ends.remove(&tenant).map(|(end, at)| (tenant, Word::End(end), at)),
            Turn::Told(tenant, ephemeral, at) => Some((tenant, Word::Told(ephemeral), at)),
        };
        turns.into_iter().filter_map(word).collect()
    }
}

impl State {
    fn push(&mut self, turn: Turn) {
        if self.turns.len() >= ROOM {
            if let Some(Turn::End(tenant)) = self.turns.pop_front() {
                self.ends.remove(&tenant);
            }
            dropped(1);
        }
        self.turns.push_back(turn);
    }
}

/// Counts what was not said.
pub(super) fn dropped(count: u64) {
    metrics::counter!("rapport_bus_dropped_total", "why" => "not_said").increment(count);
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn tenant(n: u128) -> TenantId {
        Uuid::from_u128(n).into()
    }

    #[test]
    fn of_each_tenant_one_end_waits_and_what_is_oldest_goes() {
        let outbox = Outbox::default();
        for end in [1, 3, 2] {
            outbox.end(tenant(0), end, Micros(end));
        }
        let taken = outbox.take(10);
        assert!(matches!(taken[..], [(first, Word::End(3), Micros(1))] if first == tenant(0)), "{taken:?}");
        for n in 0..5_000 {
            outbox.end(tenant(n), 1, Micros(0));
        }
        let taken = outbox.take(10_000);
        let expected: Vec<_> = (5_000 - 4_096..5_000).map(tenant).collect();
        assert_eq!(taken.iter().map(|(tenant, ..)| *tenant).collect::<Vec<_>>(), expected);
        assert!(outbox.state.lock().ends.is_empty(), "what was dropped is forgotten");
        outbox.end(tenant(0), 7, Micros(0));
        assert!(matches!(outbox.take(10)[..], [(_, Word::End(7), _)]), "and can be said again");
    }
}
