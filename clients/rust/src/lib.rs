//! The Rust client of Rapport: typed calls, repetition only where it is safe, and a subscription that loses nothing.
//!
//! - **Calls.** One method for each rpc on [`Client`]. Reads, calls that carry a `request_id` and calls that are the same done twice
//!   are repeated on UNAVAILABLE or a broken connection, with growing random waits, until [`Builder::deadline`]. Nothing else is
//!   repeated: where [`Error::is_unknown`] says so, a mutation may have happened, and asking again with the same `request_id` settles it.
//! - **Tokens.** [`Credentials`] says who calls; access tokens are made, renewed and replaced behind the calls.
//! - **Events.** [`Client::subscribe`] gives every event once and in order over any number of broken connections.
//!
//! ```no_run
//! # async fn example() -> Result<(), rapport_client::Error> {
//! use futures_util::StreamExt as _;
//! use rapport_client::{Client, Credentials, Item, SubscribeOptions};
//!
//! let (workspace, email, password) = ("acme".into(), "ada@acme.example".into(), "correct horse".into());
//! let credentials = Credentials::Member { workspace, email, password };
//! let client = Client::connect("http://127.0.0.1:50051").credentials(credentials).open()?;
//! let mut events = client.subscribe(SubscribeOptions::default());
//! while let Some(item) = events.next().await {
//!     if let Item::Event { cursor, event } = item? {
//!         println!("{cursor}: {event:?}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod backoff;
mod builder;
mod call;
mod error;
mod methods;
mod subscription;
mod token;

use std::sync::Arc;
use std::time::Duration;

use tonic::transport::Channel;

pub use builder::Builder;
pub use error::Error;
pub use rapport_proto as proto;
pub use subscription::{Item, SubscribeOptions, Subscription};
pub use token::Credentials;

/// A new `request_id`: a UUID of version 7, so that the server can tell one older than it remembers. Make one for each thing to do
/// and keep it for asking again.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a client's ids come from its own machine; nothing of the server depends on them"
)]
pub fn request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A connection to a server under one identity. Clones share both and cost nothing.
#[derive(Debug, Clone)]
pub struct Client {
    channel: Channel,
    tokens: Arc<token::Tokens>,
    deadline: Duration,
}

impl Client {
    /// Describes a client of the server at `endpoint`, such as `http://127.0.0.1:50051`.
    pub fn connect(endpoint: impl Into<String>) -> Builder {
        Builder::new(endpoint.into())
    }

    /// The secret by which [`Credentials::Visitor`] is the same person at the next visit; `None` before the first call and for others.
    pub async fn visitor_secret(&self) -> Option<String> {
        self.tokens.visitor_secret().await
    }
}
