//! L2: messages into `SQLite` by a loop that holds the connection itself: the statements core runs for each message, one row
//! at a time, prepared, 128 messages a transaction, on a store that core made.

use std::{collections::HashMap, path::Path, time::Instant};

use rapport_core::clock::Clock;
use rusqlite::{CachedStatement, Connection, Params, Row, params};
use uuid::Uuid;

use crate::{
    Fallible,
    load::{Chance, send},
    rounds::Work,
    world::{self, CHATS, World},
};

/// How many messages one transaction takes.
const BATCH: u64 = 128;

/// The settings core opens its store with.
const PRAGMAS: &str = "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
    pragma temp_store = memory; pragma wal_autocheckpoint = 8000;";

const CHAT: &str = "
select c.visitor_id, c.department_id, c.assignee_id, c.state, u.name,
  coalesce((select m.seq from messages m where m.tenant_id = c.tenant_id and m.chat_id = c.chat_id
    order by m.seq desc limit 1), 0)
from chats c join customers u on u.tenant_id = c.tenant_id and u.customer_id = c.customer_id
where c.tenant_id = ?1 and c.chat_id = ?2";
const USED: &str = "
select chat_id, seq, message_id, text, body_hash, sent_at from messages
where tenant_id = ?1 and sender_id = ?2 and request_id = ?3";
const END: &str = "select number from events where tenant_id = ?1 order by number desc limit 1";
const MESSAGE: &str = "
insert into messages (tenant_id, chat_id, seq, message_id, sender_kind, sender_id, text, internal, request_id, body_hash, sent_at)
values (?1, ?2, ?3, ?4, 1, ?5, ?6, 0, ?7, ?8, ?9)";
const EVENT: &str = "
insert into events (tenant_id, number, type, chat_id, visitor_id, audience, payload, at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// The loop with its connection.
#[derive(Debug)]
pub(crate) struct Sqlite {
    conn: Connection,
    tenant: Uuid,
    chats: Vec<(Uuid, Uuid)>,
    event: Template,
    chance: Chance,
}

/// An event as core wrote it: ours are as large.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    /// The column `type`.
    pub(crate) kind: i16,
    /// The staff who hear it.
    pub(crate) audience: Vec<u8>,
    /// The event itself.
    pub(crate) payload: Vec<u8>,
}

/// The last event of a store, which should be of a message.
pub(crate) const LAST_EVENT: &str = "select type, audience, payload from events order by number desc limit 1";

impl Sqlite {
    /// Makes a store as core does, in a folder of its own.
    pub(crate) async fn make(dir: &Path) -> Fallible<Self> {
        let model = World::make(dir, world::sqlite(dir), CHATS).await?;
        let chat = model.chats.first().ok_or("no chats")?;
        // Its event is the model of those that are written here.
        send(&model.app, &chat.caller, &chat.id, &mut Chance::new(0)).await?;
        model.app.stop().await;
        Self::open(&dir.join("rapport.db"))
    }

    /// Opens a store whose core has stopped.
    pub(crate) fn open(path: &Path) -> Fallible<Self> {
        let conn = Connection::open(path)?;
        conn.execute_batch(PRAGMAS)?;
        let tenant = conn.query_row("select tenant_id from tenants", [], |row| row.get(0))?;
        let chats = conn
            .prepare("select chat_id, visitor_id from chats")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let event = conn.query_row(LAST_EVENT, [], |row| {
            Ok(Template { kind: row.get(0)?, audience: row.get(1)?, payload: row.get(2)? })
        })?;
        conn.set_prepared_statement_cache_capacity(16);
        Ok(Self { conn, tenant, chats, event, chance: Chance::new(0) })
    }

    /// The bytes of an event's payload.
    pub(crate) fn payload(&self) -> usize {
        self.event.payload.len()
    }

    /// Stores this many messages.
    pub(crate) fn run(&mut self, messages: u64) -> Fallible<Work> {
        let begun = Instant::now();
        let mut done = 0;
        while done < messages {
            let batch = BATCH.min(messages - done);
            self.batch(batch)?;
            done += batch;
        }
        Ok(Work { done, took: begun.elapsed(), ..Work::default() })
    }

    fn batch(&mut self, size: u64) -> Fallible {
        let Self { conn, tenant, chats, event, chance } = self;
        let tenant = *tenant;
        let messages: Vec<Message> = (0..size).map(|_| Message::new(chance, chats)).collect();
        conn.prepare_cached("begin immediate")?.execute([])?;
        let mut heads: HashMap<Uuid, i32> = HashMap::new();
        let mut chat = conn.prepare_cached(CHAT)?;
        let mut used = conn.prepare_cached(USED)?;
        for message in &messages {
            if let std::collections::hash_map::Entry::Vacant(head) = heads.entry(message.chat) {
                head.insert(
                    one(&mut chat, params![tenant, message.chat], read_head)?.ok_or("a chat is gone")?,
                );
            }
            let earlier = one(&mut used, params![tenant, message.visitor, message.request], |row| {
                row.get::<_, i32>(1)
            })?;
            if earlier.is_some() {
                return Err("a request id was used before".into());
            }
        }
        let end = one(&mut conn.prepare_cached(END)?, [tenant], |row| row.get::<_, i64>(0))?.unwrap_or(0);
        let at = Clock::System.now().0;
        // Table by table: while one is written its pages stay in the cache, which is small.
        let mut insert = conn.prepare_cached(MESSAGE)?;
        for Message { chat, visitor, id, request, text, hash } in &messages {
            let seq = heads.entry(*chat).and_modify(|seq| *seq += 1).or_insert(1);
            insert.execute(params![tenant, chat, *seq, id, visitor, text, request, hash, at])?;
        }
        let mut insert = conn.prepare_cached(EVENT)?;
        for (Message { chat, visitor, id, .. }, number) in messages.iter().zip(end + 1..) {
            event.payload[..16].copy_from_slice(id.as_bytes());
            insert.execute(params![
                tenant,
                number,
                event.kind,
                chat,
                visitor,
                event.audience,
                event.payload,
                at
            ])?;
        }
        conn.prepare_cached("commit")?.execute([])?;
        Ok(())
    }
}

/// Reads every column core reads.
fn read_head(row: &Row<'_>) -> rusqlite::Result<i32> {
    let _: Uuid = row.get(0)?;
    let _: Option<Uuid> = row.get(1)?;
    let _: Option<Uuid> = row.get(2)?;
    let _: i16 = row.get(3)?;
    let _: String = row.get(4)?;
    row.get(5)
}

fn one<T>(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Fallible<Option<T>> {
    let mut rows = statement.query(params)?;
    Ok(rows.next()?.map(read).transpose()?)
}

/// A message as a request would bring it.
#[derive(Debug)]
pub(crate) struct Message {
    /// The chat it goes to.
    pub(crate) chat: Uuid,
    /// Who sends it.
    pub(crate) visitor: Uuid,
    /// Its id.
    pub(crate) id: Uuid,
    /// The sender's id for it.
    pub(crate) request: Uuid,
    /// What it says.
    pub(crate) text: String,
    /// What the request said; any 16 bytes do.
    pub(crate) hash: [u8; 16],
}

impl Message {
    /// One into a chat chosen at random.
    pub(crate) fn new(chance: &mut Chance, chats: &[(Uuid, Uuid)]) -> Self {
        let (chat, visitor) = chats[chance.below(chats.len())];
        let (id, request) = (chance.id(), chance.id());
        Self { chat, visitor, id, request, text: chance.text(), hash: chance.id().into_bytes() }
    }
}
