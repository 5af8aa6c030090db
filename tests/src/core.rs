//! One `rapport-core` process: started, watched, stopped in good order, killed, started again on the same port.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::ids;
use crate::wait::until;

/// How long a core may take from its start until it listens.
const STARTUP: Duration = Duration::from_secs(30);
/// How long a core may take from SIGTERM until it is gone.
const DRAIN: Duration = Duration::from_secs(20);
/// How much of the log a failed test shows.
const SHOWN: usize = 200;

/// What a core is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `RAPPORT_DATA_DIR`
    pub data_dir: PathBuf,
    /// `RAPPORT_DATABASE_URL`; `None` keeps a `SQLite` file in the data folder.
    pub database_url: Option<String>,
    /// `RAPPORT_MASTER_KEY_FILE`
    pub master_key_file: PathBuf,
    /// Settings besides.
    pub env: Vec<(String, String)>,
}

/// A core.
#[derive(Debug)]
pub struct Core {
    settings: Settings,
    grpc: SocketAddr,
    running: Mutex<Option<Running>>,
    log: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    admin: SocketAddr,
    setup_token: Option<String>,
}

/// The program under test.
///
/// # Panics
/// Says how to build it where it is missing.
#[must_use]
pub fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("RAPPORT_CORE_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("a running test has a file");
    // target/<profile>/deps/it-… is beside target/<profile>/rapport-core.
    let path = test.parent().and_then(|deps| deps.parent()).map(|profile| profile.join("rapport-core"));
    path.filter(|path| path.is_file()).unwrap_or_else(|| {
        panic!("rapport-core is not built: cargo build -p rapport-core, or set RAPPORT_CORE_BIN")
    })
}

impl Core {
    /// Starts one and waits until it listens.
    ///
    /// # Panics
    /// Shows its log where it does not come up.
    pub async fn start(settings: Settings) -> Self {
        let core = Self {
            settings,
            // A port of our own choice, so that nobody else has it while the core is down between a kill and its return.
            grpc: SocketAddr::from(([127, 0, 0, 1], ids::port())),
            running: Mutex::new(None),
            log: Arc::default(),
        };
        core.up().await;
        core
    }

    /// Starts it again where it was; a core that runs is killed first.
    pub async fn restart(&self) {
        self.kill9();
        self.up().await;
    }

    async fn up(&self) {
        let mut command = self.command();
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("rapport-core starts");
        let (say, mut heard) = mpsc::channel(100);
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let stderr = child.stderr.take().expect("stderr is a pipe");
        read_lines(stdout, move |line| {
            // Nobody listens any more once the core is up; what it says then is read and dropped, so that it never blocks.
            let _ = say.blocking_send(line);
        });
        let log = Arc::clone(&self.log);
        read_lines(stderr, move |line| log.lock().push(line));
        let mut setup_token = None;
        let deadline = Instant::now() + STARTUP;
        loop {
            let Ok(Some(line)) = timeout_at(deadline, heard.recv()).await else {
                let _ = child.kill();
                let status = child.wait();
                panic!("rapport-core did not come up ({status:?}):\n{}", self.log_tail());
            };
            if let Some(token) = line.strip_prefix("setup token: ") {
                setup_token = Some(token.trim().to_owned());
            }
            if let Some(places) = line.strip_prefix("rapport-core listening ") {
                let admin = places.split_whitespace().find_map(|place| place.strip_prefix("admin="));
                let admin =
                    admin.and_then(|place| place.parse().ok()).expect("the line names the admin address");
                *self.running.lock() = Some(Running { child, admin, setup_token });
                return;
            }
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program());
        // Settings of the developer's own shell must not reach the core under test.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("RAPPORT_")) {
                command.env_remove(name);
            }
        }
        command
            .current_dir(&self.settings.data_dir)
            .env("RAPPORT_DATA_DIR", &self.settings.data_dir)
            .env("RAPPORT_MASTER_KEY_FILE", &self.settings.master_key_file)
            .env("RAPPORT_GRPC_LISTEN", self.grpc.to_string())
            .env("RAPPORT_ADMIN_LISTEN", "127.0.0.1:0")
            .envs(self.settings.env.iter().map(|(name, value)| (name, value)));
        if let Some(url) = &self.settings.database_url {
            command.env("RAPPORT_DATABASE_URL", url);
        }
        command
    }

    /// Runs another subcommand under the same settings and gives what it prints.
    ///
    /// # Panics
    /// Shows what it said where it fails.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> String {
        let output =
            self.command().args(arguments).stdin(Stdio::null()).output().expect("rapport-core starts");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
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

    /// The address of health and metrics; another one after a restart.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.running.lock().as_ref().expect("the core runs").admin
    }

    /// The token to set the installation up with, where the core printed one at its last start.
    #[must_use]
    pub fn setup_token(&self) -> Option<String> {
        self.running.lock().as_ref().and_then(|running| running.setup_token.clone())
    }

    /// The id of the process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.lock().as_ref().expect("the core runs").child.id()
    }

    /// Whether the process runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.lock().as_mut().is_some_and(|running| matches!(running.child.try_wait(), Ok(None)))
    }

    /// Ends the process with SIGKILL, at once and with no chance to tidy up.
    pub fn kill9(&self) {
        if let Some(mut running) = self.running.lock().take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }

    /// Asks the process to go with SIGTERM and waits until it has.
    ///
    /// # Panics
    /// Where it does not go in time.
    pub async fn terminate(&self) -> ExitStatus {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, Signal::TERM).expect("the core runs");
        let status = until("the core goes after SIGTERM", DRAIN, || async {
            self.running.lock().as_mut().and_then(|running| running.child.try_wait().ok().flatten())
        })
        .await;
        self.running.lock().take();
        status
    }

    /// The lines of its log, all runs of it.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lock().clone()
    }

    /// The end of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = self.log.lock();
        log[log.len().saturating_sub(SHOWN)..].join("\n")
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.kill9();
        if std::thread::panicking() {
            eprintln!("--- log of the core at {} ---\n{}\n---", self.grpc, self.log_tail());
        }
    }
}

/// Reads lines on a thread of its own until the other end closes.
fn read_lines(from: impl Read + Send + 'static, mut each: impl FnMut(String) + Send + 'static) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { return };
            each(line);
        }
    });
}
