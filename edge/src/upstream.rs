//! The way to core: a tower service, whatever is behind it. In one process that is core's own stack; else HTTP/2 connections to
//! one core or several. Nothing above this file knows which.
//!
//! A core is known by an address, or by a name that stands for as many cores as it has addresses ([`names`]). Each has a place of its own,
//! which is the same for as long as the edge runs; a place of a name may be empty.

mod names;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Uri;
use tokio::sync::watch;
use tonic::{
    body::Body,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};
use tower::{BoxError, util::BoxCloneSyncService};
use tower_service::Service;

use self::names::Name;

/// How many connections there are to each core: one is one lock.
const CHANNELS: usize = 2;
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a call may take to be answered where no core is known to answer: callers wait for a connection one after the other, and
/// each that fails answers one of them.
const UNSURE: Duration = Duration::from_secs(4);

/// What carries one call.
pub type Carrier = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Unreachable>;

/// Why a call did not reach core. A type of its own, because a bare boxed error keeps a future from being `Send`.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Unreachable(BoxError);

/// A core, or a place for one.
#[derive(Debug)]
pub struct Core {
    at: watch::Sender<Option<At>>,
    turn: AtomicUsize,
    /// What it is called in the log.
    pub name: String,
    up: AtomicBool,
}

/// The time a core is where it was found.
#[derive(Debug)]
pub struct Stay(watch::Receiver<Option<At>>);

impl Stay {
    /// Waits until it is there no more.
    pub async fn is_over(&mut self) {
        let _ = self.0.changed().await;
    }
}

/// Where a core is.
#[derive(Clone, Debug)]
struct At {
    /// Its address, where its name has several.
    address: Option<SocketAddr>,
    carriers: Arc<[Carrier]>,
}

/// Every core there is.
#[derive(Clone, Debug)]
pub struct Upstream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cores: Vec<Arc<Core>>,
    names: Vec<Name>,
    turn: AtomicUsize,
    key: Option<MetadataValue<Ascii>>,
}

impl Core {
    fn new(name: String, at: Option<At>) -> Arc<Self> {
        let up = AtomicBool::new(at.is_some());
        Arc::new(Self { at: watch::Sender::new(at), turn: AtomicUsize::new(0), name, up })
    }

    /// What the next call to this core goes by; nothing where there is no core.
    #[must_use]
    pub fn carrier(&self) -> Option<Carrier> {
        let at = self.at.borrow();
        let carriers = &at.as_ref()?.carriers;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        carriers.get(turn % carriers.len()).cloned()
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.at.borrow().is_some()
    }

    /// Waits until there is one.
    pub async fn comes(&self) -> Stay {
        let mut at = self.at.subscribe();
        // The sender lives as long as this.
        let _ = at.wait_for(Option::is_some).await;
        Stay(at)
    }

    /// Whether it answered when it was last heard of.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    /// Notes whether it answers; whoever follows it knows first.
    pub fn note_up(&self, up: bool) {
        if self.up.swap(up, Ordering::Relaxed) != up {
            tracing::info!(core = self.name, up, "a core came or went");
        }
    }

    fn address(&self) -> Option<SocketAddr> {
        self.at.borrow().as_ref()?.address
    }

    fn put(&self, at: Option<At>) {
        let address = at.as_ref().and_then(|at| at.address);
        tracing::info!(core = self.name, ?address, "a name has another address");
        self.up.store(at.is_some(), Ordering::Relaxed);
        self.at.send_replace(at);
    }
}

impl Upstream {
    /// Core in this process.
    #[must_use]
    pub fn within<S, E>(stack: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = E>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        E: Into<BoxError> + 'static,
    {
        let carrier =
            BoxCloneSyncService::new(tower::ServiceExt::map_err(stack, |error: E| Unreachable(error.into())));
        let at = At { address: None, carriers: [carrier].into() };
        let cores = vec![Core::new("in process".to_owned(), Some(at))];
        Self(Arc::new(Inner { cores, names: Vec::new(), turn: AtomicUsize::new(0), key: None }))
    }

    /// Cores elsewhere, who know this edge by its key. Nothing is connected before it is needed, and no name is looked up before
    /// [`Self::look_up`].
    pub fn remote(uris: &[Uri], key: &str) -> Result<Self, BoxError> {
        let (mut cores, mut names) = (Vec::new(), Vec::new());
        for uri in uris {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
            if host.parse::<IpAddr>().is_ok() {
                let at = At { address: None, carriers: connect(uri, None) };
                cores.push(Core::new(uri.to_string(), Some(at)));
            } else {
                let places = (0..names::PLACES).map(|place| Core::new(format!("{uri} #{place}"), None));
                let places: Vec<_> = places.collect();
                names.push(Name { uri: uri.clone(), places: places.clone() });
                cores.extend(places);
            }
        }
        let mut key: MetadataValue<Ascii> = key.parse()?;
        key.set_sensitive(true);
        Ok(Self(Arc::new(Inner { cores, names, turn: AtomicUsize::new(0), key: Some(key) })))
    }

    /// Every core, and every place for one.
    #[must_use]
    pub fn cores(&self) -> &[Arc<Core>] {
        &self.0.cores
    }

    /// Looks up what the names stand for now.
    pub async fn look_up(&self) {
        for name in &self.0.names {
            name.look_up().await;
        }
    }

    /// Looks it up again and again; returns where there is no name.
    pub async fn keep_looking(&self) {
        while !self.0.names.is_empty() {
            tokio::time::sleep(names::EVERY).await;
            self.look_up().await;
        }
    }

    /// What the next call goes by: the cores that answer in turn, or any where none does; then not for long.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        let turn = self.0.turn.fetch_add(1, Ordering::Relaxed);
        let next = |of: fn(&Core) -> bool| {
            // Counted first, so that a place that is passed over gives its turn to all the others.
            let count = self.0.cores.iter().filter(|core| of(core)).count();
            self.0.cores.iter().filter(|core| of(core)).nth(turn.checked_rem(count)?)?.carrier()
        };
        next(Core::is_up).or_else(|| next(Core::is_there).map(hurried)).unwrap_or_else(nowhere)
    }

    /// What the cores know this edge by; nothing within a process.
    #[must_use]
    pub fn key(&self) -> Option<&MetadataValue<Ascii>> {
        self.0.key.as_ref()
    }
}

/// The same, for calls that are to be answered soon one way or the other.
fn hurried(carrier: Carrier) -> Carrier {
    BoxCloneSyncService::new(tower::service_fn(move |request| {
        let asked = tower::ServiceExt::oneshot(carrier.clone(), request);
        async move {
            let answer = tokio::time::timeout(UNSURE, asked).await;
            answer.unwrap_or_else(|_elapsed| Err(Unreachable("no core answers".into())))
        }
    }))
}

/// The way to no core.
fn nowhere() -> Carrier {
    BoxCloneSyncService::new(tower::service_fn(|_req: http::Request<Body>| async {
        Err(Unreachable("no core is known".into()))
    }))
}

/// Connections to a core: to where its address says, or to one of the addresses its name has.
fn connect(uri: &Uri, address: Option<SocketAddr>) -> Arc<[Carrier]> {
    let there = address.and_then(|address| format!("http://{address}").parse().ok());
    let endpoint = Endpoint::from(there.unwrap_or_else(|| uri.clone()))
        .origin(uri.clone())
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .tcp_keepalive(Some(Duration::from_secs(10)))
        // A dead peer is noticed within 15 s, also by a connection nobody uses.
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
        .initial_stream_window_size(1024 * 1024)
        .initial_connection_window_size(4 * 1024 * 1024);
    let carrier = |_| {
        let channel: Channel = endpoint.connect_lazy();
        BoxCloneSyncService::new(tower::ServiceExt::map_err(channel, |error: tonic::transport::Error| {
            Unreachable(error.into())
        }))
    };
    (0..CHANNELS).map(carrier).collect()
}
