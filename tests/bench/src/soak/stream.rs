//! The staff's streams over gRPC: each hears every chat, one of them comes and goes.

use std::{collections::HashMap, sync::Arc};

use rapport_proto::events::v1::{
    SubscribeRequest, SubscribeResponse, event::Body, event_service_client::EventServiceClient,
    subscribe_response::Item,
};
use tokio::time::sleep;
use tonic::{Request, transport::Channel};

use super::{STAYS, Sample, Shared, borne, is_next, millis};
use crate::{Fallible, load::Chance, world::Chat};

/// Hears every chat as the staff does.
pub(super) struct Stream {
    shared: Arc<Shared>,
    client: EventServiceClient<Channel>,
    cursor: String,
    heard: HashMap<String, Option<u32>>,
    messages: Option<tonic::Streaming<SubscribeResponse>>,
    place: usize,
}

impl Stream {
    pub(super) fn new(shared: Arc<Shared>, channel: Channel, place: usize) -> Self {
        let heard = shared.chats.iter().map(|chat| (chat.id.clone(), None)).collect();
        Self {
            shared,
            client: EventServiceClient::new(channel),
            cursor: String::new(),
            heard,
            messages: None,
            place,
        }
    }

    pub(super) async fn open(&mut self) -> Fallible {
        let mut request =
            Request::new(SubscribeRequest { cursor: self.cursor.clone(), ..SubscribeRequest::default() });
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.shared.staff).parse()?);
        self.messages = Some(self.client.subscribe(request).await?.into_inner());
        Ok(())
    }

    async fn next(&mut self) -> Fallible {
        let stream = self.messages.as_mut().ok_or("a stream that is not open")?;
        let heard = stream.message().await?.ok_or("a stream ended")?;
        if !heard.cursor.is_empty() {
            self.cursor = heard.cursor;
        }
        match heard.item {
            Some(Item::Event(event)) => {
                let Some(Body::MessageSent(sent)) = event.body else { return Ok(()) };
                let message = sent.message.unwrap_or_default();
                let (number, micros) = borne(&message.text).ok_or("a message nobody sent")?;
                is_next(self.heard.get_mut(&message.chat_id).ok_or("another chat")?, number)?;
                if self.place == 0 {
                    self.shared.note(Sample::Delivered(self.shared.since(micros))).await?;
                }
                Ok(())
            }
            Some(Item::Reset(reset)) => Err(format!("a reader was sent away: {reset:?}").into()),
            _ => Ok(()),
        }
    }

    fn has_all(&self) -> bool {
        let heard = |chat: &Chat| self.heard.get(&chat.id).copied().flatten().map_or(0, |last| last + 1);
        self.shared.chats.iter().enumerate().all(|(place, chat)| heard(chat) >= self.shared.sent(place))
    }

    /// Listens to the end; one that comes and goes does it on a stream anew each time.
    pub(super) async fn follow(mut self, comes_and_goes: bool) -> Fallible {
        let (mut over, mut chance) = (self.shared.over.clone(), Chance::new(self.place + 200_000));
        loop {
            let stays = sleep(millis(&mut chance, STAYS));
            tokio::pin!(stays);
            loop {
                let last = *over.borrow();
                if last && self.has_all() {
                    return Ok(());
                }
                tokio::select! {
                    () = &mut stays, if comes_and_goes && !last => break,
                    changed = over.changed(), if !last => changed?,
                    heard = self.next() => heard?,
                }
            }
            self.messages = None;
            self.open().await?;
            self.shared.note(Sample::CameBack).await?;
        }
    }
}
