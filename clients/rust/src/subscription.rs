//! The event log as a stream that mends itself.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt as _, stream};
use rapport_proto::events::v1::event_service_client::EventServiceClient;
use rapport_proto::events::v1::subscribe_response::Item as Wire;
use rapport_proto::events::v1::{
    Ephemeral, Event, EventType, ResetCause, SubscribeRequest, SubscribeResponse,
};
use tonic::{Code, Request, Status, Streaming};

use crate::backoff::Backoff;
use crate::call::authorize;
use crate::methods::MAX_ANSWER;
use crate::token::Token;
use crate::{Client, Error};

/// How often in a row, without an item between, a token may be refused and renewed before the subscription gives up.
const RENEWALS: u32 = 3;

/// Where to begin and what to hear.
#[derive(Debug, Clone, Default)]
pub struct SubscribeOptions {
    /// The last cursor seen; everything after it is replayed. `None` begins now: at the place the first item, a checkpoint, names.
    pub cursor: Option<String>,
    /// Only events of these chats, at most 100; empty does not limit.
    pub chat_ids: Vec<String>,
    /// Only events of these types, at most 20; empty does not limit. Typing is not limited by it.
    pub types: Vec<EventType>,
}

/// What a subscription gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A durable change; each comes exactly once and in the order of the log.
    Event {
        /// The event's place in the log.
        cursor: String,
        /// What changed.
        event: Box<Event>,
    },
    /// Nothing was for this reader up to here; the first one says that the replay is done.
    Checkpoint {
        /// The place reached.
        cursor: String,
    },
    /// Something that is not kept, such as typing. It may be lost.
    Ephemeral(Ephemeral),
    /// The log does not reach back to the cursor: read everything anew, then go on.
    Reset {
        /// The place the stream goes on from.
        cursor: String,
        /// Why.
        cause: ResetCause,
    },
}

/// A stream of [`Item`]s that comes back by itself after every break, with the last cursor and a growing, random wait. Refused for its
/// token it gets a new one first. It ends, after giving the error, only where coming back cannot help: the session is over,
/// the cursor is not one of this workspace, the permission is missing, the request is wrong.
pub struct Subscription {
    cursor: Option<String>,
    items: Pin<Box<dyn Stream<Item = Result<Item, Error>> + Send>>,
}

impl Client {
    /// Follows the log. Nothing is sent before the stream is first polled.
    #[must_use]
    pub fn subscribe(&self, options: SubscribeOptions) -> Subscription {
        let feed = Feed {
            client: self.clone(),
            request: SubscribeRequest {
                cursor: options.cursor.clone().unwrap_or_default(),
                chat_ids: options.chat_ids,
                types: options.types.into_iter().map(i32::from).collect(),
            },
            open: None,
            token: None,
            refused: None,
            renewals: 0,
            backoff: Backoff::new(),
        };
        let items = stream::try_unfold(feed, |mut feed| async move {
            let item = feed.next().await?;
            Ok(Some((item, feed)))
        });
        Subscription { cursor: options.cursor, items: Box::pin(items) }
    }
}

impl Subscription {
    /// The place after the last item this stream gave: store it once the item is dealt with, and a later
    /// [`SubscribeOptions::cursor`] goes on exactly behind it. `None` before the first item of a stream that began without one.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
}

impl Stream for Subscription {
    type Item = Result<Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.items.as_mut().poll_next(cx);
        if let Poll::Ready(Some(Ok(
            Item::Event { cursor, .. } | Item::Checkpoint { cursor } | Item::Reset { cursor, .. },
        ))) = &polled
        {
            self.cursor = Some(cursor.clone());
        }
        polled
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

/// The state between two items.
struct Feed {
    client: Client,
    /// What to ask for at the next connection; its cursor moves with every item.
    request: SubscribeRequest,
    open: Option<Streaming<SubscribeResponse>>,
    /// The token of the last connection.
    token: Option<Token>,
    /// A token that was refused and with what, until an item comes with a newer one.
    refused: Option<(Token, Error)>,
    renewals: u32,
    backoff: Backoff,
}

impl Feed {
    async fn next(&mut self) -> Result<Item, Error> {
        loop {
            match self.take().await {
                Ok(item) => {
                    self.backoff = Backoff::new();
                    self.refused = None;
                    self.renewals = 0;
                    return Ok(item);
                }
                Err(error) => {
                    self.open = None;
                    self.recover(error).await?;
                }
            }
        }
    }

    /// The next item of the open stream, opening it where there is none.
    async fn take(&mut self) -> Result<Item, Error> {
        let stream = match &mut self.open {
            Some(stream) => stream,
            none => {
                let fresh =
                    Self::begin(&self.client, &self.request, &mut self.token, self.refused.as_ref()).await?;
                none.insert(fresh)
            }
        };
        match stream.next().await {
            Some(Ok(answer)) => {
                if !answer.cursor.is_empty() {
                    self.request.cursor.clone_from(&answer.cursor);
                }
                Ok(read(answer))
            }
            Some(Err(status)) => Err(status.into()),
            None => Err(Status::unavailable("the server ended the stream").into()),
        }
    }

    async fn begin(
        client: &Client,
        request: &SubscribeRequest,
        used: &mut Option<Token>,
        refused: Option<&(Token, Error)>,
    ) -> Result<Streaming<SubscribeResponse>, Error> {
        let within = client.deadline;
        let token = match client.tokens.get(&client.channel, within, refused.map(|(token, _)| token)).await {
            Ok(token) => token,
            Err(error) if error.is_transient() => return Err(error),
            // What the stream was refused with says more than that there is no other token.
            Err(error) => return Err(refused.map_or(error, |(_, first)| first.clone())),
        };
        if let Some((old, error)) = refused
            && token.as_ref() == Some(old)
        {
            return Err(error.clone());
        }
        let mut request = Request::new(request.clone());
        authorize(&mut request, token.as_ref());
        *used = token;
        let mut events =
            EventServiceClient::new(client.channel.clone()).max_decoding_message_size(MAX_ANSWER);
        // The deadline is for the beginning only: a stream that has begun lives as long as it is read.
        let answer = tokio::time::timeout(within, events.subscribe(request)).await;
        Ok(answer.map_err(|_| Status::unavailable("the stream did not begin in time"))??.into_inner())
    }

    /// Makes ready for another attempt, or gives the error back where there is no use in one.
    async fn recover(&mut self, error: Error) -> Result<(), Error> {
        let asked = error.retry_after();
        if error.wants_new_token() {
            match self.token.take() {
                Some(token) if self.renewals < RENEWALS => self.refused = Some((token, error)),
                _ => return Err(error),
            }
            self.renewals += 1;
            if self.renewals == 1 {
                return Ok(());
            }
        } else if !heals(&error) {
            return Err(error);
        }
        tokio::time::sleep(self.backoff.wait(asked)).await;
        Ok(())
    }
}

/// Whether coming back later can help.
fn heals(error: &Error) -> bool {
    match error.reason() {
        Some(_) => !matches!(
            error.code(),
            Code::InvalidArgument
                | Code::Unauthenticated
                | Code::PermissionDenied
                | Code::NotFound
                | Code::AlreadyExists
                | Code::FailedPrecondition
                | Code::OutOfRange
                | Code::Unimplemented
        ),
        None => error.is_unknown(),
    }
}

fn read(answer: SubscribeResponse) -> Item {
    let cursor = answer.cursor;
    match answer.item {
        Some(Wire::Event(event)) => Item::Event { cursor, event: Box::new(event) },
        Some(Wire::Ephemeral(ephemeral)) => Item::Ephemeral(ephemeral),
        Some(Wire::Reset(reset)) => Item::Reset { cursor, cause: reset.cause() },
        // A kind of item newer than this client moves the cursor and says nothing it could understand.
        Some(Wire::Checkpoint(_)) | None => Item::Checkpoint { cursor },
    }
}
