//! The table of errors as the API description has it: the problem document and every reason.

use super::comments::Comments;
use super::prose;
use super::read::{Contract, Reason, Row};
use prost_reflect::EnumDescriptor;
use serde_json::{Value, json};

/// One reason that is sent.
pub(crate) struct Entry<'a> {
    /// As it stands in an answer: `CHAT_CLOSED`.
    pub(crate) name: &'a str,
    pub(crate) row: &'a Row,
    pub(crate) comment: String,
}

/// Every reason that is sent, in the order of the contract.
pub(crate) fn entries<'a>(contract: &'a Contract, comments: &Comments) -> Vec<Entry<'a>> {
    let kind = contract.reason_enum.as_ref();
    contract.reasons.iter().filter_map(|reason| entry(reason, kind, comments)).collect()
}

fn entry<'a>(reason: &'a Reason, kind: Option<&EnumDescriptor>, comments: &Comments) -> Option<Entry<'a>> {
    let value = kind.and_then(|kind| kind.get_value_by_name(&reason.name));
    Some(Entry {
        name: reason.name.strip_prefix("REASON_").unwrap_or(&reason.name),
        row: reason.row.as_ref()?,
        comment: value.map(|value| comments.value(&value)).unwrap_or_default(),
    })
}

/// The reasons as data.
pub(crate) fn table(entries: &[Entry<'_>]) -> Value {
    let rows = entries.iter().map(|entry| {
        json!({
            "reason": entry.name,
            "status": entry.row.http,
            "code": entry.row.code,
            "retryable": entry.row.retryable,
            "description": entry.comment,
        })
    });
    Value::Array(rows.collect())
}

/// The schema of a problem document.
pub(crate) fn schema(entries: &[Entry<'_>]) -> Value {
    let reasons: Vec<_> = entries.iter().map(|entry| entry.name).collect();
    json!({
        "type": "object",
        "title": "Problem",
        "description": prose::ERRORS.join("\n\n"),
        "properties": {
            "type": {
                "type": "string",
                "format": "uri-reference",
                "description": "type is the address of the reason's explanation: `/docs#reason-CHAT_CLOSED`.",
            },
            "title": {"type": "string", "description": "title is the name of the HTTP status."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "status is the HTTP status."},
            "detail": {"type": "string", "description": "detail is one sentence for people."},
            "instance": {"type": "string", "format": "uri-reference", "description": "instance is the address of this very error, where it has one."},
            "reason": {"type": "string", "enum": reasons, "description": "reason is what clients switch on; `x-reasons` explains each."},
            "requestId": {"type": "string", "description": "requestId is the id to quote."},
            "retryable": {"type": "boolean", "description": "retryable says that the same call may succeed later, unchanged."},
            "retryAfter": {"type": "number", "minimum": 0, "description": "retryAfter is the number of seconds after which to come back."},
            "metadata": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "metadata holds what the reason promises, by name.",
            },
            "violations": {
                "type": "array",
                "description": "violations are the fields that break their rules.",
                "items": {
                    "type": "object",
                    "properties": {
                        "field": {"type": "string", "description": "field is its path in JSON names: `chatId`, `owner.email`, `types[2]`."},
                        "description": {"type": "string", "description": "description is what is wrong, to be read after the field's name."},
                    },
                    "required": ["field", "description"],
                },
            },
        },
        "required": ["type", "title", "status", "reason", "retryable"],
    })
}
