//! A request id for every call, a span that carries it, and the counters.

use std::{future::Future, time::Instant};

use http::{HeaderName, HeaderValue};
use tracing::Instrument as _;

use super::{Request, Response};
use crate::app::App;

/// The metadata key: taken from the caller where it is fit to be, given back on every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the call this task works for.
#[must_use]
pub fn request_id() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs what goes on after the call has answered, such as a stream, under the id of the call.
pub fn carry<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let id = request_id().unwrap_or_default();
    CURRENT.scope(id, future.in_current_span())
}

/// A call as the log knows it.
pub(super) struct Call {
    id: String,
    method: &'static str,
    started: Instant,
}

impl Call {
    pub(super) fn of(app: &App, req: &Request) -> Self {
        let given = req.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| fit(id));
        let id = given.map_or_else(|| hex::encode(app.ids.random::<12>()), str::to_owned);
        // An unknown path is one label, whatever was sent.
        let method = rapport_proto::contract::method(req.uri().path()).map_or("other", |method| method.path);
        Self { id, method, started: Instant::now() }
    }
}

/// An id that can stand in a log and in a header as it is.
fn fit(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

pub(super) async fn around<E>(
    call: Call,
    inner: impl Future<Output = Result<Response, E>>,
) -> Result<Response, E> {
    let span = tracing::info_span!("call", method = call.method, request_id = %call.id);
    let mut response = CURRENT.scope(call.id.clone(), inner.instrument(span.clone())).await?;
    let code =
        response.headers().get("grpc-status").and_then(|code| code.to_str().ok()).unwrap_or("0").to_owned();
    let took = call.started.elapsed();
    span.in_scope(|| tracing::debug!(code = %code, micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), "answered"));
    metrics::counter!("rapport_calls_total", "method" => call.method, "code" => code).increment(1);
    metrics::histogram!("rapport_call_seconds", "method" => call.method).record(took);
    if let Ok(id) = HeaderValue::from_str(&call.id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_plain_short_ids_are_taken_over() {
        assert!(super::fit("a1.b-c_D"));
        for bad in ["", "a b", "a\u{1b}[0m", &"x".repeat(65), "é"] {
            assert!(!super::fit(bad), "{bad:?}");
        }
    }
}
