//! `PostgreSQL`: a fresh database for each deployment, and private clusters for tests that stop one.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::ids;

/// The variable that names the administrator's URL of the instance to make databases in; `tests/run` starts one and sets it.
pub const ADMIN_URL: &str = "RAPPORT_TEST_POSTGRES";

/// Whether this process was started again in a user namespace of its own to be allowed to mount; there user 0 is nobody special.
pub const IN_NAMESPACE: &str = "RAPPORT_TEST_IN_NAMESPACE";

/// The administrator's URL of the instance that tests share.
///
/// # Panics
/// Says what to do where there is none.
#[must_use]
pub fn shared_admin_url() -> String {
    std::env::var(ADMIN_URL).unwrap_or_else(|_| {
        panic!("{ADMIN_URL} names no PostgreSQL instance: run tests/run, or set it to the administrator's URL of a private one")
    })
}

/// A program of the `PostgreSQL` installation.
///
/// # Panics
/// Says where it was looked for.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let mut folders = Vec::new();
    if let Ok(found) = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output() {
        folders.push(PathBuf::from(String::from_utf8_lossy(&found.stdout).trim()));
    }
    let mut versions: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|(_, folder)| folder));
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is in none of {folders:?}: install postgresql"))
}

/// Runs SQL as the administrator.
///
/// # Panics
/// Shows what the server said where it refuses.
pub fn sql(admin_url: &str, statements: &[&str]) {
    // One --command each, because CREATE DATABASE refuses to share a transaction.
    let commands = statements.iter().flat_map(|statement| ["--command", statement]);
    succeed(&psql(admin_url).args(commands).output().expect("psql starts"), "psql");
}

/// What a statement gives: a row a line, its columns between bars.
///
/// # Panics
/// Shows what the server said where it refuses.
#[must_use]
pub fn rows(admin_url: &str, statement: &str) -> Vec<String> {
    let output = psql(admin_url).args(["--command", statement]).output().expect("psql starts");
    succeed(&output, "psql");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn psql(url: &str) -> Command {
    let mut psql = Command::new(program("psql"));
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
    psql.args(["--set", "ON_ERROR_STOP=1", "--dbname", url]);
    psql
}

/// Somebody else's transaction, open until dropped: it holds what its statements took.
#[derive(Debug)]
pub struct Holder(Child);

impl Holder {
    /// Runs the statements in a transaction and leaves it open.
    ///
    /// # Panics
    /// Where they do not succeed.
    #[must_use]
    pub fn of(url: &str, statements: &str) -> Self {
        let mut psql = psql(url);
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql starts");
        let stdin = child.stdin.as_mut().expect("stdin is a pipe");
        write!(stdin, "BEGIN; {statements};\n\\echo held\n").expect("psql reads");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let held = stdout.lines().map_while(Result::ok).any(|line| line == "held");
        assert!(held, "not held: {statements}");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn succeed(output: &Output, what: &str) {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A database of its own with an owner who is no administrator; dropped with this value.
#[derive(Debug)]
pub struct Database {
    admin_url: String,
    name: String,
    password: String,
    tablespace: Option<String>,
}

impl Database {
    /// Makes one, in a tablespace where one is named.
    #[must_use]
    pub fn create(admin_url: &str, tablespace: Option<&str>) -> Self {
        let name = format!("t{:016x}", rand::random::<u64>());
        let password = format!("{:032x}", rand::random::<u128>());
        let place = tablespace.map(|space| format!(" TABLESPACE {space}")).unwrap_or_default();
        let grant = tablespace
            .map(|space| format!("GRANT CREATE ON TABLESPACE {space} TO {name}"))
            .unwrap_or_default();
        sql(
            admin_url,
            &[
                &format!("CREATE ROLE {name} LOGIN PASSWORD '{password}'"),
                &grant,
                &format!("CREATE DATABASE {name} OWNER {name}{place}"),
            ],
        );
        Self { admin_url: admin_url.to_owned(), name, password, tablespace: tablespace.map(str::to_owned) }
    }

    /// What a core is given.
    #[must_use]
    pub fn url(&self) -> String {
        let (_, place) = self.admin_url.rsplit_once('@').expect("the administrator's URL has a user");
        let (host, _) = place.split_once('/').unwrap_or((place, ""));
        format!("postgres://{}:{}@{host}/{}", self.name, self.password, self.name)
    }

    /// Drops it and its owner.
    pub fn remove(&self) {
        let name = &self.name;
        let revoke =
            self.tablespace.iter().map(|space| format!("REVOKE ALL ON TABLESPACE {space} FROM {name}"));
        let drop = [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")];
        let last = [format!("DROP ROLE IF EXISTS {name}")];
        let statements: Vec<_> = drop.into_iter().chain(revoke).chain(last).collect();
        sql(&self.admin_url, &statements.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

/// A `PostgreSQL` instance that one test owns, may stop, and may kill.
#[derive(Debug)]
pub struct PrivateCluster {
    /// Kept for its end: the folder goes with it.
    folder: Option<TempDir>,
    data: PathBuf,
    port: u16,
    password: String,
}

impl PrivateCluster {
    /// Makes and starts one in a folder of its own under `parent`, or under the system's.
    #[must_use]
    pub fn start(parent: Option<&Path>) -> Self {
        let folder = match parent {
            Some(parent) => TempDir::new_in(parent),
            None => TempDir::new(),
        }
        .expect("a temporary folder");
        // The server's user must get through to its own folder below.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).expect("the folder is ours");
        let data = folder.path().join("data");
        let password = format!("{:032x}", rand::random::<u128>());
        let secret = folder.path().join("password");
        fs::write(&secret, &password).expect("the folder is ours");
        give_to_server(&secret);
        fs::create_dir(&data).expect("the folder is ours");
        give_to_server(&data);
        let mut initdb = as_server(&program("initdb"));
        initdb.args([
            "--username=admin",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        initdb.arg("--pwfile").arg(&secret).arg("--pgdata").arg(&data);
        succeed(&initdb.output().expect("initdb starts"), "initdb");
        fs::remove_file(&secret).expect("the folder is ours");
        let cluster = Self { folder: Some(folder), data, port: ids::port(), password };
        cluster.resume();
        cluster
    }

    /// The administrator's URL.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("postgres://admin:{}@127.0.0.1:{}/postgres", self.password, self.port)
    }

    /// Starts it again on the same port, or for the first time.
    pub fn resume(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=on -c max_connections=100",
            self.port
        );
        let begun = Instant::now();
        loop {
            // After a kill the dead server's children may hold its shared memory a moment longer, and it refuses to start.
            let mut start = self.pg_ctl("start");
            start.arg("--log").arg(self.data.join("server.log")).args(["--options", &options]);
            let output = start.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("pg_ctl starts");
            if output.success() {
                return;
            }
            let log = fs::read_to_string(self.data.join("server.log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(30), "PostgreSQL does not start: {log}");
        }
    }

    /// Stops it in good order, disconnecting everyone.
    pub fn stop(&self) {
        succeed(&self.pg_ctl("stop").arg("--mode=fast").output().expect("pg_ctl starts"), "pg_ctl stop");
    }

    /// Ends every connection but the one that says so.
    pub fn end_connections(&self) {
        let everybody =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
        sql(&self.admin_url(), &[everybody]);
    }

    /// Kills the server with SIGKILL, all its processes at once: one that outlived the first would still answer its client.
    pub fn kill(&self) {
        let server = self.pid().expect("the server runs");
        let children = children_of(server);
        kill_process(server, Signal::KILL).expect("the server is ours");
        for child in children {
            // It may have gone by itself when it lost its parent.
            let _ = kill_process(child, Signal::KILL);
        }
    }

    /// The administrator's URL of the one database a deployment has here.
    ///
    /// # Panics
    /// Where there is none, or more.
    #[must_use]
    pub fn database_url(&self) -> String {
        let url = self.admin_url();
        let names = rows(&url, "SELECT datname FROM pg_database WHERE datname LIKE 't________________'");
        assert_eq!(names.len(), 1, "databases of deployments: {names:?}");
        format!("{}/{}", url.strip_suffix("/postgres").expect("the administrator's database"), names[0])
    }

    /// Has the server's processes that answer the cores' connections now stand still.
    #[must_use]
    pub fn stop_backends(&self) -> Vec<Backend> {
        let cores = "SELECT pid FROM pg_stat_activity WHERE application_name = 'rapport-core'";
        let pids = rows(&self.admin_url(), cores);
        pids.iter().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).map(Backend::stop).collect()
    }

    /// A folder that the server may use besides its own, such as a tablespace.
    pub fn give(&self, folder: &Path) {
        give_to_server(folder);
    }

    fn pid(&self) -> Option<Pid> {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        Pid::from_raw(file.lines().next()?.trim().parse().ok()?)
    }

    fn pg_ctl(&self, action: &str) -> Command {
        let mut command = as_server(&program("pg_ctl"));
        command.arg(action).arg("--wait").arg("--silent").arg("--pgdata").arg(&self.data);
        command
    }
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        if self.pid().is_some() {
            let stopped = self.pg_ctl("stop").arg("--mode=immediate").stderr(Stdio::null()).status();
            let stopped = stopped.is_ok_and(|status| status.success());
            assert!(stopped || std::thread::panicking(), "a PostgreSQL instance was left running");
        }
        if let Some(folder) = self.folder.take() {
            let removed = folder.close();
            assert!(
                removed.is_ok() || std::thread::panicking(),
                "a PostgreSQL instance left its folder: {removed:?}"
            );
        }
    }
}

/// A process of the server that stands still until dropped.
#[derive(Debug)]
pub struct Backend(Pid);

impl Backend {
    fn stop(pid: Pid) -> Self {
        // It may have ended since it was listed.
        let _ = kill_process(pid, Signal::STOP);
        Self(pid)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

fn children_of(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|process| Pid::from_raw(process.file_name().to_str()?.parse().ok()?));
    pids.filter(|pid| {
        // `pid (name) state parent …`, where the name may hold anything but ends with the last bracket.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        after_name.split_whitespace().nth(1).and_then(|text| text.parse().ok()).and_then(Pid::from_raw)
            == Some(parent)
    })
    .collect()
}

/// `PostgreSQL` refuses to run as root, so root runs it as the user the Debian package made, or as nobody.
fn server_user() -> Option<&'static str> {
    if !rustix::process::geteuid().is_root() || std::env::var_os(IN_NAMESPACE).is_some() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    Some(if users.lines().any(|line| line.starts_with("postgres:")) { "postgres" } else { "nobody" })
}

fn as_server(program: &Path) -> Command {
    let mut command = if let Some(user) = server_user() {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", user, "--regid"])
            .arg(group_of(user))
            .args(["--clear-groups", "--"])
            .arg(program);
        command
    } else if std::env::var_os(IN_NAMESPACE).is_some() {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-user=1000", "--map-group=1000", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // The server's user may not be allowed into the folder the tests were started in.
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn group_of(user: &str) -> &'static str {
    if user == "postgres" { "postgres" } else { "nogroup" }
}

fn give_to_server(path: &Path) {
    if let Some(user) = server_user() {
        let status = Command::new("chown").arg(format!("{user}:{}", group_of(user))).arg(path).status();
        assert!(status.is_ok_and(|status| status.success()), "{} cannot be given to {user}", path.display());
    }
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    // After a change of owner only root gets here, who may.
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the path is ours");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_cluster_stops_dies_comes_back_and_leaves_nothing() {
        let cluster = PrivateCluster::start(None);
        let folder = cluster.data.clone();
        let database = Database::create(&cluster.admin_url(), None);
        sql(&database.url(), &["CREATE TABLE kept (id int)"]);
        cluster.stop();
        cluster.resume();
        cluster.kill();
        cluster.resume();
        sql(&database.url(), &["DROP TABLE kept"]);
        database.remove();
        drop(cluster);
        assert!(!folder.exists());
    }
}
