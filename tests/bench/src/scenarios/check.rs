//! What must hold after every load: numbers without a gap, in each chat and in the log.

use std::path::Path;

use rusqlite::Connection;

use crate::{Fallible, floors::postgres::Database};

/// Chats whose messages are not numbered 1, 2, 3…
const CHATS: &str = "select count(*) from (select min(seq) as least, max(seq) as most, count(*) as n from messages \
    group by tenant_id, chat_id) g where least <> 1 or most <> n";
/// Tenants whose events are not.
const LOGS: &str = "select count(*) from (select min(number) as least, max(number) as most, count(*) as n from events \
    group by tenant_id) g where least <> 1 or most <> n";
/// Messages without an event of their own would show as a difference.
const TOLD: &str = "select (select count(*) from messages) - (select count(*) from events where type = \
    (select type from events order by number desc limit 1))";

const HELD: &str = "select count(*) from messages";

/// The questions, each with what is wrong where the answer is not 0.
const QUESTIONS: [(&str, &str); 3] = [
    (CHATS, "chats have gaps in their numbers"),
    (LOGS, "logs have gaps in their numbers"),
    (TOLD, "messages have no event"),
];

/// The same, and that the store holds as many messages as were acknowledged.
pub(crate) fn sqlite_holding(path: &Path, messages: u64) -> Fallible<Vec<String>> {
    let held: i64 = Connection::open(path)?.query_row(HELD, [], |row| row.get(0))?;
    let mut faults = sqlite(path)?;
    faults.extend(other_than(held, messages));
    Ok(faults)
}

/// Likewise of a database.
pub(crate) fn postgres_holding(database: &Database, messages: u64) -> Fallible<Vec<String>> {
    use sea_orm::sqlx::Row as _;
    let mut faults = postgres(database)?;
    faults.extend(other_than(database.one(HELD, |row| row.try_get(0))?, messages));
    Ok(faults)
}

fn other_than(held: i64, messages: u64) -> Option<String> {
    (u64::try_from(held) != Ok(messages)).then(|| format!("{messages} were acknowledged, {held} are stored"))
}

/// Of a store whose core has stopped.
pub(crate) fn sqlite(path: &Path) -> Fallible<Vec<String>> {
    let conn = Connection::open(path)?;
    let mut faults = Vec::new();
    for (sql, wrong) in QUESTIONS {
        let count: i64 = conn.query_row(sql, [], |row| row.get(0))?;
        faults.extend((count != 0).then(|| format!("{count} {wrong}")));
    }
    Ok(faults)
}

/// Of a database.
pub(crate) fn postgres(database: &Database) -> Fallible<Vec<String>> {
    use sea_orm::sqlx::Row as _;
    let mut faults = Vec::new();
    for (sql, wrong) in QUESTIONS {
        let count: i64 = database.one(sql, |row| row.try_get(0))?;
        faults.extend((count != 0).then(|| format!("{count} {wrong}")));
    }
    Ok(faults)
}
