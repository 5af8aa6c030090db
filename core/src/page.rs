//! Paging by key: a page token is the key of the last row, sealed with the tenant and with what else was asked.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    caller::Caller,
    error::{Error, Reason, Result},
    seal::{Purpose, Sealer},
};

const DEFAULT: u32 = 50;
const MOST: u32 = 200;

/// How many rows a page has: 0 means 50, more than 200 means 200.
#[must_use]
pub fn size(asked: u32) -> usize {
    let size = if asked == 0 { DEFAULT } else { asked.min(MOST) };
    usize::try_from(size).unwrap_or(50)
}

/// What a page token is bound to: the caller, the list, and the filters as the caller wrote them.
#[derive(Debug)]
pub struct Bound([u8; 32]);

impl Bound {
    /// Binds to a caller, a list and its filters.
    #[must_use]
    pub fn to(caller: &Caller, list: &str, filters: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(caller.tenant().uuid().as_bytes());
        hash.update(caller.id().as_bytes());
        hash.update([u8::try_from(list.len()).unwrap_or(u8::MAX)]);
        hash.update(list.as_bytes());
        hash.update(filters);
        Self(hash.finalize().into())
    }

    /// The token that goes on after a row.
    pub fn token(&self, sealer: &Sealer, last: Uuid) -> Result<String> {
        let mut content = [0; 48];
        content[..32].copy_from_slice(&self.0);
        content[32..].copy_from_slice(last.as_bytes());
        sealer.seal(Purpose::Page, &content)
    }

    /// The row to go on after; nothing for the first page.
    pub fn open(&self, sealer: &Sealer, token: &str) -> Result<Option<Uuid>> {
        if token.is_empty() {
            return Ok(None);
        }
        let content = sealer.open(Purpose::Page, token).filter(|c| c.len() == 48 && c[..32] == self.0);
        match content.and_then(|c| Uuid::from_slice(&c[32..]).ok()) {
            Some(last) => Ok(Some(last)),
            None => Err(Error::new(Reason::PageTokenInvalid, "this page token is not one of this list")),
        }
    }
}
