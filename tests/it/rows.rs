//! One row for each rpc that is not public: who calls it, and a request that succeeds. Tests that hold for every rpc read this
//! table; an rpc without a row fails them.

use std::collections::BTreeMap;

use rapport_tests::actors::PASSWORD;
use rapport_tests::client::request_id;
use rapport_tests::dynamic::{method, short};
use rapport_tests::proto::contract::{METHODS, Method};
use rapport_tests::proto::options::v1::Permission;
use serde_json::{Value, json};

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Nobody,
    Visitor,
    Viewer,
    Agent,
    Admin,
    Owner,
    Operator,
}

impl Who {
    pub(crate) const ALL: [Self; 7] =
        [Self::Nobody, Self::Visitor, Self::Viewer, Self::Agent, Self::Admin, Self::Owner, Self::Operator];

    /// Whether the contract's comments give this caller the permission. Written down a second time on purpose: the server must
    /// agree with the contract, not with itself.
    pub(crate) fn holds(self, permission: Permission) -> bool {
        use Who::{Admin, Agent, Nobody, Operator, Owner, Viewer, Visitor};
        match permission {
            // What an edge may do, no person may.
            Permission::Unspecified | Permission::Edge => false,
            Permission::Public => true,
            Permission::SignedIn => self != Nobody,
            Permission::TenantsCreate => self == Operator,
            Permission::TenantRead | Permission::MembersRead | Permission::DepartmentsRead => {
                matches!(self, Viewer | Agent | Admin | Owner)
            }
            Permission::TenantManage | Permission::MembersManage | Permission::DepartmentsManage => {
                matches!(self, Admin | Owner)
            }
            Permission::ChatsStart => self == Visitor,
            Permission::ChatsRead | Permission::EventsRead | Permission::TicketsRead => {
                matches!(self, Visitor | Viewer | Agent | Admin | Owner)
            }
            Permission::ChatsSend | Permission::ChatsClose => matches!(self, Visitor | Agent | Admin | Owner),
            Permission::PresenceRead | Permission::CustomersRead | Permission::ProfileManage => {
                matches!(self, Viewer | Agent | Admin | Owner)
            }
            Permission::ChatsHandle
            | Permission::TicketsHandle
            | Permission::PresenceSet
            | Permission::CustomersManage => matches!(self, Agent | Admin | Owner),
            Permission::TicketsCreate | Permission::TicketsComment => {
                matches!(self, Visitor | Agent | Admin | Owner)
            }
        }
    }
}

/// A request of one rpc that succeeds when `who` sends it; for some rpcs there are several.
pub(crate) struct Row {
    pub(crate) method: &'static Method,
    pub(crate) who: Who,
    pub(crate) request: fn(&Ids) -> Value,
}

impl Row {
    /// Whether the request holds an id of this kind.
    pub(crate) fn uses(&self, kind: &str) -> bool {
        (self.request)(&Ids::default().with(kind, "<mark>")).to_string().contains("<mark>")
    }
}

/// The ids, cursors and page tokens that requests are filled with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids(BTreeMap<String, String>);

impl Ids {
    /// One of this kind: `chat`, `ticket`, `member`, `department`, `customer`, `visitor`, `cursor`, or `page.` and the name of a list.
    pub(crate) fn get(&self, kind: &str) -> &str {
        self.0.get(kind).map_or("", String::as_str)
    }

    /// The same with another one of this kind.
    pub(crate) fn with(&self, kind: &str, value: &str) -> Self {
        let mut ids = self.clone();
        ids.0.insert(kind.to_owned(), value.to_owned());
        ids
    }

    pub(crate) fn kinds(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(kind, value)| (kind.as_str(), value.as_str()))
    }
}

/// Every row. More than one of an rpc where its request has alternatives.
pub(crate) fn rows() -> Vec<Row> {
    let rows: Vec<_> = TABLE
        .iter()
        .map(|(name, who, request)| Row { method: method(name), who: *who, request: *request })
        .collect();
    let personal = |method: &&Method| !matches!(method.permission, Permission::Public | Permission::Edge);
    for method in METHODS.iter().filter(personal) {
        assert!(
            rows.iter().any(|row| row.method == method),
            "{} has no row: say in tests/it/rows.rs who calls it and with what",
            short(method)
        );
    }
    rows
}

/// The rpc, who calls it, and what with.
type Entry = (&'static str, Who, fn(&Ids) -> Value);

const TABLE: &[Entry] = &[
    ("AuthService.SignOut", Who::Agent, |_| json!({})),
    ("AuthService.GetSelf", Who::Agent, |_| json!({})),
    ("TenantService.CreateTenant", Who::Operator, |_| {
        let slug = format!("t-{}", &request_id()[24..]);
        json!({
            "requestId": request_id(),
            "workspace": {"slug": slug, "name": "New", "locale": "de", "timeZone": "Europe/Berlin"},
            "owner": {"email": "new@example.org", "name": "New", "password": "long enough"},
        })
    }),
    ("TenantService.GetTenant", Who::Viewer, |_| json!({})),
    ("TenantService.UpdateTenant", Who::Admin, |_| {
        json!({
            "name": "Renamed",
            "locale": "fr",
            "timeZone": "Europe/Paris",
            "allowedOrigins": {"origins": ["https://shop.example"]},
        })
    }),
    ("TenantService.UpdateWidget", Who::Admin, |_| {
        json!({
            "color": "#ff8800",
            "position": "WIDGET_POSITION_START",
            "greeting": "Ahoy",
            "offlineMessage": "We sleep",
            "launcherLabel": "Ask",
            "askDepartment": true,
        })
    }),
    ("TenantService.CreateMember", Who::Admin, |_| {
        json!({
            "requestId": request_id(),
            "email": format!("{}@example.org", request_id()),
            "name": "New",
            "role": "ROLE_VIEWER",
            "password": "long enough",
        })
    }),
    (
        "TenantService.ListMembers",
        Who::Viewer,
        |ids| json!({"pageSize": 1, "pageToken": ids.get("page.ListMembers")}),
    ),
    ("TenantService.UpdateMember", Who::Admin, |ids| {
        json!({
            "memberId": ids.get("member"),
            "name": "Renamed",
            "role": "ROLE_AGENT",
            "state": "MEMBER_STATE_ACTIVE",
            "password": "another one",
            "publicName": "R.",
        })
    }),
    (
        "TenantService.CreateDepartment",
        Who::Admin,
        |ids| json!({"requestId": request_id(), "name": request_id(), "memberIds": [ids.get("member")]}),
    ),
    (
        "TenantService.ListDepartments",
        Who::Viewer,
        |ids| json!({"pageSize": 1, "pageToken": ids.get("page.ListDepartments")}),
    ),
    ("TenantService.UpdateDepartment", Who::Admin, |ids| {
        json!({
            "departmentId": ids.get("department"),
            "name": request_id(),
            "addMemberIds": [ids.get("member")],
        })
    }),
    (
        "TenantService.UpdateDepartment",
        Who::Owner,
        |ids| json!({"departmentId": ids.get("department"), "removeMemberIds": [ids.get("member")]}),
    ),
    ("ChatService.StartChat", Who::Visitor, |ids| {
        json!({
            "requestId": request_id(),
            "name": "Vera",
            "email": "vera@example.org",
            "departmentId": ids.get("department"),
            "text": "Hello",
            "pageUrl": "https://example.org/",
        })
    }),
    ("ChatService.GetChat", Who::Visitor, |ids| json!({"chatId": ids.get("chat")})),
    ("ChatService.GetChat", Who::Viewer, |ids| json!({"chatId": ids.get("chat")})),
    ("ChatService.ListChats", Who::Viewer, |ids| {
        json!({
            "states": ["CHAT_STATE_WAITING"],
            "assigneeId": ids.get("member"),
            "departmentId": ids.get("department"),
            "customerId": ids.get("customer"),
            "visitorId": ids.get("visitor"),
        })
    }),
    (
        "ChatService.ListChats",
        Who::Viewer,
        |ids| json!({"pageSize": 1, "pageToken": ids.get("page.ListChats")}),
    ),
    ("ChatService.CountChats", Who::Viewer, |_| json!({})),
    (
        "ChatService.SendMessage",
        Who::Visitor,
        |ids| json!({"chatId": ids.get("chat"), "requestId": request_id(), "text": "Hello"}),
    ),
    (
        "ChatService.SendMessage",
        Who::Agent,
        |ids| json!({"chatId": ids.get("chat"), "requestId": request_id(), "text": "note", "internal": true}),
    ),
    ("ChatService.ListMessages", Who::Viewer, |ids| json!({"chatId": ids.get("chat"), "pageSize": 1})),
    (
        "ChatService.ListMessages",
        Who::Visitor,
        |ids| json!({"chatId": ids.get("chat"), "pageSize": 1, "pageToken": ids.get("page.ListMessages")}),
    ),
    ("ChatService.GetTranscript", Who::Visitor, |ids| json!({"chatId": ids.get("chat")})),
    ("ChatService.GetTranscript", Who::Viewer, |ids| json!({"chatId": ids.get("chat")})),
    ("ChatService.MarkRead", Who::Visitor, |ids| json!({"chatId": ids.get("chat"), "seq": 1})),
    ("ChatService.SetTyping", Who::Visitor, |ids| json!({"chatId": ids.get("chat"), "typing": true})),
    ("ChatService.ClaimChat", Who::Agent, |ids| json!({"chatId": ids.get("chat")})),
    (
        "ChatService.TransferChat",
        Who::Agent,
        |ids| json!({"chatId": ids.get("chat"), "memberId": ids.get("member")}),
    ),
    (
        "ChatService.TransferChat",
        Who::Owner,
        |ids| json!({"chatId": ids.get("chat"), "departmentId": ids.get("department")}),
    ),
    ("ChatService.CloseChat", Who::Agent, |ids| json!({"chatId": ids.get("chat"), "reason": "done"})),
    ("CustomerService.GetCustomer", Who::Viewer, |ids| json!({"visitorId": ids.get("visitor")})),
    ("CustomerService.GetCustomer", Who::Agent, |ids| json!({"visitorId": ids.get("visitor")})),
    (
        "CustomerService.UpdateCustomer",
        Who::Agent,
        |ids| json!({"visitorId": ids.get("visitor"), "name": "Vera", "email": "vera@example.org", "note": "likes tea"}),
    ),
    ("PresenceService.SetStatus", Who::Agent, |_| json!({"status": "PRESENCE_STATUS_AWAY"})),
    (
        "PresenceService.ListOnlineAgents",
        Who::Viewer,
        |ids| json!({"pageSize": 1, "pageToken": ids.get("page.ListOnlineAgents")}),
    ),
    ("PresenceService.GetWorkload", Who::Viewer, |ids| json!({"memberId": ids.get("member")})),
    ("PresenceService.WatchPresence", Who::Viewer, |_| json!({})),
    (
        "EventService.Subscribe",
        Who::Viewer,
        |ids| json!({"cursor": ids.get("cursor"), "chatIds": [ids.get("chat")], "types": ["EVENT_TYPE_MESSAGE_SENT"]}),
    ),
    (
        "EventService.Read",
        Who::Visitor,
        |ids| json!({"cursor": ids.get("cursor"), "chatIds": [ids.get("chat")], "types": ["EVENT_TYPE_MESSAGE_SENT"]}),
    ),
    ("TicketService.CreateTicket", Who::Visitor, |ids| {
        json!({
            "requestId": request_id(),
            "subject": "It does not work",
            "text": "At all",
            "name": "Vera",
            "email": "vera@example.org",
            "chatId": ids.get("chat"),
            "departmentId": ids.get("department"),
        })
    }),
    ("TicketService.CreateTicket", Who::Agent, |ids| {
        json!({
            "requestId": request_id(),
            "subject": "It does not work",
            "text": "She called",
            "customerId": ids.get("customer"),
            "priority": "TICKET_PRIORITY_HIGH",
            "tags": ["phone"],
        })
    }),
    (
        "TicketService.CreateTicket",
        Who::Owner,
        |ids| json!({"requestId": request_id(), "subject": "From a chat", "text": "See there", "chatId": ids.get("chat")}),
    ),
    ("TicketService.GetTicket", Who::Visitor, |ids| json!({"ticketId": ids.get("ticket")})),
    ("TicketService.GetTicket", Who::Viewer, |ids| json!({"ticketId": ids.get("ticket")})),
    ("TicketService.ListTickets", Who::Viewer, |ids| {
        json!({
            "states": ["TICKET_STATE_NEW"],
            "assigneeId": ids.get("member"),
            "departmentId": ids.get("department"),
            "customerId": ids.get("customer"),
            "visitorId": ids.get("visitor"),
            "priority": "TICKET_PRIORITY_NORMAL",
        })
    }),
    (
        "TicketService.ListTickets",
        Who::Viewer,
        |ids| json!({"pageSize": 1, "pageToken": ids.get("page.ListTickets")}),
    ),
    ("TicketService.UpdateTicket", Who::Agent, |ids| {
        json!({
            "ticketId": ids.get("ticket"),
            "subject": "It works",
            "state": "TICKET_STATE_PENDING",
            "priority": "TICKET_PRIORITY_LOW",
            "assigneeId": ids.get("member"),
            "departmentId": ids.get("department"),
            "addTags": ["answered"],
            "removeTags": ["phone"],
        })
    }),
    (
        "TicketService.AddComment",
        Who::Visitor,
        |ids| json!({"requestId": request_id(), "ticketId": ids.get("ticket"), "text": "Hello?"}),
    ),
    (
        "TicketService.AddComment",
        Who::Agent,
        |ids| json!({"requestId": request_id(), "ticketId": ids.get("ticket"), "text": "note", "internal": true}),
    ),
    ("TicketService.ListComments", Who::Viewer, |ids| json!({"ticketId": ids.get("ticket"), "pageSize": 1})),
    (
        "TicketService.ListComments",
        Who::Visitor,
        |ids| json!({"ticketId": ids.get("ticket"), "pageSize": 1, "pageToken": ids.get("page.ListComments")}),
    ),
    // At the end: the caller's other sessions are gone after it. The new password is the old one, so that everybody can come back.
    ("AuthService.UpdateSelf", Who::Viewer, |_| json!({"name": "Renamed", "publicName": "R."})),
    (
        "AuthService.ChangePassword",
        Who::Viewer,
        |_| json!({"currentPassword": PASSWORD, "newPassword": PASSWORD}),
    ),
];
