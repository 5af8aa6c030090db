//! A request id for every call, a span that carries it, and the counters.

use std::{future::Future, time::Instant};

use http::HeaderValue;
use rapport_host::{
    request_id::{self, REQUEST_ID},
    spans,
};
use tracing::{Instrument as _, Span, field::Empty};

use super::{Request, Response};
use crate::app::App;

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
    span: Span,
    started: Instant,
}

impl Call {
    pub(super) fn of(app: &App, req: &Request) -> Self {
        // Taken from the caller where it is fit to be one, given back on every answer.
        let given = request_id::given(req.headers());
        let id = given.map_or_else(|| hex::encode(app.ids.random::<12>()), str::to_owned);
        // An unknown path is one label, whatever was sent.
        let method = rapport_proto::contract::method(req.uri().path()).map_or("other", |method| method.path);
        let span =
            tracing::info_span!("call", method, request_id = %id, otel.name = Empty, otel.kind = Empty);
        spans::describe(&span, method, req.headers());
        Self { id, method, span, started: Instant::now() }
    }
}

pub(super) async fn around<E>(
    call: Call,
    inner: impl Future<Output = Result<Response, E>>,
) -> Result<Response, E> {
    let mut response = CURRENT.scope(call.id.clone(), inner.instrument(call.span.clone())).await?;
    let code =
        response.headers().get("grpc-status").and_then(|code| code.to_str().ok()).unwrap_or("0").to_owned();
    let took = call.started.elapsed();
    call.span.in_scope(|| tracing::debug!(code = %code, micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), "answered"));
    metrics::counter!("rapport_calls_total", "method" => call.method, "code" => code).increment(1);
    metrics::histogram!("rapport_call_seconds", "method" => call.method).record(took);
    if let Ok(id) = HeaderValue::from_str(&call.id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}
