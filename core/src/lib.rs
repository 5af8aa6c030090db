//! The domain services of Rapport, as a library and as the program `rapport-core`.
//!
//! For the reader: `server` puts the services together and `layers` stand around them; a slice (`auth`, `tenants`, `chats`,
//! `tickets`, `customers`) is a folder with a file for each use case; below them `db` writes and reads within one tenant and `events`
//! keeps the log and tells those who listen. `app` builds it all from `config`.

pub mod app;
pub mod auth;
pub mod caller;
pub mod chats;
pub mod clock;
pub mod config;
pub mod customers;
pub mod db;
pub mod demo;
pub mod edge;
pub mod error;
pub mod events;
pub(crate) mod gauges;
pub mod idempotency;
pub mod ids;
pub mod keys;
pub mod layers;
pub mod listed;
pub mod migrate;
pub mod page;
pub mod presence;
pub mod program;
mod reader;
pub mod retention;
pub mod revocations;
mod roster;
pub mod seal;
pub mod server;
pub mod streams;
pub mod tenants;
pub mod tickets;
pub mod tokens;

#[cfg(test)]
mod testing;
