//! One process of ours: started, watched, stopped in good order, killed, started again where it was.

use std::collections::BTreeMap;
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

use crate::wait::until;

/// How long a process may take from its start until it listens.
const STARTUP: Duration = Duration::from_secs(30);
/// How long a process may take from SIGTERM until it is gone.
const DRAIN: Duration = Duration::from_secs(20);
/// How much of the log a failed test shows.
const SHOWN: usize = 200_000;

/// A process.
#[derive(Debug)]
pub struct Process {
    /// What stands before the program and becomes it in the end, such as `ip netns exec …`.
    within: Vec<String>,
    program: &'static str,
    folder: PathBuf,
    arguments: Vec<&'static str>,
    env: Vec<(String, String)>,
    running: Mutex<Option<Running>>,
    log: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    places: BTreeMap<String, SocketAddr>,
    said: Vec<String>,
}

/// The file of a program under test.
///
/// # Panics
/// Says how to build it where it is missing.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a file");
    // target/<profile>/deps/it-… is beside target/<profile>/rapport-core.
    let path = test.parent().and_then(|deps| deps.parent()).map(|profile| profile.join(name));
    path.filter(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is not built: cargo build --workspace --bins"))
}

/// What gives a program names of its own. The process keeps its id through all of this.
fn knowing(hosts: &Path) -> Vec<String> {
    let mount = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
    let mut words = vec!["unshare"];
    if !rustix::process::geteuid().is_root() {
        words.extend(["--user", "--map-root-user"]);
    }
    words.extend(["--mount", "--", "sh", "-c", mount]);
    words.into_iter().map(str::to_owned).chain([hosts.display().to_string()]).collect()
}

impl Process {
    /// Starts one and waits until it listens. `hosts` is what names stand for, instead of the machine's own `/etc/hosts`; changes of
    /// the file are seen.
    ///
    /// # Panics
    /// Shows its log where it does not come up.
    pub async fn start(
        program: &'static str,
        arguments: &[&'static str],
        folder: PathBuf,
        env: Vec<(String, String)>,
        hosts: Option<PathBuf>,
    ) -> Self {
        let within = hosts.map(|hosts| knowing(&hosts)).unwrap_or_default();
        Self::start_within(within, program, arguments, folder, env).await
    }

    /// The same, with words before the program that end in running it.
    pub async fn start_within(
        within: Vec<String>,
        program: &'static str,
        arguments: &[&'static str],
        folder: PathBuf,
        env: Vec<(String, String)>,
    ) -> Self {
        let process = Self {
            within,
            program,
            folder,
            arguments: arguments.to_vec(),
            env,
            running: Mutex::new(None),
            log: Arc::default(),
        };
        process.up().await;
        process
    }

    /// Starts it again where it was; one that runs is killed first.
    pub async fn restart(&self) {
        self.kill9();
        self.up().await;
    }

    async fn up(&self) {
        let mut command = self.command(&self.within);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (say, mut heard) = mpsc::channel(100);
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let stderr = child.stderr.take().expect("stderr is a pipe");
        read_lines(stdout, move |line| {
            // Nobody listens any more once the process is up; what it says then is read and dropped, so that it never blocks.
            let _ = say.blocking_send(line);
        });
        let log = Arc::clone(&self.log);
        read_lines(stderr, move |line| log.lock().push(line));
        let mut said = Vec::new();
        let deadline = Instant::now() + STARTUP;
        loop {
            let Ok(Some(line)) = timeout_at(deadline, heard.recv()).await else {
                let _ = child.kill();
                let status = child.wait();
                panic!("{} did not come up ({status:?}):\n{}", self.program, self.log_tail());
            };
            if let Some(places) =
                line.strip_prefix(self.program).and_then(|line| line.strip_prefix(" listening "))
            {
                let places = places.split_whitespace().filter_map(|place| place.split_once('='));
                let places =
                    places.map(|(name, place)| (name.to_owned(), place.parse().expect("an address")));
                *self.running.lock() = Some(Running { child, places: places.collect(), said });
                return;
            }
            said.push(line);
        }
    }

    fn command(&self, within: &[String]) -> Command {
        let program = program(self.program);
        let mut command = match within.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        // Settings of the developer's own shell must not reach the process under test.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("RAPPORT_")) {
                command.env_remove(name);
            }
        }
        // Nor a limit of the control group that they share with all the tests.
        command.env("RAPPORT_LIMITS__MEMORY_MIB", "65536");
        command.current_dir(&self.folder).envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it with other arguments under the same settings and gives what it prints.
    ///
    /// # Panics
    /// Shows what it said where it fails.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> String {
        self.try_run(arguments).unwrap_or_else(|why| panic!("{arguments:?}: {why}"))
    }

    /// The same, where it may fail: then with what it complains about. One that does not end within a minute has failed.
    pub fn try_run(&self, arguments: &[&str]) -> Result<String, String> {
        let mut within = self.within.clone();
        within.extend(["timeout", "60"].map(str::to_owned));
        let mut command = self.command(&within);
        let output = command.args(arguments).stdin(Stdio::null()).output().expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// One of the addresses it said it listens at, by its name.
    #[must_use]
    pub fn place(&self, name: &str) -> SocketAddr {
        let running = self.running.lock();
        let running = running.as_ref().expect("the process runs");
        *running.places.get(name).unwrap_or_else(|| panic!("{} names no {name}", self.program))
    }

    /// What it said on standard output before it listened.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        self.running.lock().as_ref().map(|running| running.said.clone()).unwrap_or_default()
    }

    /// The id of the process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.lock().as_ref().expect("the process runs").child.id()
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.lock().as_mut().is_some_and(|running| matches!(running.child.try_wait(), Ok(None)))
    }

    /// Ends it with SIGKILL, at once and with no chance to tidy up.
    pub fn kill9(&self) {
        if let Some(mut running) = self.running.lock().take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }

    /// Asks it to go with SIGTERM and waits until it has.
    ///
    /// # Panics
    /// Where it does not go in time.
    pub async fn terminate(&self) -> ExitStatus {
        self.ask_to_go();
        let status = until("the process goes after SIGTERM", DRAIN, || async {
            self.running.lock().as_mut().and_then(|running| running.child.try_wait().ok().flatten())
        })
        .await;
        self.running.lock().take();
        status
    }

    /// Stops it where it is; what it is sent waits with the kernel.
    pub fn pause(&self) {
        self.tell(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.tell(Signal::CONT);
    }

    fn tell(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("the process runs");
    }

    /// Asks it to go with SIGTERM, and waits for nothing.
    pub fn ask_to_go(&self) {
        self.tell(Signal::TERM);
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

impl Drop for Process {
    fn drop(&mut self) {
        self.kill9();
        if std::thread::panicking() || std::env::var_os("X_LOGS").is_some() {
            eprintln!("--- log of {} ---\n{}\n---", self.program, self.log_tail());
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
