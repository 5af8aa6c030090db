//! Who is connected to this edge: whom to report to core, and whose authority has ended.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use parking_lot::Mutex;
use rapport_proto::{edge::v1::Revoked, errors::v1::Reason};

use super::{
    close::{Close, Ending},
    seat::{Seat, Who},
};

/// A member or visitor of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Person {
    /// The tenant.
    pub(crate) tenant: Arc<str>,
    /// The principal.
    pub(crate) principal: Arc<str>,
}

impl From<&Who> for Person {
    fn from(who: &Who) -> Self {
        Self { tenant: Arc::clone(&who.tenant), principal: Arc::clone(&who.principal) }
    }
}

/// Everybody who is connected.
#[derive(Debug, Default)]
pub(crate) struct Attendance(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    people: HashMap<Person, Vec<Arc<Seat>>>,
    /// What was refused of late, and just before: a session that was authorized a moment before and arrives a moment after is found.
    late: [Refused; 2],
    closed: Option<Ending>,
}

#[derive(Debug, Default)]
struct Refused {
    sessions: HashSet<Box<str>>,
    stale: HashMap<(Box<str>, Box<str>), u32>,
}

impl Refused {
    fn verdict(&self, who: &Who) -> Option<Ending> {
        if self.sessions.contains(&who.session) {
            return Some(Ending::because(Close::Unauthorized, Reason::SessionEnded));
        }
        // The key is short-lived and small; looking it up borrowed is not worth a type of its own.
        let from = self.stale.get(&(Box::from(&*who.tenant), Box::from(&*who.principal)))?;
        (who.generation < *from).then(|| Ending::because(Close::TokenSpent, Reason::TokenStale))
    }
}

/// What an arrival or a departure changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing to report.
    None,
    /// The person was not connected before, or is not any more, and is to be reported.
    Presence,
}

impl Attendance {
    /// Somebody arrives; refused where the authority has just ended.
    pub(crate) fn arrive(&self, seat: &Arc<Seat>) -> Result<Change, Ending> {
        let mut state = self.0.lock();
        if let Some(ending) = state.closed {
            return Err(ending);
        }
        if let Some(ending) = state.late.iter().find_map(|refused| refused.verdict(&seat.who)) {
            return Err(ending);
        }
        let seats = state.people.entry(Person::from(&seat.who)).or_default();
        seats.push(Arc::clone(seat));
        let first = seats.len() == 1 && seat.who.present;
        metrics::gauge!("rapport_live_sessions").increment(1.0);
        Ok(if first { Change::Presence } else { Change::None })
    }

    /// Somebody leaves.
    pub(crate) fn leave(&self, seat: &Arc<Seat>) -> Change {
        let mut state = self.0.lock();
        let person = Person::from(&seat.who);
        let Some(seats) = state.people.get_mut(&person) else { return Change::None };
        let before = seats.len();
        seats.retain(|other| !Arc::ptr_eq(other, seat));
        if seats.len() == before {
            return Change::None;
        }
        metrics::gauge!("rapport_live_sessions").decrement(1.0);
        if !seats.is_empty() {
            return Change::None;
        }
        state.people.remove(&person);
        if seat.who.present { Change::Presence } else { Change::None }
    }

    /// Whether somebody is connected.
    #[must_use]
    pub(crate) fn is_here(&self, person: &Person) -> bool {
        self.0.lock().people.contains_key(person)
    }

    /// Everybody who is to be reported.
    #[must_use]
    pub(crate) fn present(&self) -> Vec<Person> {
        let state = self.0.lock();
        let reported = |(person, seats): (&Person, &Vec<Arc<Seat>>)| {
            seats.first().is_some_and(|seat| seat.who.present).then(|| person.clone())
        };
        state.people.iter().filter_map(reported).collect()
    }

    /// Closes whatever rests on authority that has ended, here and of those who are about to arrive.
    pub(crate) fn revoke(&self, revoked: Revoked) {
        let mut refused = Refused::default();
        refused.sessions.extend(revoked.session_ids.into_iter().map(Box::from));
        for stale in revoked.stale {
            refused.stale.insert((stale.tenant_id.into(), stale.principal.into()), stale.generation);
        }
        if refused.sessions.is_empty() && refused.stale.is_empty() {
            return;
        }
        let mut state = self.0.lock();
        for seat in state.people.values().flatten() {
            if let Some(ending) = refused.verdict(&seat.who) {
                seat.end(ending);
            }
        }
        let [latest, _] = &mut state.late;
        latest.sessions.extend(refused.sessions);
        for (person, generation) in refused.stale {
            let known = latest.stale.entry(person).or_default();
            *known = generation.max(*known);
        }
    }

    /// Forgets refusals of some time ago; called once a minute.
    pub(crate) fn forget(&self) {
        let mut state = self.0.lock();
        let latest = std::mem::take(&mut state.late[0]);
        state.late[1] = latest;
    }

    /// Closes every session of a tenant.
    pub(crate) fn end_tenant(&self, tenant: &str, ending: Ending) {
        self.each(|seat| {
            if *seat.who.tenant == *tenant {
                seat.end(ending);
            }
        });
    }

    /// Something for everybody.
    pub(crate) fn each(&self, mut tell: impl FnMut(&Arc<Seat>)) {
        self.0.lock().people.values().flatten().for_each(&mut tell);
    }

    /// Lets nobody in any more, for this reason, and does something with those who are here.
    pub(crate) fn close(&self, ending: Ending, mut tell: impl FnMut(&Arc<Seat>)) {
        let mut state = self.0.lock();
        state.closed = Some(ending);
        state.people.values().flatten().for_each(&mut tell);
    }
}

#[cfg(test)]
mod tests {
    use rapport_proto::edge::v1::Stale;

    use super::{super::mailbox::testing::mailbox, *};

    fn seat(principal: &str, session: &str, generation: u32, present: bool) -> Arc<Seat> {
        let who = Who {
            tenant: "tenant_1".into(),
            principal: principal.into(),
            session: session.into(),
            generation,
            present,
        };
        Seat::new(who, mailbox(1000))
    }

    #[test]
    fn the_first_socket_and_the_last_are_told() {
        let here = Attendance::default();
        let (one, two, three) = (seat("a", "1", 1, true), seat("a", "2", 1, true), seat("a", "3", 1, true));
        assert_eq!(here.arrive(&one), Ok(Change::Presence));
        assert_eq!(here.arrive(&two), Ok(Change::None));
        assert_eq!(here.arrive(&seat("visitor", "4", 1, false)), Ok(Change::None));
        assert_eq!(here.present(), [Person::from(&one.who)]);
        assert_eq!(here.leave(&three), Change::None, "it never was here");
        assert_eq!(here.leave(&one), Change::None);
        assert_eq!(here.leave(&two), Change::Presence);
        assert_eq!(here.leave(&two), Change::None);
        assert!(here.present().is_empty());
    }

    #[test]
    fn ended_authority_ends_what_rests_on_it_and_nothing_else() {
        let here = Attendance::default();
        let (out, old, new) = (seat("a", "1", 5, true), seat("b", "2", 4, true), seat("b", "3", 5, true));
        for seat in [&out, &old, &new] {
            here.arrive(seat).unwrap();
        }
        let stale =
            |tenant: &str| Stale { tenant_id: tenant.to_owned(), principal: "b".to_owned(), generation: 5 };
        let revoked =
            Revoked { session_ids: vec!["1".to_owned(), "other".to_owned()], stale: vec![stale("tenant_2")] };
        here.revoke(revoked);
        assert_eq!([&out, &old, &new].map(|seat| seat.has_ended()), [true, false, false]);
        here.revoke(Revoked { session_ids: Vec::new(), stale: vec![stale("tenant_1")] });
        assert_eq!([&out, &old, &new].map(|seat| seat.has_ended()), [true, true, false]);
        // Who was authorized before and arrives after is refused, too; for a while.
        for _ in 0..2 {
            let late = here.arrive(&seat("c", "other", 1, true));
            assert_eq!(late, Err(Ending { close: Close::Unauthorized, reason: "SESSION_ENDED" }));
            let late = here.arrive(&seat("b", "4", 4, true));
            assert_eq!(late, Err(Ending { close: Close::TokenSpent, reason: "TOKEN_STALE" }));
            here.forget();
        }
        assert!(here.arrive(&seat("c", "other", 1, true)).is_ok());
    }
}
