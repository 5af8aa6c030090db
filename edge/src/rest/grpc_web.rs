//! gRPC-Web: passed on to core as gRPC. Of what the browser sends, only what a call needs goes on; core is told by us who calls.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version, header, request};
use rapport_proto::{contract::Method, errors::v1::Reason, fault::Fault};
use tonic::{Status, metadata::MetadataMap};
use tonic_web::GrpcWebLayer;
use tower::ServiceExt as _;
use tower_layer::Layer as _;

use super::{
    answer::{self, Refused, Served},
    callable, is_costly,
};
use crate::{
    browser::Arrival,
    rpc::invoke::{DEADLINE, describe},
    server::Edge,
};

/// How long the caller waits, in gRPC's own form.
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// What is gRPC-Web; nothing else reaches core as it is.
const TYPES: [&str; 4] = [
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
];

/// Whether a request is gRPC-Web's.
#[must_use]
pub fn is(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| TYPES.iter().any(|known| kind == known))
}

/// A refusal as gRPC-Web has it: the status in the headers of an empty answer.
#[must_use]
pub fn refuse(fault: Fault, request_id: &str) -> Response<Body> {
    let reason = fault.reason;
    let fault = if fault.request_id.is_none() { fault.with_request_id(request_id) } else { fault };
    let mut response = Status::from(fault).into_http::<Body>();
    let kind = HeaderValue::from_static("application/grpc-web+proto");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.extensions_mut().insert(Refused(reason));
    response
}

/// Passes a call on.
pub(super) async fn pass(
    edge: &Edge,
    arrival: &Arrival,
    parts: &request::Parts,
    body: Body,
) -> Response<Body> {
    if parts.method != http::Method::POST {
        let fault = Fault::new(Reason::VerbNotAllowed, "gRPC-Web calls by POST");
        let mut response = answer::problem(fault, &arrival.request_id);
        answer::allow(&mut response, &["POST", "OPTIONS"]);
        return response;
    }
    let method = match callable(parts.uri.path()) {
        Ok(method) => method,
        Err(fault) => return refuse(fault, &arrival.request_id),
    };
    let mut response = match send(edge, arrival, method, &parts.headers, body).await {
        Ok(response) => response,
        Err(fault) => refuse(fault, &arrival.request_id),
    };
    response.extensions_mut().insert(Served(method.path));
    response
}

async fn send(
    edge: &Edge,
    arrival: &Arrival,
    method: &'static Method,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response<Body>, Fault> {
    if is_costly(method) {
        edge.limits.sign_in(arrival.address)?;
        edge.limits.sign_in_anywhere(arrival.address).await?;
    }
    let mut metadata = MetadataMap::new();
    describe(&mut metadata, &edge.upstream, &arrival.caller(headers))?;
    let mut request = Request::new(body);
    *request.uri_mut() = Uri::from_static(method.path);
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = metadata.into_headers();
    for name in [header::CONTENT_TYPE, header::ACCEPT] {
        if let Some(value) = headers.get(&name) {
            request.headers_mut().insert(name, value.clone());
        }
    }
    match headers.get(TIMEOUT) {
        Some(timeout) => drop(request.headers_mut().insert(TIMEOUT, timeout.clone())),
        None if !method.server_streaming => drop(request.headers_mut().insert(TIMEOUT, seconds(DEADLINE))),
        None => {}
    }
    let core = GrpcWebLayer::new().layer(edge.upstream.carrier());
    match core.oneshot(request).await {
        Ok(response) => Ok(response.map(Body::new)),
        Err(error) => {
            tracing::warn!(%error, "core cannot be reached");
            Err(Fault::new(Reason::CoreUnavailable, "the services cannot be reached"))
        }
    }
}

fn seconds(span: Duration) -> HeaderValue {
    HeaderValue::from_str(&format!("{}S", span.as_secs())).unwrap_or_else(|_| HeaderValue::from_static("30S"))
}
