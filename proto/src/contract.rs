//! The annotations as tables: who may call an rpc, by which route, and what an error reason means.
//! The build writes the rows and refuses a contract that lacks one.

use crate::errors::v1::Reason;
use crate::options::v1::Permission;
use tonic::Code;

/// One rpc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// The path gRPC calls it by: `/rapport.chats.v1.ChatService/GetChat`.
    pub path: &'static str,
    /// Full name of its service.
    pub service: &'static str,
    /// Its name in the service.
    pub name: &'static str,
    /// Full name of the request message.
    pub input: &'static str,
    /// Full name of the answer's message.
    pub output: &'static str,
    /// What the caller must hold; never `Unspecified`.
    pub permission: Permission,
    /// Its HTTP route; an rpc without one is for gRPC or for this installation only.
    pub route: Option<Route>,
    /// Whether it changes nothing (`NO_SIDE_EFFECTS`).
    pub read_only: bool,
    /// Whether the request is a stream.
    pub client_streaming: bool,
    /// Whether the answer is a stream.
    pub server_streaming: bool,
    /// What is special where a browser calls it.
    pub browser: Browser,
}

/// What the edge does for a browser that calls an rpc; nothing, for most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Browser {
    /// The field of the request that is taken from a cookie where the body leaves it out.
    pub takes: Option<Cookie>,
    /// The field of the answer that is put into a cookie and left out of the body.
    pub gives: Option<Cookie>,
    /// The cookie that is taken away when the call has succeeded.
    pub ends: Option<&'static str>,
    /// The field of the request that says where a stream goes on, by its JSON name.
    pub resumes_at: Option<&'static str>,
    /// The field of the answer that says where the stream is, by its JSON name.
    pub place_in: Option<&'static str>,
    /// How long a cache may keep the answer; 0 forbids it.
    pub cache_seconds: u32,
    /// Whether a call with a token tries a secret as well.
    pub tries_secret: bool,
}

/// A text field that travels in a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The cookie's name, without the `__Host-` prefix.
    pub name: &'static str,
    /// The field, by its JSON name.
    pub field: &'static str,
    /// The field of the same message that says when the cookie ends, by its JSON name; empty in a request.
    pub expires: &'static str,
}

/// The HTTP route of an rpc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub verb: &'static str,
    /// Path template; a variable is a text field of the request: `/v1/chats/{chat_id}:claim`.
    pub path: &'static str,
    /// What the body holds: `*` every field the path does not, a field's name that field, empty nothing.
    pub body: &'static str,
    /// The field of the answer that is the whole answer; empty where the message is.
    pub answer: &'static str,
}

/// What an error reason means on every transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonRule {
    /// The gRPC status code.
    pub code: Code,
    /// The HTTP status.
    pub http: u16,
    /// Whether the same call may succeed later, unchanged.
    pub retryable: bool,
}

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

/// The rpc that gRPC calls by this path.
#[must_use]
pub fn method(path: &str) -> Option<&'static Method> {
    let index = METHODS.binary_search_by(|method| method.path.cmp(path)).ok()?;
    METHODS.get(index)
}

/// The row of a reason. `Unspecified` is a fault of ours like `Internal`.
#[must_use]
pub const fn reason_rule(reason: Reason) -> ReasonRule {
    row(reason)
}

/// The name of a reason as it stands in `ErrorInfo.reason`: `CHAT_CLOSED`.
#[must_use]
pub fn reason_name(reason: Reason) -> &'static str {
    short(reason.as_str_name(), "REASON_")
}

/// The reason of such a name; `None` for one this build does not know.
#[must_use]
pub fn reason_of(name: &str) -> Option<Reason> {
    Reason::from_str_name(&format!("REASON_{name}"))
}

/// The name of a permission without its prefix: `CHATS_READ`.
#[must_use]
pub fn permission_name(permission: Permission) -> &'static str {
    short(permission.as_str_name(), "PERMISSION_")
}

fn short(name: &'static str, prefix: &str) -> &'static str {
    name.strip_prefix(prefix).unwrap_or(name)
}
