//! How many streams a member or visitor has open on this core, and the limit of it.

use std::sync::Arc;

use dashmap::DashMap;
use uuid::Uuid;

use crate::error::{Error, Reason, Result};

/// How many streams one caller may have open on one core.
pub const PER_CALLER: usize = 32;

/// The open streams of this core.
#[derive(Clone, Debug, Default)]
pub struct Streams(Arc<DashMap<Uuid, usize>>);

/// The right to one open stream; dropping it closes the stream's place.
#[derive(Debug)]
pub struct StreamPermit {
    streams: Streams,
    caller: Uuid,
}

impl Streams {
    /// Takes a place, or refuses.
    pub fn open(&self, caller: Uuid) -> Result<StreamPermit> {
        let mut open = self.0.entry(caller).or_default();
        if *open >= PER_CALLER {
            return Err(Error::new(
                Reason::TooManyStreams,
                format!("a caller holds at most {PER_CALLER} streams"),
            ));
        }
        *open += 1;
        drop(open);
        Ok(StreamPermit { streams: self.clone(), caller })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        self.streams.0.remove_if_mut(&self.caller, |_, open| {
            *open -= 1;
            *open == 0
        });
    }
}
