//! An error as HTTP and sockets tell it: problem details (RFC 9457), from the same table as the gRPC status.

use std::collections::BTreeMap;

use rapport_proto::{
    contract::{reason_name, reason_rule},
    fault::{DEFAULT_RETRY_AFTER, Fault},
};
use serde::Serialize;

/// The content type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// Why something was refused; the members are described as `rapport.live.v1.Problem`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Where the reason is described.
    pub r#type: String,
    /// The reason in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A sentence for people.
    pub detail: String,
    /// What programs switch on.
    pub reason: &'static str,
    /// What to quote.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// When to come back, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<f64>,
    /// What the reason promises.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The fields that break their rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
}

/// A field that breaks its rule.
#[derive(Clone, Debug, Serialize)]
pub struct Violation {
    /// Its path.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

impl Problem {
    /// The problem of a fault; the request id is the call's where core gave none.
    #[must_use]
    pub fn new(fault: Fault, request_id: &str) -> Self {
        let rule = reason_rule(fault.reason);
        let reason = reason_name(fault.reason);
        let retry_after = fault.retry_after.or_else(|| rule.retryable.then_some(DEFAULT_RETRY_AFTER));
        Self {
            r#type: format!("/docs#reason-{reason}"),
            title: title(reason),
            status: rule.http,
            detail: fault.message,
            reason,
            request_id: fault.request_id.unwrap_or_else(|| request_id.to_owned()),
            retryable: rule.retryable,
            retry_after: retry_after.map(|after| after.as_secs_f64()),
            metadata: fault.metadata,
            violations: fault
                .violations
                .into_iter()
                .map(|violation| Violation { field: violation.field, description: violation.description })
                .collect(),
        }
    }

    /// As JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A map of texts, numbers and lists of texts can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// `CHAT_CLOSED` as `Chat closed`.
fn title(reason: &str) -> String {
    let words = reason.to_lowercase().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
