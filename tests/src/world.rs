//! A whole deployment for one test, gone without a trace when the test is over.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::TcpStream;
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use base64::Engine as _;
use rapport_client::{Client, Credentials, Error, request_id};
use rapport_proto::auth::v1::SetUpRequest;
use rapport_proto::tenants::v1 as tenants;
use tempfile::TempDir;

use crate::actors::{PASSWORD, Staff, Visitor};
use crate::core::{Core, Settings};
use crate::gate::{Noise, Pass, enter};
use crate::postgres::{Database, shared_admin_url};
use crate::raw::Raw;

/// What a deployment is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One core on `SQLite`.
    Sqlite,
    /// One core on `PostgreSQL`.
    Postgres,
    /// Two cores on one `PostgreSQL`. Actors are spread over both.
    TwoCores,
}

/// What a test asks of its deployment besides the shape.
#[derive(Debug, Default)]
pub struct Wishes {
    /// Settings of the cores.
    pub env: Vec<(String, String)>,
    /// Runs beside other loud tests only.
    pub loud: bool,
    /// A folder for the data, instead of a temporary one.
    pub data_dir: Option<PathBuf>,
    /// An administrator's URL and a tablespace, instead of the shared instance.
    pub postgres: Option<(String, Option<String>)>,
}

impl Wishes {
    /// With one more setting.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
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
        let database = (shape != Shape::Sqlite).then(|| match &wishes.postgres {
            Some((url, tablespace)) => Database::create(url, tablespace.as_deref()),
            None => Database::create(&shared_admin_url(), None),
        });
        let count = if shape == Shape::TwoCores { 2 } else { 1 };
        let mut deployment = Self { shape, cores: Vec::new(), database, folder: Some(folder), _pass: pass };
        for number in 0..count {
            let data_dir = data_dir.join(format!("core-{number}"));
            fs::create_dir_all(&data_dir).expect("the folder is ours");
            let settings = Settings {
                data_dir,
                database_url: deployment.database.as_ref().map(Database::url),
                master_key_file: master_key_file.clone(),
                env: wishes.env.clone(),
            };
            deployment.cores.push(Core::start(settings).await);
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

    /// The secret the installation derives its keys from.
    #[must_use]
    pub fn master_key_file(&self) -> PathBuf {
        self.folder.as_ref().expect("the deployment is whole").path().join("master.key")
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
        Ok(Workspace::new(&endpoints, tenant, made.owner.expect("the answer has the owner")))
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        let mut left = Vec::new();
        let places: Vec<_> = self.cores.iter().map(Core::grpc).collect();
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

    /// What it is made of.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.deployment.shape
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
        Workspace::new(&self.home.endpoints, tenant, made.owner.expect("the answer has the owner"))
    }
}

impl Deref for World {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.home
    }
}

/// A workspace and how its people reach it.
#[derive(Debug)]
pub struct Workspace {
    /// Its id.
    pub tenant_id: String,
    /// Its name at sign-in.
    pub slug: String,
    /// Who set it up.
    pub owner: Staff,
    endpoints: Vec<String>,
    arrivals: AtomicUsize,
    names: AtomicU32,
}

impl Workspace {
    fn new(endpoints: &[String], tenant: tenants::Tenant, owner: tenants::Member) -> Self {
        let owner = Staff::new(&endpoints[0], &tenant.slug, owner);
        Self {
            tenant_id: tenant.tenant_id,
            slug: tenant.slug,
            owner,
            endpoints: endpoints.to_vec(),
            arrivals: AtomicUsize::new(1),
            names: AtomicU32::new(0),
        }
    }

    /// Where the next one to arrive connects to: one core after the other.
    #[must_use]
    pub fn endpoint(&self) -> String {
        let turn = self.arrivals.fetch_add(1, Ordering::Relaxed);
        self.endpoints[turn % self.endpoints.len()].clone()
    }

    /// A connection of nobody.
    #[must_use]
    pub fn nobody(&self) -> Client {
        Client::connect(self.endpoint()).open().expect("an endpoint is a URI")
    }

    /// A connection that sends what it is told, under the access token given.
    #[must_use]
    pub fn raw(&self, token: Option<&str>) -> Raw {
        Raw::connect(&self.endpoints[0], token)
    }

    /// A new agent.
    pub async fn agent(&self, name: &str) -> Staff {
        self.member(name, tenants::Role::Agent).await
    }

    /// A new admin.
    pub async fn admin(&self, name: &str) -> Staff {
        self.member(name, tenants::Role::Admin).await
    }

    /// A new viewer.
    pub async fn viewer(&self, name: &str) -> Staff {
        self.member(name, tenants::Role::Viewer).await
    }

    /// A new member of the role given.
    pub async fn member(&self, name: &str, role: tenants::Role) -> Staff {
        let number = self.names.fetch_add(1, Ordering::Relaxed);
        let request = tenants::CreateMemberRequest {
            request_id: request_id(),
            email: format!("{}.{number}@{}.example", name.to_lowercase().replace(' ', "."), self.slug),
            name: name.to_owned(),
            role: role.into(),
            password: PASSWORD.to_owned(),
        };
        let made = self.owner.client.create_member(request).await.expect("an owner makes a member");
        Staff::new(&self.endpoint(), &self.slug, made.member.expect("the answer has the member"))
    }

    /// A new visitor.
    pub async fn visitor(&self) -> Visitor {
        Visitor::new(&self.endpoint(), &self.slug, None).await
    }

    /// A new department of these members.
    pub async fn department(&self, name: &str, members: &[&Staff]) -> tenants::Department {
        let request = tenants::CreateDepartmentRequest {
            request_id: request_id(),
            name: name.to_owned(),
            member_ids: members.iter().map(|member| member.member_id().to_owned()).collect(),
        };
        let made = self.owner.client.create_department(request).await.expect("an owner makes a department");
        made.department.expect("the answer has the department")
    }
}

/// What a workspace of this name is made from.
#[must_use]
pub fn workspace(slug: &str) -> tenants::Workspace {
    tenants::Workspace {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        locale: String::new(),
        time_zone: String::new(),
    }
}

/// Whom a workspace of this name is to belong to.
#[must_use]
pub fn owner(slug: &str) -> tenants::Owner {
    tenants::Owner {
        email: format!("owner@{slug}.example"),
        name: "Olga Owner".to_owned(),
        password: PASSWORD.to_owned(),
    }
}

/// Writes a master key as `openssl rand -base64 32` would, for its owner's eyes only.
fn write_key(path: &Path) {
    let key = base64::prelude::BASE64_STANDARD.encode(rand::random::<[u8; 32]>());
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).expect("the folder is ours");
    writeln!(file, "{key}").expect("the folder is ours");
}
