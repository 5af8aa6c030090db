//! A whole deployment for one test, gone without a trace when the test is over.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::TcpStream;
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use rapport_client::{Client, Credentials, Error, request_id};
use rapport_proto::auth::v1::SetUpRequest;
use rapport_proto::tenants::v1 as tenants;
use tempfile::TempDir;

use crate::core::{Beside, Core, Settings};
use crate::edge::Edge;
use crate::follower::Follower;
use crate::gate::{Noise, Pass, enter};
use crate::postgres::{Database, shared_admin_url};
use crate::redis;
pub use crate::workspace::{Workspace, owner, workspace};

/// What a deployment is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Core and edge in one process, on `SQLite`.
    Sqlite,
    /// A core and an edge in a process each, on `PostgreSQL`.
    Postgres,
    /// A core and an edge in a process each, on `SQLite`.
    SqliteApart,
    /// Core and edge in one process, on `PostgreSQL`.
    PostgresTogether,
    /// Two cores on one `PostgreSQL`, and two edges before both. Actors are spread over them.
    TwoCores,
    /// The same with Redis, which cores and edges share.
    ManyNodes,
}

impl Shape {
    /// Whether the store is a file.
    #[must_use]
    pub fn on_sqlite(self) -> bool {
        matches!(self, Self::Sqlite | Self::SqliteApart)
    }

    fn together(self) -> bool {
        matches!(self, Self::Sqlite | Self::PostgresTogether)
    }

    fn count(self) -> usize {
        if matches!(self, Self::TwoCores | Self::ManyNodes) { 2 } else { 1 }
    }
}

/// Limits that only a test which asks for others is to meet: everybody comes from one address here.
const ROOMY: [(&str, &str); 5] = [
    ("RAPPORT_LIMITS__ADDRESS_REQUESTS", "1000000"),
    ("RAPPORT_LIMITS__ADDRESS_SOCKETS", "1000000"),
    ("RAPPORT_LIMITS__SESSION_REQUESTS", "1000000"),
    ("RAPPORT_LIMITS__SESSION_SOCKETS", "1000000"),
    ("RAPPORT_LIMITS__SIGN_INS", "1000000"),
];

/// What a test asks of its deployment besides the shape.
#[derive(Debug, Default)]
pub struct Wishes {
    /// Settings of the cores.
    pub env: Vec<(String, String)>,
    /// What stands before each core's program and becomes it in the end.
    pub within: Vec<String>,
    /// Runs beside other loud tests only.
    pub loud: bool,
    /// A folder for the data, instead of a temporary one.
    pub data_dir: Option<PathBuf>,
    /// An administrator's URL and a tablespace, instead of the shared instance.
    pub postgres: Option<(String, Option<String>)>,
    /// The address of a Redis, instead of the shared one; a shape that has none gets it all the same.
    pub redis: Option<String>,
}

impl Wishes {
    /// With one more setting.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a Redis of the test's own.
    #[must_use]
    pub fn redis(mut self, url: &str) -> Self {
        self.redis = Some(url.to_owned());
        self
    }

    /// With words before each core's program.
    #[must_use]
    pub fn within(mut self, words: Vec<String>) -> Self {
        self.within = words;
        self
    }

    /// As a loud test.
    #[must_use]
    pub fn loud(mut self) -> Self {
        self.loud = true;
        self
    }
}

/// Processes and a database, with nobody in them yet.
#[derive(Debug)]
pub struct Deployment {
    /// What it is made of.
    pub shape: Shape,
    cores: Vec<Core>,
    edges: Vec<Edge>,
    database: Option<Database>,
    folder: Option<TempDir>,
    _pass: Pass,
}

impl Deployment {
    /// Starts one.
    pub async fn start(shape: Shape, wishes: Wishes) -> Self {
        let pass = enter(if wishes.loud { Noise::Loud } else { Noise::Quiet });
        let folder = TempDir::new().expect("a temporary folder");
        let data_dir = wishes.data_dir.unwrap_or_else(|| folder.path().to_owned());
        let master_key_file = folder.path().join("master.key");
        write_key(&master_key_file);
        let edge_key_file = folder.path().join("edge.key");
        write_key(&edge_key_file);
        let mut env = ROOMY.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        env.extend(wishes.env.iter().cloned());
        let redis = wishes.redis.or_else(|| (shape == Shape::ManyNodes).then(redis::shared_url));
        env.extend(redis.map(|url| ("RAPPORT_REDIS__URL".to_owned(), url)));
        let database = (!shape.on_sqlite()).then(|| match &wishes.postgres {
            Some((url, tablespace)) => Database::create(url, tablespace.as_deref()),
            None => Database::create(&shared_admin_url(), None),
        });
        let beside = if shape.together() {
            Beside::Edge(edge_key_file.clone())
        } else {
            Beside::Edges(edge_key_file.clone())
        };
        let mut deployment =
            Self { shape, cores: Vec::new(), edges: Vec::new(), database, folder: Some(folder), _pass: pass };
        for number in 0..shape.count() {
            let data_dir = data_dir.join(format!("core-{number}"));
            fs::create_dir_all(&data_dir).expect("the folder is ours");
            let settings = Settings {
                data_dir,
                database_url: deployment.database.as_ref().map(Database::url),
                master_key_file: master_key_file.clone(),
                beside: beside.clone(),
                env: env.clone(),
                within: wishes.within.clone(),
            };
            deployment.cores.push(Core::start(settings).await);
        }
        for number in 0..if shape.together() { 0 } else { shape.count() } {
            let folder = data_dir.join(format!("edge-{number}"));
            fs::create_dir_all(&folder).expect("the folder is ours");
            deployment.edges.push(Edge::start(folder, &deployment.cores, &edge_key_file, &env).await);
        }
        deployment
    }

    /// The cores.
    #[must_use]
    pub fn cores(&self) -> &[Core] {
        &self.cores
    }

    /// The only core, or the first.
    #[must_use]
    pub fn core(&self) -> &Core {
        &self.cores[0]
    }

    /// The edges that are processes of their own.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Where browsers go: the edges in their own processes, or those within the cores'.
    #[must_use]
    pub fn edge_urls(&self) -> Vec<String> {
        let within = self.cores.iter().filter(|_| self.edges.is_empty()).map(Core::edge);
        self.edges
            .iter()
            .map(Edge::address)
            .chain(within)
            .map(|address| format!("http://{address}"))
            .collect()
    }

    /// The secret the installation derives its keys from.
    #[must_use]
    pub fn master_key_file(&self) -> PathBuf {
        self.folder.as_ref().expect("the deployment is whole").path().join("master.key")
    }

    /// The file of what edges prove themselves with.
    #[must_use]
    pub fn edge_key_file(&self) -> PathBuf {
        self.folder.as_ref().expect("the deployment is whole").path().join("edge.key")
    }

    /// What one more core of this deployment is started with, in a folder of its own, with these settings besides.
    #[must_use]
    pub fn one_more(&self, name: &str, env: &[(&str, &str)]) -> Settings {
        let data_dir = self.folder.as_ref().expect("the deployment is whole").path().join(name);
        fs::create_dir_all(&data_dir).expect("the folder is ours");
        Settings {
            data_dir,
            database_url: self.database.as_ref().map(Database::url),
            master_key_file: self.master_key_file(),
            beside: Beside::Edges(self.edge_key_file()),
            env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            within: Vec::new(),
        }
    }

    /// What edges prove themselves with.
    #[must_use]
    pub fn edge_key(&self) -> String {
        fs::read_to_string(self.edge_key_file()).expect("the folder is ours").trim().to_owned()
    }

    /// Asks for the first workspace.
    pub async fn set_up(&self, token: &str) -> Result<Workspace, Error> {
        let endpoints: Vec<_> = self.cores.iter().map(Core::endpoint).collect();
        let client = Client::connect(&endpoints[0]).open()?;
        let request = SetUpRequest {
            setup_token: token.to_owned(),
            workspace: Some(workspace("acme")),
            owner: Some(owner("acme")),
        };
        let made = client.set_up(request).await?;
        let tenant = made.tenant.expect("the answer has the tenant");
        Ok(Workspace::new(
            &endpoints,
            &self.edge_urls(),
            tenant,
            made.owner.expect("the answer has the owner"),
        ))
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        let mut left = Vec::new();
        let edges = self.edges.iter().map(Edge::address);
        let places: Vec<_> =
            self.cores.iter().flat_map(|core| [core.grpc(), core.edge()]).chain(edges).collect();
        self.edges.clear();
        self.cores.clear();
        for place in places {
            if TcpStream::connect(place).is_ok() {
                left.push(format!("something still listens at {place}"));
            }
        }
        if !failed && let Some(database) = self.database.take() {
            database.remove();
        }
        if let Some(folder) = self.folder.take() {
            let path = folder.path().to_owned();
            if let Err(error) = folder.close() {
                left.push(format!("{} is still there: {error}", path.display()));
            }
        }
        assert!(failed || left.is_empty(), "left behind: {left:?}");
    }
}

/// A deployment with one workspace, whose owner has set it up. It behaves as that [`Workspace`].
#[derive(Debug)]
pub struct World {
    /// The token the owner set it up with; it is spent.
    pub spent_setup_token: String,
    home: Workspace,
    deployment: Deployment,
}

impl World {
    /// A deployment of a shape, with nothing special about it.
    pub async fn boot(shape: Shape) -> Self {
        Self::with(shape, Wishes::default()).await
    }

    /// A deployment to a test's wishes.
    pub async fn with(shape: Shape, wishes: Wishes) -> Self {
        let deployment = Deployment::start(shape, wishes).await;
        let token = deployment.core().setup_token().expect("a core without an owner prints a setup token");
        let home = deployment.set_up(&token).await.expect("the setup token makes the first workspace");
        Self { spent_setup_token: token, home, deployment }
    }

    /// The processes and the database.
    #[must_use]
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The cores.
    #[must_use]
    pub fn cores(&self) -> &[Core] {
        self.deployment.cores()
    }

    /// The only core, or the first.
    #[must_use]
    pub fn core(&self) -> &Core {
        self.deployment.core()
    }

    /// The edges that are processes of their own.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        self.deployment.edges()
    }

    /// What it is made of.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.deployment.shape
    }

    /// One that speaks to a core as an edge does.
    #[must_use]
    pub fn follower(&self, core: &Core) -> Follower {
        Follower::connect(&core.internal(), Some(&self.deployment.edge_key()))
    }

    /// A client of an operator of the installation.
    #[must_use]
    pub fn operator(&self) -> Client {
        let token = self.core().run(&["operator-token"]);
        Client::connect(self.core().endpoint())
            .credentials(Credentials::AccessToken(token))
            .open()
            .expect("an endpoint is a URI")
    }

    /// Another workspace of this installation, with an owner of its own.
    pub async fn another_workspace(&self, slug: &str) -> Workspace {
        let request = tenants::CreateTenantRequest {
            request_id: request_id(),
            workspace: Some(workspace(slug)),
            owner: Some(owner(slug)),
        };
        let made = self.operator().create_tenant(request).await.expect("an operator makes a workspace");
        let tenant = made.tenant.expect("the answer has the tenant");
        Workspace::new(
            &self.home.endpoints,
            &self.home.edge_urls,
            tenant,
            made.owner.expect("the answer has the owner"),
        )
    }
}

impl Deref for World {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.home
    }
}

/// Writes a master key as `openssl rand -base64 32` would, for its owner's eyes only.
fn write_key(path: &Path) {
    let key = base64::prelude::BASE64_STANDARD.encode(rand::random::<[u8; 32]>());
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).expect("the folder is ours");
    writeln!(file, "{key}").expect("the folder is ours");
}
