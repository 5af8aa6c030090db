//! The edge put together: what it holds, its doors, and the listener that serves them.

use std::{convert::Infallible, future::Future, io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, routing::get};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use rapport_host::{
    accept::{self, Peer, Rules},
    admin::Readiness,
    process::listen,
};
use serde_json::json;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service;

use crate::{
    browser::{self, origin::Origins},
    config::Config,
    limits::{self, Limits},
    live::{self, Live},
    rest::{self, routes::Routes},
    upstream::Upstream,
};

/// How long calls under way may take to finish when the edge goes.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a request's headers may take to arrive.
const HEADERS_ARRIVE: Duration = Duration::from_secs(5);
/// The greatest header list that is read; a much smaller one is refused with its reason.
const MAX_HEADERS: u32 = 64 * 1024;

/// What the edge holds.
#[derive(Debug)]
pub struct Edge {
    /// What it was told.
    pub config: Config,
    /// The way to core.
    pub upstream: Upstream,
    /// What else it depends on, where core is in the same process.
    pub beside: Readiness,
    /// The contract's routes.
    pub routes: Routes,
    /// Which pages may call.
    pub origins: Origins,
    /// Which pages may hold a widget.
    #[cfg(feature = "web")]
    pub ancestors: browser::ancestors::Ancestors,
    /// How much each may ask.
    pub limits: Limits,
    /// What its sockets share.
    pub live: Live,
    /// Set when the edge is to stop.
    pub stopping: CancellationToken,
    /// The tasks that must end before the process does.
    pub tasks: TaskTracker,
}

/// Starts to serve; says where, and what the edge depends on.
pub async fn start(
    config: Config,
    upstream: Upstream,
    beside: Readiness,
    stopping: CancellationToken,
    tasks: TaskTracker,
) -> io::Result<(SocketAddr, Readiness)> {
    let listener = listen(config.listen, "RAPPORT_EDGE_LISTEN").await?;
    let address = listener.local_addr()?;
    let edge = Arc::new(Edge {
        routes: Routes::of_contract()?,
        origins: Origins::new(config.public_origins.clone()),
        #[cfg(feature = "web")]
        ancestors: browser::ancestors::Ancestors::default(),
        limits: Limits::new(&config).shared(&config, stopping.clone(), &tasks).map_err(io::Error::other)?,
        live: Live::new(&upstream),
        config,
        upstream,
        beside,
        stopping: stopping.clone(),
        tasks: tasks.clone(),
    });
    tasks.spawn(upkeep(Arc::clone(&edge)));
    live::start(&edge);
    let rules = Rules {
        protocol: protocol(),
        connections: edge.config.limits.connections,
        patience: edge.config.limits.slow_reader,
        drain: DRAIN,
        stopping,
        tasks: tasks.clone(),
    };
    let router = doors(&edge);
    let readiness = edge.readiness();
    tasks.spawn(accept::serve(listener, rules, move |peer| {
        TowerToHyperService::new(Attended { peer, edge: Arc::clone(&edge), router: router.clone() })
    }));
    Ok((address, readiness))
}

fn doors(edge: &Arc<Edge>) -> Router {
    let socket = get(live::upgrade::upgrade).fallback(live::upgrade::other_verb);
    Router::new().route("/v1/live", socket).fallback(rest::serve).with_state(Arc::clone(edge))
}

async fn upkeep(edge: Arc<Edge>) {
    let mut turn = tokio::time::interval(limits::UPKEEP);
    while edge.stopping.run_until_cancelled(turn.tick()).await.is_some() {
        edge.limits.tidy();
    }
}

impl Edge {
    /// What the edge depends on: a core that answers; and Redis, as far as it can be done without.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let upstream = self.upstream.clone();
        let mut beside = self.beside.clone();
        if let Some(redis) = self.limits.redis() {
            // A core in the same process has its own.
            let name = if upstream.key().is_some() { "redis" } else { "redis_limits" };
            beside = beside.with_spared(name, move || std::future::ready((redis.is_up(), redis.said())));
        }
        beside.with("core", move || {
            let up = upstream.cores().iter().filter(|core| core.is_up()).count();
            let all = upstream.cores().iter().filter(|core| core.is_there()).count();
            async move { (up > 0, json!({ "up": up, "all": all })) }
        })
    }
}

fn protocol() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_ARRIVE)
        .max_buf_size(MAX_HEADERS as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .max_concurrent_streams(100)
        .max_header_list_size(MAX_HEADERS)
        .max_pending_accept_reset_streams(20);
    builder
}

/// The doors for one connection, with what stands before them.
#[derive(Clone, Debug)]
struct Attended {
    peer: Peer,
    edge: Arc<Edge>,
    router: Router,
}

impl Service<http::Request<hyper::body::Incoming>> for Attended {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        // A router is always ready.
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: http::Request<hyper::body::Incoming>) -> Self::Future {
        let (edge, router, peer) = (Arc::clone(&self.edge), self.router.clone(), self.peer);
        Box::pin(async move { browser::attend(&edge, peer, router, req.map(Body::new)).await })
    }
}
