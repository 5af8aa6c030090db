//! Names that stand for cores. A name is looked up again every few seconds: an address that is new gets a place, one that is gone loses
//! its own. A look that fails or finds nothing changes nothing, because cores go on while those who know their names do not.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use http::Uri;
use tokio::{net::lookup_host, time::timeout};

use super::{At, Core, connect};

/// How many cores a name may stand for.
pub(super) const PLACES: usize = 16;
/// How often a name is looked up: a core that was added has its first call this long after its address.
pub(super) const EVERY: Duration = Duration::from_secs(5);
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// A name and the places of its cores.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) uri: Uri,
    pub(super) places: Vec<Arc<Core>>,
}

impl Name {
    pub(super) async fn look_up(&self) {
        let host = self.uri.host().unwrap_or_default();
        match timeout(PATIENCE, lookup_host((host, self.uri.port_u16().unwrap_or(80)))).await {
            Ok(Ok(found)) => self.take(found.collect()),
            Ok(Err(error)) => tracing::warn!(host, %error, "a name of cores cannot be looked up"),
            Err(_elapsed) => tracing::warn!(host, "a name of cores cannot be looked up in time"),
        }
    }

    fn take(&self, mut found: BTreeSet<SocketAddr>) {
        // A core that has an address of either kind is one core.
        if found.iter().any(SocketAddr::is_ipv4) {
            found.retain(SocketAddr::is_ipv4);
        }
        if found.is_empty() {
            return;
        }
        for place in &self.places {
            match place.address() {
                // It keeps what it has.
                Some(address) if found.remove(&address) => {}
                Some(_gone) => place.put(None),
                None => {}
            }
        }
        for address in found {
            let Some(place) = self.places.iter().find(|place| !place.is_there()) else {
                tracing::warn!(name = %self.uri, %address, "a name has more addresses than it may stand for");
                return;
            };
            place.put(Some(At { address: Some(address), carriers: connect(&self.uri, Some(address)) }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_keeps_its_place_and_one_that_is_gone_leaves_it() {
        let places = (0..3).map(|place| Core::new(place.to_string(), None)).collect();
        let name = Name { uri: "http://cores:8083".parse().unwrap(), places };
        let take = |found: &[&str]| {
            name.take(found.iter().map(|address| address.parse().unwrap()).collect());
            let shown =
                |place: &Arc<Core>| place.address().map(|address| address.to_string()).unwrap_or_default();
            assert!(name.places.iter().all(|place| place.carrier().is_some() == place.is_up()));
            name.places.iter().map(shown).collect::<Vec<_>>()
        };
        assert_eq!(take(&[]), ["", "", ""]);
        assert_eq!(take(&["10.0.0.2:1", "10.0.0.1:1"]), ["10.0.0.1:1", "10.0.0.2:1", ""]);
        assert_eq!(take(&["10.0.0.3:1", "10.0.0.2:1"]), ["10.0.0.3:1", "10.0.0.2:1", ""]);
        assert_eq!(take(&[]), ["10.0.0.3:1", "10.0.0.2:1", ""], "nothing found is nothing known");
        assert_eq!(take(&["[fd00::1]:1", "10.0.0.2:1"]), ["", "10.0.0.2:1", ""], "of two kinds one");
        assert_eq!(take(&["[fd00::1]:1"]), ["[fd00::1]:1", "", ""]);
        let crowd = ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1", "10.0.0.4:1"];
        assert_eq!(take(&crowd), crowd[..3]);
    }
}
