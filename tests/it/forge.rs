//! Tokens as an attacker would make them, and as only the holder of the installation's master key can: with the latter a test
//! shows that a token is refused for what it says, not for its signature.

use std::fs;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as URL};
use ed25519_dalek::{Signer as _, SigningKey};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use rapport_tests::world::Deployment;

/// A token taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Jwt {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    pub(crate) signature: String,
}

impl Jwt {
    pub(crate) fn parse(token: &str) -> Self {
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!(parts.len(), 3, "a JWT has three parts");
        let json = |part: &str| serde_json::from_slice(&URL.decode(part).unwrap()).unwrap();
        Self { header: json(parts[0]), claims: json(parts[1]), signature: parts[2].to_owned() }
    }

    /// The same with another header field; `null` removes it.
    pub(crate) fn header(mut self, name: &str, value: Value) -> Self {
        set(&mut self.header, name, value);
        self
    }

    /// The same with another claim; `null` removes it.
    pub(crate) fn claim(mut self, name: &str, value: Value) -> Self {
        set(&mut self.claims, name, value);
        self
    }

    fn signed_part(&self) -> String {
        format!("{}.{}", URL.encode(self.header.to_string()), URL.encode(self.claims.to_string()))
    }

    /// Written out with the signature it has.
    pub(crate) fn unsigned(&self) -> String {
        format!("{}.{}", self.signed_part(), self.signature)
    }

    /// Written out with a signature of this key.
    pub(crate) fn signed(&self, key: &SigningKey) -> String {
        let part = self.signed_part();
        format!("{part}.{}", URL.encode(key.sign(part.as_bytes()).to_bytes()))
    }

    /// Written out with an HMAC under these bytes: what a verifier takes that lets the token choose the algorithm.
    pub(crate) fn hmac(&self, key: &[u8]) -> String {
        let part = self.signed_part();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(part.as_bytes());
        format!("{part}.{}", URL.encode(mac.finalize().into_bytes()))
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    let object = object.as_object_mut().unwrap();
    if value.is_null() {
        object.remove(name);
    } else {
        object.insert(name.to_owned(), value);
    }
}

/// The installation's own signing key of this id, derived from its master key as the server does it.
pub(crate) fn signing_key(deployment: &Deployment, kid: &str) -> SigningKey {
    let master =
        BASE64_STANDARD.decode(fs::read_to_string(deployment.master_key_file()).unwrap().trim()).unwrap();
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(b"rapport"), &master)
        .expand(format!("access-token/{kid}").as_bytes(), &mut key)
        .unwrap();
    SigningKey::from_bytes(&key)
}
