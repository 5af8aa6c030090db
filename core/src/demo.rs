//! The demo: a workspace with an owner, agents and a department, made at the first start through the public rpcs.
//! Its passwords are random and lie in `demo.json` (mode 0600) in the data directory; nothing of it exists under `serve`.

use std::{fs, io::Write as _, net::SocketAddr, os::unix::fs::OpenOptionsExt as _, path::Path, sync::Arc};

use rapport_proto::{
    auth::v1::{SetUpRequest, SignInRequest, auth_service_client::AuthServiceClient},
    fault::Fault,
    tenants::v1::{
        CreateDepartmentRequest, CreateMemberRequest, ListMembersRequest, Member, Owner, Role, Workspace,
        tenant_service_client::TenantServiceClient,
    },
};
use serde::{Deserialize, Serialize};
use tonic::{Request, Status};
use uuid::Uuid;

use crate::{
    app::App,
    auth,
    error::{Error, Reason, Result},
    server,
};

/// What `demo.json` holds.
#[derive(Debug, Serialize, Deserialize)]
struct Demo {
    /// Whether all that is named below has been made; a start that finds it is not goes on from there.
    #[serde(default)]
    complete: bool,
    grpc_addr: String,
    /// Where browsers go; absent where no edge runs in this process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edge_url: Option<String>,
    workspace: String,
    owner: Person,
    agents: Vec<Person>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Person {
    name: String,
    email: String,
    password: String,
}

const WORKSPACE: &str = "demo";
const OWNER: (&str, &str) = ("Olivia Owner", "owner@demo.example");
const AGENTS: [(&str, &str); 2] = [("Ada Agent", "ada@demo.example"), ("Ben Agent", "ben@demo.example")];

/// Makes the demo where there is none, writes `demo.json`, and returns the banner.
pub async fn prepare(
    app: &Arc<App>,
    data_dir: &Path,
    grpc_addr: SocketAddr,
    edge_url: Option<String>,
    pages: &[(&str, &str)],
) -> Result<String> {
    let path = data_dir.join("demo.json");
    let mut demo = if auth::needs_owner(app).await? {
        let demo = invent(app);
        // Written before the accounts are made: a crash in between never loses a password.
        write(&path, &demo)?;
        demo
    } else {
        let text = fs::read_to_string(&path).map_err(|_| {
            Error::internal(format!(
                "this store was set up already and has no {}; start it with: rapport-core serve",
                path.display()
            ))
        })?;
        serde_json::from_str(&text).map_err(Error::internal)?
    };
    if !demo.complete {
        make(app, &demo).await?;
        demo.complete = true;
    }
    demo.grpc_addr = grpc_addr.to_string();
    demo.edge_url = edge_url;
    write(&path, &demo)?;
    Ok(banner(&demo, pages, &path))
}

fn invent(app: &App) -> Demo {
    let person = |(name, email): (&str, &str)| Person {
        name: name.to_owned(),
        email: email.to_owned(),
        password: hex::encode(app.ids.random::<8>()),
    };
    Demo {
        complete: false,
        grpc_addr: String::new(),
        edge_url: None,
        workspace: WORKSPACE.to_owned(),
        owner: person(OWNER),
        agents: AGENTS.map(person).to_vec(),
    }
}

/// Makes what is not there yet: a crash may have come after any of these steps, each of which is whole or not at all.
async fn make(app: &Arc<App>, demo: &Demo) -> Result<()> {
    let stack = server::stack(app, false)?;
    let mut auth_client = AuthServiceClient::new(stack.clone());
    let mut tenants = TenantServiceClient::new(stack);
    let workspace = Workspace {
        slug: demo.workspace.clone(),
        name: "Demo".to_owned(),
        locale: "en".to_owned(),
        time_zone: "UTC".to_owned(),
    };
    let owner = demo.owner.clone();
    let set_up = SetUpRequest {
        setup_token: auth::setup_token(app),
        workspace: Some(workspace),
        owner: Some(Owner { email: owner.email.clone(), name: owner.name, password: owner.password.clone() }),
    };
    done(auth_client.set_up(set_up).await, Reason::SetupDone)?;
    let sign_in =
        SignInRequest { workspace: demo.workspace.clone(), email: owner.email, password: owner.password };
    let token = auth_client.sign_in(sign_in).await.map_err(refused)?.into_inner().access_token;
    for agent in demo.agents.clone() {
        let create = CreateMemberRequest {
            request_id: app.ids.make::<Uuid>().to_string(),
            email: agent.email,
            name: agent.name,
            role: Role::Agent.into(),
            password: agent.password,
        };
        done(tenants.create_member(signed(create, &token)?).await, Reason::MemberExists)?;
    }
    let list = signed(ListMembersRequest::default(), &token)?;
    let members = tenants.list_members(list).await.map_err(refused)?.into_inner().members;
    let is_agent = |member: &Member| demo.agents.iter().any(|agent| agent.email == member.email);
    let member_ids = members.into_iter().filter(is_agent).map(|member| member.member_id).collect();
    let create = CreateDepartmentRequest {
        request_id: app.ids.make::<Uuid>().to_string(),
        name: "Support".to_owned(),
        member_ids,
    };
    done(tenants.create_department(signed(create, &token)?).await, Reason::DepartmentExists)
}

/// A step that an earlier start has taken is refused with the reason given, which is as good.
fn done<T>(answer: Result<T, Status>, before: Reason) -> Result<()> {
    match answer {
        Ok(_) => Ok(()),
        Err(status) if Fault::from_status(&status).is_some_and(|fault| fault.reason == before) => Ok(()),
        Err(status) => Err(refused(status)),
    }
}

fn signed<T>(body: T, token: &str) -> Result<Request<T>> {
    let mut request = Request::new(body);
    let value =
        format!("Bearer {token}").parse().map_err(|_| Error::internal("a token that is no metadata"))?;
    request.metadata_mut().insert("authorization", value);
    Ok(request)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
fn refused(status: Status) -> Error {
    Error::internal(format!("the demo could not be made: {status}"))
}

fn write(path: &Path, demo: &Demo) -> Result<()> {
    let text = serde_json::to_string_pretty(demo).map_err(Error::internal)?;
    let fresh = path.with_extension("json.new");
    let _ = fs::remove_file(&fresh);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .map_err(Error::internal)?;
    writeln!(file, "{text}").map_err(Error::internal)?;
    file.sync_all().map_err(Error::internal)?;
    fs::rename(&fresh, path).map_err(Error::internal)
}

fn banner(demo: &Demo, pages: &[(&str, &str)], path: &Path) -> String {
    use std::fmt::Write as _;

    let Demo { grpc_addr, edge_url, workspace, owner, agents, .. } = demo;
    let mut places = String::new();
    if let Some(url) = edge_url {
        for (what, page) in pages {
            let _ = writeln!(places, "  {what:<19} {url}{page}");
        }
        let _ = writeln!(places, "  programs, REST      {url}/docs");
    }
    let _ = writeln!(places, "  programs, gRPC      {grpc_addr}");
    let mut people = String::new();
    for (role, person) in std::iter::once(("owner", owner)).chain(agents.iter().map(|agent| ("agent", agent)))
    {
        let _ = writeln!(people, "  {role:<19} {:<20} {}", person.email, person.password);
    }
    let first = &agents[0];
    format!(
        "\nRapport is running.\n\n{places}\nSign in to workspace \"{workspace}\" as (also in {}):\n\n{people}\n\
         Without a browser, try:\n\n  \
         grpcurl -plaintext {grpc_addr} list\n  \
         grpcurl -plaintext -d '{{\"workspace\":\"{workspace}\"}}' {grpc_addr} rapport.auth.v1.AuthService/StartVisit\n  \
         grpcurl -plaintext -d '{{\"workspace\":\"{workspace}\",\"email\":\"{}\",\"password\":\"{}\"}}' {grpc_addr} \
         rapport.auth.v1.AuthService/SignIn\n",
        path.display(),
        first.email,
        first.password,
    )
}
