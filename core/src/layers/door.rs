//! The door for edges: what comes through it is marked, and only what is marked reaches what is for edges. In one process the door
//! stands open, because nobody else holds it; on a listener it opens to the edge key.

use std::{
    convert::Infallible,
    net::IpAddr,
    task::{Context, Poll},
};

use http::{Extensions, HeaderName};
use tower_service::Service;

use super::{Answer, Request, Response};
use crate::{
    error::{Error, Reason},
    keys::EdgeKey,
};

/// The metadata key of the address an edge was called from; believed on this door alone.
const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-rapport-client-address");
/// The metadata key of the edge key.
const EDGE_KEY: HeaderName = HeaderName::from_static("x-rapport-edge-key");

/// Says that a call came from an edge of this installation.
#[derive(Clone, Copy, Debug)]
pub struct FromEdge {
    /// Where the edge was called from, if it said so.
    pub address: Option<IpAddr>,
}

/// Says that a call came through the door without the key.
#[derive(Clone, Copy, Debug)]
struct Unproven;

/// A service behind the door for edges.
#[derive(Clone, Debug)]
pub struct Door<S> {
    key: Option<EdgeKey>,
    inner: S,
}

impl<S> Door<S> {
    /// An open door: for an edge in the same process.
    pub fn open(inner: S) -> Self {
        Self { key: None, inner }
    }

    /// A door that opens to a key.
    pub fn locked(inner: S, key: EdgeKey) -> Self {
        Self { key: Some(key), inner }
    }
}

impl<S> Service<Request> for Door<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request) -> Self::Future {
        // Both are taken out, so that nothing further in can log or pass on the key.
        let shown = req.headers_mut().remove(EDGE_KEY);
        let address = req.headers_mut().remove(CLIENT_ADDRESS);
        let opens = self.key.as_ref().is_none_or(|key| shown.is_some_and(|shown| key.is(shown.as_bytes())));
        if opens {
            let address = address.and_then(|address| address.to_str().ok()?.parse().ok());
            req.extensions_mut().insert(FromEdge { address });
        } else {
            req.extensions_mut().insert(Unproven);
        }
        self.inner.call(req)
    }
}

/// Refuses whatever came through the door without the key.
pub(super) fn check(extensions: &Extensions) -> Answer<()> {
    if extensions.get::<Unproven>().is_none() {
        return Ok(());
    }
    tracing::warn!(address = super::auth::address(extensions), "edge key refused");
    Err(Error::new(
        Reason::EdgeKeyWrong,
        "this listener is for edges: the edge key is missing or another one",
    ))
}
