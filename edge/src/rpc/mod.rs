//! A call of any rpc, for REST and sockets alike: JSON in, JSON out, by the contract's descriptors.

pub(crate) mod check;
pub mod invoke;
pub mod json;
pub mod problem;
mod write;
