//! One unary call: the token, the deadline, and repetition where it can do no harm.

use std::time::Duration;

use tokio::time::Instant;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use crate::backoff::Backoff;
use crate::token::Token;
use crate::{Client, Error};

/// What makes it safe to send a request again when nobody knows what became of the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It changes nothing.
    Read,
    /// It carries a `request_id`: the server gives the answer of the first one.
    Keyed,
    /// Doing it twice is doing it once.
    Idempotent,
    /// Nothing does: the caller learns of the doubt and decides.
    Never,
}

impl Client {
    /// Calls until there is an answer to give. Refused for its token it asks once more with a new one, whatever the rpc: the server
    /// judges the token before anything else. Refused as UNAVAILABLE, or cut off, it asks again where `repeat` allows it.
    pub(crate) async fn unary<Q, A, F, Fut>(&self, repeat: Repeat, request: Q, send: F) -> Result<A, Error>
    where
        Q: Clone + Send + Sync,
        A: Send,
        F: Fn(Channel, Request<Q>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Response<A>, Status>> + Send,
    {
        let ends = Instant::now() + self.deadline;
        let mut backoff = Backoff::new();
        let mut refused: Option<(Token, Error)> = None;
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            let error =
                match self.tokens.get(&self.channel, left, refused.as_ref().map(|(token, _)| token)).await {
                    Ok(token) => {
                        if let Some((old, error)) = &refused
                            && token.as_ref() == Some(old)
                        {
                            return Err(error.clone());
                        }
                        let mut attempt = Request::new(request.clone());
                        attempt.set_timeout(left);
                        authorize(&mut attempt, token.as_ref());
                        let error = match send(self.channel.clone(), attempt).await {
                            Ok(answer) => return Ok(answer.into_inner()),
                            Err(status) => Error::from(status),
                        };
                        match token {
                            Some(token) if error.wants_new_token() && refused.is_none() => {
                                refused = Some((token, error));
                                continue;
                            }
                            _ if repeat == Repeat::Never => return Err(error),
                            _ => error,
                        }
                    }
                    // The request itself was not sent, so waiting for a token is safe whatever the rpc.
                    Err(error) if error.is_transient() => error,
                    Err(error) => return Err(refused.map_or(error, |(_, first)| first)),
                };
            let wait = backoff.wait(error.retry_after());
            if !error.is_transient() || wait >= ends.saturating_duration_since(Instant::now()) {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// The same connection and identity with another deadline for each call.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }
}

/// Puts the token where the server looks for it.
pub(crate) fn authorize<Q>(request: &mut Request<Q>, token: Option<&Token>) {
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", token.header());
    }
}
