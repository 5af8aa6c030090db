//! Sign-in, sessions, visits, and the one-time setup of an installation.
//!
//! A member's session is a row and a chain of refresh tokens, each good once; a visit is no row at all. What both give are
//! access tokens ([`crate::tokens`]), which end early only by a revocation ([`crate::revocations`]).

mod access;
mod change_password;
mod clear_sessions;
mod end_sessions;
mod entity;
mod error;
mod get_key_set;
mod get_self;
pub mod password;
mod refresh;
mod refresh_token;
mod service;
mod set_up;
mod sign_in;
mod sign_out;
mod start_visit;
mod update_self;

pub(crate) use clear_sessions::ClearSessions;
pub(crate) use end_sessions::run as end_sessions;
pub use error::AuthError;
pub use service::service;
pub use set_up::{needs_owner, setup_token};
