//! Whole deployments of Rapport for tests: real processes, real databases, named actors, the public doors only.
//!
//! - [`world`]: boots a deployment, gives actors, removes everything and notices what was left behind.
//! - [`core`]: one `rapport-core` process. [`postgres`]: databases and private clusters. [`cut`]: a connection that can be cut.
//! - [`actors`]: people and what they do. [`listener`]: what one of them hears.
//! - [`dynamic`]: requests by the descriptors. [`expect`]: refusals. [`raw`]: calls that no typed client would make. [`wait`]: conditions with a deadline.
//!
//! Nothing here sleeps to be on the safe side: what is waited for is a condition, and the wait has an end.
#![expect(clippy::expect_used, reason = "a test's surroundings that cannot be made are the end of that test")]
#![expect(clippy::print_stderr, reason = "what a process logged is printed where its test failed")]
#![expect(clippy::missing_panics_doc, reason = "everything here panics where the test has failed")]

pub mod actors;
pub mod core;
pub mod cut;
pub mod dynamic;
pub mod expect;
pub mod gate;
pub mod ids;
pub mod listener;
pub mod postgres;
pub mod raw;
pub mod wait;
pub mod world;

pub use rapport_client as client;
pub use rapport_proto as proto;
