//! How many streams a session has open on this core, and the limit of it.

use std::sync::Arc;

use dashmap::DashMap;

use crate::{
    error::{Error, Reason, Result},
    ids::SessionId,
};

/// How many streams one session may have open on one core.
pub const PER_SESSION: usize = 32;

/// The open streams of this core.
#[derive(Clone, Debug, Default)]
pub struct Streams(Arc<DashMap<SessionId, usize>>);

/// The right to one open stream; dropping it closes the stream's place.
#[derive(Debug)]
pub struct StreamPermit {
    streams: Streams,
    session: SessionId,
}

impl Streams {
    /// Takes a place, or refuses.
    pub fn open(&self, session: SessionId) -> Result<StreamPermit> {
        let mut open = self.0.entry(session).or_default();
        if *open >= PER_SESSION {
            return Err(Error::new(
                Reason::TooManyStreams,
                format!("a session holds at most {PER_SESSION} streams"),
            ));
        }
        *open += 1;
        drop(open);
        Ok(StreamPermit { streams: self.clone(), session })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        self.streams.0.remove_if_mut(&self.session, |_, open| {
            *open -= 1;
            *open == 0
        });
    }
}
