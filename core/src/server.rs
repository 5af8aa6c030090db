//! The services put together, and the listener that serves them.
//!
//! [`stack`] is the whole of core as one tower service, served on a port. [`in_process`] is the same with what is for edges: an edge
//! in the same process is handed the value, edges elsewhere reach it on a listener of its own behind the edge key.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
pub use rapport_host::accept::Peer;
use rapport_host::{accept::Rules, admin::Readiness};
use serde_json::json;
use tonic::{body::Body, service::Routes};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower_service::Service;

use crate::{
    app::App,
    auth, chats, customers, edge,
    error::{Error, Result},
    events,
    keys::EdgeKey,
    layers::{Layered, door::Door},
    presence, tenants, tickets,
};

/// The greatest request message.
pub const MAX_REQUEST: usize = 256 * 1024;
/// How many calls one connection may have under way.
const STREAMS_PER_CONNECTION: u32 = 256;
/// How many calls one connection of an edge may have under way.
const STREAMS_PER_EDGE_CONNECTION: u32 = 16_384;
/// The greatest header list of a request.
const MAX_HEADERS: u32 = 16 * 1024;
/// How long calls under way may take to finish when the server goes.
pub const DRAIN: Duration = Duration::from_secs(10);
/// How long closing may take after the drain.
pub const LAST_ORDERS: Duration = Duration::from_secs(5);

/// Everything core serves to the public, with its layers.
pub fn stack(app: &Arc<App>, reflection: bool) -> Result<Layered<Routes>> {
    Ok(Layered::new(Arc::clone(app), services(app, reflection)?.prepare()))
}

/// Everything the public has, and what is for edges. Whoever holds it with the door open is an edge.
pub type InProcess = Door<Layered<Routes>>;

/// The services as an edge in the same process is handed them.
pub fn in_process(app: &Arc<App>) -> Result<InProcess> {
    Ok(Door::open(edge_services(app)?))
}

fn edge_services(app: &Arc<App>) -> Result<Layered<Routes>> {
    let routes = services(app, false)?.add_service(edge::service(app).max_decoding_message_size(MAX_REQUEST));
    Ok(Layered::new(Arc::clone(app), routes.prepare()))
}

fn services(app: &Arc<App>, reflection: bool) -> Result<Routes> {
    let (reporter, health) = tonic_health::server::health_reporter();
    app.tasks.spawn(report_health(Arc::clone(app), reporter));
    presence::start(app);
    let mut routes = Routes::new(health)
        .add_service(auth::service(app).max_decoding_message_size(MAX_REQUEST))
        .add_service(tenants::service(app).max_decoding_message_size(MAX_REQUEST))
        .add_service(chats::service(app).max_decoding_message_size(MAX_REQUEST))
        .add_service(events::service(app).max_decoding_message_size(MAX_REQUEST))
        .add_service(tickets::service(app).max_decoding_message_size(MAX_REQUEST))
        .add_service(presence::service(app).max_decoding_message_size(MAX_REQUEST))
        .add_service(customers::service(app).max_decoding_message_size(MAX_REQUEST));
    if reflection {
        let builder = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(rapport_proto::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        routes = routes
            .add_service(builder().build_v1().map_err(Error::internal)?)
            .add_service(builder().build_v1alpha().map_err(Error::internal)?);
    }
    Ok(routes)
}

/// Says `SERVING` while the database answers.
async fn report_health(app: Arc<App>, reporter: HealthReporter) {
    let mut turn = tokio::time::interval(Duration::from_secs(1));
    let mut shown = None;
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => break,
            _ = turn.tick() => {}
        }
        let answers = app.db.across_tenants("health asks for no data").ping().await.is_ok();
        let status = if answers { ServingStatus::Serving } else { ServingStatus::NotServing };
        if shown.replace(answers) != Some(answers) {
            for service in ["", "rapport.auth.v1.AuthService", "rapport.tenants.v1.TenantService"]
                .into_iter()
                .chain(["rapport.chats.v1.ChatService", "rapport.events.v1.EventService"])
                .chain(["rapport.tickets.v1.TicketService", "rapport.presence.v1.PresenceService"])
                .chain(["rapport.customers.v1.CustomerService"])
            {
                reporter.set_service_status(service, status).await;
            }
        }
    }
    reporter.set_service_status("", ServingStatus::NotServing).await;
}

/// The public services for connections to a port.
pub fn public(
    app: &Arc<App>,
    reflection: bool,
) -> Result<impl Fn(Peer) -> TowerToHyperService<Marked<Layered<Routes>>> + use<>> {
    let stack = stack(app, reflection)?;
    Ok(move |peer| TowerToHyperService::new(Marked { peer, inner: stack.clone() }))
}

/// The services for edges elsewhere, behind the edge key.
pub fn internal(
    app: &Arc<App>,
    key: EdgeKey,
) -> Result<impl Fn(Peer) -> TowerToHyperService<Marked<InProcess>> + use<>> {
    let stack = Door::locked(edge_services(app)?, key);
    Ok(move |peer| TowerToHyperService::new(Marked { peer, inner: stack.clone() }))
}

/// A stack that is told the peer of its connection.
#[derive(Clone, Debug)]
pub struct Marked<S> {
    peer: Peer,
    inner: S,
}

impl<S: Service<http::Request<Body>>> Service<http::Request<hyper::body::Incoming>> for Marked<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: http::Request<hyper::body::Incoming>) -> S::Future {
        req.extensions_mut().insert(self.peer);
        self.inner.call(req.map(Body::new))
    }
}

/// How a port of core behaves.
#[must_use]
pub fn rules(app: &App, connections: usize) -> Rules {
    Rules {
        protocol: protocol(),
        connections,
        patience: app.limits.slow_reader,
        drain: DRAIN,
        stopping: app.stopping.clone(),
        tasks: app.tasks.clone(),
    }
}

/// How the port for edges behaves: an edge brings everybody's calls on a few connections; what it follows must not wait for a
/// window, nor the window for it.
#[must_use]
pub fn internal_rules(app: &App, connections: usize) -> Rules {
    let mut rules = rules(app, connections);
    rules
        .protocol
        .http2()
        .max_concurrent_streams(STREAMS_PER_EDGE_CONNECTION)
        .adaptive_window(false)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    rules
}

/// How long work may wait for the writer before core no longer counts as ready.
const STUCK: Duration = Duration::from_secs(10);

/// What core depends on, after what is given.
#[must_use]
pub fn readiness(app: &Arc<App>, others: Readiness) -> Readiness {
    let (reader, writer) = (Arc::clone(app), Arc::clone(app));
    let others = match &app.bus {
        Some(bus) => {
            let bus = Arc::clone(bus);
            // Without Redis cores hear each other by asking the log: later, and with nothing lost.
            others.with_spared("redis", move || std::future::ready(bus.readiness()))
        }
        None => others,
    };
    others
        .with("database", move || {
            let app = Arc::clone(&reader);
            async move {
                let started = Instant::now();
                let answer = app.db.across_tenants("readiness asks for no data").ping().await;
                let is_sound = !app.db.is_damaged();
                let said = json!({ "millis": millis(started.elapsed()), "sound": is_sound });
                (answer.is_ok() && is_sound, said)
            }
        })
        .with("writer", move || {
            let backlog = writer.db.backlog();
            async move { (backlog <= STUCK, json!({ "backlogMillis": millis(backlog) })) }
        })
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn protocol() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new()).http2_only();
    builder
        .http2()
        .timer(TokioTimer::new())
        // A dead peer is noticed within 15 s.
        .keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .max_header_list_size(MAX_HEADERS)
        .max_pending_accept_reset_streams(20);
    builder
}
