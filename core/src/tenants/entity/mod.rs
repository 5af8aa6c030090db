//! The tables of this slice, one file each.

pub mod department;
pub mod department_member;
pub mod identity;
pub mod member;
pub mod origin;
pub mod tenant;
