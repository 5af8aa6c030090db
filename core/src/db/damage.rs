//! Whether the file this core writes is known to be damaged. From then on nothing is written to it: what is there would be mixed with
//! what rests on damaged pages. The file beside it remembers, so that the next start looks before it serves (`connect.rs`).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::connect::Claim;
use crate::error::{Error, Reason};

/// What is known of the file, for everybody who works with it.
#[derive(Clone, Debug)]
pub(super) struct Damage(Arc<Known>);

#[derive(Debug)]
struct Known {
    is_damaged: AtomicBool,
    claim: Claim,
}

impl Damage {
    pub(super) fn none_yet(claim: Claim) -> Self {
        Self(Arc::new(Known { is_damaged: AtomicBool::new(false), claim }))
    }

    /// Looks at what became of a piece of work.
    pub(super) fn note(&self, error: &Error) {
        if error.is_damage() && !self.0.is_damaged.swap(true, Ordering::Relaxed) {
            tracing::error!(
                causes = error.causes(),
                "the database file is damaged; nothing more is written to it: stop this core and restore a backup"
            );
            self.0.claim.mark_damaged();
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.0.is_damaged.load(Ordering::Relaxed)
    }

    /// Why nothing is written any more, if so.
    pub(super) fn refusal(&self) -> Option<Error> {
        let refusal = || Error::new(Reason::StoreUnavailable, "the database is damaged; nothing was stored");
        self.is_known().then(refusal)
    }

    pub(super) fn release(&self) {
        self.0.claim.release();
    }
}
