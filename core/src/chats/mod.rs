//! Conversations: their life, their messages, who has read how far.
//!
//! Who may see a chat is said once, by the audience its events have ([`view::ChatView::audience`]): a call and a stream
//! cannot come to different answers.

mod claim_chat;
mod close_chat;
mod convert;
mod count_active;
mod count_chats;
mod entity;
mod error;
mod get_chat;
mod get_transcript;
mod list_chats;
mod list_messages;
mod mark_read;
mod newest_of;
mod previewed;
mod send_message;
mod service;
mod set_typing;
mod start_chat;
mod state;
mod transfer_chat;
mod view;

pub use count_active::active_by_assignee;
pub use error::ChatError;
pub(crate) use newest_of::newest_of;
pub(crate) use send_message::kind as sender_kind;
pub use send_message::run as send_message;
pub use service::service;
pub(crate) use view::{Origin, origin_in, sender};
