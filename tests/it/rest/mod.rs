//! REST and gRPC-Web at the edge: a named answer for whatever is wrong, and what browsers must be given. That each rpc answers as by
//! gRPC, [`crate::transports`] shows.

mod bad_input;
mod browsers;
mod cookies;
mod headers;
mod limits;
pub(crate) mod streams;
