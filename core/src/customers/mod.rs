//! The person behind a visitor: one record for each visitor who wrote, kept over visits.

mod entity;
mod find;
mod get_customer;
mod remember;
mod service;
mod update_customer;
mod view;

pub use entity::Model as Customer;
pub use find::find;
pub use remember::{Introduction, remember};
pub use service::service;
