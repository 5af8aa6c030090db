//! The hot statements for SQLite.
//!
//! The driver passes each call to a thread of its own, and that costs more than most statements: so what a batch reads is one
//! call and what it writes is one, each a text of several statements. They share the parameters, which have numbers (`$2` is
//! the second, whichever statement it stands in). That several statements may have parameters is a habit of this driver,
//! not a promise: the ends of the logs come last of what is read, and the rows written are counted, so a driver that runs
//! the first statement alone fails every batch.
//!
//! Rows go in as two parameters a table: a JSON array of the numbers and texts, and one blob of everything that is bytes,
//! cut apart by position. Of the bindings measured (one parameter a column, JSON with hex, this) it is the cheapest.

use std::fmt::Write as _;

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, FromQueryResult, QueryResult, Statement,
    Value,
};
use uuid::Uuid;

use super::{Asked, ChatHead, EventRow, Known, Membership, MessageRow};
use crate::ids::{MemberId, TenantId};

/// `$1` the chats, `$2` the requests, `$3` the tenants.
const READ: &str = "
with recursive k(i) as (select 0 union all select i + 32 from k where i + 32 < length($1))
select 'chat' as what, c.tenant_id, c.chat_id, c.visitor_id, c.department_id, c.assignee_id, c.state,
  u.name as customer_name, coalesce((select m.seq from messages m where m.tenant_id = c.tenant_id
    and m.chat_id = c.chat_id order by m.seq desc limit 1), 0) as last_seq
from k cross join chats c on c.tenant_id = substr($1, i + 1, 16) and c.chat_id = substr($1, i + 17, 16)
join customers u on u.tenant_id = c.tenant_id and u.customer_id = c.customer_id;

with recursive k(i) as (select 0 union all select i + 48 from k where i + 48 < length($2))
select 'used' as what, m.tenant_id, m.chat_id, m.seq, m.message_id, m.sender_kind, m.sender_id, m.text, m.internal,
  m.request_id, m.body_hash, m.sent_at
from k cross join messages m on m.tenant_id = substr($2, i + 1, 16) and m.sender_id = substr($2, i + 17, 16)
  and m.request_id = substr($2, i + 33, 16);

with recursive k(i) as (select 0 union all select i + 16 from k where i + 16 < length($3))
select 'end' as what, substr($3, i + 1, 16) as tenant_id,
  coalesce((select number from events where tenant_id = substr($3, i + 1, 16) order by number desc limit 1), 0) as number
from k";

const DEPARTMENTS: &str = "
with recursive k(i) as (select 0 union all select i + 32 from k where i + 32 < length($1))
select d.tenant_id, d.member_id, d.department_id
from k cross join department_members d on d.tenant_id = substr($1, i + 1, 16) and d.member_id = substr($1, i + 17, 16)";

/// `$1` and `$2` the messages, `$3` and `$4` the events.
const INSERT: &str = "
insert into messages (tenant_id, chat_id, seq, message_id, sender_kind, sender_id, text, internal, request_id,
  body_hash, sent_at)
select substr($2, key * 96 + 1, 16), substr($2, key * 96 + 17, 16), value ->> 0, substr($2, key * 96 + 33, 16),
  value ->> 1, substr($2, key * 96 + 49, 16), value ->> 4, value ->> 2, substr($2, key * 96 + 65, 16),
  substr($2, key * 96 + 81, 16), value ->> 3
from json_each($1);

insert into events (tenant_id, number, type, at, chat_id, visitor_id, audience, payload)
select substr($4, (value ->> 3) + 1, 16), value ->> 0, value ->> 1, value ->> 2,
  iif(value ->> 4, substr($4, (value ->> 3) + 17, 16), null), iif(value ->> 5, substr($4, (value ->> 3) + 33, 16), null),
  substr($4, (value ->> 3) + 49, value ->> 6), substr($4, (value ->> 3) + 49 + (value ->> 6), value ->> 7)
from json_each($3)";

async fn query(
    conn: &DatabaseTransaction,
    sql: &'static str,
    values: impl IntoIterator<Item = Vec<u8>>,
) -> Result<Vec<QueryResult>, DbErr> {
    let values = values.into_iter().map(Value::from);
    conn.query_all_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)).await
}

fn joined<const N: usize>(keys: impl Iterator<Item = [Uuid; N]>) -> Vec<u8> {
    keys.flatten().flat_map(Uuid::into_bytes).collect()
}

pub(super) async fn read(conn: &DatabaseTransaction, asked: &Asked) -> Result<Known, DbErr> {
    let chats = joined(asked.chats.iter().map(|(tenant, chat)| [tenant.0, chat.0]));
    let requests =
        joined(asked.requests.iter().map(|(tenant, sender, request)| [tenant.0, *sender, *request]));
    let tenants = joined(asked.tenants.iter().map(|tenant| [tenant.0]));
    let mut known = Known::default();
    for row in query(conn, READ, [chats, requests, tenants]).await? {
        match row.try_get::<String>("", "what")?.as_str() {
            "chat" => known.chats.push(ChatHead::from_query_result(&row, "")?),
            "used" => known.used.push(MessageRow::from_query_result(&row, "")?),
            _ => known.ends.push((row.try_get("", "tenant_id")?, row.try_get("", "number")?)),
        }
    }
    Ok(known)
}

pub(super) async fn departments(
    conn: &DatabaseTransaction,
    keys: &[(TenantId, MemberId)],
) -> Result<Vec<Membership>, DbErr> {
    let keys = joined(keys.iter().map(|(tenant, member)| [tenant.0, member.0]));
    let found = query(conn, DEPARTMENTS, [keys]).await?;
    found.iter().map(|row| Membership::from_query_result(row, "")).collect()
}

pub(super) async fn insert(
    conn: &DatabaseTransaction,
    messages: &[MessageRow],
    events: &[EventRow],
) -> Result<(), DbErr> {
    let ((numbers, ids), (places, payloads)) = (bind_messages(messages)?, bind_events(events));
    let values = [numbers.into(), ids.into(), places.into(), payloads.into()];
    let done = conn.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, INSERT, values)).await?;
    let (written, meant) = (done.rows_affected(), messages.len() + events.len());
    if usize::try_from(written) != Ok(meant) {
        return Err(DbErr::Custom(format!("{written} rows were written of {meant}")));
    }
    Ok(())
}

fn bind_messages(rows: &[MessageRow]) -> Result<(String, Vec<u8>), DbErr> {
    let mut json = String::with_capacity(rows.iter().map(|row| row.text.len() + 64).sum());
    let mut bytes = Vec::with_capacity(rows.len() * 96);
    json.push('[');
    for row in rows {
        if json.len() > 1 {
            json.push(',');
        }
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
        bytes.extend(ids.into_iter().flat_map(Uuid::into_bytes));
        bytes.extend_from_slice(&row.body_hash);
    }
    json.push(']');
    Ok((json, bytes))
}

fn bind_events(rows: &[EventRow]) -> (String, Vec<u8>) {
    let mut json = String::with_capacity(rows.len() * 64);
    let mut bytes =
        Vec::with_capacity(rows.iter().map(|row| row.payload.len() + row.audience.len() + 48).sum());
    json.push('[');
    for row in rows {
        if json.len() > 1 {
            json.push(',');
        }
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
    (json, bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_statement_binds_the_tenant() {
        for sql in super::READ.split(';').chain([super::DEPARTMENTS]) {
            assert!((1..=3).any(|n| sql.contains(&format!("tenant_id = substr(${n}, i + 1, 16)"))), "{sql}");
        }
        for sql in super::INSERT.split(';') {
            assert!(sql.contains("(tenant_id, "), "{sql}");
        }
    }
}
