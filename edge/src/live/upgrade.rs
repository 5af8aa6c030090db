//! The handshake of `GET /v1/live`. Everything that can be refused before the connection becomes a socket is refused here, as a problem.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};
use hyper::{body::Body as _, upgrade::OnUpgrade};
use hyper_util::{rt::TokioIo, server::conn::auto::upgrade::downcast};
use rapport_host::patience::Patient;
use rapport_proto::{errors::v1::Reason, fault::Fault};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{Open, hello::Visit, session, socket::Socket};
use crate::{
    browser::{Arrival, origin::Origin},
    rest::answer,
    rpc::invoke::Caller,
    server::Edge,
};

/// What is spoken.
const PROTOCOL: &str = "rapport.v1.json";

/// Makes a request a socket, whose session then lives in a task of its own.
pub async fn upgrade(
    State(edge): State<Arc<Edge>>,
    Extension(arrival): Extension<Arrival>,
    mut req: Request,
) -> Response<Body> {
    // The router takes HEAD for GET.
    if req.method() != http::Method::GET {
        return other_verb(Extension(arrival)).await;
    }
    match accept(&edge, &arrival, &mut req) {
        Ok(response) => response,
        Err(fault) => answer::problem(fault, &arrival.request_id),
    }
}

/// The path is there, but only to be got.
pub async fn other_verb(Extension(arrival): Extension<Arrival>) -> Response<Body> {
    let fault = Fault::new(Reason::VerbNotAllowed, "this path takes a WebSocket handshake: GET");
    let mut response = answer::problem(fault, &arrival.request_id);
    answer::allow(&mut response, &["GET"]);
    response
}

fn accept(edge: &Arc<Edge>, arrival: &Arrival, req: &mut Request) -> Result<Response<Body>, Fault> {
    let accept = handshake(req.version(), req.headers())?;
    if !req.body().is_end_stream() {
        return Err(Fault::new(Reason::MalformedRequest, "a handshake has no body"));
    }
    if edge.stopping.is_cancelled() {
        return Err(Fault::new(Reason::ShuttingDown, "this server is shutting down"));
    }
    let held = edge.limits.open_socket(arrival.address)?;
    let open = Open::one(edge).ok_or_else(|| Fault::new(Reason::Overloaded, "too many sockets are open"))?;
    let coming = req.extensions_mut().remove::<OnUpgrade>().ok_or_else(no_handshake)?;
    let origin = match &arrival.origin {
        Origin::Foreign(origin) => origin.clone(),
        Origin::None | Origin::Own => String::new(),
    };
    // The token comes in the first frame and nowhere else.
    let caller = Caller { token: None, ..arrival.caller(req.headers()) };
    let visit = Visit { edge: Arc::clone(edge), caller, origin };
    edge.tasks.spawn(live_on(coming, Box::new(visit), (held, open)));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    Ok(response)
}

/// All the life of a socket. Every byte of this future is held by each socket that does nothing.
async fn live_on<P>(coming: OnUpgrade, visit: Box<Visit>, _places: P) {
    if let Some((tcp, early)) = Box::pin(become_socket(coming)).await {
        let socket = Box::pin(Socket::open(tcp, early)).await;
        session::serve(visit, socket).await;
    }
}

/// The connection itself, without what HTTP had around it.
async fn become_socket(coming: OnUpgrade) -> Option<(TcpStream, bytes::Bytes)> {
    let upgraded = coming.await.ok()?;
    let Ok(parts) = downcast::<TokioIo<Patient>>(upgraded) else {
        tracing::error!("a connection is not what the listener makes");
        return None;
    };
    Some((parts.io.into_inner().into_inner(), parts.read_buf))
}

/// What the handshake is answered with, where it is one.
fn handshake(version: Version, headers: &HeaderMap) -> Result<HeaderValue, Fault> {
    let holds = |name, wanted| lists(headers, name).any(|entry| entry.eq_ignore_ascii_case(wanted));
    let is_handshake = version == Version::HTTP_11
        && holds(header::CONNECTION, "upgrade")
        && holds(header::UPGRADE, "websocket")
        && holds(header::SEC_WEBSOCKET_VERSION, "13");
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None, true) = (keys.next(), keys.next(), is_handshake) else {
        return Err(no_handshake());
    };
    // Named exactly, so that a token among the protocols is never taken for one, let alone given back.
    if !lists(headers, header::SEC_WEBSOCKET_PROTOCOL).any(|offered| offered == PROTOCOL) {
        return Err(Fault::new(Reason::MalformedRequest, "the subprotocol rapport.v1.json must be offered"));
    }
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| no_handshake())
}

fn lists(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn no_handshake() -> Fault {
    Fault::new(Reason::MalformedRequest, "this path takes a WebSocket handshake of version 13 over HTTP/1.1")
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::limits::Permit;

    fn headers(change: impl Fn(&mut HeaderMap)) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "other, rapport.v1.json"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        change(&mut headers);
        headers
    }

    #[test]
    fn a_handshake_is_answered_as_rfc_6455_has_it() {
        let accept = handshake(Version::HTTP_11, &headers(|_| {})).unwrap();
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_socket_that_does_nothing_holds_little() {
        fn size<A, B, C, F>(_: impl FnOnce(A, B, C) -> F) -> usize {
            size_of::<F>()
        }
        let task = size(live_on::<(Permit<IpAddr>, Open)>);
        assert!(task <= 1536, "{task} bytes");
    }

    #[test]
    fn what_is_not_one_is_refused() {
        assert!(handshake(Version::HTTP_10, &headers(|_| {})).is_err());
        assert!(handshake(Version::HTTP_2, &headers(|_| {})).is_err());
        for name in
            ["connection", "upgrade", "sec-websocket-version", "sec-websocket-key", "sec-websocket-protocol"]
        {
            let without = headers(|headers| {
                headers.remove(name);
            });
            assert!(handshake(Version::HTTP_11, &without).is_err(), "{name}");
            let other = headers(|headers| {
                headers.insert(name, HeaderValue::from_static("rapport.v1.jsonx"));
            });
            assert!(name == "sec-websocket-key" || handshake(Version::HTTP_11, &other).is_err(), "{name}");
        }
        let twice = headers(|headers| {
            headers.append("sec-websocket-key", HeaderValue::from_static("x"));
        });
        assert!(handshake(Version::HTTP_11, &twice).is_err());
    }
}
