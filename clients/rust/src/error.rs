//! The one error of the client: a gRPC status read by the contract's table of reasons.

use std::error::Error as _;
use std::time::Duration;

use rapport_proto::errors::v1::Reason;
use rapport_proto::fault::Fault;
use tonic::{Code, Status, TimeoutExpired};

/// Why a call was refused, or that nobody knows what became of it.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    status: Status,
    /// Absent where no server of ours answered: the connection broke, or something between refused.
    fault: Option<Fault>,
}

impl Error {
    /// The status as it came.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.0.status
    }

    /// The gRPC code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.status.code()
    }

    /// The reason to switch on; `None` where the connection broke before the server answered.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.0.fault.as_ref().map(|fault| fault.reason)
    }

    /// The server's wish how long to wait before asking again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.fault.as_ref().and_then(|fault| fault.retry_after)
    }

    /// The whole fault as the server described it.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.0.fault.as_ref()
    }

    /// A detail that goes with the reason, such as `assignee` with `CHAT_TAKEN`.
    #[must_use]
    pub fn detail(&self, key: &str) -> Option<&str> {
        self.0.fault.as_ref()?.metadata.get(key).map(String::as_str)
    }

    /// Whether a mutation may have happened although this was the answer. Ask again with the same `request_id` to settle it;
    /// where there is none, read.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        match self.reason() {
            Some(reason) => matches!(
                reason,
                Reason::StoreUnavailable | Reason::ShuttingDown | Reason::DeadlineExceeded | Reason::Internal
            ),
            None => self.is_connection_loss() || self.code() == Code::DeadlineExceeded,
        }
    }

    /// Whether asking again, unchanged and in a moment, is the thing to do.
    pub(crate) fn is_transient(&self) -> bool {
        match self.reason() {
            Some(_) => self.code() == Code::Unavailable,
            None => self.is_connection_loss(),
        }
    }

    /// Whether the token was refused in a way that a new one may heal.
    pub(crate) fn wants_new_token(&self) -> bool {
        matches!(
            self.reason(),
            Some(Reason::TokenExpired | Reason::TokenStale | Reason::SessionEnded | Reason::TokenInvalid)
        )
    }

    /// No server of ours answered, and what the transport says about it is one of these.
    fn is_connection_loss(&self) -> bool {
        self.0.fault.is_none()
            && matches!(self.code(), Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled)
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        // tonic calls its own timer's end CANCELLED; to a caller it is the deadline.
        let status = if status.code() == Code::Cancelled && timed_out(&status) {
            Status::deadline_exceeded("the deadline passed before the answer came")
        } else {
            status
        };
        let fault = Fault::from_status(&status);
        Self(Box::new(Inner { status, fault }))
    }
}

fn timed_out(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<TimeoutExpired>() {
            return true;
        }
        source = error.source();
    }
    false
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{}: {}", reason.as_str_name(), self.0.status.message()),
            None => write!(f, "{:?}: {}", self.code(), self.0.status.message()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0.status)
    }
}
