//! One `rapport-edge` process, on a port that stays the same.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use crate::core::Core;
use crate::ids;
use crate::process::Process;

/// An edge. It behaves as its [`Process`].
#[derive(Debug)]
pub struct Edge {
    address: SocketAddr,
    process: Process,
}

impl Deref for Edge {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl Edge {
    /// Starts one in front of these cores and waits until it listens.
    ///
    /// # Panics
    /// Shows its log where it does not come up.
    pub async fn start(folder: PathBuf, cores: &[Core], key: &Path, env: &[(String, String)]) -> Self {
        let cores: Vec<_> = cores.iter().map(Core::internal).collect();
        Self::behind(folder, &cores.join(","), None, key, env).await
    }

    /// The same for cores at these addresses; `hosts` says what the names in them stand for.
    ///
    /// # Panics
    /// Shows its log where it does not come up.
    pub async fn behind(
        folder: PathBuf,
        cores: &str,
        hosts: Option<PathBuf>,
        key: &Path,
        env: &[(String, String)],
    ) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], ids::port()));
        let mut all: Vec<(String, String)> = [
            ("RAPPORT_EDGE_LISTEN", address.to_string()),
            ("RAPPORT_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
            ("RAPPORT_CORE_URLS", cores.to_owned()),
            ("RAPPORT_EDGE_KEY_FILE", key.to_string_lossy().into_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        all.extend(env.iter().cloned());
        let process = Process::start("rapport-edge", &[], folder, all, hosts).await;
        Self { address, process }
    }

    /// Where browsers go; the same after a restart.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of health and metrics; another one after a restart.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.place("admin")
    }
}
