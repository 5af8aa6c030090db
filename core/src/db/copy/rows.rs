//! The rows of one table, in one form for both engines: what they are on the way, and what they add up to.

use std::{collections::HashSet, fmt};

use futures_util::TryStreamExt as _;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, QueryResult, Statement, StreamTrait as _, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::table::{Column, Kind, Table};
use crate::{
    db::Engine,
    error::{Error, Result},
};

/// How many values one statement binds at most; both engines take more.
const BOUND: usize = 16_000;
/// How many rows one statement writes at most.
const ROWS: usize = 500;

/// What a table came to. Rows may come in any order and give the same sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Which table.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// The sum of their hashes.
    pub sum: u128,
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<24} {:>12} rows  {:032x}", self.table, self.rows, self.sum)
    }
}

impl Copied {
    fn of(table: &Table) -> Self {
        Self { table: table.name.clone(), rows: 0, sum: 0 }
    }

    fn add(&mut self, row: &[Cell]) {
        let mut hash = Sha256::new();
        for cell in row {
            let (mark, bytes): (u8, &[u8]) = match cell {
                Cell::Nothing => (0, &[]),
                Cell::Whole(value) => (1, &value.to_be_bytes()),
                Cell::Truth(value) => (2, &[u8::from(*value)]),
                Cell::Text(value) => (3, value.as_bytes()),
                Cell::Bytes(value) => (4, value),
            };
            hash.update([mark]);
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        }
        let mut first = [0; 16];
        first.copy_from_slice(&hash.finalize()[..16]);
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(first));
        self.rows += 1;
    }
}

#[derive(Clone, Debug)]
enum Cell {
    Nothing,
    Whole(i64),
    Truth(bool),
    Text(String),
    Bytes(Vec<u8>),
}

/// One of the two stores.
pub(super) struct Side {
    pub(super) tx: DatabaseTransaction,
    pub(super) engine: Engine,
    /// The columns that are no plain bytes here, as `table.column`.
    pub(super) uuids: HashSet<String>,
}

impl Side {
    fn has_uuid(&self, table: &Table, column: &Column) -> bool {
        self.uuids.contains(&format!("{}.{}", table.name, column.name))
    }
}

/// Copies a table's rows; says what was read.
pub(super) async fn copy(table: &Table, from: &Side, to: &Side) -> Result<Copied> {
    let mut copied = Copied::of(table);
    let most = (BOUND / table.columns.len().max(1)).clamp(1, ROWS);
    let mut waiting = Vec::with_capacity(most);
    let mut rows = from.tx.stream_raw(select(table, from)).await?;
    while let Some(row) = rows.try_next().await? {
        let row = cells(table, &row)?;
        copied.add(&row);
        waiting.push(row);
        if waiting.len() == most {
            insert(table, std::mem::take(&mut waiting), to).await?;
        }
    }
    if !waiting.is_empty() {
        insert(table, waiting, to).await?;
    }
    Ok(copied)
}

/// What a table's rows come to.
pub(super) async fn sum(table: &Table, side: &Side) -> Result<Copied> {
    let mut copied = Copied::of(table);
    let mut rows = side.tx.stream_raw(select(table, side)).await?;
    while let Some(row) = rows.try_next().await? {
        copied.add(&cells(table, &row)?);
    }
    Ok(copied)
}

fn select(table: &Table, side: &Side) -> Statement {
    let columns = table.columns.iter().map(|column| {
        let name = &column.name;
        match column.kind {
            Kind::Whole if side.engine == Engine::Postgres => format!("\"{name}\"::bigint"),
            Kind::Bytes if side.has_uuid(table, column) => format!("uuid_send(\"{name}\")"),
            _ => format!("\"{name}\""),
        }
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    Statement::from_string(side.engine.backend(), format!("select {columns} from {}", table.name))
}

fn cells(table: &Table, row: &QueryResult) -> Result<Vec<Cell>> {
    let cell = |(place, column): (usize, &Column)| {
        let found = match column.kind {
            Kind::Whole => row.try_get_by_index::<Option<i64>>(place)?.map(Cell::Whole),
            Kind::Truth => row.try_get_by_index::<Option<bool>>(place)?.map(Cell::Truth),
            Kind::Text => row.try_get_by_index::<Option<String>>(place)?.map(Cell::Text),
            Kind::Bytes => row.try_get_by_index::<Option<Vec<u8>>>(place)?.map(Cell::Bytes),
        };
        Ok(found.unwrap_or(Cell::Nothing))
    };
    table.columns.iter().enumerate().map(cell).collect()
}

async fn insert(table: &Table, rows: Vec<Vec<Cell>>, to: &Side) -> Result<()> {
    let names: Vec<_> = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let row = format!("({})", vec!["?"; names.len()].join(", "));
    let sql = format!(
        "insert into {} ({}) values {}",
        table.name,
        names.join(", "),
        vec![row; rows.len()].join(", ")
    );
    let uuids: Vec<_> = table.columns.iter().map(|column| to.has_uuid(table, column)).collect();
    let mut values = Vec::with_capacity(rows.len() * names.len());
    for row in rows {
        for ((cell, column), is_uuid) in row.into_iter().zip(&table.columns).zip(&uuids) {
            values.push(value(cell, column.kind, *is_uuid)?);
        }
    }
    let statement = Statement::from_sql_and_values(to.engine.backend(), to.engine.numbered(&sql), values);
    to.tx.execute_raw(statement).await?;
    Ok(())
}

fn value(cell: Cell, kind: Kind, is_uuid: bool) -> Result<Value> {
    Ok(match (cell, kind) {
        (Cell::Bytes(bytes), _) if is_uuid => Uuid::from_slice(&bytes).map_err(Error::internal)?.into(),
        (Cell::Nothing, Kind::Bytes) if is_uuid => None::<Uuid>.into(),
        (Cell::Nothing, Kind::Whole) => None::<i64>.into(),
        (Cell::Nothing, Kind::Truth) => None::<bool>.into(),
        (Cell::Nothing, Kind::Text) => None::<String>.into(),
        (Cell::Nothing, Kind::Bytes) => None::<Vec<u8>>.into(),
        (Cell::Whole(value), _) => value.into(),
        (Cell::Truth(value), _) => value.into(),
        (Cell::Text(value), _) => value.into(),
        (Cell::Bytes(value), _) => value.into(),
    })
}
