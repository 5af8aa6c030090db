//! The tables of this slice.

pub(super) mod comment;
pub(super) mod ticket;
