//! Conversations: their life, their messages, who has read how far.
//!
//! Who may see a chat is said once, by the audience its events have ([`view::ChatView::audience`]): a call and a stream
//! cannot come to different answers.

mod claim_chat;
mod close_chat;
mod convert;
mod entity;
mod error;
mod get_chat;
mod list_chats;
mod list_messages;
mod mark_read;
mod send_message;
mod service;
mod set_typing;
mod start_chat;
mod state;
mod transfer_chat;
mod view;

pub use error::ChatError;
pub use send_message::run as send_message;
pub use service::service;
