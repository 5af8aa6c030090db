//! One request by every way into Rapport, and the answer in the same words whichever way it went. That each way tells a refusal as it
//! must (code, status, problem) is seen to here; whether the answers agree is for the test to say.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rapport_client::Error;
use rapport_proto::contract::{Cookie, Method, reason_name, reason_of, reason_rule};
use rapport_proto::errors::v1::Reason;
use serde_json::{Value, json};

use crate::dynamic;
use crate::raw::Raw;
use crate::socket::{Closed, Socket};
use crate::web::{Answer, Web};

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// gRPC, at a core.
    Grpc,
    /// gRPC-Web, at an edge.
    GrpcWeb,
    /// The rpc's route, at an edge.
    Rest,
    /// A call on the live socket, at an edge.
    Socket,
}

impl Door {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Grpc, Self::GrpcWeb, Self::Rest, Self::Socket];

    /// Whether the contract has the rpc there: what is for edges is nowhere, REST needs a route, and neither a socket nor gRPC-Web, whose
    /// answers a page's scripts read, has what travels in a cookie.
    #[must_use]
    pub fn has(self, method: &Method) -> bool {
        let browser = &method.browser;
        let has_cookie = browser.takes.is_some() || browser.gives.is_some() || browser.ends.is_some();
        match self {
            Self::Grpc => !is_internal(method),
            Self::GrpcWeb => !is_internal(method) && !has_cookie,
            Self::Rest => method.route.is_some(),
            Self::Socket => method.route.is_some() && !has_cookie,
        }
    }
}

/// Whether the rpc is for edges alone.
#[must_use]
pub fn is_internal(method: &Method) -> bool {
    method.permission == rapport_proto::options::v1::Permission::Edge
}

/// A refusal, in the words that every door has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The sentence for people.
    pub message: String,
    /// What the reason promises.
    pub metadata: BTreeMap<String, String>,
    /// The fields that break their rules, and what is wrong with each.
    pub violations: Vec<(String, String)>,
}

/// What an rpc answered; of a stream its first item.
pub type Answered = Result<Value, Refusal>;

/// Somebody before every door, under one access token or none.
#[derive(Debug)]
pub struct Caller {
    grpc: Raw,
    web: Web,
    url: String,
    token: String,
    socket: Option<Socket>,
}

impl Caller {
    /// Before a core and an edge.
    #[must_use]
    pub fn at(core: &str, edge: &str, token: Option<&str>) -> Self {
        let web = Web::at(edge);
        Self {
            grpc: Raw::connect(core, token),
            web: token.map_or_else(|| web.clone(), |token| web.bearer(token)),
            url: edge.to_owned(),
            token: token.unwrap_or_default().to_owned(),
            socket: None,
        }
    }

    /// Opens the socket, or is told why not.
    pub async fn open_socket(&mut self) -> Result<(), Closed> {
        self.socket = Some(Socket::try_open(&self.url, &self.token, "").await?);
        Ok(())
    }

    /// Calls an rpc by one door; the socket is opened at the first call.
    ///
    /// # Panics
    /// Where a refusal is not told as this door has to tell it.
    pub async fn ask(&mut self, door: Door, method: &Method, request: &Value) -> Answered {
        match door {
            Door::Grpc => dynamic::call(&self.grpc, method, request).await.map_err(|error| of_status(&error)),
            Door::GrpcWeb => self.web.grpc_web(method, request).await.map_err(|error| of_status(&error)),
            Door::Rest => of_route(method, &self.web.call(method, request).await),
            Door::Socket => {
                if self.socket.is_none() {
                    self.open_socket().await.unwrap_or_else(|closed| panic!("no socket: {closed:?}"));
                }
                let socket = self.socket.as_mut().expect("it has just been opened");
                first(socket, method, request).await
            }
        }
    }
}

fn of_status(error: &Error) -> Refusal {
    let fault = error.fault().unwrap_or_else(|| panic!("a refusal without a reason: {error:?}"));
    assert_eq!(error.code(), reason_rule(fault.reason).code, "{error:?}");
    assert!(fault.request_id.as_ref().is_some_and(|id| !id.is_empty()), "{error:?}");
    assert_eq!(fault.retry_after.is_some(), reason_rule(fault.reason).retryable, "{error:?}");
    let violations = fault.violations.iter();
    Refusal {
        reason: fault.reason,
        message: error.status().message().to_owned(),
        metadata: fault.metadata.clone(),
        violations: violations.map(|v| (v.field.clone(), v.description.clone())).collect(),
    }
}

fn of_route(method: &Method, answer: &Answer) -> Answered {
    if answer.status != 200 {
        let refusal = of_problem(&answer.value());
        answer.refused(refusal.reason);
        return Err(refusal);
    }
    // Where the answer is one field's bytes as they are, or a field of it travels in a cookie, it is put together again.
    let route = method.route.expect("it was called by its route");
    if !route.answer.is_empty() && answer.header("content-type") != Some("application/json") {
        let mut body = json!({ "contentType": answer.header("content-type") });
        if !answer.body.is_empty() {
            body["data"] = BASE64_STANDARD.encode(&answer.body).into();
        }
        return Ok(json!({ route.answer: body }));
    }
    let mut body = answer.value();
    if let Some(cookie) = &method.browser.gives {
        assert!(body.get(cookie.field).is_none(), "what is in the cookie is not in the body");
        body[cookie.field] = given(cookie, answer).into();
    }
    Ok(body)
}

fn given(cookie: &Cookie, answer: &Answer) -> String {
    let all = answer.headers.get_all("set-cookie").iter().filter_map(|set| set.to_str().ok());
    let begin = format!("__Host-{}=", cookie.name);
    let values: Vec<_> = all.filter_map(|set| set.strip_prefix(&begin)?.split(';').next()).collect();
    assert_eq!(values.len(), 1, "{answer:?}");
    values[0].to_owned()
}

/// A call on a socket; a stream is cancelled when it has begun.
async fn first(socket: &mut Socket, method: &Method, request: &Value) -> Answered {
    let id = socket.ask(method.path.trim_start_matches("/rapport."), request.clone()).await;
    let answer = socket.frame(method.path, |frame| {
        if frame["item"]["id"] == id {
            return Some(Ok(frame["item"]["body"].clone()));
        }
        let result = frame.get("result").filter(|result| result["id"] == id)?;
        let problem = result.get("problem").cloned();
        Some(problem.map_or_else(|| Ok(result["body"].clone()), Err))
    });
    match answer.await {
        Ok(answer) => {
            if method.server_streaming {
                socket.say(json!({ "cancel": { "id": id } })).await;
            }
            Ok(answer)
        }
        Err(problem) => {
            let refusal = of_problem(&problem);
            let rule = reason_rule(refusal.reason);
            assert_eq!(problem["status"], rule.http, "{problem}");
            assert_eq!(problem["type"], format!("/docs#reason-{}", reason_name(refusal.reason)));
            assert_eq!(problem["retryable"], rule.retryable, "{problem}");
            assert_eq!(problem.get("retryAfter").is_some(), rule.retryable, "{problem}");
            assert!(problem["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{problem}");
            Err(refusal)
        }
    }
}

fn of_problem(problem: &Value) -> Refusal {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let reason = reason_of(problem["reason"].as_str().unwrap_or_default());
    let metadata = problem["metadata"].as_object().into_iter().flatten();
    let violations = problem["violations"].as_array().into_iter().flatten();
    Refusal {
        reason: reason.unwrap_or_else(|| panic!("a problem without a reason: {problem}")),
        message: text(&problem["detail"]),
        metadata: metadata.map(|(name, value)| (name.clone(), text(value))).collect(),
        violations: violations.map(|v| (text(&v["field"]), text(&v["description"]))).collect(),
    }
}
