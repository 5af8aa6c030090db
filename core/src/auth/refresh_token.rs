//! The form of refresh tokens. A token is made from what its session's row holds, so the same one can be made again for whoever
//! lost it on the way; the row itself holds only its hash.
//!
//! `rt_` and, in base64url: session (16 bytes), tenant (16), generation (4, big-endian), a code over these three and the id of
//! the request that made it (32), a code over these three alone (16). The second code tells a genuine old token, whose request
//! is forgotten, from a forged one: only the first of the two is an alarm.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::{
    ids::{SessionId, TenantId},
    keys::MasterKey,
};

const PREFIX: &str = "rt_";
const PURPOSE: &[u8] = b"refresh-token";
/// Session, tenant and generation.
const NAMED: usize = 36;
const CODE: usize = 32;
const MARK: usize = 16;
const LENGTH: usize = NAMED + CODE + MARK;

/// Which link of which session's chain a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) session: SessionId,
    pub(super) tenant: TenantId,
    pub(super) generation: i32,
}

impl Link {
    fn bytes(self) -> [u8; NAMED] {
        let mut bytes = [0; NAMED];
        bytes[..16].copy_from_slice(self.session.uuid().as_bytes());
        bytes[16..32].copy_from_slice(self.tenant.uuid().as_bytes());
        bytes[32..].copy_from_slice(&self.generation.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; NAMED]) -> Option<Self> {
        Some(Self {
            session: Uuid::from_slice(&bytes[..16]).ok()?.into(),
            tenant: Uuid::from_slice(&bytes[16..32]).ok()?.into(),
            generation: i32::from_be_bytes(bytes[32..].try_into().ok()?),
        })
    }
}

/// A token that this installation made, at some time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Genuine {
    pub(super) link: Link,
    hash: [u8; 32],
}

impl Genuine {
    /// Whether it is the very token whose hash this is.
    pub(super) fn has_hash(&self, hash: &[u8]) -> bool {
        self.hash[..].ct_eq(hash).into()
    }
}

/// The token of a link, made by this request; at sign-in by none.
pub(super) fn make(master: &MasterKey, link: Link, request_id: Option<Uuid>) -> String {
    let named = link.bytes();
    let mut token = Vec::with_capacity(LENGTH);
    token.extend_from_slice(&named);
    let mut said = named.to_vec();
    said.extend_from_slice(request_id.unwrap_or(Uuid::nil()).as_bytes());
    token.extend_from_slice(&master.mac(PURPOSE, &said));
    token.extend_from_slice(&mark(master, &named));
    format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(token))
}

/// Said over fewer bytes than the other code, so that neither can be taken for the other.
fn mark(master: &MasterKey, named: &[u8; NAMED]) -> [u8; MARK] {
    let mut mark = [0; MARK];
    mark.copy_from_slice(&master.mac(PURPOSE, named)[..MARK]);
    mark
}

/// What the session's row holds of its token.
pub(super) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Opens a token of ours; anything else is nothing.
pub(super) fn open(master: &MasterKey, token: &str) -> Option<Genuine> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
    let bytes: [u8; LENGTH] = bytes.try_into().ok()?;
    let (named, rest) = bytes.split_first_chunk::<NAMED>()?;
    let genuine: bool = rest[CODE..].ct_eq(&mark(master, named)).into();
    let link = Link::from_bytes(named).filter(|_| genuine)?;
    Some(Genuine { link, hash: hash(token) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(generation: i32) -> Link {
        let id = |n| Uuid::from_u128(n);
        Link { session: id(1).into(), tenant: id(2).into(), generation }
    }

    #[test]
    fn the_same_request_makes_the_same_token_again_and_another_one_does_not() {
        let master = MasterKey::from_bytes([7; 32]);
        let first = Some(Uuid::from_u128(8));
        let token = make(&master, link(1), first);
        assert_eq!(token, make(&master, link(1), first));
        assert_ne!(token, make(&master, link(1), Some(Uuid::from_u128(9))));
        assert_ne!(token, make(&master, link(1), None));
        assert!(token.starts_with("rt_") && token.len() < 400, "{token}");
        let genuine = open(&master, &token).unwrap();
        assert_eq!(genuine.link, link(1));
        assert!(genuine.has_hash(&hash(&token)));
        assert!(!genuine.has_hash(&hash(&make(&master, link(1), None))));
        assert!(!genuine.has_hash(&[]));
    }

    #[test]
    fn a_forged_token_is_not_opened() {
        let master = MasterKey::from_bytes([7; 32]);
        let token = make(&master, link(1), None);
        assert!(open(&MasterKey::from_bytes([8; 32]), &token).is_none());
        assert!(open(&master, token.trim_start_matches("rt_")).is_none());
        assert!(open(&master, "rt_").is_none());
        assert!(open(&master, "").is_none());
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token[3..]).unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let changed = format!("rt_{}", BASE64_URL_SAFE_NO_PAD.encode(&changed));
            let opened = open(&master, &changed);
            // Where only the first code was changed, the session's hash is what refuses it.
            let in_code = (NAMED..NAMED + CODE).contains(&place);
            assert_eq!(opened.is_some(), in_code, "byte {place}");
            assert!(!opened.is_some_and(|genuine| genuine.has_hash(&hash(&token))));
        }
    }

    #[test]
    fn an_older_token_stays_recognisable() {
        let master = MasterKey::from_bytes([7; 32]);
        let old = make(&master, link(3), Some(Uuid::from_u128(4)));
        assert_eq!(open(&master, &old).unwrap().link.generation, 3);
    }
}
