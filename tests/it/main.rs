//! The rules of Rapport, each shown through the public doors of a whole deployment on every engine it must hold on.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where what it needs is missing")]
#![expect(clippy::print_stderr, reason = "a test of chance says which chance it took")]

#[macro_use]
mod shapes;

mod auth_log;
mod authority;
mod bad_input;
mod bus;
mod cast;
mod checkpoints;
mod client;
mod conversation;
mod copying;
mod customers;
mod edge_follow;
mod edge_presence;
mod edge_service;
mod endings;
mod faults;
mod first_start;
mod forge;
mod isolation;
mod lists;
mod live;
mod live_abuse;
mod live_calls;
mod live_ends;
mod live_slow;
mod long_pages;
mod nodes;
mod origins;
mod permissions;
mod presence;
mod previews;
mod profile;
mod rest;
mod resume;
mod retention;
mod rights;
mod rows;
mod sign_in;
mod tickets;
mod tokens;
mod traces;
mod transports;
mod widget;
