//! The escape hatch: reading across tenants, for sign-in and for what follows every tenant. Each use gives its reason.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, EntityTrait, FromQueryResult, Select, Statement, Value,
};

use super::{Engine, damage::Damage, failure::answered};
use crate::error::{Error, Reason, Result};

/// How long a database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads without a tenant filter.
#[derive(Debug)]
pub struct AcrossTenants<'a> {
    conn: &'a DatabaseConnection,
    engine: Engine,
    damage: &'a Damage,
}

impl<'a> AcrossTenants<'a> {
    pub(super) fn new(
        conn: &'a DatabaseConnection,
        engine: Engine,
        damage: &'a Damage,
        _reason: &'static str,
    ) -> Self {
        Self { conn, engine, damage }
    }

    fn note<T>(&self, result: Result<T, DbErr>) -> Result<T> {
        result.map_err(Error::from).inspect_err(|error| self.damage.note(error))
    }

    /// The first row that matches.
    pub async fn one<E: EntityTrait>(&self, select: Select<E>) -> Result<Option<E::Model>> {
        self.note(answered(select.one(self.conn)).await)
    }

    /// Every row that matches.
    pub async fn all<E: EntityTrait>(&self, select: Select<E>) -> Result<Vec<E::Model>> {
        self.note(answered(select.all(self.conn)).await)
    }

    /// Rows of a statement written out, which is the same text on both engines but for the placeholders `?`.
    pub async fn rows<M: FromQueryResult>(&self, sql: &str, values: Vec<Value>) -> Result<Vec<M>> {
        let statement =
            Statement::from_sql_and_values(self.engine.backend(), self.engine.numbered(sql), values);
        let rows = self.note(answered(self.conn.query_all_raw(statement)).await)?;
        Ok(rows.iter().map(|row| M::from_query_result(row, "")).collect::<Result<_, _>>()?)
    }

    /// Whether the database answers at all.
    pub async fn ping(&self) -> Result<()> {
        match tokio::time::timeout(PATIENCE, self.conn.ping()).await {
            Ok(answer) => Ok(answer?),
            Err(_elapsed) => Err(Error::new(Reason::StoreUnavailable, "the database does not answer")),
        }
    }
}
