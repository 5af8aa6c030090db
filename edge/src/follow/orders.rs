//! What one core is still to be told. Not a queue: what is wanted is looked up when its turn comes, so it is never more than one order
//! for each tenant and each person, however slow the core.

use std::{collections::HashSet, sync::Arc};

use parking_lot::Mutex;
use rapport_proto::edge::v1::{Attach, Detach, FollowRequest, Hello, Live, LiveMember, follow_request::Body};
use tokio::sync::Notify;

use crate::live::{self, attendance::Person};

/// How many people one order names.
const PEOPLE: usize = 1_000;

/// What a core is still to be told.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whether there is a stream; without, nothing is noted, because a new one begins with everything.
    open: bool,
    tenants: HashSet<Arc<str>>,
    people: HashSet<Person>,
    /// Whether this is the core that is told who is connected.
    reports: bool,
    /// Whether it is to be told of everybody, in place of what it knew.
    everybody: bool,
}

/// The first order of a stream.
pub(super) fn hello(edge_id: &str) -> FollowRequest {
    order(Body::Hello(Hello { edge_id: edge_id.to_owned() }))
}

fn order(body: Body) -> FollowRequest {
    FollowRequest { body: Some(body) }
}

impl Orders {
    /// A stream begins: every tenant is to be attached.
    pub(super) fn begin(&self, tenants: impl FnOnce() -> Vec<Arc<str>>) {
        // First open, then looked at: what is wanted meanwhile is in either.
        self.state.lock().open = true;
        let tenants = tenants();
        self.state.lock().tenants.extend(tenants);
    }

    /// The stream has ended, and all that was to be said on it with it.
    pub(super) fn end(&self) {
        let mut state = self.state.lock();
        state.open = false;
        state.tenants.clear();
    }

    /// Attaches a tenant at the place its hub has then; detaches it where it has none.
    pub(crate) fn attach(&self, tenant: &Arc<str>) {
        let mut state = self.state.lock();
        if state.open {
            state.tenants.insert(Arc::clone(tenant));
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Makes this the core that is told who is connected, or not any more.
    pub(crate) fn report(&self, reports: bool) {
        let mut state = self.state.lock();
        state.reports = reports;
        state.everybody = reports;
        state.people.clear();
        drop(state);
        self.changed.notify_one();
    }

    /// Somebody came or went.
    pub(crate) fn came_or_went(&self, person: &Person) {
        let mut state = self.state.lock();
        if state.reports {
            state.people.insert(person.clone());
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Whether there is something to tell.
    pub(super) fn wait(&self) -> bool {
        let state = self.state.lock();
        state.everybody || !state.tenants.is_empty() || !state.people.is_empty()
    }

    /// Waits until there is something new to tell.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What to tell next.
    pub(super) fn next(&self, live: &live::Live) -> Option<FollowRequest> {
        let mut state = self.state.lock();
        if let Some(tenant) = state.tenants.iter().next().cloned() {
            state.tenants.remove(&tenant);
            drop(state);
            let tenant_id = tenant.as_ref().to_owned();
            return Some(order(match live.hubs.get(&tenant) {
                Some(hub) => {
                    let (after, cursor) = hub.end();
                    let after = u64::try_from(after).unwrap_or_default();
                    Body::Attach(Attach { tenant_id, after, cursor: cursor.into() })
                }
                None => Body::Detach(Detach { tenant_id }),
            }));
        }
        if std::mem::take(&mut state.everybody) {
            // Who came meanwhile is among them; who goes from now on is told after it.
            let mut everybody = live.attendance.present();
            state.people = everybody.split_off(PEOPLE.min(everybody.len())).into_iter().collect();
            return Some(order(Body::Live(members(everybody))));
        }
        let is_here = |person: &&Person| live.attendance.is_here(person);
        let arrived = state.people.iter().next().is_some_and(|first| is_here(&first));
        let some: Vec<_> =
            state.people.iter().filter(|person| is_here(person) == arrived).take(PEOPLE).cloned().collect();
        for person in &some {
            state.people.remove(person);
        }
        if some.is_empty() {
            return None;
        }
        let members = members(some);
        Some(order(if arrived { Body::Arrived(members) } else { Body::Left(members) }))
    }
}

fn members(people: Vec<Person>) -> Live {
    let member = |person: Person| LiveMember {
        tenant_id: person.tenant.as_ref().to_owned(),
        principal: person.principal.as_ref().to_owned(),
    };
    Live { members: people.into_iter().map(member).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        live::{
            mailbox::testing::mailbox,
            seat::{Seat, Who},
        },
        upstream::Upstream,
    };

    fn live() -> live::Live {
        let cores = ["http://127.0.0.1:1", "http://127.0.0.1:2"].map(|core| core.parse().unwrap());
        live::Live::new(&Upstream::remote(&cores, "key").unwrap())
    }

    fn seat(name: &str) -> Arc<Seat> {
        let who = Who {
            tenant: "tenant_1".into(),
            principal: name.into(),
            session: name.into(),
            generation: 1,
            present: true,
        };
        Seat::new(who, mailbox(1_000))
    }

    fn all(orders: &Orders, live: &live::Live) -> Vec<Body> {
        std::iter::from_fn(|| if orders.wait() { orders.next(live)?.body } else { None }).collect()
    }

    fn named(people: &[&str]) -> Live {
        let member =
            |name: &&str| LiveMember { tenant_id: "tenant_1".to_owned(), principal: (*name).to_owned() };
        Live { members: people.iter().map(member).collect() }
    }

    #[tokio::test]
    async fn a_tenant_is_attached_where_its_hub_is_by_then_and_detached_where_it_has_none() {
        let live = live();
        let tenant: Arc<str> = "tenant_1".into();
        let orders = &live.orders[0];
        orders.attach(&tenant);
        assert!(all(orders, &live).is_empty(), "there is nobody to tell");
        live.orders.iter().for_each(|orders| orders.begin(Vec::new));
        orders.attach(&tenant);
        orders.attach(&tenant);
        assert_eq!(all(orders, &live), [Body::Detach(Detach { tenant_id: "tenant_1".to_owned() })]);
        live.join(&tenant, 7, "c");
        live.join(&tenant, 9, "d");
        let attach = Attach { tenant_id: "tenant_1".to_owned(), after: 7, cursor: "c".to_owned() };
        for orders in &live.orders {
            assert_eq!(all(orders, &live), [Body::Attach(attach.clone())], "every core, once");
        }
        orders.end();
        orders.begin(|| live.hubs.tenants());
        assert_eq!(all(orders, &live), [Body::Attach(attach)], "a new stream has everything to hear again");
    }

    #[tokio::test]
    async fn one_core_is_told_who_is_here_and_another_takes_over_from_it() {
        let live = live();
        let (a, b) = (seat("member_a"), seat("member_b"));
        let arrive = |seat: &Arc<Seat>| live.report(live.attendance.arrive(seat).unwrap(), seat);
        let leave = |seat: &Arc<Seat>| live.report(live.attendance.leave(seat), seat);
        arrive(&a);
        assert!(all(&live.orders[0], &live).is_empty(), "no core is followed yet");
        live.follow_began(1);
        live.follow_began(0);
        assert_eq!(all(&live.orders[1], &live), [Body::Live(named(&["member_a"]))]);
        assert!(all(&live.orders[0], &live).is_empty(), "one is enough");
        arrive(&b);
        let again = seat("member_b");
        arrive(&again);
        leave(&again);
        assert_eq!(all(&live.orders[1], &live), [Body::Arrived(named(&["member_b"]))]);
        leave(&b);
        assert_eq!(all(&live.orders[1], &live), [Body::Left(named(&["member_b"]))]);
        live.follow_ended(1);
        assert_eq!(all(&live.orders[0], &live), [Body::Live(named(&["member_a"]))]);
        live.follow_began(1);
        leave(&a);
        assert!(all(&live.orders[1], &live).is_empty());
        assert_eq!(all(&live.orders[0], &live), [Body::Left(named(&["member_a"]))]);
    }

    #[tokio::test]
    async fn everybody_is_told_by_the_thousand() {
        let live = live();
        let seats: Vec<_> = (0..2_500).map(|n| seat(&format!("member_{n}"))).collect();
        for seat in &seats {
            live.attendance.arrive(seat).unwrap();
        }
        live.follow_began(0);
        let told = all(&live.orders[0], &live);
        let counts = |body: &Body| match body {
            Body::Live(live) => ("live", live.members.len()),
            Body::Arrived(live) => ("arrived", live.members.len()),
            _ => ("", 0),
        };
        let counts: Vec<_> = told.iter().map(counts).collect();
        assert_eq!(counts, [("live", 1_000), ("arrived", 1_000), ("arrived", 500)]);
    }
}
