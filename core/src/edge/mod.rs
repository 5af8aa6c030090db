//! What edges need of core: whose a token is, the logs of the tenants their sockets belong to, the stretch a session missed, the
//! origins that workspaces allow, for calls and around their widgets.
//!
//! An edge is a part of this installation and is trusted with every event of a tenant it follows; that it is one, the door
//! ([`crate::layers::door`]) has made sure of. To an edge an audience is a list of opaque names ([`crate::events::Audience::principals`]).

mod authorize;
mod follow;
mod followed;
mod list_widget_origins;
mod orders;
mod replay;
mod resolve_origin;
mod service;

pub use service::service;
