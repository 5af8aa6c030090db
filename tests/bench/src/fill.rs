//! Rows that would take hours through the doors: by SQL of the store's own schema, into a store that nobody has open. What core sees to
//! holds for them too: numbers without a gap in each chat and in each log, and an event for each message. Messages come in turns, one
//! of each chat, as they would from many people at once.

use std::{fmt::Write as _, ops::Range, path::Path};

use rapport_core::clock::Clock;
use rusqlite::{Connection, Transaction, params};
use uuid::Uuid;

use crate::{
    Fallible,
    floors::{postgres::Database, sqlite::Template},
    load::Chance,
};

/// Ids are a beginning for each kind and a number of 48 bits; all are older than what the product makes.
const TENANT: u128 = 0x0180_0000_0000_7000_8000_0000_0000_0000;
const CHAT: u128 = 0x0180_0000_0000_7001_8000_0000_0000_0000;
const CUSTOMER: u128 = 0x0180_0000_0000_7002_8000_0000_0000_0000;
const VISITOR: u128 = 0x0180_0000_0000_7003_8000_0000_0000_0000;
const MESSAGE: u128 = 0x0180_0000_0000_7004_8000_0000_0000_0000;
const REQUEST: u128 = 0x0180_0000_0000_7005_8000_0000_0000_0000;

/// How many bytes the text of such a message has; short, so that many find room. What is looked for is found by keys.
pub(crate) const SHORT: usize = 64;
/// How many messages one transaction takes on `SQLite`.
const TOGETHER: u64 = 200_000;
/// As core opens it, but that nothing is flushed before the end, and with room for what is written.
const LOOSE: &str = "pragma journal_mode = wal; pragma synchronous = off; pragma foreign_keys = on; \
    pragma temp_store = memory; pragma cache_size = -262144; pragma wal_autocheckpoint = 8000;";

/// Whose rows they are.
#[derive(Clone, Debug)]
pub(crate) enum Whose {
    /// A workspace that is there.
    One(Uuid),
    /// Workspaces that are made, by number.
    New(Range<u64>),
}

/// Some rows.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) whose: Whose,
    /// The number of the first chat, over all workspaces.
    pub(crate) first_chat: u64,
    /// How many chats each workspace has.
    pub(crate) chats: u64,
    /// The numbers of the messages in each chat; a chat is made where they begin with 1.
    pub(crate) seqs: Range<u64>,
    /// Departments chats are in by turns, and in none.
    pub(crate) departments: Vec<Uuid>,
    /// Members chats are assigned to by turns; without any, all are waiting.
    pub(crate) members: Vec<Uuid>,
}

impl Batch {
    /// Chats that wait, in no department.
    pub(crate) fn plain(whose: Whose, first_chat: u64, chats: u64, seqs: Range<u64>) -> Self {
        Self { whose, first_chat, chats, seqs, departments: Vec::new(), members: Vec::new() }
    }

    fn tenants(&self) -> Range<u64> {
        match &self.whose {
            Whose::One(_) => 0..1,
            Whose::New(numbers) => numbers.clone(),
        }
    }

    fn tenant(&self, number: u64) -> Uuid {
        match self.whose {
            Whose::One(id) => id,
            Whose::New(_) => numbered(TENANT, number),
        }
    }

    /// How many messages it has.
    pub(crate) fn messages(&self) -> u64 {
        let tenants = self.tenants();
        (tenants.end - tenants.start) * self.chats * (self.seqs.end - self.seqs.start)
    }

    /// The column `state` of a chat.
    pub(crate) fn state(&self, chat: u64) -> u64 {
        if self.members.is_empty() { 1 } else { 1 + chat % 3 }
    }

    /// The department of a chat.
    pub(crate) fn department(&self, chat: u64) -> Option<Uuid> {
        let place = (chat / 3) % (self.departments.len() as u64 + 1);
        self.departments.get(usize::try_from(place).ok()?).copied()
    }

    /// Who has a chat.
    pub(crate) fn member(&self, chat: u64) -> Option<Uuid> {
        let count = self.members.len() as u64;
        if self.state(chat) == 1 {
            None
        } else {
            self.members.get(usize::try_from(chat / 3 % count).ok()?).copied()
        }
    }
}

fn numbered(kind: u128, number: u64) -> Uuid {
    Uuid::from_u128(kind + u128::from(number))
}

/// The id of a chat.
pub(crate) fn chat(number: u64) -> Uuid {
    numbered(CHAT, number)
}

/// The visitor of a chat.
pub(crate) fn visitor(chat: u64) -> Uuid {
    numbered(VISITOR, chat)
}

/// The customer of a chat.
pub(crate) fn customer(chat: u64) -> Uuid {
    numbered(CUSTOMER, chat)
}

/// The slug of a workspace that was made.
pub(crate) fn slug(number: u64) -> String {
    format!("tenant-{number}")
}

/// A text of [`SHORT`] bytes.
pub(crate) fn short() -> String {
    let mut text = Chance::new(0).text();
    text.truncate(SHORT);
    text
}

fn now() -> i64 {
    Clock::System.now().0
}

/// Fills a store of `SQLite`. `event` is one of a message as core wrote it: all events say the same.
pub(crate) fn sqlite(path: &Path, event: &Template, batches: &[Batch]) -> Fallible {
    let mut conn = Connection::open(path)?;
    conn.execute_batch(LOOSE)?;
    for batch in batches {
        let mut tx = conn.transaction()?;
        if batch.seqs.start == 1 {
            people(&tx, batch)?;
        }
        let ends = batch
            .tenants()
            .map(|tenant| {
                let sql = "select coalesce(max(number), 0) from events where tenant_id = ?1";
                tx.query_row(sql, [batch.tenant(tenant)], |row| row.get::<_, u64>(0))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (mut written, text, at) = (0, short(), now());
        for seq in batch.seqs.clone() {
            for (place, (tenant, end)) in batch.tenants().zip(&ends).enumerate() {
                let number = end + (seq - batch.seqs.start) * batch.chats + 1;
                let first = batch.first_chat + place as u64 * batch.chats;
                messages(&tx, batch, batch.tenant(tenant), (first, seq, number), (&text, at, event))?;
                written += batch.chats;
                if written >= TOGETHER {
                    tx.commit()?;
                    tx = conn.transaction()?;
                    written = 0;
                }
            }
        }
        tx.commit()?;
    }
    conn.execute_batch("pragma wal_checkpoint(truncate)")?;
    Ok(())
}

fn people(tx: &Transaction<'_>, batch: &Batch) -> Fallible {
    let at = now();
    let mut tenants = tx.prepare(
        "insert into tenants (tenant_id, slug, name, locale, time_zone, created_at, revision) \
         values (?1, ?2, 'Tenant', 'en', 'UTC', ?3, 1)",
    )?;
    let mut customers = tx.prepare(
        "insert into customers (tenant_id, customer_id, visitor_id, name, email, created_at, revision) \
         values (?1, ?2, ?3, 'Vera Visitor', '', ?4, 1)",
    )?;
    let mut chats = tx.prepare(
        "insert into chats (tenant_id, chat_id, customer_id, visitor_id, department_id, assignee_id, state, page_url, \
         close_reason, created_at, revision) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, '', '', ?8, 1)",
    )?;
    for (place, tenant) in batch.tenants().enumerate() {
        let id = batch.tenant(tenant);
        if let Whose::New(_) = batch.whose {
            tenants.execute(params![id, slug(tenant), at])?;
        }
        let first = batch.first_chat + place as u64 * batch.chats;
        for n in first..first + batch.chats {
            customers.execute(params![id, customer(n), visitor(n), at])?;
            let (department, member) = (batch.department(n), batch.member(n));
            chats.execute(params![
                id,
                chat(n),
                customer(n),
                visitor(n),
                department,
                member,
                batch.state(n),
                at
            ])?;
        }
    }
    Ok(())
}

/// The next message of each chat of a workspace.
fn messages(
    tx: &Transaction<'_>,
    batch: &Batch,
    tenant: Uuid,
    (first, seq, number): (u64, u64, u64),
    (text, at, event): (&str, i64, &Template),
) -> Fallible {
    let mut message = tx.prepare_cached(
        "insert into messages (tenant_id, chat_id, seq, message_id, sender_kind, sender_id, text, internal, request_id, \
         body_hash, sent_at) values (?1, ?2, ?3, ?4, 1, ?5, ?6, 0, ?7, zeroblob(16), ?8)",
    )?;
    let mut told = tx.prepare_cached(
        "insert into events (tenant_id, number, type, chat_id, visitor_id, audience, payload, at) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (n, number) in (first..first + batch.chats).zip(number..) {
        let (id, request) = (numbered(MESSAGE, number), numbered(REQUEST, number));
        message.execute(params![tenant, chat(n), seq, id, visitor(n), text, request, at])?;
        let Template { kind, audience, payload } = event;
        told.execute(params![tenant, number, kind, chat(n), visitor(n), audience, payload, at])?;
    }
    Ok(())
}

/// Fills a database of `PostgreSQL` likewise, and has it look at what it holds, as its own upkeep would after a while.
pub(crate) fn postgres(database: &Database, event: &Template, batches: &[Batch]) -> Fallible {
    for batch in batches {
        if batch.seqs.start == 1 {
            database.execute(&sql_of_people(batch))?;
        }
        database.execute(&sql_of_messages(batch, event))?;
    }
    // Each alone: it takes no transaction.
    for table in ["tenants", "customers", "chats", "messages", "events"] {
        database.execute(&format!("vacuum (analyze) {table}"))?;
    }
    Ok(())
}

/// An id whose number is an expression.
fn sql_id(kind: u128, number: &str) -> String {
    format!("('{}' || lpad(to_hex({number}), 12, '0'))::uuid", &Uuid::from_u128(kind).to_string()[..24])
}

fn sql_ids(ids: &[Uuid]) -> String {
    let ids: Vec<_> = ids.iter().map(|id| format!("'{id}'")).collect();
    format!("array[{}]::uuid[]", ids.join(","))
}

/// The workspaces `t` and their chats `n`.
fn sql_chats(batch: &Batch) -> String {
    let (tenants, Batch { first_chat, chats, .. }) = (batch.tenants(), batch);
    format!(
        "(select t, {first_chat} + (t - {}) * {chats} + c as n, c from generate_series({}::bigint, {}) t, \
         generate_series(0::bigint, {chats} - 1) c) chats_of",
        tenants.start,
        tenants.start,
        tenants.end - 1
    )
}

fn sql_tenant(batch: &Batch) -> String {
    match batch.whose {
        Whose::One(id) => format!("'{id}'::uuid"),
        Whose::New(_) => sql_id(TENANT, "t"),
    }
}

fn sql_of_people(batch: &Batch) -> String {
    let (at, tenant, from) = (now(), sql_tenant(batch), sql_chats(batch));
    let [chat, customer, visitor] = [CHAT, CUSTOMER, VISITOR].map(|kind| sql_id(kind, "n"));
    let tenants = match &batch.whose {
        Whose::One(_) => String::new(),
        Whose::New(numbers) => format!(
            "insert into tenants (tenant_id, slug, name, locale, time_zone, created_at, revision)
               select {tenant}, 'tenant-' || t, 'Tenant', 'en', 'UTC', {at}, 1 from generate_series({}::bigint, {}) t;",
            numbers.start,
            numbers.end - 1
        ),
    };
    let (state, member) = match batch.members.len() {
        0 => ("1".to_owned(), "null::uuid".to_owned()),
        count => {
            let of = format!("({})[1 + n / 3 % {count}]", sql_ids(&batch.members));
            ("1 + n % 3".to_owned(), format!("case when n % 3 > 0 then {of} end"))
        }
    };
    let department =
        format!("({})[1 + n / 3 % {}]", sql_ids(&batch.departments), batch.departments.len() + 1);
    format!(
        "{tenants}
         insert into customers (tenant_id, customer_id, visitor_id, name, email, created_at, revision)
           select {tenant}, {customer}, {visitor}, 'Vera Visitor', '', {at}, 1 from {from};
         insert into chats (tenant_id, chat_id, customer_id, visitor_id, department_id, assignee_id, state, page_url,
             close_reason, created_at, revision)
           select {tenant}, {chat}, {customer}, {visitor}, {department}, {member}, {state}, '', '', {at}, 1 from {from}"
    )
}

fn sql_of_messages(batch: &Batch, event: &Template) -> String {
    let (at, tenant, from, text) = (now(), sql_tenant(batch), sql_chats(batch), short().replace('\'', "''"));
    let [chat, visitor] = [CHAT, VISITOR].map(|kind| sql_id(kind, "n"));
    let [message, request] = [MESSAGE, REQUEST].map(|kind| sql_id(kind, "number"));
    let (seqs, chats) = (&batch.seqs, batch.chats);
    let bytes = |bytes: &[u8]| {
        let mut hex = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            let _ = write!(hex, "{byte:02x}");
        }
        format!("'\\x{hex}'::bytea")
    };
    let (kind, audience, payload) = (event.kind, bytes(&event.audience), bytes(&event.payload));
    // The ends of the logs once, before anything is added to them.
    format!(
        "create temporary table filled as
           select t, n, m, coalesce((select max(e.number) from events e where e.tenant_id = {tenant}), 0)
             + (m - {}) * {chats} + c + 1 as number
           from {from}, generate_series({}::bigint, {}) m order by m, t, c;
         insert into messages (tenant_id, chat_id, seq, message_id, sender_kind, sender_id, text, internal, request_id,
             body_hash, sent_at)
           select {tenant}, {chat}, m, {message}, 1, {visitor}, '{text}', false, {request},
             decode(repeat('00', 16), 'hex'), {at} from filled;
         insert into events (tenant_id, number, type, chat_id, visitor_id, audience, payload, at)
           select {tenant}, number, {kind}, {chat}, {visitor}, {audience}, {payload}, {at} from filled;
         drop table filled",
        seqs.start,
        seqs.start,
        seqs.end - 1
    )
}
