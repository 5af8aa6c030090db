//! A core with a workspace and chats in it, made through its own rpcs, and the callers who own the chats.

use std::{path::Path, sync::Arc};

use rapport_core::{
    app::App,
    auth,
    caller::{Caller, Principal},
    clock::Clock,
    config::Config,
    db::{self, Target},
    ids::Ids,
    keys::MasterKey,
    migrate, server,
    tokens::Identity,
};
use rapport_proto::{
    auth::v1::{SetUpRequest, StartVisitRequest, auth_service_client::AuthServiceClient},
    chats::v1::{StartChatRequest, chat_service_client::ChatServiceClient},
    tenants::v1::{Owner, Workspace},
};
use tokio::task::JoinSet;
use tonic::Request;
use uuid::Uuid;

use crate::Fallible;

/// How many chats a workspace has in these scenarios.
pub(crate) const CHATS: usize = 1_000;
/// How many connections to `PostgreSQL` a core is given.
pub(crate) const CONNECTIONS: u32 = 32;
const WORKSPACE: &str = "bench";

/// A core at work.
#[derive(Debug)]
pub(crate) struct World {
    /// The core.
    pub(crate) app: Arc<App>,
    /// The chats, each with its visitor.
    pub(crate) chats: Arc<[Chat]>,
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

/// The store in a folder of its own.
pub(crate) fn sqlite(dir: &Path) -> Target {
    Target::Sqlite(dir.join("rapport.db"))
}

/// Opens a core; makes the schema where there is none.
pub(crate) async fn open(dir: &Path, target: Target) -> Fallible<Arc<App>> {
    let config = Config { database: target, database_max_connections: CONNECTIONS, ..Config::in_dir(dir) };
    let opened = db::open(&config.database, config.database_max_connections).await?;
    migrate::prepare(&opened).await?;
    // Two cores on one store must share the key; nothing here is worth hiding.
    let master = MasterKey::from_bytes(*b"a master key for a bench's store");
    let ids = Ids::system(Clock::System);
    Ok(App::build(&config, opened, master, Clock::System, ids).await?)
}

impl World {
    /// Makes a workspace with this many chats, each of a visitor of its own.
    pub(crate) async fn make(dir: &Path, target: Target, chats: usize) -> Fallible<Self> {
        let app = open(dir, target).await?;
        let stack = server::stack(&app, false)?;
        let mut auth_client = AuthServiceClient::new(stack.clone());
        let workspace = Workspace {
            slug: WORKSPACE.to_owned(),
            name: "Bench".to_owned(),
            locale: "en".to_owned(),
            time_zone: "UTC".to_owned(),
        };
        let password = app.ids.make::<Uuid>().to_string();
        let owner =
            Owner { email: "owner@bench.example".to_owned(), name: "Olivia Owner".to_owned(), password };
        let setup_token = auth::setup_token(&app);
        auth_client
            .set_up(SetUpRequest { setup_token, workspace: Some(workspace), owner: Some(owner) })
            .await?;
        let visit = StartVisitRequest { workspace: WORKSPACE.to_owned(), ..StartVisitRequest::default() };
        let visit = auth_client.start_visit(visit).await?.into_inner();
        let Identity::Caller(first) = app.tokens.verify(&visit.access_token)? else {
            return Err("a visitor's token speaks for somebody else".into());
        };
        let mut starting = JoinSet::new();
        for _ in 0..chats {
            // The visits are made out of the first one; a thousand started ones would differ in nothing but their time.
            let caller = Caller { principal: Principal::Visitor(app.ids.make()), ..Caller::clone(&first) };
            let token = app.tokens.issue(&caller)?;
            let request_id = app.ids.make::<Uuid>().to_string();
            let name = "Vera Visitor".to_owned();
            let mut request =
                Request::new(StartChatRequest { request_id, name, ..StartChatRequest::default() });
            request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
            let mut client = ChatServiceClient::new(stack.clone());
            starting.spawn(async move {
                let chat = client.start_chat(request).await?.into_inner().chat.unwrap_or_default();
                Ok::<_, tonic::Status>(Chat { id: chat.chat_id, caller: Arc::new(caller), token })
            });
        }
        let chats: Vec<Chat> = starting.join_all().await.into_iter().collect::<Result<_, _>>()?;
        Ok(Self { app, chats: chats.into() })
    }
}
