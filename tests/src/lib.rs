//! Whole deployments of Rapport for tests: real processes, real databases, named actors, the public doors only.
//!
//! - [`world`]: boots a deployment, removes everything and notices what was left behind. [`workspace`]: gives actors.
//! - [`core`]: one core. [`edge`]: one edge. [`process`]: what both are. [`postgres`]: databases and private clusters. [`redis`]: the same for Redis. [`cut`]: a connection that can be cut.
//! - [`namespace`]: a network of its own that can be cut off. [`cgroup`]: a limit on memory.
//! - [`actors`]: people and what they do (with tickets: `tickets`). [`listener`]: what one of them hears. [`watcher`]: what one is told
//!   of who is there.
//! - [`socket`]: a browser's live socket. [`follower`]: what an edge says to a core, said by hand.
//! - [`dynamic`]: requests by the descriptors. [`expect`]: refusals. [`raw`]: calls that no typed client would make. [`web`]: browsers. [`wait`]: conditions with a deadline.
//! - [`doors`]: one request by every way in. [`metrics`]: what a process counts. [`skip`]: what is not tried here.
//!
//! Nothing here sleeps to be on the safe side: what is waited for is a condition, and the wait has an end.
#![expect(clippy::expect_used, reason = "a test's surroundings that cannot be made are the end of that test")]
#![expect(clippy::print_stderr, reason = "what a process logged is printed where its test failed")]
#![expect(clippy::missing_panics_doc, reason = "everything here panics where the test has failed")]

pub mod actors;
pub mod cgroup;
pub mod core;
pub mod cut;
pub mod doors;
pub mod dynamic;
pub mod edge;
pub mod expect;
pub mod follower;
pub mod gate;
pub mod ids;
pub mod listener;
pub mod metrics;
pub mod namespace;
pub mod postgres;
pub mod process;
pub mod raw;
pub mod redis;
pub mod skip;
pub mod socket;
mod tickets;
pub mod wait;
pub mod watcher;
pub mod web;
pub mod workspace;
pub mod world;

pub use rapport_client as client;
pub use rapport_proto as proto;
