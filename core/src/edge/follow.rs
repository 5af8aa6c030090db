//! Following one tenant for one edge: everything in its log after a place, in order and without a gap, and what is not kept.
//!
//! It pulls like a subscriber does: it takes a place in the stream to the edge first and reads then, so that an edge that is slow
//! costs no memory however many tenants it follows.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use prost::Message as _;
use rapport_proto::{
    edge::v1::{Events, FollowResponse, FollowedEvent, TenantEphemeral, TenantReset, follow_response::Body},
    events::v1::{self as events_pb, ResetCause},
};
use tokio::sync::{
    broadcast::{Receiver, error::RecvError},
    mpsc::{self, Permit},
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::followed::followed;
use crate::{
    app::App,
    db::TenantScope,
    error::{Error, Reason, Result},
    events::{
        LoggedEvent,
        begin::{begin, unsound},
        feed::{Ephemeral, Listener},
        log, tail,
    },
};

/// How many bytes of events one message holds; one event always.
const BYTES: usize = 256 * 1024;
/// How long to wait after the log could not be read.
const AGAIN: Duration = Duration::from_millis(500);

/// The side of the stream that the edge reads.
pub(super) type Out = mpsc::Sender<Result<FollowResponse, Status>>;

/// A hold on the following of a tenant; it ends when this is dropped, and nothing of it is sent after that.
#[derive(Debug)]
pub(super) struct Attachment {
    open: Arc<Mutex<bool>>,
    stop: CancellationToken,
}

impl Drop for Attachment {
    fn drop(&mut self) {
        *self.open.lock() = false;
        self.stop.cancel();
    }
}

/// Where the edge is in the tenant's log.
#[derive(Debug)]
pub(super) struct Begin {
    /// The number of the last event it has.
    pub(super) after: i64,
    /// The cursor of that event; empty where it has none.
    pub(super) cursor: String,
}

/// Begins to follow a tenant.
pub(super) fn attach(app: &Arc<App>, out: &Out, scope: TenantScope, from: Begin) -> Attachment {
    let attachment = Attachment { open: Arc::new(Mutex::new(true)), stop: app.stopping.child_token() };
    let follower = Follower {
        app: Arc::clone(app),
        listener: app.feeds.listen(scope.tenant()),
        scope,
        out: out.clone(),
        open: Arc::clone(&attachment.open),
        place: from.after,
    };
    let stop = attachment.stop.clone();
    // At once: what is not kept is heard from here on.
    let ephemerals = follower.listener.feed.ephemerals();
    app.tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = follower.run(from.cursor, ephemerals) => {}
        }
    });
    attachment
}

struct Follower {
    app: Arc<App>,
    listener: Listener,
    scope: TenantScope,
    out: Out,
    open: Arc<Mutex<bool>>,
    /// The number up to which the edge has everything.
    place: i64,
}

impl Follower {
    /// Returns when the edge is gone or had a place that is none.
    async fn run(mut self, cursor: String, mut ephemerals: Receiver<Arc<Ephemeral>>) {
        let unsound = loop {
            match self.begin(&cursor).await {
                Ok(cause) => break cause,
                Err(error) => self.wait_after(&error).await,
            }
        };
        if let Some(cause) = unsound {
            return self.reset(cause).await;
        }
        let mut end = self.listener.feed.watch();
        let lost = self.listener.feed.lost().clone();
        loop {
            if lost.is_cancelled() {
                return self.reset(ResetCause::Restored).await;
            }
            // Marked as seen before it is looked at, so that nothing falls between.
            let upto = *end.borrow_and_update();
            while self.place < upto && !lost.is_cancelled() {
                // The place in the stream first: whatever waits for it holds no events.
                let out = self.out.clone();
                let Ok(permit) = out.reserve().await else { return };
                match self.next(upto).await {
                    Ok(Some(events)) => self.send(permit, Body::Events(events)),
                    Ok(None) => {}
                    Err(error) => {
                        drop(permit);
                        self.wait_after(&error).await;
                    }
                }
            }
            loop {
                tokio::select! {
                    () = self.out.closed() => return,
                    () = lost.cancelled() => break,
                    _ = end.changed() => break,
                    heard = ephemerals.recv() => match heard {
                        Ok(ephemeral) => self.tell(&ephemeral),
                        // They are dropped first; the feed lives as long as this listener.
                        Err(RecvError::Lagged(_) | RecvError::Closed) => {}
                    },
                }
            }
        }
    }

    /// Tells the edge to begin anew.
    async fn reset(&self, cause: ResetCause) {
        if let Ok(permit) = self.out.reserve().await {
            let reset = TenantReset { tenant_id: self.scope.tenant().to_string(), cause: cause.into() };
            self.send(permit, Body::Reset(reset));
        }
    }

    /// Sees to it that the feed knows its end, and to whether the edge's place is one of this history.
    async fn begin(&mut self, cursor: &str) -> Result<Option<ResetCause>> {
        let read = self.app.db.read(&self.scope);
        let (end, at) = log::last(read).await?;
        self.listener.feed.begin_at(end, Some(at));
        if cursor.is_empty() {
            return unsound(read, self.place, None, end).await;
        }
        match begin(&self.app, &self.scope, cursor, end).await {
            Ok((_, Some(cause))) => Ok(Some(cause)),
            Ok((place, None)) => {
                self.place = place;
                Ok(None)
            }
            // Of another installation than this one has become.
            Err(error) if error.reason == Reason::CursorInvalid => Ok(Some(ResetCause::Restored)),
            Err(error) => Err(error),
        }
    }

    /// The next events, as many as fit; nothing where none are left before `end`.
    async fn next(&mut self, end: i64) -> Result<Option<Events>> {
        let read = self.app.db.read(&self.scope);
        let stretch = tail::after(&self.listener, read, None, self.place, end).await?;
        let mut events: Vec<FollowedEvent> = Vec::with_capacity(stretch.events.len());
        let mut bytes = 0;
        for event in &stretch.events {
            let next = self.followed(event)?;
            bytes += next.encoded_len();
            if bytes > BYTES && !events.is_empty() {
                break;
            }
            events.push(next);
        }
        let Some(last) = events.last() else {
            self.place = stretch.upto;
            return Ok(None);
        };
        self.place = last.number;
        Ok(Some(Events { tenant_id: self.scope.tenant().to_string(), events }))
    }

    fn followed(&self, event: &LoggedEvent) -> Result<FollowedEvent> {
        followed(&self.app, self.scope.tenant(), event.audience.principals(), event)
    }

    /// Sends unless the attachment has ended: under its lock, so that nothing comes after what a new one sends.
    fn send(&self, permit: Permit<'_, Result<FollowResponse, Status>>, body: Body) {
        let open = self.open.lock();
        if *open {
            permit.send(Ok(FollowResponse { body: Some(body) }));
        }
    }

    /// Ephemerals never wait: a full stream drops them.
    fn tell(&self, ephemeral: &Ephemeral) {
        // The edge follows the core where it was said too, and is to hear it once.
        if ephemeral.from_afar {
            return;
        }
        let body = events_pb::ephemeral::Body::Typing(ephemeral.typing.clone());
        let message = TenantEphemeral {
            tenant_id: self.scope.tenant().to_string(),
            audience: ephemeral.audience.principals(),
            except: ephemeral.except.map(|except| except.to_string()).unwrap_or_default(),
            ephemeral: Some(events_pb::Ephemeral { body: Some(body) }),
        };
        match self.out.try_reserve() {
            Ok(permit) => self.send(permit, Body::Ephemeral(message)),
            Err(_full) => metrics::counter!("rapport_ephemerals_dropped_total").increment(1),
        }
    }

    /// A log that cannot be read is read again: the edge waits, and nothing is passed over.
    async fn wait_after(&self, error: &Error) {
        tracing::warn!(%error, causes = error.causes(), tenant = %self.scope.tenant(), "a log cannot be followed for an edge");
        tokio::time::sleep(AGAIN).await;
    }
}
