//! The error of every use case: one reason of the contract, a text for people, and the source for the log.
//!
//! `rapport_proto::fault` turns a reason into a gRPC status; there is no second table. What the database said never leaves
//! the process: it is the source, logged once under the request id.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub use rapport_proto::errors::v1::Reason;
use rapport_proto::{fault::Fault, validate::Violation};
use sea_orm::DbErr;

use crate::db::failure::{self, Failure};

/// Why a call was refused. Cheap to clone: one failed commit answers a whole batch.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason:?}: {message}")]
pub struct Error {
    /// The row of the error table.
    pub reason: Reason,
    message: String,
    metadata: BTreeMap<String, String>,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
    #[source]
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What every fallible function of core returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with a text for people.
    #[must_use]
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            retry_after: None,
            source: None,
        }
    }

    /// A fault of ours; the source is logged and goes no further.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(Reason::Internal, "something went wrong on our side");
        error.source = Some(Arc::from(source.into()));
        error
    }

    /// There is no such thing here, or the caller may not see it: the two look the same.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Reason::NotFound, format!("no such {what}")).with("resource", what)
    }

    /// A field that only a look at the data can judge.
    #[must_use]
    pub fn field(field: &str, description: &str) -> Self {
        let mut error = Self::new(Reason::FieldInvalid, format!("{field}: {description}"));
        error.violations = vec![Violation { field: field.to_owned(), description: description.to_owned() }];
        error
    }

    /// Adds a fact a program can read.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, span: Duration) -> Self {
        self.retry_after = Some(span);
        self
    }

    /// Keeps what caused it, for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Whether a unique key stood in the way: two did the same at the same moment.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        let source = self.source.as_deref().and_then(|source| source.downcast_ref::<DbErr>());
        source.is_some_and(|source| failure::classify(source) == Failure::Duplicate)
    }

    /// Whether the database's file turned out to be damaged.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        let source = self.source.as_deref().and_then(|source| source.downcast_ref::<DbErr>());
        source.is_some_and(|source| failure::classify(source) == Failure::Damaged)
    }

    /// What caused it, with every cause behind that, for the log.
    #[must_use]
    pub fn causes(&self) -> Option<String> {
        let mut at: &dyn std::error::Error = self.source.as_deref()?;
        let mut text = at.to_string();
        while let Some(next) = at.source() {
            text.push_str(": ");
            text.push_str(&next.to_string());
            at = next;
        }
        Some(text)
    }
}

impl From<DbErr> for Error {
    fn from(source: DbErr) -> Self {
        let error = match failure::classify(&source) {
            Failure::Full => {
                Self::new(Reason::StoreFull, "the database has no room left; nothing was stored")
            }
            Failure::Unavailable | Failure::Contended => {
                Self::new(Reason::StoreUnavailable, "the database cannot be reached")
                    .retry_after(Duration::from_secs(1))
            }
            Failure::Damaged => Self::new(Reason::StoreUnavailable, "the database is damaged"),
            Failure::Duplicate | Failure::Other => {
                Self::new(Reason::Internal, "something went wrong on our side")
            }
        };
        error.caused_by(source)
    }
}

impl From<crate::ids::MalformedId> for Error {
    // The contract checks every id before a use case sees it; an id that fails here was rebuilt wrongly by us.
    fn from(source: crate::ids::MalformedId) -> Self {
        Self::internal(source)
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        if let Some(causes) = error.causes() {
            tracing::error!(reason = ?error.reason, error = %causes, "call failed");
        }
        Fault {
            reason: error.reason,
            message: error.message,
            metadata: error.metadata,
            violations: error.violations,
            retry_after: error.retry_after,
            request_id: crate::layers::trace::request_id(),
        }
        .into()
    }
}
