//! The keys that lie in files. The master key: 32 random bytes that every other secret of the installation is derived from, none of which is stored.
//!
//! It lies in a file of its own (mode 0600), never in the database; the database holds a check value, so that a core started
//! with a foreign key says so at once instead of refusing every token. The edge key is what edges prove themselves with.

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
use subtle::ConstantTimeEq as _;
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
        let bytes = read_secret(path)?;
        <[u8; 32]>::try_from(&bytes[..]).map(Self::from_bytes).map_err(|_| malformed(path))
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

/// What an edge proves itself with on a listener: 32 bytes or more, in a file that core and edges share.
#[derive(Clone)]
pub struct EdgeKey(Zeroizing<String>);

impl std::fmt::Debug for EdgeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EdgeKey")
    }
}

impl EdgeKey {
    /// Reads the key file, refusing one that others may read.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let bytes = read_secret(path)?;
        if bytes.len() < 32 {
            return Err(malformed(path));
        }
        Ok(Self(Zeroizing::new(BASE64_STANDARD.encode(&*bytes))))
    }

    /// The key as edges write it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether this text is the key, in a time that does not tell how much of it is right.
    #[must_use]
    pub fn is(&self, shown: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(shown).into()
    }
}

/// The bytes of a file that only its owner may read.
fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let io = |source| KeyError::Io { path: path.display().to_string(), source };
    let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.display().to_string(), mode });
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
    match BASE64_STANDARD.decode(text.trim()) {
        // A key of one repeated byte is a placeholder somebody forgot.
        Ok(bytes) if bytes.iter().any(|b| *b != bytes[0]) => Ok(Zeroizing::new(bytes)),
        _ => Err(malformed(path)),
    }
}

fn malformed(path: &Path) -> KeyError {
    KeyError::Malformed { path: path.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_key_is_private_long_and_nothing_but_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("edge.key");
        let write = |bytes: &[u8], mode: u32| {
            fs::write(&path, format!("{}\n", BASE64_STANDARD.encode(bytes))).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            EdgeKey::read(&path)
        };
        let bytes: Vec<u8> = (0..40).collect();
        let key = write(&bytes, 0o600).unwrap();
        let text = BASE64_STANDARD.encode(&bytes);
        assert!(key.is(text.as_bytes()));
        for wrong in ["", "x", &text[1..], &format!("{text}\n"), &BASE64_STANDARD.encode(&bytes[..32])] {
            assert!(!key.is(wrong.as_bytes()), "{wrong:?}");
        }
        assert!(matches!(write(&bytes, 0o640), Err(KeyError::Exposed { mode: 0o640, .. })));
        assert!(matches!(write(&bytes[..31], 0o600), Err(KeyError::Malformed { .. })));
        assert!(matches!(write(&[0; 32], 0o600), Err(KeyError::Malformed { .. })));
        assert_eq!(format!("{key:?}"), "EdgeKey");
    }

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
