//! What one address, one session or one person may ask of the edge. All of it is counted in this process first; with Redis, what all
//! edges let through of requests and sign-ins is counted there after that ([`shared`]), and without it two edges let through twice as
//! much. Memory is bounded by construction: rates are kept by a keyed hash of at most [`PLACES`] values, sockets are bounded by
//! the connections the process accepts.

mod shared;

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use governor::{Quota, RateLimiter, clock::Clock as _, clock::DefaultClock, state::keyed::DashMapStateStore};
use http::HeaderMap;
use ipnet::IpNet;
use parking_lot::Mutex;
use rapport_host::redis::{Redis, fred};
use rapport_proto::{errors::v1::Reason, fault::Fault};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::shared::{Ask, Rate, Shared};
use crate::config::Config;

/// How many rates of a kind are kept apart.
const PLACES: u64 = 1 << 18;
const OF_ADDRESS: &str = "too many requests from this address";
const OF_SESSION: &str = "too many requests of this session";
const SIGN_INS: &str = "too many sign-ins from this address";
/// How often rates that nobody uses are forgotten.
pub const UPKEEP: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

/// The limits, and how far they are used up.
#[derive(Debug)]
pub struct Limits {
    addresses: Rates,
    sessions: Rates,
    sign_ins: Rates,
    sockets_by_address: Held<IpAddr>,
    sockets_by_principal: Held<String>,
    trusted: Vec<IpNet>,
    hash: RandomState,
    shared: Option<Shared>,
    address_rate: Rate,
    session_rate: Rate,
    sign_in_rate: Rate,
}

impl Limits {
    /// The limits that were set.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let limits = &config.limits;
        let second = |each: u32| {
            let each = NonZeroU32::new(each).unwrap_or(NonZeroU32::MIN);
            Quota::per_second(each).allow_burst(each.saturating_mul(NonZeroU32::MIN.saturating_add(1)))
        };
        let minute = |each: u32| Quota::per_minute(NonZeroU32::new(each).unwrap_or(NonZeroU32::MIN));
        Self {
            addresses: Rates::new(second(limits.address_requests)),
            sessions: Rates::new(second(limits.session_requests)),
            sign_ins: Rates::new(minute(limits.sign_ins)),
            sockets_by_address: Held::new(limits.address_sockets),
            sockets_by_principal: Held::new(limits.session_sockets),
            trusted: config.trusted_proxies.clone(),
            hash: RandomState::new(),
            shared: None,
            address_rate: Rate::new(
                limits.address_requests,
                SECOND,
                limits.address_requests.saturating_mul(2),
            ),
            session_rate: Rate::new(
                limits.session_requests,
                SECOND,
                limits.session_requests.saturating_mul(2),
            ),
            sign_in_rate: Rate::new(limits.sign_ins, SECOND * 60, limits.sign_ins),
        }
    }

    /// The same, counted with the other edges too where the settings name a Redis.
    pub fn shared(
        mut self,
        config: &Config,
        stopping: CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<Self, fred::error::Error> {
        if let Some(target) = &config.redis {
            self.shared = Some(Shared::new(target, &config.shared_key, stopping, tasks)?);
        }
        Ok(self)
    }

    /// The Redis by which edges count together.
    #[must_use]
    pub fn redis(&self) -> Option<Arc<Redis>> {
        self.shared.as_ref().map(Shared::redis)
    }

    /// One request more from an address, and under a token where it has one, at whatever edge; after what this edge itself counts.
    pub async fn request_anywhere(&self, address: IpAddr, token: Option<&str>) -> Result<(), Fault> {
        let Some(shared) = &self.shared else { return Ok(()) };
        let network = network(address).to_string();
        let from =
            Ask { kind: "address", whose: network.as_bytes(), rate: self.address_rate, why: OF_ADDRESS };
        match token {
            None => shared.take(&[from]).await,
            Some(token) => {
                let whose = token.as_bytes();
                shared
                    .take(&[from, Ask { kind: "session", whose, rate: self.session_rate, why: OF_SESSION }])
                    .await
            }
        }
    }

    /// One more call from an address that costs a password's hashing, at whatever edge; after what this edge itself counts.
    pub async fn sign_in_anywhere(&self, address: IpAddr) -> Result<(), Fault> {
        let Some(shared) = &self.shared else { return Ok(()) };
        let network = network(address).to_string();
        let whose = network.as_bytes();
        shared.take(&[Ask { kind: "sign-in", whose, rate: self.sign_in_rate, why: SIGN_INS }]).await
    }

    /// One request more from an address.
    pub fn request(&self, address: IpAddr) -> Result<(), Fault> {
        self.addresses.take(self.place(&network(address)), OF_ADDRESS)
    }

    /// One request or frame more under a token; what it is worth is core's to say.
    pub fn session(&self, token: &str) -> Result<(), Fault> {
        self.sessions.take(self.place(token), OF_SESSION)
    }

    /// One more call from an address that costs a password's hashing.
    pub fn sign_in(&self, address: IpAddr) -> Result<(), Fault> {
        self.sign_ins.take(self.place(&network(address)), SIGN_INS)
    }

    /// One socket more from an address, for as long as the permit lives.
    pub fn open_socket(&self, address: IpAddr) -> Result<Permit<IpAddr>, Fault> {
        self.sockets_by_address.take(network(address), "too many sockets from this address")
    }

    /// One socket more of a member or visitor, for as long as the permit lives.
    pub fn hold_socket(&self, principal: &str) -> Result<Permit<String>, Fault> {
        self.sockets_by_principal.take(principal.to_owned(), "too many sockets of this member or visitor")
    }

    /// Forgets what nobody uses.
    pub fn tidy(&self) {
        for rates in [&self.addresses, &self.sessions, &self.sign_ins] {
            rates.0.retain_recent();
            rates.0.shrink_to_fit();
        }
    }

    fn place(&self, key: &(impl Hash + ?Sized)) -> u64 {
        // Who shares a place cannot be known from outside, so nobody can be made to share one.
        self.hash.hash_one(key) % PLACES
    }

    /// Where a request comes from: the other end of the connection or, behind proxies of ours, the last hop that is none of them. What
    /// anybody else says of it is not read.
    #[must_use]
    pub fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut hop = peer.to_canonical();
        let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        let hops = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for next in hops {
            if !self.is_trusted(hop) {
                break;
            }
            // A proxy of ours that wrote no address is the last we know of.
            let Some(next) =
                std::str::from_utf8(next).ok().and_then(|next| next.trim().parse::<IpAddr>().ok())
            else {
                break;
            };
            hop = next.to_canonical();
        }
        hop
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
    }
}

/// What counts as one address: whoever has an IPv6 address has its whole network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// A rate for each of many.
#[derive(Debug)]
struct Rates(RateLimiter<u64, DashMapStateStore<u64>, DefaultClock>);

impl Rates {
    fn new(quota: Quota) -> Self {
        Self(RateLimiter::dashmap(quota))
    }

    fn take(&self, place: u64, why: &str) -> Result<(), Fault> {
        self.0.check_key(&place).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Fault::new(Reason::RateLimited, why).with_retry_after(wait)
        })
    }
}

/// How many of something each holds.
#[derive(Debug)]
struct Held<K> {
    most: usize,
    counts: Arc<Mutex<HashMap<K, usize>>>,
}

/// A place that is held; dropping it gives it back.
#[derive(Debug)]
pub struct Permit<K: Eq + Hash> {
    key: K,
    counts: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Clone> Held<K> {
    fn new(most: usize) -> Self {
        Self { most, counts: Arc::default() }
    }

    fn take(&self, key: K, why: &str) -> Result<Permit<K>, Fault> {
        let mut counts = self.counts.lock();
        let count = counts.entry(key.clone()).or_insert(0);
        if *count >= self.most {
            return Err(Fault::new(Reason::RateLimited, why));
        }
        *count += 1;
        Ok(Permit { key, counts: Arc::clone(&self.counts) })
    }
}

impl<K: Eq + Hash> Drop for Permit<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rapport_host::settings::Settings;

    use super::*;

    fn limits(settings: &[(&str, &str)]) -> Limits {
        let mut settings = Settings::of(settings);
        let config = Config::read(&mut settings);
        Limits::new(&settings.finish(config).unwrap())
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_hop_is_believed_as_far_as_ours_go() {
        let limits = limits(&[("trusted_proxies", "10.0.0.0/8, 192.0.2.1, fd00::/8")]);
        let cases: [(&str, &[&str], &str); 11] = [
            ("203.0.113.9", &["198.51.100.7"], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, 10.1.1.1 ,192.0.2.1"], "198.51.100.7"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.7", "10.9.9.9"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7:4711"], "10.0.0.1"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ];
        for (peer, lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            headers.insert("x-real-ip", "6.6.6.6".parse().unwrap());
            headers.insert("forwarded", "for=6.6.6.6".parse().unwrap());
            assert_eq!(limits.address(address(peer), &headers), address(expected), "{peer} {lines:?}");
        }
    }

    #[test]
    fn a_network_of_version_six_is_one_address() {
        let limits = limits(&[("limits.address_requests", "1")]);
        limits.request(address("2001:db8:0:1::1")).unwrap();
        limits.request(address("2001:db8:0:1:ffff::2")).unwrap();
        let fault = limits.request(address("2001:db8:0:1::3")).unwrap_err();
        assert_eq!(fault.reason, Reason::RateLimited);
        assert!(
            fault.retry_after.is_some_and(|after| after > Duration::ZERO && after <= Duration::from_secs(1))
        );
        limits.request(address("2001:db8:0:2::1")).unwrap();
        limits.tidy();
        assert!(limits.request(address("2001:db8:0:1::1")).is_err());
    }

    #[test]
    fn a_place_that_is_given_back_is_free() {
        let limits = limits(&[("limits.address_sockets", "2"), ("limits.session_sockets", "1")]);
        let here = address("192.0.2.7");
        let first = limits.open_socket(here).unwrap();
        let _second = limits.open_socket(here).unwrap();
        assert_eq!(limits.open_socket(here).unwrap_err().reason, Reason::RateLimited);
        drop(first);
        let _third = limits.open_socket(here).unwrap();
        let one = limits.hold_socket("member_1").unwrap();
        assert!(limits.hold_socket("member_1").is_err());
        let _other = limits.hold_socket("member_2").unwrap();
        drop(one);
        limits.hold_socket("member_1").unwrap();
        // Nothing is kept of whoever holds nothing.
        assert_eq!(limits.sockets_by_principal.counts.lock().len(), 1);
    }
}
