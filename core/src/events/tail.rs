//! What follows a place of the log, for whoever listens: from the feed's ring, or from the log where the ring does not reach.

use std::sync::Arc;

use super::{Grants, LoggedEvent, feed::Listener, log};
use crate::{db::TenantRead, error::Result};

/// How many events are taken at a time.
pub(crate) const TAKE: usize = 128;

/// Events that follow one another.
pub(crate) struct Stretch {
    /// The events in order.
    pub(crate) events: Vec<Arc<LoggedEvent>>,
    /// The number up to which nothing is missing.
    pub(crate) upto: i64,
}

/// What follows `place`, not necessarily up to `end`, which the feed is known to have reached. What is read from the log may be
/// narrowed to what `grants` hear; what is in the ring is not.
pub(crate) async fn after(
    listener: &Listener,
    read: TenantRead<'_>,
    grants: Option<&Grants>,
    place: i64,
    end: i64,
) -> Result<Stretch> {
    if let Some(events) = listener.feed.after(place, TAKE)
        && let Some(last) = events.last()
    {
        return Ok(Stretch { upto: last.number, events });
    }
    let page = log::after(read, grants, place, end, u64::try_from(TAKE).unwrap_or(u64::MAX)).await?;
    Ok(Stretch { events: page.events.into_iter().map(Arc::new).collect(), upto: page.upto })
}
