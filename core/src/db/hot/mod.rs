//! The hot lane: adding messages to chats and events to the log, all of a batch together with one statement per table.
//!
//! The caller holds the tenant's writer lock (PostgreSQL) or the only writing connection (SQLite), so what is read here
//! cannot change before the commit: chats, request ids and the ends of the logs are read first, everything is decided in
//! memory, and only rows that are good are written. Numbers come from the end of the log and of each chat, never from a
//! counter row: those rot under an old snapshot (bench S5). Only the SQL differs between engines.

mod postgres;
mod sqlite;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use sea_orm::{DatabaseTransaction, DbErr, FromQueryResult};

use super::Engine;
use crate::{
    clock::Micros,
    error::{Error, Reason, Result},
    events::{LoggedEvent, NewEvent},
    ids::{ChatId, DepartmentId, MemberId, MessageId, TenantId, VisitorId},
};

/// A chat as the hot lane needs to know it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ChatHead {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Which it is.
    pub chat_id: ChatId,
    /// The customer's side.
    pub visitor_id: VisitorId,
    /// The department it belongs to.
    pub department_id: Option<DepartmentId>,
    /// The member who answers it.
    pub assignee_id: Option<MemberId>,
    /// The column `state`.
    pub state: i16,
    /// The number of its last message; 0 where it has none.
    pub last_seq: i32,
    /// The customer's name.
    pub customer_name: String,
}

/// A row of `messages`.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct MessageRow {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The chat it belongs to.
    pub chat_id: ChatId,
    /// Its number in the chat.
    pub seq: i32,
    /// Its id.
    pub message_id: MessageId,
    /// The side it is from.
    pub sender_kind: i16,
    /// The member or visitor who wrote it.
    pub sender_id: uuid::Uuid,
    /// What was written.
    pub text: String,
    /// Whether only the staff sees it.
    pub internal: bool,
    /// The sender's own id for it.
    pub request_id: uuid::Uuid,
    /// What the request said, so that the id cannot be used for something else.
    pub body_hash: Vec<u8>,
    /// When the server took it.
    pub sent_at: i64,
}

/// A message as it stands in its chat.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The row.
    pub row: MessageRow,
    /// The name of the chat's customer, for whoever shows the sender.
    pub customer_name: String,
}

/// What a slice knows of a message it wants added: the rules are its own, the numbers are the lane's.
pub trait Rules: Send + Sync {
    /// Whether the sender may write into the chat as it is now.
    fn admit(&self, chat: &ChatHead, departments: &HashSet<DepartmentId>) -> Result<()>;
    /// The event that tells of it.
    fn event(&self, row: &MessageRow, chat: &ChatHead) -> NewEvent;
}

/// A message on its way into a chat.
#[derive(Clone)]
pub struct Append {
    /// The row, with everything but `seq` and `sent_at`.
    pub row: MessageRow,
    /// The member whose departments decide, where they do.
    pub member: Option<MemberId>,
    /// The slice's rules.
    pub rules: Arc<dyn Rules>,
}

impl std::fmt::Debug for Append {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Append").field(&self.row.message_id).finish()
    }
}

/// The key a sender's request id is unique in.
type RequestKey = (TenantId, uuid::Uuid, uuid::Uuid);

fn request_key(row: &MessageRow) -> RequestKey {
    (row.tenant_id, row.sender_id, row.request_id)
}

/// Events by tenant, each tenant's in the order of their numbers to come.
pub(super) type Events = BTreeMap<TenantId, Vec<NewEvent>>;

/// What a batch came to.
#[derive(Default)]
pub(super) struct Written {
    /// One answer for each message, in the same order.
    pub(super) answers: Vec<Result<Stored>>,
    /// The events of each tenant, with their numbers.
    pub(super) logged: Vec<(TenantId, Vec<LoggedEvent>)>,
}

/// What a batch looks up.
struct Asked {
    chats: Vec<(TenantId, ChatId)>,
    requests: Vec<RequestKey>,
    tenants: Vec<TenantId>,
}

/// What is there of it.
#[derive(Default)]
struct Known {
    chats: Vec<ChatHead>,
    /// Messages whose request ids come again.
    used: Vec<MessageRow>,
    /// The number of the last event of each tenant asked for; 0 where it has none.
    ends: Vec<(TenantId, i64)>,
}

impl Asked {
    fn of(appends: &[&Append], events: &Events) -> Self {
        let sorted: BTreeSet<_> = appends.iter().map(|a| (a.row.tenant_id, a.row.chat_id)).collect();
        let tenants: BTreeSet<_> = sorted.iter().map(|key| key.0).chain(events.keys().copied()).collect();
        Self {
            chats: sorted.into_iter().collect(),
            requests: appends.iter().map(|a| request_key(&a.row)).collect(),
            tenants: tenants.into_iter().collect(),
        }
    }
}

/// Adds the messages that may be added, and then to the log the given events and those of the messages, in this order. Fails
/// only where the database does; then nothing of the batch counts.
pub(super) async fn write(
    conn: &DatabaseTransaction,
    engine: Engine,
    now: Micros,
    appends: &[&Append],
    mut events: Events,
) -> Result<Written, DbErr> {
    if appends.is_empty() && events.is_empty() {
        return Ok(Written::default());
    }
    let sql = Sql { conn, engine };
    let known = sql.read(&Asked::of(appends, &events)).await?;
    let mut chats: HashMap<_, _> =
        known.chats.into_iter().map(|chat| ((chat.tenant_id, chat.chat_id), chat)).collect();
    let mut used: HashMap<_, _> = known.used.into_iter().map(|row| (request_key(&row), row)).collect();
    let departments = sql.departments(appends, &chats).await?;

    let none = HashSet::new();
    let mut answers = Vec::with_capacity(appends.len());
    let mut messages = Vec::with_capacity(appends.len());
    for append in appends {
        let chat = chats.get_mut(&(append.row.tenant_id, append.row.chat_id));
        if let Some(earlier) = used.get(&request_key(&append.row)) {
            answers.push(same_request(earlier, &append.row, chat.as_deref()));
            continue;
        }
        let Some(chat) = chat else {
            answers.push(Err(Error::not_found("chat")));
            continue;
        };
        let own = append.member.and_then(|id| departments.get(&(append.row.tenant_id, id))).unwrap_or(&none);
        if let Err(refused) = append.rules.admit(chat, own) {
            answers.push(Err(refused));
            continue;
        }
        chat.last_seq += 1;
        let row = MessageRow { seq: chat.last_seq, sent_at: now.0, ..append.row.clone() };
        events.entry(row.tenant_id).or_default().push(append.rules.event(&row, chat));
        used.insert(request_key(&row), row.clone());
        messages.push(row.clone());
        answers.push(Ok(Stored { row, customer_name: chat.customer_name.clone() }));
    }
    let logged = number(events, &known.ends.into_iter().collect(), now)?;
    if !logged.is_empty() {
        let rows: Vec<_> = logged
            .iter()
            .flat_map(|(tenant, events)| events.iter().map(|event| event.row(*tenant)))
            .collect();
        sql.insert(&messages, &rows).await?;
    }
    Ok(Written { answers, logged })
}

/// Numbers the events of each tenant from the end of its log.
fn number(
    events: Events,
    ends: &HashMap<TenantId, i64>,
    now: Micros,
) -> Result<Vec<(TenantId, Vec<LoggedEvent>)>, DbErr> {
    let mut logged = Vec::with_capacity(events.len());
    for (tenant, new) in events {
        let end =
            ends.get(&tenant).ok_or_else(|| DbErr::Custom("the end of a log was not read".to_owned()))?;
        logged.push((tenant, new.into_iter().zip(end + 1..).map(|(event, n)| event.at(n, now)).collect()));
    }
    Ok(logged)
}

/// The same request again gives the same message; another body under the same id is an error.
fn same_request(earlier: &MessageRow, now: &MessageRow, chat: Option<&ChatHead>) -> Result<Stored> {
    if earlier.body_hash == now.body_hash {
        let customer_name = chat.map(|chat| chat.customer_name.clone()).unwrap_or_default();
        return Ok(Stored { row: earlier.clone(), customer_name });
    }
    Err(Error::new(Reason::RequestIdReused, "this request_id was used before with another body"))
}

/// The statements, in the words of the engine.
struct Sql<'a> {
    conn: &'a DatabaseTransaction,
    engine: Engine,
}

impl Sql<'_> {
    async fn read(&self, asked: &Asked) -> Result<Known, DbErr> {
        match self.engine {
            Engine::Sqlite => sqlite::read(self.conn, asked).await,
            Engine::Postgres => postgres::read(self.conn, asked).await,
        }
    }

    /// The departments of the senders they decide for: most batches have none and pay nothing.
    async fn departments(
        &self,
        appends: &[&Append],
        chats: &HashMap<(TenantId, ChatId), ChatHead>,
    ) -> Result<HashMap<(TenantId, MemberId), HashSet<DepartmentId>>, DbErr> {
        let mut keys: Vec<(TenantId, MemberId)> = appends
            .iter()
            .filter_map(|append| {
                let member = append.member?;
                let chat = chats.get(&(append.row.tenant_id, append.row.chat_id))?;
                let decides = chat.department_id.is_some() && chat.assignee_id != Some(member);
                decides.then_some((append.row.tenant_id, member))
            })
            .collect();
        keys.sort_unstable();
        keys.dedup();
        let mut found: HashMap<_, HashSet<_>> = HashMap::new();
        if !keys.is_empty() {
            let rows = match self.engine {
                Engine::Sqlite => sqlite::departments(self.conn, &keys).await?,
                Engine::Postgres => postgres::departments(self.conn, &keys).await?,
            };
            for row in rows {
                found.entry((row.tenant_id, row.member_id)).or_default().insert(row.department_id);
            }
        }
        Ok(found)
    }

    async fn insert(&self, messages: &[MessageRow], events: &[EventRow]) -> Result<(), DbErr> {
        match self.engine {
            Engine::Sqlite => sqlite::insert(self.conn, messages, events).await,
            Engine::Postgres => postgres::insert(self.conn, messages, events).await,
        }
    }
}

/// A member's place in a department.
#[derive(Debug, FromQueryResult)]
struct Membership {
    tenant_id: TenantId,
    member_id: MemberId,
    department_id: DepartmentId,
}

/// A row of `events`.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Whose log it is in.
    pub tenant_id: TenantId,
    /// Its number there.
    pub number: i64,
    /// The column `type`.
    pub kind: i16,
    /// The chat it is about.
    pub chat_id: Option<ChatId>,
    /// The visitor who hears it.
    pub visitor_id: Option<VisitorId>,
    /// The staff who hear it.
    pub audience: Vec<u8>,
    /// The event as it goes out.
    pub payload: Vec<u8>,
    /// The moment of the batch.
    pub at: i64,
}
