//! Logs and metrics. Logs go to standard error: JSON lines in production, readable ones in the demo.

use std::{
    error::Error,
    io::{self, IsTerminal as _},
};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _,
};

use crate::spans::{self, Export};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Starts logging, and sending spans where `export` says so; a second start in the same process changes nothing. Called within a
/// runtime.
pub fn start_logs(
    service: &'static str,
    filter: &str,
    form: LogForm,
    export: Option<&Export>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let filter = filter.parse().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = match form {
        LogForm::Json => lines.json().flatten_event(true).boxed(),
        LogForm::Text => lines.with_target(false).with_ansi(io::stderr().is_terminal()).boxed(),
    };
    let _ = match export {
        None => registry().with(lines).with(filter).try_init(),
        Some(export) => {
            let spans = spans::layer(export, service)?;
            registry().with(lines.with_filter(filter)).with(spans).try_init()
        }
    };
    Ok(())
}

/// Starts counting. The buckets reach from a cache's answer to a deadline.
pub fn start_metrics() -> Result<PrometheusHandle, BuildError> {
    let seconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0];
    let sizes = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &sizes))
        .and_then(PrometheusBuilder::install_recorder)
}
