//! The tables of this slice, one file each.

pub(super) mod choice;
pub(super) mod connection;
pub(super) mod lease;
