//! A core with a workspace and chats in it, made through its own rpcs, and the callers who own the chats.

use std::{path::Path, sync::Arc, time::Duration};

use rapport_core::{
    app::App,
    auth,
    caller::{Caller, Principal},
    clock::Clock,
    config::Config,
    db::{self, Target},
    ids::{DepartmentId, Ids, MemberId},
    keys::MasterKey,
    layers::Layered,
    migrate, server,
    tokens::Identity,
};
use rapport_proto::{
    auth::v1::{SetUpRequest, SignInRequest, StartVisitRequest, auth_service_client::AuthServiceClient},
    chats::v1::{StartChatRequest, chat_service_client::ChatServiceClient},
    tenants::v1::{
        CreateDepartmentRequest, CreateMemberRequest, CreateTenantRequest, Owner, Role, Workspace,
        tenant_service_client::TenantServiceClient,
    },
};
use tokio::task::JoinSet;
use tonic::service::Routes;
use uuid::Uuid;

use crate::{Fallible, crowd::Seat, grpc::bearing};

/// How many chats a workspace has in these scenarios.
pub(crate) const CHATS: usize = 1_000;
/// How many connections to `PostgreSQL` a core is given.
pub(crate) const CONNECTIONS: u32 = 32;
/// How long tokens live that must outlive a scenario.
const LONG: Duration = Duration::from_hours(24);
const WORKSPACE: &str = "bench";
/// Two cores on one store must share the key, and a program is given it in a file; nothing here is worth hiding.
const KEY: [u8; 32] = *b"a master key for a bench's store";

/// A core at work.
#[derive(Debug)]
pub(crate) struct World {
    /// The core.
    pub(crate) app: Arc<App>,
    /// The chats, each with its visitor.
    pub(crate) chats: Arc<[Chat]>,
    /// How the owner signs in.
    pub(crate) owner: SignInRequest,
    /// An access token of the owner, who hears every chat.
    pub(crate) staff: String,
    /// What callers who are visitors are made of.
    visit: Arc<Caller>,
}

/// A chat and the visitor it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Chat {
    /// `chat_…`
    pub(crate) id: String,
    /// The visitor.
    pub(crate) caller: Arc<Caller>,
    /// The visitor's access token.
    pub(crate) token: String,
}

/// Core as its callers in this process have it.
type Stack = Layered<Routes>;

/// A workspace of this name, and its owner.
fn workspace(app: &App, slug: &str) -> (Workspace, Owner) {
    let workspace = Workspace {
        slug: slug.to_owned(),
        name: "Bench".to_owned(),
        locale: "en".to_owned(),
        time_zone: "UTC".to_owned(),
    };
    let owner = Owner {
        email: format!("owner@{slug}.example"),
        name: "Olivia Owner".to_owned(),
        password: app.ids.make::<Uuid>().to_string(),
    };
    (workspace, owner)
}

fn sign_in(workspace: &Workspace, owner: &Owner) -> SignInRequest {
    SignInRequest {
        workspace: workspace.slug.clone(),
        email: owner.email.clone(),
        password: owner.password.clone(),
    }
}

/// The store in a folder of its own.
pub(crate) fn sqlite(dir: &Path) -> Target {
    Target::Sqlite(dir.join("rapport.db"))
}

/// Opens a core; makes the schema where there is none.
pub(crate) async fn open(dir: &Path, target: Target) -> Fallible<Arc<App>> {
    let config = Config { database: target, database_max_connections: CONNECTIONS, ..Config::in_dir(dir) };
    let opened = db::open(&config.database, config.database_max_connections).await?;
    migrate::prepare(&opened).await?;
    let master = MasterKey::from_bytes(KEY);
    let ids = Ids::system(Clock::System);
    Ok(App::build(&config, opened, master, Clock::System, ids).await?)
}

impl World {
    /// Makes a workspace with this many chats, each of a visitor of its own.
    pub(crate) async fn make(dir: &Path, target: Target, chats: usize) -> Fallible<Self> {
        Self::make_among(dir, target, chats, chats).await
    }

    /// Makes a workspace with this many chats, dealt out to so many visitors.
    pub(crate) async fn make_among(
        dir: &Path,
        target: Target,
        visitors: usize,
        chats: usize,
    ) -> Fallible<Self> {
        let app = open(dir, target).await?;
        let stack = server::stack(&app, false)?;
        let (workspace, owner) = workspace(&app, WORKSPACE);
        let sign_in = sign_in(&workspace, &owner);
        let setup_token = auth::setup_token(&app);
        AuthServiceClient::new(stack.clone())
            .set_up(SetUpRequest { setup_token, workspace: Some(workspace), owner: Some(owner) })
            .await?;
        Self::enter(app, stack, sign_in, visitors, chats).await
    }

    /// Another workspace of the same installation, with this many chats, each of a visitor of its own.
    pub(crate) async fn another(&self, slug: &str, chats: usize) -> Fallible<Self> {
        let stack = server::stack(&self.app, false)?;
        let (workspace, owner) = workspace(&self.app, slug);
        let sign_in = sign_in(&workspace, &owner);
        let request_id = self.app.ids.make::<Uuid>().to_string();
        let request = CreateTenantRequest { request_id, workspace: Some(workspace), owner: Some(owner) };
        TenantServiceClient::new(stack.clone())
            .create_tenant(bearing(request, &self.app.tokens.issue_operator()?)?)
            .await?;
        Self::enter(Arc::clone(&self.app), stack, sign_in, chats, chats).await
    }

    /// The owner and the visitors of a workspace that was just made; the visitors start chats.
    async fn enter(
        app: Arc<App>,
        stack: Stack,
        owner: SignInRequest,
        visitors: usize,
        chats: usize,
    ) -> Fallible<Self> {
        let mut auth_client = AuthServiceClient::new(stack.clone());
        let staff = auth_client.sign_in(owner.clone()).await?.into_inner().access_token;
        let visit = StartVisitRequest { workspace: owner.workspace.clone(), ..StartVisitRequest::default() };
        let visit = auth_client.start_visit(visit).await?.into_inner();
        let Identity::Caller(visit) = app.tokens.verify(&visit.access_token)? else {
            return Err("a visitor's token speaks for somebody else".into());
        };
        let mut world = Self { app, chats: Arc::default(), owner, staff, visit };
        let callers: Vec<_> = (0..visitors).map(|_| world.visitor()).collect::<Result<_, _>>()?;
        let mut starting = JoinSet::new();
        for (caller, token) in callers.iter().cycle().take(chats) {
            let (caller, token) = (Arc::clone(caller), token.clone());
            let request_id = world.app.ids.make::<Uuid>().to_string();
            let name = "Vera Visitor".to_owned();
            let request =
                bearing(StartChatRequest { request_id, name, ..StartChatRequest::default() }, &token)?;
            let mut client = ChatServiceClient::new(stack.clone());
            starting.spawn(async move {
                let chat = client.start_chat(request).await?.into_inner().chat.unwrap_or_default();
                Ok::<_, tonic::Status>(Chat { id: chat.chat_id, caller, token })
            });
        }
        let chats: Vec<Chat> = starting.join_all().await.into_iter().collect::<Result<_, _>>()?;
        world.chats = chats.into();
        Ok(world)
    }

    /// A visitor and an access token, made out of the first visit: thousands of started ones would differ in nothing but their time.
    fn visitor(&self) -> rapport_core::error::Result<(Arc<Caller>, String)> {
        let principal = Principal::Visitor(self.app.ids.make());
        let caller = Caller { principal, session: self.app.ids.make(), ..Caller::clone(&self.visit) };
        let token = self.app.tokens.issue(&caller)?;
        Ok((Arc::new(caller), token))
    }

    /// Who speaks in a chat.
    pub(crate) fn seat(&self, group: usize) -> Seat {
        let Chat { id, token, .. } = &self.chats[group];
        Seat { token: token.clone(), group, chat: id.clone() }
    }

    /// Access tokens, each of another member, who hears every chat as the owner does.
    pub(crate) async fn members(&self, count: usize) -> Fallible<Vec<String>> {
        let stack = server::stack(&self.app, false)?;
        let mut tokens = Vec::new();
        for place in 0..count {
            let sign_in =
                SignInRequest { email: format!("member{place}@bench.example"), ..self.owner.clone() };
            let request = CreateMemberRequest {
                request_id: self.app.ids.make::<Uuid>().to_string(),
                email: sign_in.email.clone(),
                name: format!("Mia Member {place}"),
                role: Role::Agent.into(),
                password: sign_in.password.clone(),
            };
            TenantServiceClient::new(stack.clone()).create_member(bearing(request, &self.staff)?).await?;
            let signed_in = AuthServiceClient::new(stack.clone()).sign_in(sign_in).await?;
            tokens.push(signed_in.into_inner().access_token);
        }
        Ok(tokens)
    }

    /// Access tokens, each of another visitor who has no chat.
    pub(crate) fn tokens(&self, count: usize) -> Fallible<Vec<String>> {
        let tokens: Result<_, _> = (0..count).map(|_| self.visitor().map(|(_, token)| token)).collect();
        Ok(tokens?)
    }

    /// An access token of this visitor, good for longer than a scenario takes.
    pub(crate) fn token_of(&self, visitor: Uuid) -> Fallible<String> {
        self.long_lived(&self.visit, Principal::Visitor(visitor.into()))
    }

    /// An access token of the owner, likewise.
    pub(crate) fn token_of_staff(&self) -> Fallible<String> {
        let Identity::Caller(owner) = self.app.tokens.verify(&self.staff)? else {
            return Err("the owner's token speaks for somebody else".into());
        };
        self.long_lived(&owner, owner.principal)
    }

    /// The same of a visitor of another workspace, where a visit is started for it.
    pub(crate) async fn token_elsewhere(&self, workspace: &str, visitor: Uuid) -> Fallible<String> {
        let mut client = AuthServiceClient::new(server::stack(&self.app, false)?);
        let visit = StartVisitRequest { workspace: workspace.to_owned(), ..StartVisitRequest::default() };
        let visit = client.start_visit(visit).await?.into_inner();
        let Identity::Caller(visit) = self.app.tokens.verify(&visit.access_token)? else {
            return Err("a visitor's token speaks for somebody else".into());
        };
        self.long_lived(&visit, Principal::Visitor(visitor.into()))
    }

    /// Makes an agent; gives the id and an access token.
    pub(crate) async fn hire(&self, name: &str) -> Fallible<(Uuid, String)> {
        let stack = server::stack(&self.app, false)?;
        let (email, password) =
            (format!("{}@bench.example", name.to_lowercase()), self.app.ids.make::<Uuid>().to_string());
        let request = CreateMemberRequest {
            request_id: self.app.ids.make::<Uuid>().to_string(),
            email: email.clone(),
            name: name.to_owned(),
            role: Role::Agent.into(),
            password: password.clone(),
        };
        TenantServiceClient::new(stack.clone()).create_member(bearing(request, &self.staff)?).await?;
        let sign_in = SignInRequest { workspace: WORKSPACE.to_owned(), email, password };
        let token = AuthServiceClient::new(stack).sign_in(sign_in).await?.into_inner().access_token;
        let Identity::Caller(agent) = self.app.tokens.verify(&token)? else {
            return Err("an agent's token speaks for somebody else".into());
        };
        Ok((agent.id(), self.long_lived(&agent, agent.principal)?))
    }

    /// Makes a department of these members; gives its id.
    pub(crate) async fn found(&self, name: &str, members: &[Uuid]) -> Fallible<DepartmentId> {
        let member_ids = members.iter().map(|id| MemberId::from(*id).to_string()).collect();
        let request = CreateDepartmentRequest {
            request_id: self.app.ids.make::<Uuid>().to_string(),
            name: name.to_owned(),
            member_ids,
        };
        let mut client = TenantServiceClient::new(server::stack(&self.app, false)?);
        let made = client
            .create_department(bearing(request, &self.staff)?)
            .await?
            .into_inner()
            .department
            .unwrap_or_default();
        Ok(made.department_id.parse()?)
    }

    fn long_lived(&self, caller: &Caller, principal: Principal) -> Fallible<String> {
        let expires_at = Clock::System.now().plus(LONG);
        Ok(self.app.tokens.issue(&Caller { principal, expires_at, ..caller.clone() })?)
    }

    /// The workspace.
    pub(crate) fn tenant(&self) -> Uuid {
        self.visit.tenant().uuid()
    }

    /// The same with another core on its store.
    pub(crate) fn reopened(self, app: Arc<App>) -> Self {
        Self { app, ..self }
    }

    /// The same workspace on another core of its store.
    pub(crate) fn on(&self, app: Arc<App>) -> Self {
        let Self { chats, owner, staff, visit, .. } = self;
        let (chats, visit) = (Arc::clone(chats), Arc::clone(visit));
        Self { app, chats, owner: owner.clone(), staff: staff.clone(), visit }
    }

    /// Stops and leaves the store to a program that is started in the same folder.
    pub(crate) async fn leave(&self, dir: &Path) -> Fallible {
        self.app.stop().await;
        MasterKey::create(&dir.join("master.key"), KEY)?;
        Ok(())
    }
}
