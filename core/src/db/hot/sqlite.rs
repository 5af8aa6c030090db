//! The hot statements for SQLite.
//!
//! A batch goes in as two parameters: a JSON array of the numbers and texts, and one blob of everything that is bytes, cut
//! apart by position. Of the bindings measured (one parameter a column, JSON with hex, this) it is the cheapest through a
//! driver that passes each statement to a thread of its own.

use std::fmt::Write as _;

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, FromQueryResult, Statement, Value,
};

use super::{ChatHead, EventRow, Membership, MessageRow, RequestKey};
use crate::ids::{ChatId, MemberId, TenantId};

const CHATS: &str = "
with recursive k(i) as (select 0 union all select i + 32 from k where i + 32 < length(?1))
select c.tenant_id, c.chat_id, c.visitor_id, c.department_id, c.assignee_id, c.state, u.name as customer_name,
  coalesce((select m.seq from messages m where m.tenant_id = c.tenant_id and m.chat_id = c.chat_id
    order by m.seq desc limit 1), 0) as last_seq
from k cross join chats c on c.tenant_id = substr(?1, i + 1, 16) and c.chat_id = substr(?1, i + 17, 16)
join customers u on u.tenant_id = c.tenant_id and u.customer_id = c.customer_id";

const USED: &str = "
with recursive k(i) as (select 0 union all select i + 48 from k where i + 48 < length(?1))
select m.tenant_id, m.chat_id, m.seq, m.message_id, m.sender_kind, m.sender_id, m.text, m.internal, m.request_id,
  m.body_hash, m.sent_at
from k cross join messages m on m.tenant_id = substr(?1, i + 1, 16) and m.sender_id = substr(?1, i + 17, 16)
  and m.request_id = substr(?1, i + 33, 16)";

const DEPARTMENTS: &str = "
with recursive k(i) as (select 0 union all select i + 32 from k where i + 32 < length(?1))
select d.tenant_id, d.member_id, d.department_id
from k cross join department_members d on d.tenant_id = substr(?1, i + 1, 16) and d.member_id = substr(?1, i + 17, 16)";

const INSERT_MESSAGES: &str = "
insert into messages (tenant_id, chat_id, seq, message_id, sender_kind, sender_id, text, internal, request_id,
  body_hash, sent_at)
select substr(?2, key * 96 + 1, 16), substr(?2, key * 96 + 17, 16), value ->> 0, substr(?2, key * 96 + 33, 16),
  value ->> 1, substr(?2, key * 96 + 49, 16), value ->> 4, value ->> 2, substr(?2, key * 96 + 65, 16),
  substr(?2, key * 96 + 81, 16), value ->> 3
from json_each(?1)";

const INSERT_EVENTS: &str = "
insert into events (tenant_id, number, type, at, chat_id, visitor_id, audience, payload)
select substr(?2, (value ->> 3) + 1, 16), value ->> 0, value ->> 1, value ->> 2,
  iif(value ->> 4, substr(?2, (value ->> 3) + 17, 16), null), iif(value ->> 5, substr(?2, (value ->> 3) + 33, 16), null),
  substr(?2, (value ->> 3) + 49, value ->> 6), substr(?2, (value ->> 3) + 49 + (value ->> 6), value ->> 7)
from json_each(?1)";

const LOG_END: &str = "select number from events where tenant_id = ?1 order by number desc limit 1";

fn statement(sql: &'static str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

async fn rows<M: FromQueryResult>(
    conn: &DatabaseTransaction,
    sql: &'static str,
    keys: Vec<u8>,
) -> Result<Vec<M>, DbErr> {
    let found = conn.query_all_raw(statement(sql, [Value::from(keys)])).await?;
    found.iter().map(|row| M::from_query_result(row, "")).collect()
}

pub(super) async fn chats(
    conn: &DatabaseTransaction,
    keys: &[(TenantId, ChatId)],
) -> Result<Vec<ChatHead>, DbErr> {
    let keys = keys.iter().flat_map(|(t, c)| [t.0.into_bytes(), c.0.into_bytes()]).flatten().collect();
    rows(conn, CHATS, keys).await
}

pub(super) async fn used(conn: &DatabaseTransaction, keys: &[RequestKey]) -> Result<Vec<MessageRow>, DbErr> {
    let keys = keys
        .iter()
        .flat_map(|(t, s, r)| [t.0.into_bytes(), s.into_bytes(), r.into_bytes()])
        .flatten()
        .collect();
    rows(conn, USED, keys).await
}

pub(super) async fn departments(
    conn: &DatabaseTransaction,
    keys: &[(TenantId, MemberId)],
) -> Result<Vec<Membership>, DbErr> {
    let keys = keys.iter().flat_map(|(t, m)| [t.0.into_bytes(), m.0.into_bytes()]).flatten().collect();
    rows(conn, DEPARTMENTS, keys).await
}

pub(super) async fn insert_messages(conn: &DatabaseTransaction, rows: &[MessageRow]) -> Result<(), DbErr> {
    let mut json = String::with_capacity(rows.iter().map(|row| row.text.len() + 64).sum());
    let mut bytes = Vec::with_capacity(rows.len() * 96);
    for row in rows {
        json.push(if json.is_empty() { '[' } else { ',' });
        let text = serde_json::to_string(&row.text).map_err(|e| DbErr::Custom(e.to_string()))?;
        let _ = write!(
            json,
            "[{},{},{},{},{text}]",
            row.seq,
            row.sender_kind,
            u8::from(row.internal),
            row.sent_at
        );
        let ids = [row.tenant_id.0, row.chat_id.0, row.message_id.0, row.sender_id, row.request_id];
        bytes.extend(ids.into_iter().flat_map(uuid::Uuid::into_bytes));
        bytes.extend_from_slice(&row.body_hash);
    }
    json.push(']');
    conn.execute_raw(statement(INSERT_MESSAGES, [Value::from(json), Value::from(bytes)])).await?;
    Ok(())
}

pub(super) async fn insert_events(conn: &DatabaseTransaction, rows: &[EventRow]) -> Result<(), DbErr> {
    let mut json = String::with_capacity(rows.len() * 64);
    let mut bytes =
        Vec::with_capacity(rows.iter().map(|row| row.payload.len() + row.audience.len() + 48).sum());
    for row in rows {
        json.push(if json.is_empty() { '[' } else { ',' });
        let _ = write!(
            json,
            "[{},{},{},{},{},{},{},{}]",
            row.number,
            row.kind,
            row.at,
            bytes.len(),
            u8::from(row.chat_id.is_some()),
            u8::from(row.visitor_id.is_some()),
            row.audience.len(),
            row.payload.len()
        );
        bytes.extend_from_slice(row.tenant_id.0.as_bytes());
        bytes.extend(row.chat_id.map_or([0; 16], |id| id.0.into_bytes()));
        bytes.extend(row.visitor_id.map_or([0; 16], |id| id.0.into_bytes()));
        bytes.extend_from_slice(&row.audience);
        bytes.extend_from_slice(&row.payload);
    }
    json.push(']');
    conn.execute_raw(statement(INSERT_EVENTS, [Value::from(json), Value::from(bytes)])).await?;
    Ok(())
}

pub(super) async fn log_end(conn: &DatabaseTransaction, tenant: TenantId) -> Result<i64, DbErr> {
    match conn.query_one_raw(statement(LOG_END, [Value::from(tenant)])).await? {
        Some(row) => row.try_get_by_index(0),
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_statement_binds_the_tenant() {
        for sql in [super::CHATS, super::USED, super::DEPARTMENTS, super::LOG_END] {
            assert!(
                sql.contains("tenant_id = substr(?1, i + 1, 16)") || sql.contains("tenant_id = ?1"),
                "{sql}"
            );
        }
        for sql in [super::INSERT_MESSAGES, super::INSERT_EVENTS] {
            assert!(sql.contains("(tenant_id, "), "{sql}");
        }
    }
}
