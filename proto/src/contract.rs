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
    /// Whether the answer is a stream.
    pub server_streaming: bool,
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
