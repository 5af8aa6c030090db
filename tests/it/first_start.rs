//! The first start: cut off at any moment, done by several cores at once, and nobody else's to read or to share.

use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rapport_client::{Client, Credentials};
use rapport_proto::auth::v1::{SetUpRequest, SignInRequest};
use rapport_proto::tenants::v1::ListDepartmentsRequest;
use rapport_tests::actors::PASSWORD;
use rapport_tests::core::{Beside, Core, Settings};
use rapport_tests::gate::{Noise, enter};
use rapport_tests::postgres::{Database, shared_admin_url};
use rapport_tests::process::program;
use rapport_tests::wait::{PATIENCE, soon};
use rapport_tests::world::{owner, workspace};
use serde_json::Value;
use tempfile::TempDir;

/// A process that may be over at any time; killed at the latest with this value.
struct Process(Child);

impl Process {
    /// Starts `rapport` with everything in this folder, and its log in `log` there.
    fn start(folder: &Path, command: &str) -> Self {
        let mut start = Command::new(program("rapport"));
        // Settings of the developer's own shell must not reach the core under test.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("RAPPORT_")) {
                start.env_remove(name);
            }
        }
        start
            .arg(command)
            .env("RAPPORT_DATA_DIR", folder.join("data"))
            .env("RAPPORT_GRPC_LISTEN", "127.0.0.1:0")
            .env("RAPPORT_ADMIN_LISTEN", "127.0.0.1:0")
            .env("RAPPORT_EDGE_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join("log")).unwrap());
        Self(start.spawn().unwrap())
    }

    /// What it prints until it listens, or until it ends without.
    async fn says(&mut self) -> Vec<String> {
        let stdout = BufReader::new(self.0.stdout.take().unwrap());
        let read = tokio::task::spawn_blocking(move || {
            let mut said = Vec::new();
            for line in stdout.lines().map_while(Result::ok) {
                said.push(line);
                if said.last().is_some_and(|line| line.starts_with("rapport listening")) {
                    break;
                }
            }
            said
        });
        soon("the core listens or ends", PATIENCE, read).await.unwrap()
    }

    /// Where it listens.
    async fn endpoint(&mut self, folder: &Path) -> String {
        let said = self.says().await;
        let line = said.last().and_then(|line| line.strip_prefix("rapport listening grpc="));
        let address = line.and_then(|line| line.split(' ').next());
        let log = || fs::read_to_string(folder.join("log")).unwrap();
        format!("http://{}", address.unwrap_or_else(|| panic!("the core did not come up: {}", log())))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_killed_at_any_moment_is_completed_by_the_next_start() {
    let _pass = enter(Noise::Loud);
    let folder = TempDir::new().unwrap();
    let begun = Instant::now();
    let mut undisturbed = Process::start(folder.path(), "demo");
    everyone_signs_in(&undisturbed.endpoint(folder.path()).await, folder.path()).await;
    let whole = begun.elapsed();
    drop(undisturbed);
    // Closely where the schema is made, then over the rest: the accounts.
    let closely = (0..13).map(|step| Duration::from_millis(step * 5));
    let rest = (1..=12).map(|step| whole * step / 12);
    for delay in closely.chain(rest) {
        let folder = TempDir::new().unwrap();
        let cut_off = Process::start(folder.path(), "demo");
        // The moment of the end is the case under test, not a wait for anything.
        tokio::time::sleep(delay).await;
        drop(cut_off);
        eprintln!("killed after {delay:?} of {whole:?}");
        let mut next = Process::start(folder.path(), "demo");
        everyone_signs_in(&next.endpoint(folder.path()).await, folder.path()).await;
    }
}

async fn everyone_signs_in(endpoint: &str, folder: &Path) {
    let demo: Value = serde_json::from_slice(&fs::read(folder.join("data/demo.json")).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let agents = demo["agents"].as_array().unwrap();
    for person in agents.iter().chain([&demo["owner"]]) {
        let credentials = Credentials::Member {
            workspace: text(&demo["workspace"]),
            email: text(&person["email"]),
            password: text(&person["password"]),
        };
        let client = Client::connect(endpoint).credentials(credentials).open().unwrap();
        let departments =
            client.list_departments(ListDepartmentsRequest::default()).await.unwrap().departments;
        let members: Vec<_> = departments.iter().map(|department| department.member_ids.len()).collect();
        assert_eq!(members, [agents.len()], "{person}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_cores_at_once_make_one_installation() {
    let _pass = enter(Noise::Loud);
    for _ in 0..3 {
        let folder = TempDir::new().unwrap();
        let database = Database::create(&shared_admin_url(), None);
        let cores = join_all((0..4).map(|number| {
            let data_dir = folder.path().join(number.to_string());
            fs::create_dir(&data_dir).unwrap();
            Core::start(Settings {
                data_dir,
                database_url: Some(database.url()),
                // There is none yet: one of the cores makes it.
                master_key_file: folder.path().join("master.key"),
                beside: Beside::Nobody,
                env: Vec::new(),
                within: Vec::new(),
            })
        }))
        .await;
        let token = cores[0].setup_token().unwrap();
        let clients: Vec<_> =
            cores.iter().map(|core| Client::connect(core.endpoint()).open().unwrap()).collect();
        let set_up = SetUpRequest {
            setup_token: token.clone(),
            workspace: Some(workspace("acme")),
            owner: Some(owner("acme")),
        };
        clients[0].set_up(set_up).await.unwrap();
        for (core, client) in cores.iter().zip(&clients) {
            assert_eq!(core.setup_token().as_ref(), Some(&token));
            let sign_in = SignInRequest {
                workspace: "acme".to_owned(),
                email: owner("acme").email,
                password: PASSWORD.to_owned(),
            };
            client.sign_in(sign_in).await.unwrap();
        }
        drop(cores);
        database.remove();
    }
}

#[tokio::test]
async fn the_database_is_readable_by_its_owner_alone() {
    let _pass = enter(Noise::Quiet);
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    let mut core = Process::start(folder.path(), "demo");
    core.endpoint(folder.path()).await;
    let mut names = Vec::new();
    for entry in fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        names.push(name);
    }
    names.sort();
    let expected =
        ["demo.json", "master.key", "rapport.db", "rapport.db-shm", "rapport.db-wal", "rapport.db.lock"];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_file_is_served_by_one_core_and_read_beside_it() {
    let _pass = enter(Noise::Quiet);
    let folder = TempDir::new().unwrap();
    let mut first = Process::start(folder.path(), "serve");
    first.endpoint(folder.path()).await;
    for command in ["serve", "demo", "migrate"] {
        let mut second = Process::start(folder.path(), command);
        assert_eq!(second.says().await, Vec::<String>::new(), "{command}");
        assert!(!second.0.wait().unwrap().success(), "{command}");
        let log = fs::read_to_string(folder.path().join("log")).unwrap();
        assert!(log.contains("another rapport-core uses this database"), "{command}: {log}");
    }
    let mut reads = Process::start(folder.path(), "operator-token");
    assert_eq!(reads.says().await.len(), 1);
    assert!(reads.0.wait().unwrap().success());
    // A lock that nobody holds is no file to clear away.
    drop(first);
    Process::start(folder.path(), "serve").endpoint(folder.path()).await;
}
