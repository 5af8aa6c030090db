//! `Subscribe`: replay after the cursor, then live, each event once and in order, until the reader's authority ends.

use std::{collections::HashSet, sync::Arc, time::Duration};

use rapport_proto::events::v1::{
    self as pb, EventType, SubscribeResponse, event::Body, subscribe_response::Item,
};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, sleep_until},
};

use super::{
    Grants, LoggedEvent,
    begin::begin,
    feed::{Ephemeral, Listener},
    log, tail,
};
use crate::{
    app::App,
    caller::Caller,
    error::{Error, Reason, Result},
    ids::ChatId,
    layers::trace,
    reader::{self, End, Outgoing, Reader},
    tenants,
};

/// How often an idle reader's cursor is moved.
const CHECKPOINT: Duration = Duration::from_secs(25);

/// What the service hands to tonic.
pub(super) type Stream = Outgoing<SubscribeResponse>;

/// Checks the request, begins to listen, and leaves the rest to a task of its own.
pub(super) async fn run(app: &Arc<App>, caller: &Caller, req: pb::SubscribeRequest) -> Result<Stream> {
    let (reader, stream) = reader::open(app, caller)?;
    let listener = app.feeds.listen(caller.tenant());
    let read = app.db.read(&caller.scope);
    // The end first, the grants after it: a change of grants beyond this end is an event still to come.
    let (end, at) = log::last(read).await?;
    listener.feed.begin_at(end, Some(at));
    let grants = tenants::grants_of(app, caller).await?;
    let (place, reset) = begin(app, &caller.scope, &req.cursor, end).await?;
    let subscription = Subscription {
        app: Arc::clone(app),
        reader,
        filter: Filter::new(&req)?,
        listener,
        grants,
        grants_as_of: end,
        place,
    };
    app.tasks.spawn(trace::carry(subscription.serve(reset)));
    Ok(stream)
}

/// The place that a reader comes back with is judged anew: it gets a `reset` where that was lost too.
fn lost_end() -> Error {
    Error::new(Reason::StoreUnavailable, "the log has lost its last events; come back with the last cursor")
        .retry_after(Duration::ZERO)
}

/// What the reader asked to hear of what may be heard.
#[derive(Debug)]
pub(super) struct Filter {
    chats: HashSet<ChatId>,
    types: HashSet<EventType>,
}

impl Filter {
    fn new(req: &pb::SubscribeRequest) -> Result<Self> {
        Self::of(&req.chat_ids, req.types())
    }

    pub(super) fn of(chat_ids: &[String], types: impl Iterator<Item = EventType>) -> Result<Self> {
        let chats = chat_ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?;
        Ok(Self { chats, types: types.collect() })
    }

    pub(super) fn passes(&self, event: &LoggedEvent) -> bool {
        (self.chats.is_empty() || event.chat.is_some_and(|chat| self.chats.contains(&chat)))
            && (self.types.is_empty() || self.types.contains(&event.kind))
    }

    fn passes_chat(&self, chat: &str) -> bool {
        self.chats.is_empty() || chat.parse().is_ok_and(|chat: ChatId| self.chats.contains(&chat))
    }
}

/// One reader and what it hears.
struct Subscription {
    app: Arc<App>,
    reader: Reader<SubscribeResponse>,
    filter: Filter,
    listener: Listener,
    grants: Grants,
    /// Changes of grants up to this number are in `grants` already.
    grants_as_of: i64,
    /// The number up to which the reader has everything.
    place: i64,
}

impl Subscription {
    async fn serve(mut self, reset: Option<pb::ResetCause>) {
        if let Err(end) = self.follow(reset).await {
            self.reader.end(end);
        }
    }

    async fn follow(&mut self, reset: Option<pb::ResetCause>) -> Result<(), End> {
        let mut end = self.listener.feed.watch();
        let lost = self.listener.feed.lost().clone();
        let mut ephemerals = self.listener.feed.ephemerals();
        if let Some(cause) = reset {
            self.send(self.place, Item::Reset(pb::Reset { cause: cause.into() })).await?;
        }
        let mut first = true;
        let mut checkpoint = Instant::now() + CHECKPOINT;
        loop {
            // Marked as seen before it is looked at, so that nothing falls between.
            let upto = *end.borrow_and_update();
            self.reader.check_authority()?;
            if lost.is_cancelled() {
                return Err(lost_end().into());
            }
            self.catch_up(upto).await?;
            if first || Instant::now() >= checkpoint {
                first = false;
                checkpoint = Instant::now() + CHECKPOINT;
                self.checkpoint().await?;
            }
            loop {
                tokio::select! {
                    biased;
                    end = self.reader.over() => return Err(end),
                    () = lost.cancelled() => break,
                    _ = end.changed() => break,
                    heard = ephemerals.recv() => match heard {
                        Ok(ephemeral) => self.tell(&ephemeral),
                        // Typing is dropped first; the feed lives as long as this listener.
                        Err(RecvError::Lagged(_) | RecvError::Closed) => {}
                    },
                    () = sleep_until(checkpoint) => break,
                }
            }
        }
    }

    /// Gives the reader everything up to `end`, from the ring or, where it does not reach, from the log.
    async fn catch_up(&mut self, end: i64) -> Result<(), End> {
        while self.place < end {
            let app = Arc::clone(&self.app);
            let read = app.db.read(&self.reader.caller.scope);
            // Read with the grants of now; whether they still hold is asked again for each event.
            let stretch = tail::after(&self.listener, read, self.page_grants(), self.place, end).await?;
            for event in stretch.events {
                self.pass(&event).await?;
            }
            self.place = stretch.upto;
        }
        Ok(())
    }

    /// A visitor's replay is narrowed in the query; a member's grants may change on the way and are asked event by event.
    fn page_grants(&self) -> Option<&Grants> {
        match &self.grants {
            Grants::Visitor(_) => Some(&self.grants),
            Grants::Member { .. } => None,
        }
    }

    async fn pass(&mut self, event: &LoggedEvent) -> Result<(), End> {
        self.reader.check_authority()?;
        self.place = event.number;
        if !self.grants.hear(&event.audience) {
            return Ok(());
        }
        if event.number > self.grants_as_of
            && let Some(Body::GrantsChanged(changed)) = &event.event.body
            && let Grants::Member { departments, .. } = &mut self.grants
        {
            *departments = changed.department_ids.iter().filter_map(|id| id.parse().ok()).collect();
        }
        if self.filter.passes(event) {
            let cursor = event.cursor(&self.app.cursors, self.reader.caller.tenant())?;
            self.reader
                .post(SubscribeResponse {
                    cursor: cursor.as_ref().to_owned(),
                    item: Some(Item::Event(event.event.clone())),
                })
                .await?;
        }
        Ok(())
    }

    async fn checkpoint(&self) -> Result<(), End> {
        self.send(self.place, Item::Checkpoint(pb::Checkpoint {})).await
    }

    async fn send(&self, place: i64, item: Item) -> Result<(), End> {
        let cursor = log::cursor(&self.app, self.app.db.read(&self.reader.caller.scope), place).await?;
        self.reader.post(SubscribeResponse { cursor, item: Some(item) }).await
    }

    /// Ephemerals never wait: a full mailbox drops them.
    fn tell(&self, ephemeral: &Ephemeral) {
        if ephemeral.except.is_some_and(|except| except.id() == self.reader.caller.id())
            || !self.grants.hear(&ephemeral.audience)
            || !self.filter.passes_chat(&ephemeral.typing.chat_id)
        {
            return;
        }
        let body = pb::ephemeral::Body::Typing(ephemeral.typing.clone());
        let item = Item::Ephemeral(pb::Ephemeral { body: Some(body) });
        if !self.reader.try_post(SubscribeResponse { cursor: String::new(), item: Some(item) }) {
            metrics::counter!("rapport_ephemerals_dropped_total").increment(1);
        }
    }
}
