//! What tables there are, in an order in which none points to a later one. It is read from a store that was just migrated: the schema is
//! one text for both engines, and needs no list to be kept beside it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{
    db::connect,
    error::{Error, Result},
    migrate,
};

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

/// A column of it.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What a column holds, as far as a copy must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Whole,
    Truth,
    Text,
    Bytes,
}

impl Table {
    /// Every table of this version's schema but the list of migrations, which each store keeps for itself.
    pub(super) async fn all() -> Result<Vec<Self>> {
        let blank = connect::blank().await?;
        migrate::run(&blank).await?;
        let conn = blank.write();
        let names = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' \
                     and name <> 'seaql_migrations' order by name";
        let (mut waiting, mut all) = (BTreeMap::new(), Vec::new());
        for name in strings(conn, names, 1).await?.concat() {
            let needs = format!("select distinct \"table\" from pragma_foreign_key_list('{name}')");
            let needs: BTreeSet<String> = strings(conn, &needs, 1).await?.concat().into_iter().collect();
            let columns = format!("select name, lower(type) from pragma_table_info('{name}') order by cid");
            let columns = strings(conn, &columns, 2).await?;
            let columns = columns.into_iter().map(|mut column| {
                let (of, name) = (column.pop().unwrap_or_default(), column.pop().unwrap_or_default());
                Ok(Column { name, kind: Kind::of(&of)? })
            });
            waiting.insert(name.clone(), (needs, Self { name, columns: columns.collect::<Result<_>>()? }));
        }
        while !waiting.is_empty() {
            let ready: Vec<_> = waiting
                .iter()
                .filter(|(name, (needs, _))| {
                    needs.iter().all(|needed| needed == *name || !waiting.contains_key(needed))
                })
                .map(|(name, _)| name.clone())
                .collect();
            if ready.is_empty() {
                return Err(Error::internal("the tables point to each other in a circle"));
            }
            all.extend(ready.iter().filter_map(|name| waiting.remove(name)).map(|(_, table)| table));
        }
        Ok(all)
    }

    pub(super) async fn is_empty(&self, tx: &impl ConnectionTrait) -> Result<bool> {
        let any = format!("select 1 from {} limit 1", self.name);
        Ok(tx.query_one_raw(Statement::from_string(tx.get_database_backend(), any)).await?.is_none())
    }
}

impl Kind {
    fn of(declared: &str) -> Result<Self> {
        Ok(match declared {
            "boolean" => Self::Truth,
            "blob" => Self::Bytes,
            _ if declared.contains("int") => Self::Whole,
            _ if declared == "text" || declared.starts_with("varchar") => Self::Text,
            _ => return Err(Error::internal(format!("a copy does not know the type {declared}"))),
        })
    }
}

/// The steps of the schema that a store has taken; none where there is no store.
pub(super) async fn steps(tx: &impl ConnectionTrait) -> Result<HashSet<String>> {
    let steps = strings(tx, "select version from seaql_migrations", 1).await;
    Ok(steps.map_err(|_| Error::internal("there is no store to copy from"))?.concat().into_iter().collect())
}

/// The columns that are no plain bytes on this engine, as `table.column`.
pub(super) async fn uuids(tx: &impl ConnectionTrait) -> Result<HashSet<String>> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(HashSet::new());
    }
    let sql = "select table_name || '.' || column_name from information_schema.columns \
               where table_schema = current_schema() and data_type = 'uuid'";
    Ok(strings(tx, sql, 1).await?.concat().into_iter().collect())
}

async fn strings(conn: &impl ConnectionTrait, sql: &str, width: usize) -> Result<Vec<Vec<String>>> {
    let rows = conn.query_all_raw(Statement::from_string(conn.get_database_backend(), sql)).await?;
    let row = |row: &sea_orm::QueryResult| (0..width).map(|place| row.try_get_by_index(place)).collect();
    Ok(rows.iter().map(row).collect::<Result<_, _>>()?)
}
