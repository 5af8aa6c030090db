//! An access token as anybody may send it: nothing that was not signed here is taken. And what was signed here, by whatever header and
//! claims, is read without a panic, and taken only as what we make: another type, algorithm or key is refused.
#![no_main]

use std::{sync::LazyLock, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use libfuzzer_sys::fuzz_target;
use rapport_core::{
    clock::{Clock, Micros},
    keys::MasterKey,
    tokens::Tokens,
};
use serde_json::Value;

const KID: &str = "k1";
const HEADER: &str = r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#;

struct Made {
    tokens: Tokens,
    key: SigningKey,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let master = MasterKey::from_bytes([7; 32]);
    let clock = Clock::mock(Micros(1_800_000_000_000_000));
    let tokens = Tokens::new(&master, &[KID.to_owned()], clock, Duration::from_mins(15)).expect("tokens");
    let key = SigningKey::from_bytes(&master.derive(format!("access-token/{KID}").as_bytes()));
    let made = Made { tokens, key };
    let own = made.tokens.issue_operator().expect("a token");
    assert!(made.tokens.verify(&own).is_ok() && made.tokens.verify(&resigned(&made.key, &own)).is_ok());
    made
});

fuzz_target!(|bytes: &[u8]| {
    let Made { tokens, key } = &*MADE;
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(tokens.verify(text).is_err(), "a stranger's token was taken: {text}");
    }
    // The first line as the header and the rest as the claims; and all of it as the claims of a header of ours.
    let (header, claims) =
        bytes.iter().position(|byte| *byte == b'\n').map_or((bytes, &b""[..]), |at| bytes.split_at(at));
    if tokens.verify(&signed(key, header, claims)).is_ok() {
        let header: Value = serde_json::from_slice(header).expect("a header that was taken");
        for (name, value) in [("alg", "EdDSA"), ("typ", "at+jwt"), ("kid", KID)] {
            assert_eq!(header[name], value, "{name}");
        }
    }
    if tokens.verify(&signed(key, HEADER.as_bytes(), bytes)).is_ok() {
        let claims: Value = serde_json::from_slice(bytes).expect("claims that were taken");
        assert_eq!((&claims["iss"], &claims["aud"]), (&"rapport".into(), &"rapport".into()));
        assert!(claims["exp"].as_i64().is_some_and(|at| at > 1_800_000_000), "an expired token was taken");
    }
});

fn signed(key: &SigningKey, header: &[u8], claims: &[u8]) -> String {
    let content =
        format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(claims));
    let signature = key.sign(content.as_bytes());
    format!("{content}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// A token of ours signed as this target signs: that it is taken shows that the key is the right one.
fn resigned(key: &SigningKey, token: &str) -> String {
    let mut parts = token.split('.').map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64"));
    let (Some(header), Some(claims)) = (parts.next(), parts.next()) else { panic!("not a token: {token}") };
    signed(key, &header, &claims)
}
