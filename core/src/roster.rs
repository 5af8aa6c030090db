//! Who is connected by way of one process: the streams of this core, or the sockets of an edge. Here it is memory; what the store
//! knows of it is kept by [`crate::presence`], which takes what has changed and, where it could not write that, gives it back.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::ids::{MemberId, TenantId};

/// The connected members, and those whose row in the store may be another than they are.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    state: Mutex<State>,
    work: Notify,
}

#[derive(Debug, Default)]
struct State {
    connected: HashSet<(TenantId, MemberId)>,
    changed: HashMap<TenantId, HashSet<MemberId>>,
    /// Whether the store may have rows of members nobody here has heard of.
    replaced: bool,
}

impl State {
    fn touch(&mut self, tenant: TenantId, member: MemberId) {
        self.changed.entry(tenant).or_default().insert(member);
    }
}

/// What is to be written of one tenant: members and whether they are connected.
pub(crate) type Changes = Vec<(MemberId, bool)>;

impl Roster {
    /// Somebody came or went.
    pub(crate) fn set(&self, tenant: TenantId, member: MemberId, connected: bool) {
        let mut state = self.state.lock();
        if connected {
            state.connected.insert((tenant, member));
        } else {
            state.connected.remove(&(tenant, member));
        }
        state.touch(tenant, member);
        drop(state);
        self.work.notify_one();
    }

    /// These are all; whoever else was connected, here or by what the store has, is no more.
    pub(crate) fn replace(&self, all: impl IntoIterator<Item = (TenantId, MemberId)>) {
        let mut state = self.state.lock();
        for (tenant, member) in std::mem::take(&mut state.connected) {
            state.touch(tenant, member);
        }
        for (tenant, member) in all {
            state.connected.insert((tenant, member));
            state.touch(tenant, member);
        }
        state.replaced = true;
        drop(state);
        self.work.notify_one();
    }

    /// Whether it was replaced since this was asked last.
    pub(crate) fn take_replaced(&self) -> bool {
        std::mem::take(&mut self.state.lock().replaced)
    }

    /// The store was not asked after all.
    pub(crate) fn give_back_replaced(&self) {
        self.state.lock().replaced = true;
        self.work.notify_one();
    }

    /// These are to be written, again or because the store has rows of them.
    pub(crate) fn touch(&self, tenant: TenantId, members: impl IntoIterator<Item = MemberId>) {
        let mut state = self.state.lock();
        for member in members {
            state.touch(tenant, member);
        }
        drop(state);
        self.work.notify_one();
    }

    /// Some of what has changed in one tenant, as it is now.
    pub(crate) fn take(&self, most: usize) -> Option<(TenantId, Changes)> {
        let mut state = self.state.lock();
        let tenant = *state.changed.keys().next()?;
        let mut members: Vec<MemberId> = state.changed.remove(&tenant)?.into_iter().collect();
        if members.len() > most {
            let rest = members.split_off(most);
            state.changed.insert(tenant, rest.into_iter().collect());
        }
        let connected = |member: MemberId| (member, state.connected.contains(&(tenant, member)));
        Some((tenant, members.into_iter().map(connected).collect()))
    }

    /// Returns when there may be something to take.
    pub(crate) async fn changed(&self) {
        self.work.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id<I: From<Uuid>>(n: u128) -> I {
        I::from(Uuid::from_u128(n))
    }

    fn all(roster: &Roster, most: usize) -> Vec<(TenantId, MemberId, bool)> {
        let taken = std::iter::from_fn(|| roster.take(most));
        let mut found: Vec<_> = taken
            .inspect(|(_, changes)| assert!(changes.len() <= most && !changes.is_empty()))
            .flat_map(|(tenant, changes)| changes.into_iter().map(move |(member, is)| (tenant, member, is)))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn what_is_taken_is_as_it_is_then_and_comes_once() {
        let roster = Roster::default();
        roster.set(id(1), id(7), true);
        roster.set(id(1), id(7), false);
        roster.set(id(1), id(8), true);
        roster.set(id(2), id(7), true);
        assert_eq!(all(&roster, 9), [(id(1), id(7), false), (id(1), id(8), true), (id(2), id(7), true)]);
        assert_eq!(all(&roster, 9), []);
        roster.touch(id(1), [id(8)]);
        assert_eq!(all(&roster, 9), [(id(1), id(8), true)]);
    }

    #[test]
    fn a_new_list_takes_the_place_of_the_old_one() {
        let roster = Roster::default();
        roster.set(id(1), id(7), true);
        roster.set(id(1), id(8), true);
        all(&roster, 9);
        assert!(!roster.take_replaced());
        roster.replace([(id(1), id(8)), (id(3), id(9))]);
        assert!(roster.take_replaced() && !roster.take_replaced());
        assert_eq!(all(&roster, 9), [(id(1), id(7), false), (id(1), id(8), true), (id(3), id(9), true)]);
    }

    #[test]
    fn a_crowd_is_taken_in_parts_and_nobody_is_forgotten() {
        let roster = Roster::default();
        for member in 0..25 {
            roster.set(id(1), id(member), true);
        }
        let expected: Vec<_> = (0..25).map(|member| (id(1), id(member), true)).collect();
        assert_eq!(all(&roster, 10), expected);
    }
}
