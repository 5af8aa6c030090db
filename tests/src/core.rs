//! One core, in a process of its own (`rapport-core`) or with an edge beside it (`rapport`); both serve on ports that stay the same.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use crate::ids;
use crate::process::Process;

/// What a core is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `RAPPORT_DATA_DIR`
    pub data_dir: PathBuf,
    /// `RAPPORT_DATABASE_URL`; `None` keeps a `SQLite` file in the data folder.
    pub database_url: Option<String>,
    /// `RAPPORT_MASTER_KEY_FILE`
    pub master_key_file: PathBuf,
    /// Who else reaches it.
    pub beside: Beside,
    /// Settings besides.
    pub env: Vec<(String, String)>,
    /// What stands before the program and becomes it in the end.
    pub within: Vec<String>,
}

/// Who reaches a core besides callers of gRPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// Nobody.
    Nobody,
    /// An edge in the same process: the program is `rapport`. Others may come, who bear the key in this file.
    Edge(PathBuf),
    /// Edges elsewhere, who bear the key in this file.
    Edges(PathBuf),
}

/// A core. It behaves as its [`Process`].
#[derive(Debug)]
pub struct Core {
    settings: Settings,
    grpc: SocketAddr,
    edge: SocketAddr,
    internal: SocketAddr,
    process: Process,
}

impl Deref for Core {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl Core {
    /// Starts one and waits until it listens.
    ///
    /// # Panics
    /// Shows its log where it does not come up.
    pub async fn start(settings: Settings) -> Self {
        // Ports of our own choice, so that nobody else has them while the core is down between a kill and its return.
        let place = || SocketAddr::from(([127, 0, 0, 1], ids::port()));
        let (grpc, edge, internal) = (place(), place(), place());
        let mut env: Vec<(String, String)> = Vec::new();
        let mut set = |name: &str, value: &str| env.push((name.to_owned(), value.to_owned()));
        set("RAPPORT_DATA_DIR", &settings.data_dir.to_string_lossy());
        set("RAPPORT_MASTER_KEY_FILE", &settings.master_key_file.to_string_lossy());
        set("RAPPORT_GRPC_LISTEN", &grpc.to_string());
        set("RAPPORT_ADMIN_LISTEN", "127.0.0.1:0");
        if let Some(url) = &settings.database_url {
            set("RAPPORT_DATABASE_URL", url);
        }
        if let Beside::Edge(key) | Beside::Edges(key) = &settings.beside {
            set("RAPPORT_INTERNAL_LISTEN", &internal.to_string());
            set("RAPPORT_EDGE_KEY_FILE", &key.to_string_lossy());
        }
        let program = if matches!(settings.beside, Beside::Edge(_)) {
            set("RAPPORT_EDGE_LISTEN", &edge.to_string());
            "rapport"
        } else {
            "rapport-core"
        };
        env.extend(settings.env.iter().cloned());
        let (within, folder) = (settings.within.clone(), settings.data_dir.clone());
        let process = Process::start_within(within, program, &["serve"], folder, env).await;
        Self { settings, grpc, edge, internal, process }
    }

    /// The folder with its data.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.settings.data_dir
    }

    /// Where clients connect to; the same after a restart.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.grpc)
    }

    /// The address of the gRPC listener.
    #[must_use]
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// The address of the edge within.
    #[must_use]
    pub fn edge(&self) -> SocketAddr {
        self.edge
    }

    /// Where edges connect to; the same after a restart.
    #[must_use]
    pub fn internal(&self) -> String {
        format!("http://{}", self.internal)
    }

    /// The address of health and metrics; another one after a restart.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.place("admin")
    }

    /// The token to set the installation up with, where the core printed one at its last start.
    #[must_use]
    pub fn setup_token(&self) -> Option<String> {
        self.said().iter().find_map(|line| Some(line.strip_prefix("setup token: ")?.trim().to_owned()))
    }
}
