//! What stands before every door and behind every answer: who comes, whether from a page that may, within the limits; then the
//! headers, the counters and the log line. A door answers; nothing it answers leaves without this.

#[cfg(feature = "web")]
pub mod ancestors;
pub mod cookies;
mod headers;
pub mod origin;
mod unread;

use std::{
    convert::Infallible,
    net::IpAddr,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{Router, body::Body};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use rapport_host::{
    accept::Peer,
    memory,
    request_id::{self, REQUEST_ID},
    spans,
};
use rapport_proto::{errors::v1::Reason, fault::Fault};
use tower_service::Service as _;
use tracing::{Instrument as _, field::Empty};

use self::origin::Origin;
use crate::{
    rest::{
        self,
        answer::{self, Refused, Served},
        grpc_web,
    },
    rpc::invoke::Caller,
    server::Edge,
};

/// When to come back where memory is short.
const SHORT: Duration = Duration::from_secs(1);
/// How many bytes address and headers of a request may have.
const MAX_HEADERS: usize = 16 * 1024;

/// A request as the doors know it; found among the request's extensions.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The id it is known by in logs and errors.
    pub request_id: String,
    /// Where it comes from.
    pub address: IpAddr,
    /// The page it comes from; one that is not allowed gets no further.
    pub origin: Origin,
}

impl Arrival {
    /// Who calls, as core is told.
    #[must_use]
    pub fn caller(&self, headers: &HeaderMap) -> Caller {
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Caller {
            token: bearer(headers).map(str::to_owned),
            address: Some(self.address),
            user_agent: agent.map(str::to_owned),
            request_id: self.request_id.clone(),
        }
    }
}

/// The access token, where there is exactly one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Answers a request: by a door where it may pass, and in any case in full dress.
pub async fn attend(
    edge: &Edge,
    peer: Peer,
    mut doors: Router,
    req: Request<Body>,
) -> Result<Response<Body>, Infallible> {
    let (mut req, read) = unread::watched(req);
    let is_old = req.version() <= Version::HTTP_11;
    let started = Instant::now();
    let request_id = request_id::given(req.headers()).map_or_else(make_id, str::to_owned);
    let address = edge.limits.address(peer.0.ip(), req.headers());
    let span = tracing::info_span!("request", %request_id, otel.name = Empty, otel.kind = Empty);
    spans::describe(&span, req.method().as_str(), &HeaderMap::new());
    let is_web = grpc_web::is(req.headers());
    let (verb, page) = (req.method().clone(), origin::named(req.headers()).map(str::to_owned));
    let admitted = admit(edge, address, &request_id, req.uri(), req.headers()).instrument(span.clone()).await;
    let mut response = match admitted {
        Ok(origin) if is_preflight(&req) && matches!(origin, Origin::Foreign(_)) => {
            origin::preflight(&rest::verbs(edge, req.uri().path()), &request_id)
        }
        Ok(origin) => {
            let arrival = Arrival { request_id: request_id.clone(), address, origin };
            req.extensions_mut().insert(arrival);
            let answered = AssertUnwindSafe(doors.call(req)).catch_unwind().instrument(span.clone()).await;
            match answered {
                Ok(Ok(response)) => response,
                // What went wrong has been logged where it did; the connection goes on.
                Err(_panic) => answer::problem(
                    Fault::new(Reason::Internal, "something went wrong on our side"),
                    &request_id,
                ),
            }
        }
        Err(fault) => {
            if is_old {
                unread::pass_over(req).await;
            }
            if is_web { grpc_web::refuse(fault, &request_id) } else { answer::problem(fault, &request_id) }
        }
    };
    let readers = page.filter(|page| edge.origins.is_known_allowed(page));
    headers::dress(response.headers_mut(), readers.as_deref());
    if is_old && read.is_not() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    span.in_scope(|| note(&response, &verb, address, started));
    Ok(response)
}

/// Whether a request may reach a door, and from what page it comes.
async fn admit(
    edge: &Edge,
    address: IpAddr,
    request_id: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Origin, Fault> {
    edge.limits.request(address)?;
    if memory::is_short() {
        return Err(Fault::new(Reason::Overloaded, "memory is short").with_retry_after(SHORT));
    }
    if length(uri, headers) > MAX_HEADERS {
        return Err(Fault::new(Reason::HeadersTooLarge, "address and headers have more than 16 KiB"));
    }
    if own_host(uri, headers).is_none() {
        return Err(Fault::new(Reason::MalformedRequest, "the request names no host"));
    }
    if uri.query().is_some_and(holds_token) {
        return Err(Fault::new(
            Reason::TokenInUrl,
            "a token must not stand in an address; send authorization: Bearer <access token>",
        ));
    }
    let own = own_host(uri, headers);
    let origin = edge.origins.judge(edge, headers, own, address, request_id).await?;
    if let Some(token) = bearer(headers) {
        edge.limits.session(token)?;
    }
    edge.limits.request_anywhere(address, bearer(headers)).await?;
    Ok(origin)
}

/// How many bytes address and headers have, as HTTP/1.1 writes them.
fn length(uri: &Uri, headers: &HeaderMap) -> usize {
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    path + headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>()
}

/// The host the request was sent to.
fn own_host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let named = uri.authority().map(http::uri::Authority::as_str);
    named.or_else(|| headers.get(header::HOST).and_then(|host| host.to_str().ok()))
}

fn is_preflight(req: &Request<Body>) -> bool {
    req.method() == Method::OPTIONS && req.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Whether a query names a token, however the name is written.
fn holds_token(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        let name = rest::routes::decode(name, "query").unwrap_or_default();
        ["token", "access_token", "authorization", "jwt"].iter().any(|bad| name.eq_ignore_ascii_case(bad))
    })
}

fn make_id() -> String {
    let mut bytes = [0; 12];
    // A system without randomness has no tokens either; an id of zeros then is the least of it.
    let _ = getrandom::fill(&mut bytes);
    hex::encode(bytes)
}

/// Counts an answer, and logs it: what was refused or failed for everybody, the rest for those who look closely. No query, no body.
fn note(response: &Response<Body>, verb: &Method, address: IpAddr, started: Instant) {
    let method = response.extensions().get::<Served>().map_or("other", |served| served.0);
    let reason = response.extensions().get::<Refused>().map(|refused| refused.0);
    let status = response.status();
    let took = started.elapsed();
    metrics::counter!("rapport_edge_requests_total", "method" => method, "status" => status.as_u16().to_string())
        .increment(1);
    metrics::histogram!("rapport_edge_request_seconds", "method" => method).record(took);
    let (status, micros) = (status.as_u16(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    let verb = if is_usual(verb) { verb.as_str() } else { "other" };
    let Some(reason) = reason else {
        tracing::debug!(method, verb, status, %address, micros, "answered");
        return;
    };
    let reason = rapport_proto::contract::reason_name(reason);
    if status >= StatusCode::INTERNAL_SERVER_ERROR.as_u16() {
        tracing::warn!(method, verb, status, reason, %address, micros, "failed");
    } else {
        tracing::info!(method, verb, status, reason, %address, micros, "refused");
    }
}

fn is_usual(verb: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::PUT, Method::DELETE, Method::OPTIONS]
        .contains(verb)
}
