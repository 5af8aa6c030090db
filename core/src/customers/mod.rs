//! The person behind a visitor: one record for each visitor who wrote, kept over visits.

mod entity;
mod remember;

pub use entity::Model as Customer;
pub use remember::{Introduction, remember};
