//! How a client is made: where the server is, who calls, and how long an answer may take.

use std::sync::Arc;
use std::time::Duration;

use tonic::Status;
use tonic::transport::Endpoint;

use crate::token::Tokens;
use crate::{Client, Credentials, Error};

/// A client that is being described; [`Builder::open`] makes it.
#[derive(Debug)]
#[must_use = "a builder does nothing until it is opened"]
pub struct Builder {
    endpoint: String,
    credentials: Credentials,
    deadline: Duration,
    connect_timeout: Duration,
    keep_alive: Duration,
}

impl Builder {
    pub(crate) fn new(endpoint: String) -> Self {
        Self {
            endpoint,
            credentials: Credentials::Nobody,
            deadline: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(10),
        }
    }

    /// Says who calls. Without it only the public rpcs can be called.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// How long a call may take in all, every repetition included; 30 seconds unless told. The server is told what is left
    /// of it (`grpc-timeout`). A subscription has no deadline.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long one attempt to connect may take; 5 seconds unless told.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How often a quiet connection is asked whether it still stands; 10 seconds unless told. One that does not answer within
    /// half of that is given up, which is how a subscription notices a dead peer.
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = interval;
        self
    }

    /// Makes the client. Nothing is sent before the first call; a connection that breaks is made anew by the call that needs it.
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` where the endpoint is not a URI or the token not a header value.
    pub fn open(self) -> Result<Client, Error> {
        let channel = Endpoint::from_shared(self.endpoint)
            .map_err(|error| Status::invalid_argument(format!("not an endpoint: {error}")))?
            // Without it a call that waits for the one before costs 40 ms on Linux: Nagle's algorithm against delayed ACK.
            .tcp_nodelay(true)
            .tcp_keepalive(Some(self.keep_alive))
            .http2_keep_alive_interval(self.keep_alive)
            .keep_alive_timeout(self.keep_alive / 2)
            .keep_alive_while_idle(true)
            .connect_timeout(self.connect_timeout)
            .connect_lazy();
        Ok(Client { channel, tokens: Arc::new(Tokens::new(self.credentials)?), deadline: self.deadline })
    }
}
