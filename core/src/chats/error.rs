//! What a chat can refuse.

use crate::error::{Error, Reason};

/// Why something cannot be done with a chat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// There is no such chat, or the caller may not see it.
    #[error("no such chat")]
    NotFound,
    /// It takes no more messages.
    #[error("the chat is closed")]
    Closed,
    /// Somebody else answers it.
    #[error("already taken by {name}")]
    Taken {
        /// The assignee's id.
        id: String,
        /// The assignee's name.
        name: String,
    },
    /// A visitor cannot write notes.
    #[error("a visitor cannot write internal notes")]
    InternalNote,
    /// There is no message of that number yet.
    #[error("the chat has no message of that number")]
    BeyondEnd,
}

impl From<ChatError> for Error {
    fn from(error: ChatError) -> Self {
        let text = error.to_string();
        match error {
            ChatError::NotFound => Self::not_found("chat"),
            ChatError::Closed => Self::new(Reason::ChatClosed, text),
            ChatError::Taken { id, name } => {
                Self::new(Reason::ChatTaken, text).with("assignee_id", id).with("assignee", name)
            }
            ChatError::InternalNote => Self::new(Reason::InternalNoteRefused, text),
            ChatError::BeyondEnd => Self::new(Reason::SeqBeyondEnd, text),
        }
    }
}
