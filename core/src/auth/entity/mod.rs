//! The tables of this slice, one file each.

pub(super) mod session;
