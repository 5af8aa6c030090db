//! The contract of Rapport and what is generated from it; no logic.
//!
//! - [`auth`], [`chats`], [`events`], [`tenants`], …: messages, clients and servers, one module per package and version.
//! - [`contract`]: who may call what, by which route, and what an error reason means.
//! - [`validate`]: the rules of request fields.
//! - [`fault`]: the one form of an error, and its way into and out of a gRPC status.
//! - [`codec`]: decodes a request and refuses what breaks a rule, before any handler sees it.

pub mod codec;
pub mod contract;
pub mod fault;
pub mod validate;

mod generated;

pub use generated::rapport::*;

/// Every file of the contract with its imports, as an encoded `google.protobuf.FileDescriptorSet`: annotations
/// included, comments left out.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract.binpb"));
