//! REST: HTTP turned into calls by the contract's routes, and the answers back. A new rpc needs no line here.

pub mod answer;
#[cfg(feature = "web")]
mod assets;
pub mod bind;
mod body;
pub mod grpc_web;
mod pages;
mod query;
pub mod routes;
mod stream;

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
};
use http::{HeaderMap, Method as Verb, Response, StatusCode, header};
use prost_reflect::ReflectMessage as _;
use rapport_host::spans;
use rapport_proto::{
    contract::{self, Method, reason_rule},
    errors::v1::Reason,
    fault::Fault,
    options::v1::Permission,
};
use tonic::Code;
use tracing::Span;

use self::{
    answer::Served,
    pages::Page,
    routes::{Found, Missed, Routed},
};
use crate::{
    browser::{Arrival, cookies},
    rpc::{
        invoke::{Answer, invoke},
        json,
    },
    server::Edge,
};

/// Whatever is not a socket.
pub async fn serve(
    State(edge): State<Arc<Edge>>,
    Extension(arrival): Extension<Arrival>,
    req: Request,
) -> Response<Body> {
    let (parts, body) = req.into_parts();
    let (verb, path) = (&parts.method, parts.uri.path());
    if grpc_web::is(&parts.headers) {
        return grpc_web::pass(&edge, &arrival, &parts, body).await;
    }
    if is_native_grpc(&parts.headers) {
        let fault =
            Fault::new(Reason::ContentTypeUnsupported, "gRPC has its own listener; gRPC-Web is spoken here");
        return answer::problem(fault, &arrival.request_id);
    }
    if verb == Verb::OPTIONS {
        return options(&edge, path, &arrival.request_id);
    }
    if verb == Verb::TRACE || verb == Verb::CONNECT {
        let fault = Fault::new(Reason::VerbNotAllowed, "this verb is not spoken here");
        return missed(Missed { fault, allow: verbs(&edge, path) }, &arrival.request_id);
    }
    if let Some(page) = Page::at(path) {
        if verb == Verb::GET || verb == Verb::HEAD {
            return page.serve(&edge).await;
        }
        let fault = Fault::new(Reason::VerbNotAllowed, "this path can only be read");
        return missed(Missed { fault, allow: verbs(&edge, path) }, &arrival.request_id);
    }
    #[cfg(feature = "web")]
    if let Some(file) = assets::serve(&edge, &arrival, &parts).await {
        return file;
    }
    match edge.routes.find(verb.as_str(), path) {
        Ok(found) => {
            let method = found.routed.method;
            let mut response = call(&edge, &arrival, found, parts.uri.query(), &parts.headers, body).await;
            response.extensions_mut().insert(Served(method.path));
            response
        }
        Err(nothing) => missed(*nothing, &arrival.request_id),
    }
}

/// The verbs a path has; none where there is nothing.
#[must_use]
pub fn verbs(edge: &Edge, path: &str) -> Vec<&'static str> {
    if Page::at(path).is_some() {
        return vec!["GET", "HEAD", "OPTIONS"];
    }
    if callable(path).is_ok() {
        return vec!["POST", "OPTIONS"];
    }
    edge.routes.verbs(path)
}

fn options(edge: &Edge, path: &str, request_id: &str) -> Response<Body> {
    let verbs = verbs(edge, path);
    if verbs.is_empty() {
        let fault = Fault::new(Reason::RouteUnknown, "there is nothing at this path");
        return answer::problem(fault, request_id);
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    answer::allow(&mut response, &verbs);
    response
}

fn missed(missed: Missed, request_id: &str) -> Response<Body> {
    let is_elsewhere = missed.fault.reason == Reason::VerbNotAllowed;
    let mut response = answer::problem(missed.fault, request_id);
    if is_elsewhere {
        answer::allow(&mut response, &missed.allow);
    }
    response
}

fn is_native_grpc(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// Calls that need no token and change something, or try a secret, cost a password's hashing, or an attacker's guess.
pub(crate) fn is_costly(method: &Method) -> bool {
    method.permission == Permission::Public && !method.read_only || method.browser.tries_secret
}

async fn call(
    edge: &Edge,
    arrival: &Arrival,
    found: Found<'_>,
    query: Option<&str>,
    headers: &HeaderMap,
    body: Body,
) -> Response<Body> {
    let method = found.routed.method;
    if let Some(route) = &method.route {
        spans::name(&Span::current(), route.verb, route.path);
    }
    let mut cookie = None;
    let answered = ask(edge, arrival, found, query, headers, body, &mut cookie).await;
    let mut response = match answered {
        Ok(response) => response,
        Err(fault) => {
            // The browser's secret is worth nothing any more; that it sends it again would help nobody.
            let is_spent = reason_rule(fault.reason).code == Code::Unauthenticated;
            let mut response = answer::problem(fault, &arrival.request_id);
            if let (true, Some(name)) = (is_spent, cookie) {
                cookies::clear(response.headers_mut(), name);
            }
            return response;
        }
    };
    if let Some(name) = method.browser.ends {
        cookies::clear(response.headers_mut(), name);
    }
    response
}

async fn ask(
    edge: &Edge,
    arrival: &Arrival,
    found: Found<'_>,
    query: Option<&str>,
    headers: &HeaderMap,
    body: Body,
    cookie: &mut Option<&'static str>,
) -> Result<Response<Body>, Fault> {
    let (routed, variables) = (found.routed, found.variables);
    let method = routed.method;
    if is_costly(method) {
        edge.limits.sign_in(arrival.address)?;
        edge.limits.sign_in_anywhere(arrival.address).await?;
    }
    let body = body::whole(headers, body).await?;
    let parts = bind::Parts { variables, query, headers, body };
    let mut fields = bind::fields(&routed.input, &routed.route, parts)?;
    stream::resume(method, &routed.input, headers, &mut fields)?;
    *cookie = cookies::take(method, &routed.input, arrival, headers, &mut fields)?;
    let message = json::read(&routed.input, fields.into())?;
    match invoke(&edge.upstream, method, message, &arrival.caller(headers)).await? {
        Answer::Many(items) => {
            stream::open(method, &routed.output, items, edge.stopping.clone(), &arrival.request_id).await
        }
        Answer::One(message) => one(routed, &message),
    }
}

/// The answer of an rpc that gives one. Only where something is taken out of it, it is read as a message before.
fn one(routed: &Routed, message: &[u8]) -> Result<Response<Body>, Fault> {
    let Routed { method, route, output, .. } = routed;
    if method.browser.gives.is_none() && route.answer.is_empty() && output.full_name() != bind::RAW {
        return Ok(answer::json(method, json::write(output, message)?));
    }
    let mut message = json::decode(output, message)?;
    let set = match method.browser.gives {
        Some(given) => Some(cookies::give(given, &mut message)?),
        None => None,
    };
    let whole = answer::whole(route.answer, message);
    let mut response = if whole.descriptor().full_name() == bind::RAW {
        answer::raw(&whole)
    } else {
        answer::json(method, json::text(&whole)?)
    };
    response.headers_mut().extend(set.into_iter().flatten());
    Ok(response)
}

/// The row of an rpc that a browser may call by its gRPC path. What is for edges is not there; and what travels in a cookie is for
/// REST, which keeps it from the page's scripts.
pub fn callable(path: &str) -> Result<&'static Method, Fault> {
    let there = contract::method(path);
    let method = there
        .filter(|method| method.permission != Permission::Edge && !method.client_streaming)
        .ok_or_else(|| Fault::new(Reason::MethodUnknown, "there is no such rpc"))?;
    let browser = &method.browser;
    if browser.takes.is_some() || browser.gives.is_some() || browser.ends.is_some() {
        return Err(Fault::new(Reason::MethodUnknown, "this rpc has a cookie: use REST"));
    }
    Ok(method)
}
