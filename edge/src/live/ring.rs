//! The latest events of a tenant, for whoever comes back after a moment. Without a gap; bounded in number and in bytes.

use std::{collections::VecDeque, sync::Arc};

use rapport_proto::edge::v1::Rescope;

use super::frame::Frame;

/// How many events are kept by default.
const EVENTS: usize = 4_096;
/// How many bytes of them are kept; the latest one always.
const BYTES: usize = 4 * 1024 * 1024;

/// An event as it goes out, and to whom.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Its number, without gaps within the tenant.
    pub(crate) number: i64,
    /// Its cursor.
    pub(crate) cursor: Box<str>,
    /// The principals it is for.
    pub(crate) audience: Box<[Box<str>]>,
    /// The frame, made once for all who hear it.
    pub(crate) frame: Frame,
    /// What it changes of what somebody hears, from the next event on.
    pub(crate) rescope: Option<Rescope>,
}

/// The latest events.
#[derive(Debug)]
pub(crate) struct Ring {
    events: VecDeque<Arc<Kept>>,
    /// How many events are kept.
    pub(super) most: usize,
    bytes: usize,
    end: i64,
}

impl Ring {
    /// An empty one that goes on after `end`.
    #[must_use]
    pub(crate) fn after(end: i64) -> Self {
        Self { events: VecDeque::new(), most: EVENTS, bytes: 0, end }
    }

    /// The number of the last event known.
    #[must_use]
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// The number after which everything up to the end is here.
    #[must_use]
    pub(crate) fn start(&self) -> i64 {
        self.events.front().map_or(self.end, |first| first.number - 1)
    }

    /// Adds the event after the last one.
    pub(crate) fn push(&mut self, event: Arc<Kept>) {
        debug_assert_eq!(event.number, self.end + 1, "the ring has no gap");
        self.end = event.number;
        self.bytes += event.cost();
        self.events.push_back(event);
        while self.events.len() > self.most || (self.bytes > BYTES && self.events.len() > 1) {
            if let Some(gone) = self.events.pop_front() {
                self.bytes -= gone.cost();
            }
        }
    }

    /// What follows a place that the ring reaches back to.
    pub(crate) fn from(&self, place: i64) -> impl Iterator<Item = &Arc<Kept>> {
        let passed = usize::try_from(place.saturating_sub(self.start())).unwrap_or(0);
        self.events.iter().skip(passed)
    }
}

impl Kept {
    fn cost(&self) -> usize {
        let audience: usize = self.audience.iter().map(|name| name.len() + 16).sum();
        self.frame.len() + self.cursor.len() + audience + 128
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(number: i64, bytes: usize) -> Arc<Kept> {
        Arc::new(Kept {
            number,
            cursor: Box::from(""),
            audience: Box::default(),
            frame: Frame::text(&"x".repeat(bytes)),
            rescope: None,
        })
    }

    #[test]
    fn it_keeps_the_latest_by_number_and_by_bytes() {
        let mut ring = Ring::after(10);
        assert_eq!((ring.start(), ring.end()), (10, 10));
        assert_eq!(ring.from(10).count(), 0);
        for number in 11..=5_010 {
            ring.push(kept(number, 10));
        }
        assert_eq!((ring.start(), ring.end()), (5_010 - 4_096, 5_010));
        assert_eq!(
            ring.from(5_000).map(|event| event.number).collect::<Vec<_>>(),
            (5_001..=5_010).collect::<Vec<_>>()
        );
        for number in 5_011..=5_020 {
            ring.push(kept(number, 1 << 20));
        }
        assert_eq!(
            (ring.start(), ring.end()),
            (5_017, 5_020),
            "three of a megabyte fit, with what they cost besides"
        );
        ring.push(kept(5_021, 5 << 20));
        assert_eq!(ring.start(), 5_020, "the latest stays, however long it is");
    }
}
