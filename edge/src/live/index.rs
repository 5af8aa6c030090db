//! Which sessions hear for a principal: an event's audience is looked up, never compared with every session.

use std::{collections::HashMap, sync::Arc};

use rapport_proto::edge::v1::Rescope;
use slab::Slab;

use super::{hub::rescoped, seat::Seat};

/// A session that hears everything from some place on.
#[derive(Debug)]
pub(crate) struct Hearer {
    /// Its socket.
    pub(crate) seat: Arc<Seat>,
    /// What it hears for.
    pub(crate) principals: Vec<Arc<str>>,
    /// Changes of what it hears up to this number are in `principals` already.
    pub(crate) as_of: i64,
    /// The number of the last event or checkpoint it was given.
    pub(crate) told: i64,
    /// The last round it was met in: once each, however many of its principals are in an audience.
    pub(crate) round: u64,
}

/// The sessions of a tenant by what they hear for.
#[derive(Debug, Default)]
pub(crate) struct Index {
    hearers: Slab<Hearer>,
    by_principal: HashMap<Arc<str>, Vec<usize>>,
    by_seat: HashMap<usize, usize>,
    round: u64,
}

/// What a seat is known by.
fn key(seat: &Arc<Seat>) -> usize {
    Arc::as_ptr(seat).addr()
}

impl Index {
    /// Adds a session; not one that is closed.
    pub(crate) fn add(&mut self, mut hearer: Hearer) {
        if hearer.seat.has_ended() || self.by_seat.contains_key(&key(&hearer.seat)) {
            return;
        }
        self.share(&mut hearer.principals);
        let seat = key(&hearer.seat);
        let place = self.hearers.insert(hearer);
        self.by_seat.insert(seat, place);
        self.enter(place);
    }

    /// Takes a session out.
    pub(crate) fn remove(&mut self, seat: &Arc<Seat>) {
        if let Some(place) = self.by_seat.remove(&key(seat)) {
            self.withdraw(place);
            self.hearers.remove(place);
        }
    }

    /// A session.
    pub(crate) fn get(&mut self, seat: &Arc<Seat>) -> Option<&mut Hearer> {
        self.hearers.get_mut(*self.by_seat.get(&key(seat))?)
    }

    /// Every session that hears for one of the audience, once.
    pub(crate) fn each(&mut self, audience: &[Box<str>], mut give: impl FnMut(&mut Hearer)) {
        self.round += 1;
        for name in audience {
            for place in self.by_principal.get(&**name).into_iter().flatten() {
                if let Some(hearer) = self.hearers.get_mut(*place)
                    && hearer.round != self.round
                {
                    hearer.round = self.round;
                    give(hearer);
                }
            }
        }
    }

    /// Changes what the sessions of a principal hear for, from the event after this number on.
    pub(crate) fn rescope(&mut self, rescope: &Rescope, number: i64) {
        // A session hears for itself, so its own principal leads to it.
        let Some(sessions) = self.by_principal.get(&*rescope.principal).cloned() else { return };
        for place in sessions {
            let Some(hearer) = self.hearers.get(place) else { continue };
            if hearer.as_of >= number || *hearer.seat.who.principal != rescope.principal {
                continue;
            }
            self.withdraw(place);
            let mut principals = match self.hearers.get_mut(place) {
                Some(hearer) => {
                    hearer.as_of = number;
                    std::mem::take(&mut hearer.principals)
                }
                None => continue,
            };
            rescoped(&mut principals, rescope);
            self.share(&mut principals);
            if let Some(hearer) = self.hearers.get_mut(place) {
                hearer.principals = principals;
            }
            self.enter(place);
        }
    }

    /// Texts that are here already are not kept a second time.
    fn share(&self, principals: &mut Vec<Arc<str>>) {
        principals.sort_unstable();
        principals.dedup();
        principals.shrink_to_fit();
        for name in principals {
            if let Some((known, _)) = self.by_principal.get_key_value(name) {
                *name = Arc::clone(known);
            }
        }
    }

    fn enter(&mut self, place: usize) {
        let Some(hearer) = self.hearers.get(place) else { return };
        for name in &hearer.principals {
            self.by_principal.entry(Arc::clone(name)).or_default().push(place);
        }
    }

    fn withdraw(&mut self, place: usize) {
        let Some(hearer) = self.hearers.get(place) else { return };
        for name in &hearer.principals {
            let Some(places) = self.by_principal.get_mut(name) else { continue };
            places.retain(|other| *other != place);
            if places.is_empty() {
                self.by_principal.remove(name);
            } else if places.capacity() > 4 * places.len() + 8 {
                places.shrink_to_fit();
            }
        }
    }
}
