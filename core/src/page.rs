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

/// How many bytes of text a page holds; one row always.
pub const BYTES: usize = 512 * 1024;

/// Leaves as many rows as a page has, by number and by bytes; true where more follow.
pub fn cut<T>(rows: &mut Vec<T>, size: usize, bytes: impl Fn(&T) -> usize) -> bool {
    let found = rows.len();
    let mut sum = 0;
    let fitting = rows.iter().take(size).enumerate().take_while(|(place, row)| {
        sum += bytes(row);
        *place == 0 || sum <= BYTES
    });
    let kept = fitting.count();
    rows.truncate(kept);
    kept < found
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

    /// The token that goes on after a row whose key is a number.
    pub fn token_of_number(&self, sealer: &Sealer, last: u32) -> Result<String> {
        self.token(sealer, Uuid::from_u128(u128::from(last)))
    }

    /// The number of the row to go on after; nothing for the first page.
    pub fn open_number(&self, sealer: &Sealer, token: &str) -> Result<Option<u32>> {
        Ok(self.open(sealer, token)?.map(|last| u32::try_from(last.as_u128()).unwrap_or(0)))
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
