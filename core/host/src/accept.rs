//! The loop that accepts connections, for every listener of a process. axum's and tonic's own hide what we promise: `TCP_NODELAY`,
//! a limit on connections, time limits, and an end that waits for calls under way, but not for ever.

use std::{convert::Infallible, error::Error, net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{memory, patience::Patient};

/// The peer of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// How a listener behaves.
#[derive(Debug)]
pub struct Rules {
    /// What is spoken, and within which limits.
    pub protocol: auto::Builder<TokioExecutor>,
    /// How many connections may be open at once; the next is closed unanswered, as each is where memory is short.
    pub connections: usize,
    /// How long a peer may stand still that is to read.
    pub patience: Duration,
    /// How long calls under way may take to finish when the process ends.
    pub drain: Duration,
    /// Set when no more connections are to be accepted.
    pub stopping: CancellationToken,
    /// The tasks the process waits for before it ends.
    pub tasks: TaskTracker,
}

/// Serves until the process is to stop, then lets calls under way finish. Each connection gets a service of its own, made for its peer.
pub async fn serve<S, B>(listener: TcpListener, rules: Rules, service: impl Fn(Peer) -> S)
where
    S: hyper::service::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Send
        + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let Rules { protocol, connections, patience, drain, stopping, tasks } = rules;
    let graceful = GracefulShutdown::new();
    let cut = CancellationToken::new();
    let places = Arc::new(Semaphore::new(connections));
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
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
        let place = Arc::clone(&places).try_acquire_owned().ok().filter(|_| !memory::is_short());
        let Some(place) = place else {
            metrics::counter!("rapport_connections_refused_total").increment(1);
            continue;
        };
        // Without it a small answer waits up to 40 ms for the peer's delayed acknowledgement.
        let _ = socket.set_nodelay(true);
        let connection = protocol
            .serve_connection_with_upgrades(TokioIo::new(Patient::new(socket, patience)), service(Peer(peer)))
            .into_owned();
        let watched = graceful.watch(connection);
        let cut = cut.clone();
        tasks.spawn(async move {
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
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some calls did not finish in time");
    }
    cut.cancel();
}
