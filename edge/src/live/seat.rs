//! One socket as the rest of the edge sees it: whose it is, and its mailbox.

use std::{
    ops::Deref,
    sync::{Arc, atomic::AtomicU32},
};

use super::mailbox::Mailbox;

/// Whose socket it is.
#[derive(Debug)]
pub(crate) struct Who {
    /// The tenant.
    pub(crate) tenant: Arc<str>,
    /// The principal itself.
    pub(crate) principal: Arc<str>,
    /// The id of the token's session.
    pub(crate) session: Box<str>,
    /// The generation of the principal's rights.
    pub(crate) generation: u32,
    /// Whether the principal is reported as connected.
    pub(crate) present: bool,
}

/// One socket.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Whose it is.
    pub(crate) who: Who,
    /// When the wheel wakes it; what it was set to last counts.
    pub(crate) due: AtomicU32,
    mailbox: Arc<Mailbox>,
}

impl Seat {
    /// Somebody's, who reads from this mailbox.
    #[must_use]
    pub(crate) fn new(who: Who, mailbox: Arc<Mailbox>) -> Arc<Self> {
        Arc::new(Self { who, due: AtomicU32::new(0), mailbox })
    }
}

impl Deref for Seat {
    type Target = Mailbox;

    fn deref(&self) -> &Mailbox {
        &self.mailbox
    }
}

/// Seats for tests of what puts frames into mailboxes.
#[cfg(test)]
pub(super) mod testing {
    use super::{super::mailbox::testing::mailbox, *};

    /// A seat of a principal of a tenant.
    pub(crate) fn seat(principal: &str, limit: usize) -> Arc<Seat> {
        Seat::new(who(principal), mailbox(limit))
    }

    /// A principal of a tenant.
    pub(crate) fn who(principal: &str) -> Who {
        Who {
            tenant: "tenant_1".into(),
            principal: principal.into(),
            session: format!("session of {principal}").into(),
            generation: 1,
            present: false,
        }
    }
}
