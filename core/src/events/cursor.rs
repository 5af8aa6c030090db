//! A place in a tenant's log as readers know it: sealed, so that nobody learns how much another writes, and bound to the
//! tenant, to the store's epoch, and to the moment of the event: a store put back from a copy goes on with the same numbers for
//! other events, and a cursor from before is told from one of its own.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    clock::Micros,
    error::{Error, Reason, Result},
    ids::TenantId,
    seal::{Purpose, Sealer},
};

/// Makes and reads cursors.
#[derive(Clone, Debug)]
pub struct Cursors {
    sealer: Arc<Sealer>,
    epoch: Uuid,
}

/// Where a reader's cursor points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// After the event of this number, which was committed at this moment: another one of the same number is not it.
    After(i64, Micros),
    /// Into a store that was replaced by another since.
    OtherEpoch,
}

impl Cursors {
    /// Cursors of a store's epoch.
    #[must_use]
    pub fn new(sealer: Arc<Sealer>, epoch: Uuid) -> Self {
        Self { sealer, epoch }
    }

    /// The cursor after the event of this number and moment.
    pub fn seal(&self, tenant: TenantId, number: i64, at: Micros) -> Result<String> {
        let mut content = [0; 48];
        content[..16].copy_from_slice(tenant.uuid().as_bytes());
        content[16..32].copy_from_slice(self.epoch.as_bytes());
        content[32..40].copy_from_slice(&number.to_be_bytes());
        content[40..].copy_from_slice(&at.0.to_be_bytes());
        self.sealer.seal(Purpose::Cursor, &content)
    }

    /// Reads a cursor of this tenant; one of another tenant is as good as a changed one.
    pub fn open(&self, tenant: TenantId, cursor: &str) -> Result<Place> {
        let content = self.sealer.open(Purpose::Cursor, cursor);
        let Some(content) = content.and_then(|c| <[u8; 48]>::try_from(c).ok()) else { return Err(invalid()) };
        if content[..16] != tenant.uuid().as_bytes()[..] {
            return Err(invalid());
        }
        if content[16..32] != self.epoch.as_bytes()[..] {
            return Ok(Place::OtherEpoch);
        }
        let (mut number, mut at) = ([0; 8], [0; 8]);
        number.copy_from_slice(&content[32..40]);
        at.copy_from_slice(&content[40..]);
        Ok(Place::After(i64::from_be_bytes(number), Micros(i64::from_be_bytes(at))))
    }
}

fn invalid() -> Error {
    Error::new(Reason::CursorInvalid, "this is not a cursor of this workspace")
}
