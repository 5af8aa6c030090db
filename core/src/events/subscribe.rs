//! `Subscribe`: replay after the cursor, then live, each event once and in order, until the reader's authority ends.

use std::{collections::HashSet, pin::pin, sync::Arc, time::Duration};

use rapport_proto::events::v1::{
    self as pb, EventType, SubscribeResponse, event::Body, subscribe_response::Item,
};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, sleep_until},
};
use tonic::Status;

use super::{
    Grants, LoggedEvent,
    cursor::Place,
    feed::{Ephemeral, Listener},
    log,
    mailbox::{Mailbox, Outgoing, mailbox},
};
use crate::{
    app::App,
    caller::Caller,
    error::{Error, Reason, Result},
    ids::ChatId,
    layers::trace,
    tenants,
};

/// How often an idle reader's cursor is moved.
const CHECKPOINT: Duration = Duration::from_secs(25);
/// How many events are taken at a time.
const TAKE: usize = 128;

/// What the service hands to tonic.
pub(super) type Stream = Outgoing;

/// Checks the request, begins to listen, and leaves the rest to a task of its own.
pub(super) async fn run(app: &Arc<App>, caller: &Caller, req: pb::SubscribeRequest) -> Result<Stream> {
    let permit = app.streams.open(caller.id())?;
    let listener = app.feeds.listen(caller.tenant());
    let read = app.db.read(&caller.scope);
    // The end first, the grants after it: a change of grants beyond this end is an event still to come.
    let end = log::end(read).await?;
    if listener.feed.end().is_none() {
        listener.feed.begin_at(end);
    }
    let grants = tenants::grants_of(app, caller).await?;
    let (place, reset) = begin(app, caller, &req.cursor, end).await?;
    let (mailbox, stream) = mailbox(permit);
    let subscription = Subscription {
        app: Arc::clone(app),
        caller: caller.clone(),
        filter: Filter::new(&req)?,
        listener,
        grants,
        grants_as_of: end,
        place,
        mailbox,
        expiry: Instant::now() + app.clock.now().until(caller.expires_at),
    };
    app.tasks.spawn(trace::carry(subscription.serve(reset)));
    Ok(stream)
}

/// Where to begin, and whether the reader has to begin anew.
pub(super) async fn begin(
    app: &App,
    caller: &Caller,
    cursor: &str,
    end: i64,
) -> Result<(i64, Option<pb::ResetCause>)> {
    if cursor.is_empty() {
        return Ok((end, None));
    }
    let (number, at) = match app.cursors.open(caller.tenant(), cursor)? {
        Place::After(number, at) if number <= end => (number, at),
        Place::After(..) | Place::OtherEpoch => return Ok((end, Some(pb::ResetCause::Restored))),
    };
    let read = app.db.read(&caller.scope);
    match log::moment(read, number).await? {
        Some(found) if found == at => Ok((number, None)),
        Some(_another) => Ok((end, Some(pb::ResetCause::Restored))),
        // Before the first event of all, or just before the oldest that is kept.
        None if log::beginning(read).await?.is_none_or(|oldest| oldest == number + 1) => Ok((number, None)),
        None => Ok((end, Some(pb::ResetCause::HistoryGone))),
    }
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

/// One reader.
struct Subscription {
    app: Arc<App>,
    caller: Caller,
    filter: Filter,
    listener: Listener,
    grants: Grants,
    /// Changes of grants up to this number are in `grants` already.
    grants_as_of: i64,
    /// The number up to which the reader has everything.
    place: i64,
    mailbox: Mailbox,
    /// When the token ends.
    expiry: Instant,
}

/// Why a subscription ends.
enum End {
    /// The reader went away.
    Gone,
    /// The reader is told why.
    Told(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

impl Subscription {
    async fn serve(mut self, reset: Option<pb::ResetCause>) {
        match self.follow(reset).await {
            Ok(()) | Err(End::Gone) => {}
            Err(End::Told(error)) => {
                metrics::counter!("rapport_streams_ended_total", "reason" => format!("{:?}", error.reason))
                    .increment(1);
                self.mailbox.cut(Status::from(error));
            }
        }
    }

    async fn follow(&mut self, reset: Option<pb::ResetCause>) -> Result<(), End> {
        let mut end = self.listener.feed.watch();
        let mut ephemerals = self.listener.feed.ephemerals();
        let mut revoked = self.app.revocations.watch();
        let stopping = self.app.stopping.clone();
        let mut stopping = pin!(stopping.cancelled());
        let expiry = self.expiry;
        if let Some(cause) = reset {
            self.send(self.place, Item::Reset(pb::Reset { cause: cause.into() })).await?;
        }
        let mut first = true;
        let mut checkpoint = Instant::now() + CHECKPOINT;
        loop {
            // Marked as seen before they are looked at, so that nothing falls between.
            let upto = *end.borrow_and_update();
            revoked.borrow_and_update();
            self.check_authority()?;
            self.catch_up(upto).await?;
            if first || Instant::now() >= checkpoint {
                first = false;
                checkpoint = Instant::now() + CHECKPOINT;
                self.checkpoint().await?;
            }
            loop {
                tokio::select! {
                    biased;
                    () = &mut stopping => {
                        return Err(shutting_down().into());
                    }
                    () = sleep_until(expiry) => return Err(expired().into()),
                    () = self.mailbox.gone() => return Err(End::Gone),
                    _ = revoked.changed() => break,
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

    fn check_authority(&self) -> Result<(), End> {
        if let Some(reason) = self.app.revocations.verdict(&self.caller) {
            return Err(Error::new(reason, "the authority of this stream has ended").into());
        }
        Ok(())
    }

    /// Gives the reader everything up to `end`, from the ring or, where it does not reach, from the log.
    async fn catch_up(&mut self, end: i64) -> Result<(), End> {
        while self.place < end {
            if let Some(events) = self.listener.feed.after(self.place, TAKE) {
                for event in events {
                    self.pass(&event).await?;
                }
                continue;
            }
            let app = Arc::clone(&self.app);
            let read = app.db.read(&self.caller.scope);
            let limit = u64::try_from(TAKE).unwrap_or(u64::MAX);
            // Read with the grants of now; whether they still hold is asked again for each event.
            let page = log::after(read, self.page_grants(), self.place, end, limit).await?;
            for event in page.events {
                self.pass(&event).await?;
            }
            self.place = page.upto;
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
        self.check_authority()?;
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
            let cursor = event.cursor(&self.app.cursors, self.caller.tenant())?;
            self.post(SubscribeResponse {
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
        let cursor = log::cursor(&self.app, self.app.db.read(&self.caller.scope), place).await?;
        self.post(SubscribeResponse { cursor, item: Some(item) }).await
    }

    /// Waits for a reader that is slow only so long; one that stands still is cut off and comes back with its cursor. While it
    /// waits, its authority may end like at any other time.
    async fn post(&self, response: SubscribeResponse) -> Result<(), End> {
        let Err(mut response) = self.mailbox.try_put(response) else { return Ok(()) };
        let mut revoked = self.app.revocations.watch();
        self.check_authority()?;
        let patience = Instant::now() + self.app.limits.slow_reader;
        loop {
            tokio::select! {
                biased;
                () = self.app.stopping.cancelled() => return Err(shutting_down().into()),
                () = sleep_until(self.expiry) => return Err(expired().into()),
                () = self.mailbox.gone() => return Err(End::Gone),
                _ = revoked.changed() => self.check_authority()?,
                () = self.mailbox.room() => match self.mailbox.try_put(response) {
                    Ok(()) => return Ok(()),
                    Err(back) => response = back,
                },
                () = sleep_until(patience) => {
                    let text = "the reader did not keep up; subscribe again with the last cursor";
                    return Err(Error::new(Reason::SlowReader, text).into());
                }
            }
        }
    }

    /// Ephemerals never wait: a full mailbox drops them.
    fn tell(&self, ephemeral: &Ephemeral) {
        if ephemeral.except == self.caller.id()
            || !self.grants.hear(&ephemeral.audience)
            || !self.filter.passes_chat(&ephemeral.typing.chat_id)
        {
            return;
        }
        let body = pb::ephemeral::Body::Typing(ephemeral.typing.clone());
        let item = Item::Ephemeral(pb::Ephemeral { body: Some(body) });
        if self.mailbox.try_put(SubscribeResponse { cursor: String::new(), item: Some(item) }).is_err() {
            metrics::counter!("rapport_ephemerals_dropped_total").increment(1);
        }
    }
}

fn shutting_down() -> Error {
    Error::new(Reason::ShuttingDown, "this server is shutting down")
}

fn expired() -> Error {
    Error::new(Reason::TokenExpired, "the access token has expired")
}
