//! The tenants this edge follows: each from its first session until some time after its last.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::hub::Hub;

/// How long a tenant is followed after its last session has gone: who reloads a page finds the ring warm.
const LINGER: Duration = Duration::from_secs(30);

/// The tenants.
#[derive(Debug, Default)]
pub(crate) struct Hubs(Mutex<HashMap<Arc<str>, Slot>>);

#[derive(Debug)]
struct Slot {
    hub: Arc<Hub>,
    sessions: usize,
    empty_since: Option<Instant>,
}

impl Hubs {
    /// One session more of a tenant whose log ended here when the session was authorized; true where the tenant is new.
    pub(crate) fn join(&self, tenant: &Arc<str>, end: i64, cursor: &str) -> (Arc<Hub>, bool) {
        let mut slots = self.0.lock();
        let mut new = false;
        let slot = slots.entry(Arc::clone(tenant)).or_insert_with(|| {
            new = true;
            metrics::gauge!("rapport_live_tenants").increment(1.0);
            let hub = Arc::new(Hub::new(Arc::clone(tenant), end, cursor));
            Slot { hub, sessions: 0, empty_since: None }
        });
        slot.sessions += 1;
        slot.empty_since = None;
        (Arc::clone(&slot.hub), new)
    }

    /// One session less.
    pub(crate) fn leave(&self, hub: &Arc<Hub>) {
        let mut slots = self.0.lock();
        // A hub that was forgotten may have a successor of the same tenant.
        if let Some(slot) = slots.get_mut(&hub.tenant).filter(|slot| Arc::ptr_eq(&slot.hub, hub)) {
            slot.sessions -= 1;
            if slot.sessions == 0 {
                slot.empty_since = Some(Instant::now());
            }
        }
    }

    /// A tenant that is followed.
    #[must_use]
    pub(crate) fn get(&self, tenant: &str) -> Option<Arc<Hub>> {
        self.0.lock().get(tenant).map(|slot| Arc::clone(&slot.hub))
    }

    /// Every tenant that is followed.
    #[must_use]
    pub(crate) fn tenants(&self) -> Vec<Arc<str>> {
        self.0.lock().keys().cloned().collect()
    }

    /// Stops following a tenant at once.
    pub(crate) fn forget(&self, tenant: &str) {
        if self.0.lock().remove(tenant).is_some() {
            metrics::gauge!("rapport_live_tenants").decrement(1.0);
        }
    }

    /// Stops following whom nobody has listened to for a while; says who that was.
    #[must_use]
    pub(crate) fn sweep(&self, now: Instant) -> Vec<Arc<str>> {
        let mut slots = self.0.lock();
        let is_over = |slot: &Slot| slot.empty_since.is_some_and(|since| now.duration_since(since) >= LINGER);
        let over: Vec<_> =
            slots.iter().filter(|(_, slot)| is_over(slot)).map(|(tenant, _)| Arc::clone(tenant)).collect();
        for tenant in &over {
            slots.remove(tenant);
            metrics::gauge!("rapport_live_tenants").decrement(1.0);
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_followed_from_its_first_session_until_a_while_after_its_last() {
        let (hubs, tenant) = (Hubs::default(), Arc::from("tenant_1"));
        let (first, new) = hubs.join(&tenant, 7, "c");
        assert!(new);
        let (second, new) = hubs.join(&tenant, 9, "d");
        assert!(!new && Arc::ptr_eq(&first, &second));
        assert_eq!(second.end(), (7, Box::from("c")));
        let long = Instant::now() + 2 * LINGER;
        hubs.leave(&first);
        assert!(hubs.sweep(long).is_empty());
        hubs.leave(&first);
        assert!(hubs.sweep(Instant::now()).is_empty());
        assert_eq!(hubs.sweep(long), [Arc::clone(&tenant)]);
        let (third, new) = hubs.join(&tenant, 20, "e");
        assert!(new && third.end().0 == 20);
        hubs.forget(&tenant);
        let (fourth, _) = hubs.join(&tenant, 21, "f");
        hubs.leave(&third);
        assert!(hubs.sweep(long).is_empty(), "what is left is not its successor");
        assert!(hubs.get(&tenant).is_some_and(|hub| Arc::ptr_eq(&hub, &fourth)));
    }
}
