//! Answers as HTTP: JSON, raw bytes, problems. The headers every answer has are put on later, by `browser::headers`.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use prost_reflect::{DynamicMessage, Value};
use rapport_proto::{contract::Method, errors::v1::Reason, fault::Fault};

use crate::rpc::problem::{CONTENT_TYPE, Problem};

/// What an answer is about, for the log and the counters; never sent.
#[derive(Clone, Copy, Debug)]
pub struct Served(pub &'static str);

/// Why an answer is a refusal, for the log; never sent.
#[derive(Clone, Copy, Debug)]
pub struct Refused(pub Reason);

/// An answer of this type.
pub(super) fn with_type(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// An answer of an rpc in JSON. One that is the same for everybody may be kept for as long as the contract says.
pub(super) fn json(method: &'static Method, text: Vec<u8>) -> Response<Body> {
    let mut response = with_type("application/json", text);
    let seconds = method.browser.cache_seconds;
    if seconds > 0
        && let Ok(public) = HeaderValue::from_str(&format!("public, max-age={seconds}"))
    {
        response.headers_mut().insert(header::CACHE_CONTROL, public);
    }
    response
}

/// What goes out of an answer: the message, or the message in the field of it that the route names.
pub(super) fn whole(field: &str, message: DynamicMessage) -> DynamicMessage {
    let named = message.get_field_by_name(field).and_then(|value| value.as_message().cloned());
    named.unwrap_or(message)
}

/// A `google.api.HttpBody` as the bytes it stands for.
pub(super) fn raw(message: &DynamicMessage) -> Response<Body> {
    let content_type = message.get_field_by_name("content_type");
    let content_type = content_type.as_deref().and_then(Value::as_str).unwrap_or_default();
    let data = message.get_field_by_name("data");
    let data = data.as_deref().and_then(Value::as_bytes).cloned().unwrap_or_else(Bytes::new);
    let mut response = with_type("application/octet-stream", data);
    if let (false, Ok(kind)) = (content_type.is_empty(), HeaderValue::from_str(content_type)) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// A refusal.
pub fn problem(fault: Fault, request_id: &str) -> Response<Body> {
    let reason = fault.reason;
    let problem = Problem::new(fault, request_id);
    let mut response = with_type(CONTENT_TYPE, problem.to_json());
    *response.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(after) = problem.retry_after {
        // The header knows whole seconds only, and too early is of no use.
        if let Ok(after) = HeaderValue::from_str(&format!("{:.0}", after.ceil().max(1.0))) {
            headers.insert(header::RETRY_AFTER, after);
        }
    }
    if problem.status == StatusCode::UNAUTHORIZED.as_u16() {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response.extensions_mut().insert(Refused(reason));
    response
}

/// Names the verbs of the path.
pub(crate) fn allow(response: &mut Response<Body>, verbs: &[&str]) {
    if let Ok(verbs) = HeaderValue::from_str(&verbs.join(", ")) {
        response.headers_mut().insert(header::ALLOW, verbs);
    }
}
