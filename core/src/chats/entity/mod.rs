//! The tables of this slice.

pub(super) mod chat;
pub(super) mod message;
pub(super) mod read_mark;
