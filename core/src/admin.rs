//! The listener for operators: `/metrics` for Prometheus, `/livez` (the process runs), `/readyz` (its database answers).
//! It has no authentication and belongs on an address that only operators reach.

use std::{sync::Arc, time::Instant};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::app::App;

#[derive(Clone)]
struct Admin {
    app: Arc<App>,
    metrics: PrometheusHandle,
}

/// Serves until the core stops.
pub async fn serve(app: Arc<App>, listener: TcpListener, metrics: PrometheusHandle) -> std::io::Result<()> {
    let stopping = app.stopping.clone();
    let upkeep = metrics.clone();
    let upkeep_stop = stopping.clone();
    app.tasks.spawn(async move {
        let mut turn = tokio::time::interval(std::time::Duration::from_secs(5));
        loop {
            tokio::select! {
                () = upkeep_stop.cancelled() => return,
                _ = turn.tick() => upkeep.run_upkeep(),
            }
        }
    });
    let router = Router::new()
        .route("/metrics", get(|State(admin): State<Admin>| async move { admin.metrics.render() }))
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .with_state(Admin { app, metrics });
    axum::serve(listener, router).with_graceful_shutdown(stopping.cancelled_owned()).await
}

async fn ready(State(admin): State<Admin>) -> (StatusCode, Json<Value>) {
    let started = Instant::now();
    let answer = admin.app.db.across_tenants("readiness asks for no data").ping().await;
    let database = json!({
        "ok": answer.is_ok(),
        "millis": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    let status = if answer.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "database": database })))
}
