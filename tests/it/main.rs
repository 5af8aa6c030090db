//! The rules of Rapport, each shown through the public doors of a whole deployment on every engine it must hold on.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where what it needs is missing")]
#![expect(clippy::print_stderr, reason = "a test of chance says which chance it took")]

#[macro_use]
mod shapes;

mod auth_log;
mod bad_input;
mod cast;
mod client;
mod conversation;
mod endings;
mod faults;
mod first_start;
mod forge;
mod isolation;
mod lists;
mod resume;
mod rights;
mod rows;
mod sign_in;
mod tokens;
