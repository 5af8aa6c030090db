//! The master key: 32 random bytes that every other secret of the installation is derived from, none of which is stored.
//!
//! It lies in a file of its own (mode 0600), never in the database; the database holds a check value, so that a core started
//! with a foreign key says so at once instead of refusing every token.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The secret of the installation.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey")
    }
}

/// Why a master key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others may read the file.
    #[error("{path}: readable by others than its owner (mode {mode:o}); run: chmod 600 {path}")]
    Exposed {
        /// The file.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// The content is not a key.
    #[error("{path}: must hold 32 bytes in base64 (make one with: openssl rand -base64 32)")]
    Malformed {
        /// The file.
        path: String,
    },
}

/// Reads the key file; where there is none and the store is new, makes one.
pub fn read_or_create(path: &Path, store_is_new: bool, random: [u8; 32]) -> Result<MasterKey, KeyError> {
    if store_is_new && !path.exists() {
        match MasterKey::create(path, random) {
            // Another core that shares the file was faster.
            Err(KeyError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => return made,
        }
    }
    MasterKey::read(path)
}

impl MasterKey {
    /// A key from its bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads the key file, refusing one that others may read.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let io = |source| KeyError::Io { path: path.display().to_string(), source };
        let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.display().to_string(), mode });
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
        let bytes = BASE64_STANDARD.decode(text.trim()).ok().and_then(|b| <[u8; 32]>::try_from(b).ok());
        match bytes {
            // A key of one repeated byte is a placeholder somebody forgot.
            Some(bytes) if bytes.iter().any(|b| *b != bytes[0]) => Ok(Self::from_bytes(bytes)),
            _ => Err(KeyError::Malformed { path: path.display().to_string() }),
        }
    }

    /// Writes a new key file; fails where one is already.
    pub fn create(path: &Path, random: [u8; 32]) -> Result<Self, KeyError> {
        let io = |source| KeyError::Io { path: path.display().to_string(), source };
        // Whole or not at all: the link is made when the content is on disk, and fails where the name is taken.
        // The draft has a name of its own, because what a crash left behind must not stand in the way.
        let key = Self::from_bytes(random);
        let draft = path.with_extension(format!("{}.new", hex::encode(&key.derive(b"draft")[..8])));
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(io)?;
        let written = writeln!(file, "{}", BASE64_STANDARD.encode(random))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::hard_link(&draft, path));
        fs::remove_file(&draft).map_err(io)?;
        written.map_err(io)?;
        Ok(key)
    }

    /// A key for one purpose; knowing it tells nothing of the others.
    #[must_use]
    pub fn derive(&self, purpose: &[u8]) -> [u8; 32] {
        let mut key = [0; 32];
        // 32 bytes are always within what HKDF can give.
        let _ = Hkdf::<Sha256>::new(Some(b"rapport"), &self.0[..]).expand(purpose, &mut key);
        key
    }

    /// A code over `message` under the key of one purpose (HMAC-SHA256): only who holds the master key can make it.
    #[must_use]
    pub fn mac(&self, purpose: &[u8], message: &[u8]) -> [u8; 32] {
        // HMAC fills a key up to its block with zeros; given as a whole block it cannot have a wrong length.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.derive(purpose));
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_files_are_private_whole_and_not_placeholders() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let made = MasterKey::create(&path, std::array::from_fn(|i| u8::try_from(i).unwrap())).unwrap();
        assert_eq!(MasterKey::read(&path).unwrap().derive(b"x"), made.derive(b"x"));
        assert!(MasterKey::create(&path, [1; 32]).is_err());

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(MasterKey::read(&path), Err(KeyError::Exposed { mode: 0o644, .. })));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, BASE64_STANDARD.encode([0; 32])).unwrap();
        assert!(matches!(MasterKey::read(&path), Err(KeyError::Malformed { .. })));
        fs::write(&path, "short").unwrap();
        assert!(matches!(MasterKey::read(&path), Err(KeyError::Malformed { .. })));
    }
}
