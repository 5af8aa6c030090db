//! Ids that are well formed and belong to nothing.

use std::collections::HashSet;
use std::net::TcpListener;

use parking_lot::Mutex;

/// Crockford base32 without `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// An id of this kind that nobody has: `random("chat")` gives `chat_…`.
#[must_use]
pub fn random(kind: &str) -> String {
    let mut text = format!("{kind}_");
    // The first character holds three bits of the 128; `0` also keeps the id's time within this century, like a real one's.
    text.push('0');
    for _ in 0..25 {
        text.push(char::from(ALPHABET[rand::random_range(0..ALPHABET.len())]));
    }
    text
}

/// A port of the loopback interface that is free now and that the system gives to nobody by itself, so that a server which was killed
/// finds it again. (The ports of outgoing connections begin at 32768.)
#[must_use]
pub fn port() -> u16 {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    loop {
        let port = rand::random_range(12_000..32_000);
        let mut given = GIVEN.lock();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && given.get_or_insert_default().insert(port) {
            return port;
        }
    }
}
