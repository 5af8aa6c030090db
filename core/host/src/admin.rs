//! The listener for operators: `/metrics` for Prometheus, `/livez` (the process runs), `/readyz` (what it depends on answers).
//! It has no authentication and belongs on an address that only operators reach.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What a dependency answers: whether it can be worked with, and what an operator wants to know of it.
pub type Answer = Pin<Box<dyn Future<Output = (bool, Value)> + Send>>;

type Ask = Arc<dyn Fn() -> Answer + Send + Sync>;

/// The dependencies of a process, each under its name.
#[derive(Clone, Default)]
pub struct Readiness(Vec<Dependency>);

#[derive(Clone)]
struct Dependency {
    name: &'static str,
    ask: Ask,
    /// Whether the process goes on without it, only less well.
    spared: bool,
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|dependency| dependency.name)).finish()
    }
}

impl Readiness {
    /// One more dependency.
    #[must_use]
    pub fn with<F>(self, name: &'static str, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = (bool, Value)> + Send + 'static,
    {
        self.and(name, ask, false)
    }

    /// One more that can be done without: its state is told, and the process is ready all the same.
    #[must_use]
    pub fn with_spared<F>(self, name: &'static str, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = (bool, Value)> + Send + 'static,
    {
        self.and(name, ask, true)
    }

    fn and<F>(mut self, name: &'static str, ask: impl Fn() -> F + Send + Sync + 'static, spared: bool) -> Self
    where
        F: Future<Output = (bool, Value)> + Send + 'static,
    {
        self.0.push(Dependency { name, ask: Arc::new(move || Box::pin(ask())), spared });
        self
    }

    /// Asks each: 200 where all that cannot be done without can be worked with, else 503.
    pub async fn ask(&self) -> (StatusCode, Json<Value>) {
        let mut status = StatusCode::OK;
        let mut found = Map::new();
        for Dependency { name, ask, spared } in &self.0 {
            let (is_ok, mut said) = ask().await;
            if !is_ok && !spared {
                status = StatusCode::SERVICE_UNAVAILABLE;
            }
            if let Some(said) = said.as_object_mut() {
                said.insert("ok".to_owned(), is_ok.into());
            }
            found.insert((*name).to_owned(), said);
        }
        (status, Json(found.into()))
    }
}

/// Serves until the process stops.
pub async fn serve(
    listener: TcpListener,
    metrics: PrometheusHandle,
    readiness: Readiness,
    stopping: CancellationToken,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/metrics", get(|State(metrics): State<PrometheusHandle>| async move { metrics.render() }))
        .with_state(metrics.clone())
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(move || async move { readiness.ask().await }));
    let upkeep = async {
        let mut turn = tokio::time::interval(Duration::from_secs(5));
        loop {
            turn.tick().await;
            metrics.run_upkeep();
        }
    };
    tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(stopping.cancelled_owned()).into_future() => served,
        () = upkeep => Ok(()),
    }
}
