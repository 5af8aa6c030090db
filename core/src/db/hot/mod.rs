//! The hot lane: adding messages to chats, all of a batch together with one statement per table.
//!
//! The caller holds the tenant's writer lock (PostgreSQL) or the only writing connection (SQLite), so what is read here
//! cannot change before the commit: chats, sequence numbers and request ids are read first, everything is decided in
//! memory, and only rows that are good are written. Numbers come from the end of the log and of each chat, never from a
//! counter row: those rot under an old snapshot (bench S5). Only the SQL differs between engines.

mod postgres;
mod sqlite;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use sea_orm::{DatabaseTransaction, DbErr, FromQueryResult};

use super::Engine;
use crate::{
    clock::Micros,
    error::{Error, Reason, Result},
    events::NewEvent,
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

/// What a batch came to.
pub(super) struct Appended {
    /// One answer for each message, in the same order.
    pub(super) answers: Vec<Result<Stored>>,
    /// The events of those that are new.
    pub(super) events: Vec<(TenantId, NewEvent)>,
}

/// Adds the messages that may be added. Fails only where the database does; then nothing of the batch counts.
pub(super) async fn append(
    conn: &DatabaseTransaction,
    engine: Engine,
    now: Micros,
    appends: &[&Append],
) -> Result<Appended, DbErr> {
    let sql = Sql { conn, engine };
    let mut chats = sql.chats(appends).await?;
    let mut known: HashMap<RequestKey, MessageRow> =
        sql.used(appends).await?.into_iter().map(|row| (request_key(&row), row)).collect();
    let departments = sql.departments(appends, &chats).await?;

    let none = HashSet::new();
    let mut answers = Vec::with_capacity(appends.len());
    let mut events = Vec::with_capacity(appends.len());
    let mut rows = Vec::with_capacity(appends.len());
    for append in appends {
        let chat = chats.get_mut(&(append.row.tenant_id, append.row.chat_id));
        if let Some(earlier) = known.get(&request_key(&append.row)) {
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
        events.push((row.tenant_id, append.rules.event(&row, chat)));
        known.insert(request_key(&row), row.clone());
        rows.push(row.clone());
        answers.push(Ok(Stored { row, customer_name: chat.customer_name.clone() }));
    }
    sql.insert(&rows).await?;
    Ok(Appended { answers, events })
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
    async fn chats(&self, appends: &[&Append]) -> Result<HashMap<(TenantId, ChatId), ChatHead>, DbErr> {
        let mut keys: Vec<_> = appends.iter().map(|a| (a.row.tenant_id, a.row.chat_id)).collect();
        keys.sort_unstable();
        keys.dedup();
        let found = match self.engine {
            Engine::Sqlite => sqlite::chats(self.conn, &keys).await?,
            Engine::Postgres => postgres::chats(self.conn, &keys).await?,
        };
        Ok(found.into_iter().map(|chat| ((chat.tenant_id, chat.chat_id), chat)).collect())
    }

    async fn used(&self, appends: &[&Append]) -> Result<Vec<MessageRow>, DbErr> {
        let keys: Vec<_> = appends.iter().map(|a| request_key(&a.row)).collect();
        match self.engine {
            Engine::Sqlite => sqlite::used(self.conn, &keys).await,
            Engine::Postgres => postgres::used(self.conn, &keys).await,
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

    async fn insert(&self, rows: &[MessageRow]) -> Result<(), DbErr> {
        if rows.is_empty() {
            return Ok(());
        }
        match self.engine {
            Engine::Sqlite => sqlite::insert_messages(self.conn, rows).await,
            Engine::Postgres => postgres::insert_messages(self.conn, rows).await,
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

/// Adds rows to the log.
pub(super) async fn insert_events(
    conn: &DatabaseTransaction,
    engine: Engine,
    rows: &[EventRow],
) -> Result<(), DbErr> {
    match engine {
        Engine::Sqlite => sqlite::insert_events(conn, rows).await,
        Engine::Postgres => postgres::insert_events(conn, rows).await,
    }
}

/// The number of a tenant's last event; 0 where it has none.
pub(super) async fn log_end(
    conn: &DatabaseTransaction,
    engine: Engine,
    tenant: TenantId,
) -> Result<i64, DbErr> {
    match engine {
        Engine::Sqlite => sqlite::log_end(conn, tenant).await,
        Engine::Postgres => postgres::log_end(conn, tenant).await,
    }
}
