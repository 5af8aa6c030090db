//! A core whose statements are noted, with a workspace: an owner, an agent, a visitor with two chats and a ticket.

use std::sync::Arc;

use rapport_proto::{
    auth::v1::{SetUpRequest, SignInRequest, StartVisitRequest, auth_service_client::AuthServiceClient},
    chats::v1::{self as chats, chat_service_client::ChatServiceClient},
    tenants::v1::{
        CreateDepartmentRequest, CreateMemberRequest, Owner, Role, Workspace,
        tenant_service_client::TenantServiceClient,
    },
    tickets::v1::{self as tickets, ticket_service_client::TicketServiceClient},
};
use sea_orm::ConnectionTrait as _;
use tonic::Request;
use uuid::Uuid;

use super::Noted;
use crate::{
    app::App,
    auth,
    caller::Caller,
    clock::Clock,
    config::Config,
    db::{Target, open},
    ids::{Ids, TenantId},
    keys::MasterKey,
    migrate,
    server::{self, InProcess},
    tokens::Identity,
};

/// A core whose statements are noted, and people who ask it.
pub(super) struct Scene {
    pub(super) app: Arc<App>,
    pub(super) noted: Noted,
    pub(super) stack: InProcess,
    pub(super) owner: String,
    pub(super) agent: String,
    pub(super) visitor: String,
    pub(super) department: String,
    /// In the department, claimed by nobody.
    pub(super) chat: chats::Chat,
    pub(super) ticket: tickets::Ticket,
    pub(super) faults: Vec<String>,
}

pub(super) fn by<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

pub(super) fn new_id() -> String {
    Ids::system(Clock::System).make::<Uuid>().to_string()
}

impl Scene {
    pub(super) async fn set(target: &Target) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut opened = open(target, 8).await.unwrap();
        migrate::run(&opened).await.unwrap();
        let noted = Noted::default();
        opened.read.set_metric_callback(noted.note());
        opened.write.set_metric_callback(noted.note());
        let config = Config { database: target.clone(), ..Config::in_dir(dir.path()) };
        let ids = Ids::system(Clock::System);
        let app =
            App::build(&config, opened, MasterKey::from_bytes([9; 32]), Clock::System, ids).await.unwrap();
        let stack = server::in_process(&app).unwrap();
        let mut auth = AuthServiceClient::new(stack.clone());
        let workspace = Workspace {
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            locale: "en".to_owned(),
            time_zone: "UTC".to_owned(),
        };
        let password = "correct horse battery";
        let owner = Owner {
            email: "olga@acme.example".to_owned(),
            name: "Olga Owner".to_owned(),
            password: password.to_owned(),
        };
        let setup_token = auth::setup_token(&app);
        let set_up = SetUpRequest { setup_token, workspace: Some(workspace), owner: Some(owner) };
        auth.set_up(set_up).await.unwrap();
        let sign_in = async |email: &str| {
            let request = SignInRequest {
                workspace: "acme".to_owned(),
                email: email.to_owned(),
                password: password.to_owned(),
            };
            auth.clone().sign_in(request).await.unwrap().into_inner().access_token
        };
        let owner = sign_in("olga@acme.example").await;
        let mut tenants = TenantServiceClient::new(stack.clone());
        let ada = CreateMemberRequest {
            request_id: new_id(),
            email: "ada@acme.example".to_owned(),
            name: "Ada Agent".to_owned(),
            role: Role::Agent.into(),
            password: password.to_owned(),
        };
        let ada = tenants.create_member(by(&owner, ada)).await.unwrap().into_inner().member.unwrap();
        let sales = CreateDepartmentRequest {
            request_id: new_id(),
            name: "Sales".to_owned(),
            member_ids: vec![ada.member_id.clone()],
        };
        let sales =
            tenants.create_department(by(&owner, sales)).await.unwrap().into_inner().department.unwrap();
        let agent = sign_in("ada@acme.example").await;
        let visit = StartVisitRequest { workspace: "acme".to_owned(), ..Default::default() };
        let visitor = auth.start_visit(visit).await.unwrap().into_inner().access_token;
        let (chat, ticket) = begin(&stack, &visitor, &sales.department_id).await;
        let department = sales.department_id;
        Self { app, noted, stack, owner, agent, visitor, department, chat, ticket, faults: Vec::new() }
    }

    fn caller(&self) -> Arc<Caller> {
        let Identity::Caller(agent) = self.app.tokens.verify(&self.agent).unwrap() else {
            panic!("an agent's token speaks for an agent")
        };
        agent
    }

    pub(super) fn agent_id(&self) -> String {
        self.caller().principal.to_string()
    }

    pub(super) fn tenant(&self) -> TenantId {
        self.caller().tenant()
    }
}

/// The visitor begins a chat with nobody in particular, and one and a ticket with a department.
async fn begin(stack: &InProcess, visitor: &str, department: &str) -> (chats::Chat, tickets::Ticket) {
    let mut chat = ChatServiceClient::new(stack.clone());
    let mut start = async |department_id: &str| {
        let request = chats::StartChatRequest {
            request_id: new_id(),
            department_id: department_id.to_owned(),
            text: "Hello".to_owned(),
            ..Default::default()
        };
        chat.start_chat(by(visitor, request)).await.unwrap().into_inner().chat.unwrap()
    };
    start("").await;
    let chat = start(department).await;
    let ticket = tickets::CreateTicketRequest {
        request_id: new_id(),
        subject: "Help".to_owned(),
        text: "Please".to_owned(),
        department_id: department.to_owned(),
        ..Default::default()
    };
    let mut client = TicketServiceClient::new(stack.clone());
    let ticket = client.create_ticket(by(visitor, ticket)).await.unwrap().into_inner().ticket.unwrap();
    (chat, ticket)
}

/// Ten thousand chats and tickets of others beside those of the scene, and a chat, a ticket and a log of the scene's visitor that are long.
pub(super) async fn fill(scene: &Scene, target: &Target) {
    let conn = open(target, 2).await.unwrap();
    let [chat, ticket] = [
        scene.chat.chat_id.parse::<crate::ids::ChatId>().unwrap().uuid(),
        scene.ticket.ticket_id.parse::<crate::ids::TicketId>().unwrap().uuid(),
    ];
    let agent = scene.agent_id().parse::<crate::ids::MemberId>().unwrap().uuid();
    let statements = format!(
        "create temporary table here as select tenant_id, customer_id, visitor_id, department_id from chats where chat_id = '{chat}';
         create temporary table n as select n, ('01800000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as id
           from generate_series(1, 10000) n;
         insert into customers (tenant_id, customer_id, visitor_id, name, email, created_at, revision)
           select tenant_id, id, id, 'Will', '', 1, 1 from here, n;
         insert into chats (tenant_id, chat_id, customer_id, visitor_id, department_id, assignee_id, state, page_url, close_reason,
             created_at, revision)
           select tenant_id, id, id, id, case n % 2 when 0 then department_id end, case n % 3 when 0 then null else '{agent}'::uuid end,
             1 + n % 3, '', '', 1, 1 from here, n;
         insert into messages (tenant_id, chat_id, seq, message_id, sender_kind, sender_id, text, internal, request_id, body_hash, sent_at)
           select tenant_id, id, seq, gen_random_uuid(), 1, id, 'Hello', false, gen_random_uuid(), ''::bytea, 1
             from here, n, generate_series(1, 3) seq
           union all
           select tenant_id, '{chat}', last + n, id, 1, here.visitor_id, 'Hello', false, id, ''::bytea, 1
             from here, n, (select max(seq) as last from messages where chat_id = '{chat}') l;
         insert into tickets (tenant_id, ticket_id, number, customer_id, visitor_id, department_id, assignee_id, state, priority, subject,
             tags, created_at, updated_at, revision)
           select here.tenant_id, id, last + n, id, id, case n % 2 when 0 then here.department_id end,
             case n % 3 when 0 then null else '{agent}'::uuid end, 1 + n % 5, 1 + n % 3, 'Help', '[]', 1, 1, 1
             from here, n, (select max(number) as last from tickets) l;
         insert into ticket_comments (tenant_id, ticket_id, seq, comment_id, author_kind, author_id, text, internal, sent_at)
           select tenant_id, '{ticket}', last + n, id, 1, here.visitor_id, 'Hello', false, 1
             from here, n, (select max(seq) as last from ticket_comments where ticket_id = '{ticket}') l;
         insert into read_marks (tenant_id, chat_id, reader_id, reader_kind, seq, at)
           select tenant_id, id, '{agent}', 2, 1, 1 from here, n;
         insert into events (tenant_id, number, type, chat_id, visitor_id, audience, payload, at)
           select e.tenant_id, last + n.n, e.type, e.chat_id, case n.n % 2 when 0 then e.visitor_id else n.id end, e.audience, e.payload, e.at
             from n, (select * from events where chat_id = '{chat}' and visitor_id is not null order by number desc limit 1) e,
             (select max(number) as last from events) l;"
    );
    conn.write().execute_unprepared(&statements).await.unwrap();
    conn.write().execute_unprepared("analyze").await.unwrap();
}
