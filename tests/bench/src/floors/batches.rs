//! Messages into `PostgreSQL` in batches, by hand: one statement reads, one writes, in a transaction of three trips. With both
//! ways of numbering, so that the decision for the end of the log can be looked at again at any time.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, PgConnection, Row as _};
use uuid::Uuid;

use super::{
    pgbench::Numbering,
    postgres::{Database, chats, tenant},
    sqlite::{Message, Template},
};
use crate::{
    Fallible,
    load::{Ack, Chance},
};

/// Kind 0: the end of the log; 1: a chat and its end; 2: a request id that was used before.
const READ: &str = "
select 0::int2, null::uuid, null::uuid, null::uuid, null::uuid, null::int2, null::text,
  (select number from events where tenant_id = $1 order by number desc limit 1)
union all
select 1::int2, c.chat_id, c.visitor_id, c.department_id, c.assignee_id, c.state, u.name,
  (select m.seq from messages m where m.tenant_id = c.tenant_id and m.chat_id = c.chat_id order by m.seq desc limit 1)::int8
from unnest($2::uuid[]) as k (chat_id) join chats c on c.tenant_id = $1 and c.chat_id = k.chat_id
join customers u on u.tenant_id = c.tenant_id and u.customer_id = c.customer_id
union all
select 2::int2, m.sender_id, m.request_id, null, null, null, null, null
from unnest($3::uuid[], $4::uuid[]) as k (sender_id, request_id)
join messages m on m.tenant_id = $1 and m.sender_id = k.sender_id and m.request_id = k.request_id";

const WRITE: &str = "
with m as (
  insert into messages (tenant_id, chat_id, seq, message_id, sender_kind, sender_id, text, internal, request_id, body_hash, sent_at)
  select $1, k.chat_id, k.seq, k.id, 1, k.sender_id, k.text, false, k.request_id, k.hash, $9
  from unnest($2::uuid[], $3::int4[], $4::uuid[], $5::uuid[], $6::text[], $7::uuid[], $8::bytea[])
    as k (chat_id, seq, id, sender_id, text, request_id, hash))
insert into events (tenant_id, number, type, chat_id, visitor_id, audience, payload, at)
select $1, k.number, $11, k.chat_id, k.visitor_id, $12, k.payload, $9
from unnest($10::int8[], $2::uuid[], $5::uuid[], $13::bytea[]) as k (number, chat_id, visitor_id, payload)";

const COUNT_EVENTS: &str = "update bench_heads set head = head + $2 where tenant_id = $1 returning head - $2";
const COUNT_MESSAGES: &str = "
update bench_seqs s set seq = s.seq + k.n from unnest($2::uuid[], $3::int4[]) as k (chat_id, n)
where s.tenant_id = $1 and s.chat_id = k.chat_id returning s.chat_id, s.seq - k.n";

/// What the writers do.
#[derive(Clone, Debug)]
pub(crate) struct Batches {
    /// How they number.
    pub(crate) numbering: Numbering,
    /// How many chats they write into.
    pub(crate) chats: usize,
    /// How many messages a transaction takes, from and to.
    pub(crate) size: (usize, usize),
    /// What an event looks like.
    pub(crate) event: Template,
}

impl Batches {
    /// Lets this many writers write until the time is over; each message is acknowledged when its batch is committed.
    pub(crate) async fn run(
        &self,
        database: &Database,
        writers: usize,
        span: Duration,
    ) -> Fallible<Vec<Ack>> {
        let mut conns = Vec::new();
        for _ in 0..writers {
            conns.push(database.connect().await?);
        }
        let begun = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for (place, mut conn) in conns.into_iter().enumerate() {
            let batches = self.clone();
            tasks.spawn(async move {
                let mut chance = Chance::new(place);
                let all = chats(batches.chats);
                let mut acks = Vec::new();
                while begun.elapsed() < span {
                    let size = batches.size.0 + chance.below(batches.size.1 - batches.size.0 + 1);
                    let messages: Vec<Message> = (0..size).map(|_| Message::new(&mut chance, &all)).collect();
                    let at = Instant::now();
                    batches.commit(&mut conn, &messages).await?;
                    let ack = Ack { at: begun.elapsed(), took: at.elapsed() };
                    acks.extend(messages.iter().map(|_| ack));
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(acks)
            });
        }
        let mut all = Vec::new();
        for acks in tasks.join_all().await {
            all.append(&mut acks?);
        }
        Ok(all)
    }

    async fn commit(&self, conn: &mut PgConnection, messages: &[Message]) -> Fallible {
        let mut counts: BTreeMap<Uuid, i32> = BTreeMap::new();
        for message in messages {
            *counts.entry(message.chat).or_default() += 1;
        }
        let ids: Vec<Uuid> = counts.keys().copied().collect();
        let senders: Vec<Uuid> = messages.iter().map(|message| message.visitor).collect();
        let requests: Vec<Uuid> = messages.iter().map(|message| message.request).collect();
        let counting = self.numbering == Numbering::Counters;
        let mut end = 0;
        let mut heads: HashMap<Uuid, i32> = HashMap::new();
        let mut tx = if counting {
            let mut tx = conn.begin().await?;
            let size = i64::try_from(messages.len())?;
            end =
                sqlx::query(COUNT_EVENTS).bind(tenant()).bind(size).fetch_one(&mut *tx).await?.try_get(0)?;
            tx = Self::count_messages(tx, &counts, &mut heads).await?;
            tx
        } else {
            conn.begin_with(AssertSqlSafe("begin; select pg_advisory_xact_lock(7788)".to_owned())).await?
        };
        let read = sqlx::query(READ)
            .bind(tenant())
            .bind(&ids)
            .bind(&senders)
            .bind(&requests)
            .fetch_all(&mut *tx)
            .await?;
        for row in &read {
            let number: Option<i64> = row.try_get(7)?;
            match row.try_get::<i16, _>(0)? {
                0 if !counting => end = number.unwrap_or(0),
                1 if !counting => drop(heads.insert(row.try_get(1)?, i32::try_from(number.unwrap_or(0))?)),
                0 | 1 => {}
                _ => return Err("a request id was used before".into()),
            }
        }
        let mut seqs = Vec::with_capacity(messages.len());
        for message in messages {
            let head = heads.get_mut(&message.chat).ok_or("a chat is gone")?;
            *head += 1;
            seqs.push(*head);
        }
        let numbers: Vec<i64> = (end + 1..).take(messages.len()).collect();
        sqlx::query(WRITE)
            .bind(tenant())
            .bind(messages.iter().map(|message| message.chat).collect::<Vec<_>>())
            .bind(seqs)
            .bind(messages.iter().map(|message| message.id).collect::<Vec<_>>())
            .bind(senders)
            .bind(messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>())
            .bind(requests)
            .bind(messages.iter().map(|message| &message.hash[..]).collect::<Vec<_>>())
            .bind(rapport_core::clock::Clock::System.now().0)
            .bind(numbers)
            .bind(self.event.kind)
            .bind(&self.event.audience)
            .bind(messages.iter().map(|_| &self.event.payload[..]).collect::<Vec<_>>())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The log's row is locked already, so no two writers meet here.
    async fn count_messages<'t>(
        mut tx: sqlx::Transaction<'t, sqlx::Postgres>,
        counts: &BTreeMap<Uuid, i32>,
        heads: &mut HashMap<Uuid, i32>,
    ) -> Fallible<sqlx::Transaction<'t, sqlx::Postgres>> {
        let (ids, sizes): (Vec<Uuid>, Vec<i32>) = counts.iter().map(|(id, count)| (*id, *count)).unzip();
        for row in
            sqlx::query(COUNT_MESSAGES).bind(tenant()).bind(ids).bind(sizes).fetch_all(&mut *tx).await?
        {
            heads.insert(row.try_get(0)?, row.try_get(1)?);
        }
        Ok(tx)
    }
}
