//! What is known of each message of a load: when it was to be sent, and how long it took until the last of those who must hear it had
//! heard it.

use std::{
    ops::Range,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use crate::Fallible;

/// The messages by their numbers.
#[derive(Debug)]
pub(crate) struct Board {
    begun: Instant,
    /// How many must hear each.
    hearers: u32,
    slots: Box<[Slot]>,
    /// A place for each message that all have heard.
    heard: Semaphore,
}

#[derive(Debug, Default)]
struct Slot {
    intended: AtomicU64,
    heard: AtomicU32,
    took: AtomicU32,
}

impl Board {
    /// An empty one for so many messages, each of which so many must hear.
    pub(crate) fn new(messages: usize, hearers: usize) -> Fallible<Self> {
        Ok(Self {
            begun: Instant::now(),
            hearers: u32::try_from(hearers)?,
            slots: (0..messages).map(|_| Slot::default()).collect(),
            heard: Semaphore::new(0),
        })
    }

    /// How many must hear each.
    pub(crate) fn hearers(&self) -> u32 {
        self.hearers
    }

    /// Since it was made; moments here are told like this.
    pub(crate) fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Says when a message is to be sent.
    pub(crate) fn intend(&self, number: usize, at: Duration) -> Fallible {
        let slot = self.slots.get(number).ok_or("more messages than there is room for")?;
        slot.intended.store(u64::try_from(at.as_micros())?, Ordering::Relaxed);
        Ok(())
    }

    /// Notes that one more has heard a message; one hearer too many is an error.
    pub(crate) fn note(&self, number: usize) -> Fallible {
        let slot = self.slots.get(number).ok_or("a message nobody sent was heard")?;
        let heard = slot.heard.fetch_add(1, Ordering::Relaxed) + 1;
        if heard == self.hearers {
            let now = u64::try_from(self.now().as_micros())?;
            let took = now.saturating_sub(slot.intended.load(Ordering::Relaxed));
            slot.took.store(u32::try_from(took)?, Ordering::Relaxed);
            self.heard.add_permits(1);
        }
        if heard > self.hearers { Err("a message was heard too often".into()) } else { Ok(()) }
    }

    /// Waits until so many more were heard by all; each is waited for once.
    pub(crate) async fn heard(&self, count: usize) -> Fallible {
        self.heard.acquire_many(u32::try_from(count)?).await?.forget();
        Ok(())
    }

    /// How long each of these took that all have heard, in microseconds.
    pub(crate) fn micros(&self, numbers: Range<usize>) -> Vec<u32> {
        self.slots[numbers].iter().map(|slot| slot.took.load(Ordering::Relaxed)).collect()
    }
}
