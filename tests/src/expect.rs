//! Refusals, to the letter.

use std::fmt::Debug;

use rapport_client::Error;
use rapport_proto::contract::reason_rule;
use rapport_proto::errors::v1::Reason;

/// The answer must be a refusal for this reason, with the code the table gives it, a request id to quote and, where a retry can help,
/// the time to wait.
///
/// # Panics
/// Shows the answer where it is anything else.
#[track_caller]
pub fn refused<T: Debug>(answer: Result<T, Error>, reason: Reason) -> Error {
    let error = match answer {
        Ok(answer) => panic!("expected {reason:?}, got the answer {answer:?}"),
        Err(error) => error,
    };
    assert_eq!(error.reason(), Some(reason), "{error}");
    assert_eq!(error.code(), reason_rule(reason).code, "{error}");
    assert!(error.fault().is_some_and(|fault| fault.request_id.is_some()), "no request id in {error:?}");
    assert_eq!(error.retry_after().is_some(), reason_rule(reason).retryable, "RetryInfo of {error:?}");
    error
}

/// The answer must be `FIELD_INVALID` for exactly these fields, in this order.
///
/// # Panics
/// Shows the answer where it is anything else.
#[track_caller]
pub fn invalid<T: Debug>(answer: Result<T, Error>, fields: &[&str]) -> Error {
    let error = refused(answer, Reason::FieldInvalid);
    let named: Vec<_> =
        error.fault().into_iter().flat_map(|fault| &fault.violations).map(|v| v.field.as_str()).collect();
    assert_eq!(named, fields, "{error:?}");
    error
}
