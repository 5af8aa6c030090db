//! Sealed texts: cursors, page tokens and visitor secrets that only this installation can make or read.
//!
//! A seal is AES-256-GCM-SIV under a key of its own purpose, derived from the master key. It needs no nonce that never
//! repeats: the same content gives the same text (which is what a cursor wants), a changed one does not open.

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{error::Error, keys::MasterKey};

/// What a sealed text is for. One made for another purpose does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A place in a tenant's event log.
    Cursor,
    /// The place where a list goes on.
    Page,
    /// What makes tomorrow's visitor the same person.
    VisitorSecret,
    /// What one core says to the others.
    Bus,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Cursor => b"cursor",
            Self::Page => b"page",
            Self::VisitorSecret => b"visitor-secret",
            Self::Bus => b"bus",
        }
    }
}

/// Seals and opens texts.
pub struct Sealer(Aes256GcmSiv);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

const NONCE: [u8; 12] = *b"rapport-seal";

impl Sealer {
    /// A sealer under the installation's master key.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self(Aes256GcmSiv::new(&master.derive(b"seal").into()))
    }

    /// Seals `content`.
    pub fn seal(&self, purpose: Purpose, content: &[u8]) -> Result<String, Error> {
        let payload = Payload { msg: content, aad: purpose.label() };
        let sealed = self
            .0
            .encrypt(&Nonce::from(NONCE), payload)
            .map_err(|_| Error::internal("a text could not be sealed"))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`Self::seal`] made for the same purpose; anything else is nothing.
    #[must_use]
    pub fn open(&self, purpose: Purpose, text: &str) -> Option<Vec<u8>> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let payload = Payload { msg: &sealed, aad: purpose.label() };
        self.0.decrypt(&Nonce::from(NONCE), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_text_or_another_purpose_does_not_open() {
        let sealer = Sealer::new(&MasterKey::from_bytes([7; 32]));
        let text = sealer.seal(Purpose::Cursor, b"place").unwrap();
        assert_eq!(sealer.open(Purpose::Cursor, &text).as_deref(), Some(&b"place"[..]));
        assert_eq!(sealer.open(Purpose::Page, &text), None);
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(sealer.open(Purpose::Cursor, std::str::from_utf8(&changed).unwrap()), None);
        }
        let other = Sealer::new(&MasterKey::from_bytes([8; 32]));
        assert_eq!(other.open(Purpose::Cursor, &text), None);
    }
}
