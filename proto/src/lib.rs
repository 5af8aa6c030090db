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

pub use generated::{google, rapport::*};

/// Every file of the contract with its imports, as an encoded `google.protobuf.FileDescriptorSet`: annotations
/// included, comments left out.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract.binpb"));

/// The `OpenAPI` 3.1 description of every rpc with an HTTP route, as JSON.
pub const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// The contract as a page for people, HTML without scripts; its style is [`DOCS_CSS`], to be served as `/docs.css`. What serves it puts
/// the description of its live socket in the place of `<!--live-->`.
pub const DOCS: &str = include_str!(concat!(env!("OUT_DIR"), "/docs.html"));

/// The style of [`DOCS`].
pub const DOCS_CSS: &str = include_str!("../build/docs.css");
