//! The services put together, and the listener that serves them.
//!
//! [`stack`] is the whole of core as one tower service: hyper serves it on a port here, and an edge in the same process can be
//! handed the very same value.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, service::Routes};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::ServiceExt as _;

use crate::{
    app::App,
    auth, chats,
    error::{Error, Result},
    events,
    layers::Layered,
    tenants,
};

/// The greatest request message.
pub const MAX_REQUEST: usize = 256 * 1024;
/// How many calls one connection may have under way.
const STREAMS_PER_CONNECTION: u32 = 256;
/// The greatest header list of a request.
const MAX_HEADERS: u32 = 16 * 1024;
/// How long calls under way may take to finish when the server goes.
pub const DRAIN: Duration = Duration::from_secs(10);

/// The peer of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Everything core serves, with its layers.
pub fn stack(app: &Arc<App>, reflection: bool) -> Result<Layered<Routes>> {
    let (reporter, health) = tonic_health::server::health_reporter();
    app.tasks.spawn(report_health(Arc::clone(app), reporter));
    let mut routes = Routes::new(health)
        .add_service(auth::service(app).max_decoding_message_size(MAX_REQUEST))
        .add_service(tenants::service(app).max_decoding_message_size(MAX_REQUEST))
        .add_service(chats::service(app).max_decoding_message_size(MAX_REQUEST))
        .add_service(events::service(app).max_decoding_message_size(MAX_REQUEST));
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
    Ok(Layered::new(Arc::clone(app), routes.prepare()))
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
            {
                reporter.set_service_status(service, status).await;
            }
        }
    }
    reporter.set_service_status("", ServingStatus::NotServing).await;
}

/// Serves on a listener until the core is told to stop, then lets calls under way finish.
pub async fn serve(app: Arc<App>, listener: TcpListener, connections: usize, reflection: bool) -> Result<()> {
    let stack = stack(&app, reflection)?;
    let graceful = GracefulShutdown::new();
    let cut = CancellationToken::new();
    let places = Arc::new(Semaphore::new(connections));
    loop {
        let accepted = tokio::select! {
            () = app.stopping.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or a peer that was gone at once: the listener is sound, the next may succeed.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            metrics::counter!("rapport_connections_refused_total").increment(1);
            continue;
        };
        // Without it a small answer waits up to 40 ms for the peer's delayed acknowledgement.
        let _ = socket.set_nodelay(true);
        let service = stack.clone().map_request(move |mut req: http::Request<hyper::body::Incoming>| {
            req.extensions_mut().insert(Peer(peer));
            req.map(Body::new)
        });
        let connection = connection_builder()
            .serve_connection(TokioIo::new(socket), TowerToHyperService::new(service))
            .into_owned();
        let watched = graceful.watch(connection);
        let cut = cut.clone();
        app.tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                ended = watched => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended");
                },
                () = cut.cancelled() => {}
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some calls did not finish in time");
    }
    cut.cancel();
    Ok(())
}

fn connection_builder() -> auto::Builder<TokioExecutor> {
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
