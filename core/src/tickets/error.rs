//! What a ticket can refuse.

use rapport_proto::tickets::v1::TicketState;

use crate::error::{Error, Reason};

/// Why something cannot be done with a ticket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// There is no such ticket, or the caller may not see it.
    #[error("no such ticket")]
    NotFound,
    /// It is closed for good.
    #[error("the ticket is closed")]
    Closed,
    /// It cannot go where it is sent.
    #[error("the ticket cannot be put into this state from the one it is in")]
    StateRefused {
        /// Where it is.
        now: TicketState,
    },
    /// A visitor cannot write internal comments.
    #[error("a visitor cannot write internal comments")]
    InternalComment,
}

impl From<TicketError> for Error {
    fn from(error: TicketError) -> Self {
        let text = error.to_string();
        match error {
            TicketError::NotFound => Self::not_found("ticket"),
            TicketError::Closed => Self::new(Reason::TicketClosed, text),
            TicketError::StateRefused { now } => {
                Self::new(Reason::TicketStateRefused, text).with("state", now.as_str_name())
            }
            TicketError::InternalComment => Self::new(Reason::InternalNoteRefused, text),
        }
    }
}
