//! Logs and metrics. Logs go to standard error: JSON lines in production, readable ones in the demo.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::error::{Error, Result};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Starts logging; a second start in the same process changes nothing.
pub fn start_logs(filter: &str, form: LogForm) {
    let filter = filter.parse().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match form {
        LogForm::Json => lines.json().flatten_event(true).try_init(),
        LogForm::Text => lines.with_target(false).try_init(),
    };
}

/// Starts counting. The buckets reach from a cache's answer to a deadline.
pub fn start_metrics() -> Result<PrometheusHandle> {
    let seconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0];
    let sizes = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &sizes))
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(Error::internal)
}
