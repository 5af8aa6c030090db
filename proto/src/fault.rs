//! The one form of an error between the parts of Rapport, and the single place where a reason becomes a gRPC status.

use crate::contract::{reason_name, reason_of, reason_rule};
use crate::errors::v1::Reason;
use crate::validate::Violation;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;
use tonic::Status;
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// `ErrorInfo.domain` of every error of ours.
pub const DOMAIN: &str = "rapport";

/// When to come back where a reason is retryable and nobody said when.
pub const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a call was refused. Callers see all of it: it never holds a secret, nor the source of an internal error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What clients switch on; decides code, HTTP status and whether to retry.
    pub reason: Reason,
    /// One sentence for people.
    pub message: String,
    /// What the reason's comment in the contract promises, by name.
    pub metadata: BTreeMap<String, String>,
    /// The fields that break their rules.
    pub violations: Vec<Violation>,
    /// When to come back.
    pub retry_after: Option<Duration>,
    /// The request id to quote.
    pub request_id: Option<String>,
}

impl Fault {
    /// A fault with a reason and a sentence for people.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            retry_after: None,
            request_id: None,
        }
    }

    /// `FIELD_INVALID`; the message names the first of the violations.
    #[must_use]
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let message =
            violations.first().map_or_else(|| "a field breaks its rule".to_owned(), Violation::to_string);
        Self { violations, ..Self::new(Reason::FieldInvalid, message) }
    }

    /// Adds an entry to the metadata.
    #[must_use]
    pub fn with_metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// Says which request id to quote.
    #[must_use]
    pub fn with_request_id(mut self, request_id: impl Into<String>) -> Self {
        self.request_id = Some(request_id.into());
        self
    }

    /// The fault a status carries; `None` where the status is not one of ours, or names a reason this build does not
    /// know: its code still says what to do.
    #[must_use]
    pub fn from_status(status: &Status) -> Option<Self> {
        let details = status.get_error_details();
        let info = details.error_info().filter(|info| info.domain == DOMAIN)?;
        let mut fault = Self::new(reason_of(&info.reason)?, status.message());
        fault.metadata = info.metadata.clone().into_iter().collect();
        fault.retry_after = details.retry_info().and_then(|retry| retry.retry_delay);
        fault.request_id = details.request_info().map(|request| request.request_id.clone());
        if let Some(request) = details.bad_request() {
            fault.violations = request
                .field_violations
                .iter()
                .map(|violation| Violation::new(&*violation.field, &*violation.description))
                .collect();
        }
        Some(fault)
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let rule = reason_rule(fault.reason);
        let mut details = ErrorDetails::with_error_info(
            reason_name(fault.reason),
            DOMAIN,
            fault.metadata.into_iter().collect::<HashMap<_, _>>(),
        );
        if !fault.violations.is_empty() {
            let violations: Vec<_> = fault
                .violations
                .into_iter()
                .map(|violation| FieldViolation::new(violation.field, violation.description))
                .collect();
            details.set_bad_request(violations);
        }
        let retry_after = fault.retry_after.or_else(|| rule.retryable.then_some(DEFAULT_RETRY_AFTER));
        if retry_after.is_some() {
            details.set_retry_info(retry_after);
        }
        if let Some(request_id) = fault.request_id {
            details.set_request_info(request_id, "");
        }
        Status::with_error_details(rule.code, fault.message, details)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", reason_name(self.reason), self.message)
    }
}

impl std::error::Error for Fault {}
