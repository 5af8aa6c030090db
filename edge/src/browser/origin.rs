//! Pages of other origins (CORS). One that any workspace has on its list may call and read; every other is refused before anything is
//! done for it. That is enough here: a call proves itself by a token that a page must have been given, and cookies, which a
//! browser would add by itself, are taken from our own pages only. Sockets are held to the list of the one workspace besides.

use std::{net::IpAddr, time::Duration};

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use moka::sync::Cache;
use rapport_proto::{
    edge::v1::{ResolveOriginRequest, edge_service_client::EdgeServiceClient},
    errors::v1::Reason,
    fault::Fault,
    validate::is_origin,
};

use crate::{
    rest::answer,
    rpc::invoke::{Caller, describe, fault},
    server::Edge,
    upstream::Carrier,
};

/// How many origins are remembered.
pub(super) const REMEMBERED: u64 = 10_000;
/// How long an answer of core's is good; so long a change of a workspace's list may wait.
pub(super) const AGE: Duration = Duration::from_secs(10);
/// How long core may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest origin that is looked up.
const MAX_ORIGIN: usize = 300;
/// The headers a page may send; what gRPC-Web sends among them.
const SENT: &str =
    "authorization, content-type, x-request-id, last-event-id, x-grpc-web, x-user-agent, grpc-timeout";

/// The page a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// No page, or one that need not say so.
    None,
    /// A page of this installation.
    Own,
    /// A page of an origin that some workspace allows.
    Foreign(String),
}

/// What core said of origins a moment ago.
#[derive(Debug)]
pub struct Origins {
    known: Cache<String, bool>,
    own: Vec<String>,
}

/// The origin a request names.
pub(super) fn named(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN)?.to_str().ok()
}

impl Origins {
    /// Nothing known yet; `own` are this installation's besides the host of a request.
    #[must_use]
    pub fn new(own: Vec<String>) -> Self {
        Self { known: Cache::builder().max_capacity(REMEMBERED).time_to_live(AGE).build(), own }
    }

    /// Whether a foreign origin was found to be allowed a moment ago.
    pub(super) fn is_known_allowed(&self, origin: &str) -> bool {
        self.known.get(origin) == Some(true)
    }

    /// The page a request comes from; one that is not allowed is refused.
    pub(super) async fn judge(
        &self,
        edge: &Edge,
        headers: &HeaderMap,
        host: Option<&str>,
        address: IpAddr,
        request_id: &str,
    ) -> Result<Origin, Fault> {
        let mut all = headers.get_all(header::ORIGIN).iter();
        let origin = match (all.next(), all.next()) {
            (None, _) => return Ok(Origin::None),
            (Some(origin), None) => origin.to_str().unwrap_or_default(),
            _ => return Err(refused()),
        };
        if self.is_own(origin, host) {
            return Ok(Origin::Own);
        }
        // `null`, which any sandboxed page has, is no origin in this sense.
        if origin.len() > MAX_ORIGIN || !is_origin(origin) {
            return Err(refused());
        }
        let allowed = if let Some(known) = self.known.get(origin) {
            known
        } else {
            let allowed = resolve(edge, origin, address, request_id).await?;
            self.known.insert(origin.to_owned(), allowed);
            allowed
        };
        if allowed { Ok(Origin::Foreign(origin.to_owned())) } else { Err(refused()) }
    }

    fn is_own(&self, origin: &str, host: Option<&str>) -> bool {
        let named = ["http://", "https://"].iter().find_map(|scheme| origin.strip_prefix(scheme));
        let by_host = named.zip(host).is_some_and(|(named, host)| named.eq_ignore_ascii_case(host));
        by_host || self.own.iter().any(|own| own == origin)
    }
}

/// Asks core.
async fn resolve(edge: &Edge, origin: &str, address: IpAddr, request_id: &str) -> Result<bool, Fault> {
    let asked = ResolveOriginRequest { origin: origin.to_owned() };
    let answer = core(edge).resolve_origin(request(edge, asked, address, request_id)?).await;
    Ok(answer.map_err(|status| fault(&status))?.into_inner().allowed)
}

/// What a core is asked on behalf of somebody nobody knows yet.
pub(super) fn request<T>(
    edge: &Edge,
    asked: T,
    address: IpAddr,
    request_id: &str,
) -> Result<tonic::Request<T>, Fault> {
    let caller = Caller { address: Some(address), request_id: request_id.to_owned(), ..Caller::default() };
    let mut request = tonic::Request::new(asked);
    describe(request.metadata_mut(), &edge.upstream, &caller)?;
    request.set_timeout(PATIENCE);
    Ok(request)
}

/// The service it is asked of.
pub(super) fn core(edge: &Edge) -> EdgeServiceClient<Carrier> {
    EdgeServiceClient::new(edge.upstream.carrier())
}

fn refused() -> Fault {
    Fault::new(Reason::OriginRefused, "no workspace allows pages of this origin")
}

/// Answers a browser that asks before it calls; who may read the answer is said with the other headers.
pub(super) fn preflight(verbs: &[&str], request_id: &str) -> Response<Body> {
    if verbs.is_empty() {
        return answer::problem(
            Fault::new(Reason::RouteUnknown, "there is nothing at this path"),
            request_id,
        );
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if let Ok(verbs) = HeaderValue::from_str(&verbs.join(", ")) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, verbs);
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(SENT));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}
