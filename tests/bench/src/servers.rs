//! Programs that are measured from outside, each in a process of its own: the product as it is shipped, and floors.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    Fallible,
    floors::Floor,
    machine,
    pages::Pages,
    processors::{Duty, Pinned},
};

/// Limits that are there for the world outside; all who call here are one address.
const RAISED: [&str; 6] =
    ["ADDRESS_REQUESTS", "ADDRESS_SOCKETS", "SESSION_REQUESTS", "SESSION_SOCKETS", "SIGN_INS", "CONNECTIONS"];

/// How long a program may take to find those it depends on.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running program; ended with this value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    places: BTreeMap<String, SocketAddr>,
    /// Kept open: a program that says more must not find it closed.
    says: BufReader<ChildStdout>,
}

impl Server {
    /// The product, core and edge in one process, on the store in this folder.
    pub(crate) fn rapport(dir: &Path) -> Fallible<Self> {
        Self::rapport_with(dir, &[])
    }

    /// The same on a database, where one is named.
    pub(crate) fn rapport_on(dir: &Path, database: Option<&str>) -> Fallible<Self> {
        let settings = database.map(|url| ("DATABASE_URL", url));
        Self::rapport_with(dir, settings.as_slice())
    }

    /// The same with settings of a scenario's own, named as the environment has them after `RAPPORT_`.
    pub(crate) fn rapport_with(dir: &Path, settings: &[(&str, &str)]) -> Fallible<Self> {
        let mut command = product("rapport", &["GRPC", "ADMIN", "EDGE"], settings)?;
        command.arg("serve").env("RAPPORT_DATA_DIR", dir);
        Self::start(command)
    }

    /// A core by itself, with a folder of its own, which edges may follow.
    pub(crate) fn core(dir: &Path, settings: &[(&str, &str)]) -> Fallible<Self> {
        let mut command = product("rapport-core", &["GRPC", "ADMIN", "INTERNAL"], settings)?;
        command.arg("serve").env("RAPPORT_DATA_DIR", dir);
        Self::start(command)
    }

    /// An edge by itself.
    pub(crate) fn edge(settings: &[(&str, &str)]) -> Fallible<Self> {
        Self::start(product("rapport-edge", &["ADMIN", "EDGE"], settings)?)
    }

    /// A floor; what it serves is in the file, where it serves anything.
    pub(crate) fn floor(floor: Floor, file: Option<&Path>) -> Fallible<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--floor").arg(floor.to_string());
        if let Some(file) = file {
            command.arg("--file").arg(file);
        }
        Self::start(command)
    }

    /// What the product replaces, on a database; its packages must be there.
    pub(crate) fn peer(folder: &Path, database: &str) -> Fallible<Self> {
        let mut command = Command::new("node");
        command
            .arg("server.js")
            .current_dir(folder)
            .env("NODE_ENV", "production")
            .env("DATABASE_URL", database);
        Self::start(command)
    }

    fn start(mut command: Command) -> Fallible<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        // Settings of whoever runs this must not reach what is measured.
        for (name, _) in std::env::vars_os() {
            let is_set_here = command.get_envs().any(|(set, _)| set == name);
            if !is_set_here && name.to_str().is_some_and(|name| name.starts_with("RAPPORT_")) {
                command.env_remove(name);
            }
        }
        // Nor a limit of the control group that they share with the load.
        command.env("RAPPORT_LIMITS__MEMORY_MIB", "65536");
        let mut child = {
            let _there = Pinned::to(Duty::Serve)?;
            command.spawn()?
        };
        let stdout = child.stdout.take().ok_or("a program without an output")?;
        let mut server = Self { child, places: BTreeMap::new(), says: BufReader::new(stdout) };
        let mut line = String::new();
        loop {
            line.clear();
            if server.says.read_line(&mut line)? == 0 {
                return Err("a program ended before it listened".into());
            }
            if let Some((_, places)) = line.split_once(" listening ") {
                for (name, place) in places.split_whitespace().filter_map(|place| place.split_once('=')) {
                    server.places.insert(name.to_owned(), place.parse()?);
                }
                return Ok(server);
            }
        }
    }

    /// Where it listens for what.
    pub(crate) fn place(&self, name: &str) -> Fallible<SocketAddr> {
        Ok(*self.places.get(name).ok_or_else(|| format!("a program that names no {name}"))?)
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn ready(&self) -> Fallible {
        let begun = Instant::now();
        let admin = self.place("admin")?;
        loop {
            match Pages::connect(admin, "/readyz", None).await?.get().await {
                Ok(_) => return Ok(()),
                Err(error) if begun.elapsed() > PATIENCE => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has resident, in KiB.
    pub(crate) fn resident(&self) -> Fallible<f64> {
        Ok(machine::float(machine::resident_kib(self.pid())?))
    }

    /// How many files it has open, sockets among them.
    pub(crate) fn files(&self) -> Fallible<u64> {
        Ok(u64::try_from(std::fs::read_dir(format!("/proc/{}/fd", self.pid()))?.count())?)
    }

    /// Asks it to go and waits.
    pub(crate) fn stop(mut self) -> Fallible {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).ok_or("a process without an id")?;
        kill_process(pid, Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("a program ended with {status}").into()) }
    }
}

/// A program of the product with free ports and raised limits; settings go before those.
fn product(name: &str, listeners: &[&str], settings: &[(&str, &str)]) -> Fallible<Command> {
    let program = std::env::current_exe()?.with_file_name(name);
    if !program.is_file() {
        return Err(format!("{name} is not built beside this program").into());
    }
    let mut command = Command::new(program);
    command.env("RAPPORT_LOG", "error");
    for listener in listeners {
        command.env(format!("RAPPORT_{listener}_LISTEN"), "127.0.0.1:0");
    }
    for limit in RAISED {
        command.env(format!("RAPPORT_LIMITS__{limit}"), "1000000");
    }
    for (name, value) in settings {
        command.env(format!("RAPPORT_{name}"), value);
    }
    Ok(command)
}

impl Drop for Server {
    fn drop(&mut self) {
        // Floors end like this, and what failed; after a stop there is nothing left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
