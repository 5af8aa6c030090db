//! The edge: browsers and other HTTP clients on one side, gRPC on the other. It transcodes, holds connections and fans events out. It
//! knows no domain: what an rpc is called, takes and answers stands in the contract; the one service it knows by name is `EdgeService`.
//!
//! For the reader: `server` puts the doors together, `browser` and `limits` stand before them; `rest` turns HTTP into calls by the
//! contract's routes, `live` holds sockets; both end in `rpc::invoke`, which reaches core through `upstream`.

pub mod browser;
pub mod config;
mod follow;
pub mod limits;
pub mod live;
pub mod rest;
pub mod rpc;
pub mod server;
#[cfg(feature = "standalone")]
pub mod standalone;
pub mod upstream;
