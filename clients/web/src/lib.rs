//! The portal and the widget as the build made them: every file with its packed forms, found by its path. Nothing is read from disk
//! while the program runs.

/// A file.
#[derive(Debug)]
pub struct Asset {
    /// Its path below the root: `index.html`, `assets/index-B2x.js`.
    pub path: &'static str,
    /// What it is.
    pub content_type: &'static str,
    /// What tells this version from another, in quotes.
    pub etag: &'static str,
    /// Whether its name has a hash: what is under it never changes.
    pub hashed: bool,
    /// As it is.
    pub plain: &'static [u8],
    /// Packed by gzip, where that is smaller.
    pub gzip: Option<&'static [u8]>,
    /// Packed by brotli, where that is smaller.
    pub brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file at a path without its leading slash.
#[must_use]
pub fn find(path: &str) -> Option<&'static Asset> {
    let place = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(place)
}
