//! Tickets: their life, their comments, who works on them.
//!
//! Who may see a ticket is said as for a chat: once, by the audience its events have ([`view::TicketView::audience`]). What is
//! internal never reaches a visitor: no comment, no number that counts one, no tag.

mod add_comment;
mod convert;
mod count_open;
mod create_ticket;
mod entity;
mod error;
mod get_ticket;
mod list_comments;
mod list_tickets;
mod newest_of;
mod service;
mod state;
mod update_ticket;
mod view;

pub use count_open::open_by_assignee;
pub use error::TicketError;
pub(crate) use newest_of::newest_of;
pub use service::service;
