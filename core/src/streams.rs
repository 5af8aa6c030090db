//! How many streams a member or visitor has open on this core, and the limit of it. A member with one is connected: the roster knows.

use std::sync::Arc;

use dashmap::DashMap;
use uuid::Uuid;

use crate::{
    caller::{Caller, Principal},
    error::{Error, Reason, Result},
    ids::{MemberId, TenantId},
    roster::Roster,
};

/// How many streams one caller may have open on one core.
pub const PER_CALLER: usize = 32;

/// The open streams of this core.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    open: Arc<DashMap<Uuid, usize>>,
    /// The members among those who have one.
    pub(crate) roster: Arc<Roster>,
}

/// The right to one open stream; dropping it closes the stream's place.
#[derive(Debug)]
pub struct StreamPermit {
    streams: Streams,
    caller: Uuid,
    member: Option<(TenantId, MemberId)>,
}

impl Streams {
    /// Takes a place, or refuses.
    pub fn open(&self, caller: &Caller) -> Result<StreamPermit> {
        let mut open = self.open.entry(caller.id()).or_default();
        if *open >= PER_CALLER {
            return Err(Error::new(
                Reason::TooManyStreams,
                format!("a caller holds at most {PER_CALLER} streams"),
            ));
        }
        *open += 1;
        let member = match caller.principal {
            Principal::Member(id, _) => Some((caller.tenant(), id)),
            Principal::Visitor(_) => None,
        };
        // Under the entry's lock like the count, so that of two at once the last one decides.
        if let Some((tenant, member)) = member
            && *open == 1
        {
            self.roster.set(tenant, member, true);
        }
        drop(open);
        Ok(StreamPermit { streams: self.clone(), caller: caller.id(), member })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        self.streams.open.remove_if_mut(&self.caller, |_, open| {
            *open -= 1;
            if let Some((tenant, member)) = self.member
                && *open == 0
            {
                self.streams.roster.set(tenant, member, false);
            }
            *open == 0
        });
    }
}
