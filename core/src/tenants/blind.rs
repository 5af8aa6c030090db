//! A password where a body is hashed to tell it apart from others.
//!
//! The hash of a body is kept for days. Over the password itself it would let whoever steals the table try passwords at the
//! speed of SHA-256; so the password's place is taken by a code that only this installation can make.

use crate::keys::MasterKey;

/// Puts the code of a password in its place.
pub(super) fn blind(master: &MasterKey, password: &mut String) {
    *password = hex::encode(master.mac(b"request-body", password.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_password_gives_the_same_code_under_the_same_key_only() {
        let code = |key: u8, password: &str| {
            let mut password = password.to_owned();
            blind(&MasterKey::from_bytes([key; 32]), &mut password);
            password
        };
        assert_eq!(code(1, "correct horse"), code(1, "correct horse"));
        assert_ne!(code(1, "correct horse"), code(1, "correct horsf"));
        assert_ne!(code(1, "correct horse"), code(2, "correct horse"));
    }
}
