//! The hot statements for PostgreSQL: one array a column, one statement a table. A lane belongs to one tenant, so the tenant
//! is a single parameter of each.

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, FromQueryResult, Statement, Value,
    sea_query::ArrayType,
};
use uuid::Uuid;

use super::{Asked, EventRow, Known, Membership, MessageRow};
use crate::ids::{MemberId, TenantId};

const CHATS: &str = "
select c.tenant_id, c.chat_id, c.visitor_id, c.department_id, c.assignee_id, c.state, u.name as customer_name,
  coalesce((select m.seq from messages m where m.tenant_id = c.tenant_id and m.chat_id = c.chat_id
    order by m.seq desc limit 1), 0) as last_seq
from chats c join customers u on u.tenant_id = c.tenant_id and u.customer_id = c.customer_id
where c.tenant_id = $1 and c.chat_id = any($2)";

const USED: &str = "
select m.tenant_id, m.chat_id, m.seq, m.message_id, m.sender_kind, m.sender_id, m.text, m.internal, m.request_id,
  m.body_hash, m.sent_at
from unnest($2::uuid[], $3::uuid[]) as k (sender_id, request_id)
join messages m on m.tenant_id = $1 and m.sender_id = k.sender_id and m.request_id = k.request_id";

const DEPARTMENTS: &str = "
select tenant_id, member_id, department_id from department_members where tenant_id = $1 and member_id = any($2)";

const INSERT_MESSAGES: &str = "
insert into messages (tenant_id, chat_id, seq, message_id, sender_kind, sender_id, text, internal, request_id,
  body_hash, sent_at)
select $1, * from unnest($2::uuid[], $3::int[], $4::uuid[], $5::smallint[], $6::uuid[], $7::text[], $8::boolean[],
  $9::uuid[], $10::bytea[], $11::bigint[])";

const INSERT_EVENTS: &str = "
insert into events (tenant_id, chat_id, visitor_id, number, type, audience, payload, at)
select $1, nullif(e.chat_id, '00000000-0000-0000-0000-000000000000'),
  nullif(e.visitor_id, '00000000-0000-0000-0000-000000000000'), e.number, e.type, e.audience, e.payload, e.at
from unnest($2::bigint[], $3::smallint[], $4::uuid[], $5::uuid[], $6::bytea[], $7::bytea[], $8::bigint[])
  as e (number, type, chat_id, visitor_id, audience, payload, at)";

const LOG_END: &str = "select number from events where tenant_id = $1 order by number desc limit 1";

fn statement(sql: &'static str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

fn array<T: Into<Value>>(kind: ArrayType, column: impl Iterator<Item = T>) -> Value {
    Value::Array(kind, Some(Box::new(column.map(Into::into).collect())))
}

fn uuids(column: impl Iterator<Item = Uuid>) -> Value {
    array(ArrayType::Uuid, column)
}

fn one_tenant(mut tenants: impl Iterator<Item = TenantId>) -> Result<TenantId, DbErr> {
    let first = tenants.next().ok_or_else(|| DbErr::Custom("an empty batch".to_owned()))?;
    if tenants.any(|tenant| tenant != first) {
        return Err(DbErr::Custom("a lane of PostgreSQL belongs to one tenant".to_owned()));
    }
    Ok(first)
}

async fn rows<M: FromQueryResult>(
    conn: &DatabaseTransaction,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<M>, DbErr> {
    let found = conn.query_all_raw(statement(sql, values)).await?;
    found.iter().map(|row| M::from_query_result(row, "")).collect()
}

pub(super) async fn read(conn: &DatabaseTransaction, asked: &Asked) -> Result<Known, DbErr> {
    let tenant = one_tenant(asked.tenants.iter().copied())?;
    let mut known = Known::default();
    if !asked.requests.is_empty() {
        let chats = uuids(asked.chats.iter().map(|key| key.1.0));
        known.chats = rows(conn, CHATS, [tenant.into(), chats]).await?;
        let senders = uuids(asked.requests.iter().map(|key| key.1));
        let requests = uuids(asked.requests.iter().map(|key| key.2));
        known.used = rows(conn, USED, [tenant.into(), senders, requests]).await?;
    }
    let end = conn.query_one_raw(statement(LOG_END, [tenant.into()])).await?;
    known.ends.push((tenant, end.map_or(Ok(0), |row| row.try_get_by_index(0))?));
    Ok(known)
}

pub(super) async fn departments(
    conn: &DatabaseTransaction,
    keys: &[(TenantId, MemberId)],
) -> Result<Vec<Membership>, DbErr> {
    let tenant = one_tenant(keys.iter().map(|key| key.0))?;
    rows(conn, DEPARTMENTS, [tenant.into(), uuids(keys.iter().map(|key| key.1.0))]).await
}

pub(super) async fn insert(
    conn: &DatabaseTransaction,
    messages: &[MessageRow],
    events: &[EventRow],
) -> Result<(), DbErr> {
    if !messages.is_empty() {
        insert_messages(conn, messages).await?;
    }
    insert_events(conn, events).await
}

async fn insert_messages(conn: &DatabaseTransaction, rows: &[MessageRow]) -> Result<(), DbErr> {
    let tenant = one_tenant(rows.iter().map(|row| row.tenant_id))?;
    let values = [
        tenant.into(),
        uuids(rows.iter().map(|row| row.chat_id.0)),
        array(ArrayType::Int, rows.iter().map(|row| row.seq)),
        uuids(rows.iter().map(|row| row.message_id.0)),
        array(ArrayType::SmallInt, rows.iter().map(|row| row.sender_kind)),
        uuids(rows.iter().map(|row| row.sender_id)),
        array(ArrayType::String, rows.iter().map(|row| row.text.clone())),
        array(ArrayType::Bool, rows.iter().map(|row| row.internal)),
        uuids(rows.iter().map(|row| row.request_id)),
        array(ArrayType::Bytes, rows.iter().map(|row| row.body_hash.clone())),
        array(ArrayType::BigInt, rows.iter().map(|row| row.sent_at)),
    ];
    conn.execute_raw(statement(INSERT_MESSAGES, values)).await?;
    Ok(())
}

async fn insert_events(conn: &DatabaseTransaction, rows: &[EventRow]) -> Result<(), DbErr> {
    let tenant = one_tenant(rows.iter().map(|row| row.tenant_id))?;
    let values = [
        tenant.into(),
        array(ArrayType::BigInt, rows.iter().map(|row| row.number)),
        array(ArrayType::SmallInt, rows.iter().map(|row| row.kind)),
        // The driver binds no arrays with nulls: the nil UUID stands for none.
        uuids(rows.iter().map(|row| row.chat_id.map_or(Uuid::nil(), |id| id.0))),
        uuids(rows.iter().map(|row| row.visitor_id.map_or(Uuid::nil(), |id| id.0))),
        array(ArrayType::Bytes, rows.iter().map(|row| row.audience.clone())),
        array(ArrayType::Bytes, rows.iter().map(|row| row.payload.clone())),
        array(ArrayType::BigInt, rows.iter().map(|row| row.at)),
    ];
    conn.execute_raw(statement(INSERT_EVENTS, values)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_statement_binds_the_tenant() {
        for sql in [super::CHATS, super::USED, super::DEPARTMENTS, super::LOG_END] {
            assert!(sql.contains("tenant_id = $1"), "{sql}");
        }
        for sql in [super::INSERT_MESSAGES, super::INSERT_EVENTS] {
            assert!(sql.contains("(tenant_id, ") && sql.contains("select $1, "), "{sql}");
        }
    }
}
