//! The one error of the client: a gRPC status read by the contract's table of reasons.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use rapport_proto::contract::reason_name;
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

    /// The gRPC code; UNAVAILABLE without a reason is a connection that broke.
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
            None => {
                self.is_transient()
                    || matches!(self.code(), Code::DeadlineExceeded | Code::Internal | Code::Cancelled)
            }
        }
    }

    /// Whether asking again, unchanged and in a moment, is the thing to do.
    pub(crate) fn is_transient(&self) -> bool {
        match self.reason() {
            Some(_) => self.code() == Code::Unavailable,
            // UNKNOWN is an answer that ended before it said how.
            None => matches!(self.code(), Code::Unavailable | Code::Unknown),
        }
    }

    /// Whether the token was refused in a way that a new one may heal.
    pub(crate) fn wants_new_token(&self) -> bool {
        matches!(
            self.reason(),
            Some(Reason::TokenExpired | Reason::TokenStale | Reason::SessionEnded | Reason::TokenInvalid)
        )
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let fault = Fault::from_status(&status);
        let status = if fault.is_none() { locally_made(status) } else { status };
        Self(Box::new(Inner { status, fault }))
    }
}

/// Gives a status that tonic made on this side the code it deserves: its own timer's end, which it calls CANCELLED, is the deadline;
/// a connection that broke, which it calls UNKNOWN, INTERNAL or CANCELLED after the way it broke, is UNAVAILABLE.
fn locally_made(status: Status) -> Status {
    let mut timed_out = false;
    let mut deepest = None;
    let mut source = status.source();
    while let Some(error) = source {
        timed_out |= error.is::<TimeoutExpired>();
        deepest = Some(error.to_string());
        source = error.source();
    }
    let mut told = match deepest {
        Some(_) if timed_out => Status::deadline_exceeded("the deadline passed before the answer came"),
        Some(cause) if matches!(status.code(), Code::Unknown | Code::Internal | Code::Cancelled) => {
            Status::unavailable(format!("the connection broke: {cause}"))
        }
        _ => return status,
    };
    told.set_source(Arc::new(status));
    told
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{}: {}", reason_name(reason), self.0.status.message()),
            None => write!(f, "{:?}: {}", self.code(), self.0.status.message()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0.status)
    }
}
