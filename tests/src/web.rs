//! What stands before an edge: a browser's requests, word for word, and what comes back.

use std::collections::BTreeSet;
use std::time::Duration;

use rapport_client::Error;
use rapport_proto::contract::{Method, reason_name, reason_rule};
use rapport_proto::errors::v1::Reason;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Status;

use crate::dynamic::{decode, encode};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who speaks HTTP.
#[derive(Debug, Clone)]
pub struct Web {
    client: reqwest::Client,
    url: String,
    headers: HeaderMap,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Web {
    /// Somebody without a token, at an edge.
    #[must_use]
    pub fn at(url: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        Self { client, url: url.to_owned(), headers: HeaderMap::new() }
    }

    /// The same with one more header on every request.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut web = self.clone();
        let name: HeaderName = name.parse().expect("a header's name");
        web.headers.append(name, HeaderValue::from_str(value).expect("a header's value"));
        web
    }

    /// The same under an access token.
    #[must_use]
    pub fn bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Sends a request and gives what begins to come back.
    pub async fn begin(&self, verb: &str, path: &str, body: Option<Vec<u8>>) -> reqwest::Response {
        let verb = reqwest::Method::from_bytes(verb.as_bytes()).expect("a verb");
        let mut request =
            self.client.request(verb, format!("{}{path}", self.url)).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.body(body);
        }
        request.send().await.expect("the edge answers")
    }

    /// Sends a request.
    pub async fn send(&self, verb: &str, path: &str, body: Option<Vec<u8>>) -> Answer {
        let response = self.begin(verb, path, body).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.expect("the whole answer").to_vec() }
    }

    /// Reads something.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// Sends JSON.
    pub async fn json(&self, verb: &str, path: &str, body: &Json) -> Answer {
        self.text(verb, path, &body.to_string()).await
    }

    /// Sends what claims to be JSON.
    pub async fn text(&self, verb: &str, path: &str, body: &str) -> Answer {
        self.with("content-type", "application/json").send(verb, path, Some(body.as_bytes().to_vec())).await
    }

    /// Calls an rpc by its route; of a stream the first event is the answer.
    pub async fn call(&self, method: &Method, request: &Json) -> Answer {
        let (verb, path, body) = rest(method, request);
        if method.server_streaming {
            let mut response = self.begin(verb, &path, None).await;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let mut body = Vec::new();
            while !body.ends_with(b"\n\n")
                && let Some(more) = response.chunk().await.expect("an event")
            {
                body.extend(more);
            }
            return Answer { status, headers, body };
        }
        match body {
            Some(body) => self.json(verb, &path, &body).await,
            None => self.send(verb, &path, None).await,
        }
    }

    /// Calls an rpc by gRPC-Web.
    pub async fn grpc_web(&self, method: &Method, request: &Json) -> Result<Json, Error> {
        let answer = self.grpc_web_bytes(method.path, &encode(method, request)).await?;
        Ok(decode(method, &answer))
    }

    /// Calls any path by gRPC-Web; of a stream the first message is the answer.
    pub async fn grpc_web_bytes(&self, path: &str, message: &[u8]) -> Result<Vec<u8>, Error> {
        let web = self.with("content-type", "application/grpc-web+proto");
        let mut response = web.begin("POST", path, Some(framed(message))).await;
        assert_eq!(response.status().as_u16(), 200, "gRPC-Web answers in its own way");
        if let Some(status) = status(response.headers()) {
            return Err(status.into());
        }
        let mut body = Vec::new();
        loop {
            if let Some((kind, content)) = frame(&body) {
                return if kind == 0 { Ok(content) } else { Err(trailer(&content).into()) };
            }
            let more = response.chunk().await.expect("a frame");
            body.extend(more.expect("an answer ends with a frame"));
        }
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a message fits");
    [&[0], &length.to_be_bytes()[..], message].concat()
}

/// The first whole frame.
fn frame(bytes: &[u8]) -> Option<(u8, Vec<u8>)> {
    let length = usize::try_from(u32::from_be_bytes(bytes.get(1..5)?.try_into().ok()?)).ok()?;
    Some((bytes[0], bytes.get(5..5 + length)?.to_vec()))
}

/// A status in headers, where they hold one.
fn status(headers: &HeaderMap) -> Option<Status> {
    Status::from_header_map(headers)
}

/// A status in the frame that ends an answer.
fn trailer(text: &[u8]) -> Status {
    let mut headers = HeaderMap::new();
    for line in String::from_utf8_lossy(text).lines() {
        if let Some((name, value)) = line.split_once(':') {
            let name: HeaderName = name.trim().parse().expect("a trailer's name");
            headers.insert(name, value.trim().parse().expect("a trailer's value"));
        }
    }
    status(&headers).expect("a call ends with a status")
}

impl Answer {
    /// A header, where there is one.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a text"))
    }

    /// The body as JSON: of a stream its first event's.
    ///
    /// # Panics
    /// Shows the answer where it is none.
    #[must_use]
    #[track_caller]
    pub fn value(&self) -> Json {
        let text = String::from_utf8_lossy(&self.body);
        let data = text.lines().find_map(|line| line.strip_prefix("data: "));
        serde_json::from_str(data.unwrap_or(&text)).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// The body of a success.
    ///
    /// # Panics
    /// Shows the answer where it is none.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "that it is good is often all there is to know")]
    pub fn good(&self) -> Json {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.value()
    }

    /// The answer must be a problem of this reason, in full: status, type, id, and when to come back.
    ///
    /// # Panics
    /// Shows the answer where it is anything else.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "that it is refused is often all there is to know")]
    pub fn refused(&self, reason: Reason) -> Json {
        let rule = reason_rule(reason);
        let problem = self.value();
        assert_eq!(problem["reason"], reason_name(reason), "{problem}");
        assert_eq!((self.status, &problem["status"]), (rule.http, &Json::from(rule.http)), "{problem}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(problem["requestId"].as_str(), self.header("x-request-id"), "{problem}");
        assert_eq!(problem["type"], format!("/docs#reason-{}", reason_name(reason)));
        let retry_after =
            self.header("retry-after").map(|after| after.parse::<u32>().expect("whole seconds"));
        assert_eq!(retry_after.is_some(), rule.retryable, "{problem}");
        assert_eq!(self.header("www-authenticate"), (rule.http == 401).then_some("Bearer"));
        let known: BTreeSet<_> =
            "type title status detail reason requestId retryable retryAfter metadata violations"
                .split(' ')
                .collect();
        assert!(
            problem.as_object().expect("an object").keys().all(|key| known.contains(key.as_str())),
            "{problem}"
        );
        problem
    }
}

/// A request of an rpc as its route has it: verb, path with query, body.
///
/// # Panics
/// Where the rpc has no route.
#[must_use]
pub fn rest(method: &Method, request: &Json) -> (&'static str, String, Option<Json>) {
    let route = method.route.expect("the rpc has a route");
    let mut fields = request.as_object().expect("a request is an object").clone();
    let mut path = String::new();
    for (index, piece) in route.path.split(['{', '}']).enumerate() {
        if index % 2 == 0 {
            path.push_str(piece);
            continue;
        }
        let (first, rest) = piece.split_once('_').map_or((piece, ""), |(first, rest)| (first, rest));
        let name =
            format!("{first}{}{}", rest[..rest.len().min(1)].to_uppercase(), &rest[rest.len().min(1)..]);
        let value = fields.remove(&name).unwrap_or_default();
        path.push_str(&escaped(value.as_str().unwrap_or_default()));
    }
    if route.body == "*" {
        return (route.verb, path, Some(fields.into()));
    }
    let query: Vec<_> = fields
        .iter()
        .flat_map(|(name, value)| {
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            values.into_iter().map(move |value| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{name}={}", escaped(&text))
            })
        })
        .collect();
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    (route.verb, path, None)
}

/// Every byte that could mean something written as `%xx`.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text + &char::from(byte).to_string()
        } else {
            format!("{text}%{byte:02X}")
        }
    })
}

/// Bytes sent as they are to an address; gives what comes back until the other side closes or has said it all.
pub async fn bytes(url: &str, request: &[u8]) -> String {
    let address = url.strip_prefix("http://").expect("an edge's address");
    let mut socket = TcpStream::connect(address).await.expect("the edge listens");
    socket.write_all(request).await.expect("the edge reads");
    let mut said = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut said)).await.expect("the edge answers");
    String::from_utf8_lossy(&said).into_owned()
}
