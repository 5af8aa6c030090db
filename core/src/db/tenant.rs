//! The two handles of a slice: reading within a tenant, and writing within one unit of work.

use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait as _, ConnectionTrait as _, DatabaseConnection,
    DatabaseExecutor, DatabaseTransaction, DbErr, DeleteMany, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter as _, QuerySelect as _, QueryTrait as _, Select, UpdateMany, Value,
    sea_query::{Expr, Query, SelectStatement},
};

use tracing::{Instrument as _, Span};

use super::{TenantOwned, TenantScope, damage::Damage, failure::answered};
use crate::{
    clock::Micros,
    error::{Error, Result},
    events::NewEvent,
    ids::TenantId,
    revocations::Revoke,
};

const COUNT: &str = "count";

/// Reads rows of one tenant; the filter is added where the query runs.
#[derive(Clone, Copy)]
pub struct TenantRead<'a> {
    conn: Source<'a>,
    scope: TenantScope,
    watched: Watched<'a>,
}

/// Who is to know of a statement that failed.
#[derive(Clone, Copy)]
enum Watched<'a> {
    /// Everybody, where the file is damaged.
    Pool(&'a Damage),
    /// The writer: a failed statement spoils the whole transaction on PostgreSQL.
    Tx(&'a AtomicBool),
}

#[derive(Clone, Copy)]
enum Source<'a> {
    Pool(&'a DatabaseConnection),
    Tx(&'a DatabaseTransaction),
}

impl<'a> Source<'a> {
    /// What runs the next statement. Reads outside of transactions are counted: what is answered from memory shows.
    fn executor(self) -> DatabaseExecutor<'a> {
        match self {
            Self::Pool(conn) => {
                metrics::counter!("rapport_reads_total").increment(1);
                DatabaseExecutor::Connection(conn)
            }
            Self::Tx(conn) => DatabaseExecutor::Transaction(conn),
        }
    }
}

impl std::fmt::Debug for TenantRead<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TenantRead").field(&self.scope).finish()
    }
}

impl<'a> TenantRead<'a> {
    pub(super) fn pool(conn: &'a DatabaseConnection, scope: &TenantScope, damage: &'a Damage) -> Self {
        Self { conn: Source::Pool(conn), scope: *scope, watched: Watched::Pool(damage) }
    }

    /// Whose rows it reads.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.scope.tenant()
    }

    /// Every row of the tenant that matches.
    pub async fn all<E: TenantOwned>(&self, select: Select<E>) -> Result<Vec<E::Model>> {
        self.note(answered(self.scoped(select).all(&self.conn.executor()).instrument(span())).await)
    }

    /// The first row of the tenant that matches.
    pub async fn one<E: TenantOwned>(&self, select: Select<E>) -> Result<Option<E::Model>> {
        self.note(answered(self.scoped(select).one(&self.conn.executor()).instrument(span())).await)
    }

    /// Matching rows in a shape of their own.
    pub async fn rows<E: TenantOwned, M: FromQueryResult + Send + Sync>(
        &self,
        select: Select<E>,
    ) -> Result<Vec<M>> {
        self.note(
            answered(self.scoped(select).into_model::<M>().all(&self.conn.executor()).instrument(span()))
                .await,
        )
    }

    /// How many rows match, counted no further than `most`.
    pub async fn count<E: TenantOwned>(&self, select: Select<E>, most: u64) -> Result<u64> {
        let counted = self.counted(select, most);
        let row = self.note(answered(self.conn.executor().query_one(&counted).instrument(span())).await)?;
        let count: Option<i64> = self.note(row.map(|row| row.try_get("", COUNT)).transpose())?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the select is whole by then, its tenant with it; it is only counted"
    )]
    fn counted<E: TenantOwned>(&self, select: Select<E>, most: u64) -> SelectStatement {
        let found =
            self.scoped(select).select_only().expr_as(Expr::cust("1"), "found").limit(most).into_query();
        Query::select().expr_as(Expr::cust("count(*)"), COUNT).from_subquery(found, "counted").take()
    }

    /// How SQLite goes about counting, a line for each step.
    #[cfg(test)]
    pub(crate) async fn plan_of_count<E: TenantOwned>(&self, select: Select<E>) -> Result<Vec<String>> {
        use sea_orm::DbBackend;

        let mut statement = DbBackend::Sqlite.build(&self.counted(select, 9));
        statement.sql.insert_str(0, "explain query plan ");
        let rows = self.conn.executor().query_all_raw(statement).await?;
        Ok(rows.iter().map(|row| row.try_get("", "detail")).collect::<Result<_, _>>()?)
    }

    /// How SQLite goes about a select, a line for each step.
    #[cfg(test)]
    pub(crate) async fn plan<E: TenantOwned>(&self, select: Select<E>) -> Result<Vec<String>> {
        use sea_orm::DbBackend;

        let mut statement = self.scoped(select).build(DbBackend::Sqlite);
        statement.sql.insert_str(0, "explain query plan ");
        let rows = self.conn.executor().query_all_raw(statement).await?;
        Ok(rows.iter().map(|row| row.try_get("", "detail")).collect::<Result<_, _>>()?)
    }

    fn scoped<E: TenantOwned>(&self, select: Select<E>) -> Select<E> {
        select.filter(E::TENANT.eq(self.tenant()))
    }

    fn note<T>(&self, result: Result<T, DbErr>) -> Result<T> {
        result.map_err(Error::from).inspect_err(|error| match self.watched {
            Watched::Pool(damage) => damage.note(error),
            Watched::Tx(poisoned) => poisoned.store(true, Ordering::Relaxed),
        })
    }
}

/// A query, in a trace.
fn span() -> Span {
    tracing::debug_span!("read")
}

/// One unit of work: checks first, then writes, then [`TenantTx::emit`]. Nothing it does is seen before its batch commits.
pub struct TenantTx<'a> {
    conn: &'a DatabaseTransaction,
    scope: TenantScope,
    now: Micros,
    marks: &'a Marks,
    events: Vec<NewEvent>,
    revoked: Vec<Revoke>,
}

/// What the writer must know of a unit that failed.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// It changed rows: the batch cannot commit without them.
    pub(super) wrote: AtomicBool,
    /// A statement failed: the transaction is spoiled.
    pub(super) poisoned: AtomicBool,
}

impl Marks {
    pub(super) fn spoiled(&self) -> bool {
        self.wrote.load(Ordering::Relaxed) || self.poisoned.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for TenantTx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TenantTx").field(&self.scope).finish()
    }
}

impl<'a> TenantTx<'a> {
    pub(super) fn new(
        conn: &'a DatabaseTransaction,
        scope: TenantScope,
        now: Micros,
        marks: &'a Marks,
    ) -> Self {
        Self { conn, scope, now, marks, events: Vec::new(), revoked: Vec::new() }
    }

    pub(super) fn into_effects(self) -> (Vec<NewEvent>, Vec<Revoke>) {
        (self.events, self.revoked)
    }

    /// Whose rows it writes.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.scope.tenant()
    }

    /// The moment of the batch: every row and event of it carries the same.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.now
    }

    /// Reads within the transaction.
    #[must_use]
    pub fn read(&self) -> TenantRead<'a> {
        TenantRead {
            conn: Source::Tx(self.conn),
            scope: self.scope,
            watched: Watched::Tx(&self.marks.poisoned),
        }
    }

    /// Adds a row; its tenant is this one, whatever it says.
    pub async fn insert<A>(&self, mut row: A) -> Result<<A::Entity as EntityTrait>::Model>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        A::Entity: TenantOwned,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        row.set(<A::Entity as TenantOwned>::TENANT, Value::from(self.tenant()));
        self.wrote();
        self.read().note(row.insert(self.conn).await)
    }

    /// Adds rows; their tenant is this one, whatever they say. No rows are no statement.
    pub async fn insert_many<A>(&self, rows: Vec<A>) -> Result<()>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        A::Entity: TenantOwned,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        if rows.is_empty() {
            return Ok(());
        }
        let tenant = self.tenant();
        let rows = rows.into_iter().map(|mut row| {
            row.set(<A::Entity as TenantOwned>::TENANT, Value::from(tenant));
            row
        });
        self.wrote();
        self.read()
            .note(<A::Entity as EntityTrait>::insert_many(rows).exec_without_returning(self.conn).await)?;
        Ok(())
    }

    /// Changes the row with this primary key.
    pub async fn update<A>(&self, mut row: A) -> Result<<A::Entity as EntityTrait>::Model>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        A::Entity: TenantOwned,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        row.set(<A::Entity as TenantOwned>::TENANT, Value::from(self.tenant()));
        self.wrote();
        self.read().note(row.update(self.conn).await)
    }

    /// Changes every row of the tenant that matches; says how many.
    pub async fn update_many<E: TenantOwned>(&self, update: UpdateMany<E>) -> Result<u64> {
        self.wrote();
        let done = self.read().note(update.filter(E::TENANT.eq(self.tenant())).exec(self.conn).await)?;
        Ok(done.rows_affected)
    }

    /// Removes every row of the tenant that matches; says how many.
    pub async fn delete_many<E: TenantOwned>(&self, delete: DeleteMany<E>) -> Result<u64> {
        self.wrote();
        let done = self.read().note(delete.filter(E::TENANT.eq(self.tenant())).exec(self.conn).await)?;
        Ok(done.rows_affected)
    }

    /// The rows that belong to no tenant; the reason is for the reader.
    #[must_use]
    pub fn global(&self, _reason: &'static str) -> GlobalTx<'_> {
        GlobalTx { tx: self }
    }

    /// Adds an event to the tenant's log in this transaction; listeners hear it after the commit. The only way to publish.
    pub fn emit(&mut self, event: NewEvent) {
        self.wrote();
        self.events.push(event);
    }

    /// Ends sessions or makes tokens stale, on every node within a second of the commit.
    pub fn revoke(&mut self, revoke: Revoke) {
        self.wrote();
        self.revoked.push(revoke);
    }

    fn wrote(&self) {
        self.marks.wrote.store(true, Ordering::Relaxed);
    }
}

/// Rows that belong to no tenant, within a unit of work.
#[derive(Debug)]
pub struct GlobalTx<'a> {
    tx: &'a TenantTx<'a>,
}

impl GlobalTx<'_> {
    /// Every row that matches.
    pub async fn all<E: EntityTrait>(&self, select: Select<E>) -> Result<Vec<E::Model>> {
        self.tx.read().note(select.all(self.tx.conn).await)
    }

    /// The first row that matches.
    pub async fn one<E: EntityTrait>(&self, select: Select<E>) -> Result<Option<E::Model>> {
        self.tx.read().note(select.one(self.tx.conn).await)
    }

    /// Adds a row.
    pub async fn insert<A>(&self, row: A) -> Result<<A::Entity as EntityTrait>::Model>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        self.tx.wrote();
        self.tx.read().note(row.insert(self.tx.conn).await)
    }

    /// Adds a row unless one with the same value of this unique column is there, or is just being added by somebody else:
    /// waits for them, and spoils nothing.
    pub async fn insert_unless<A>(&self, row: A, unique: <A::Entity as EntityTrait>::Column) -> Result<()>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
    {
        self.tx.wrote();
        let insert = <A::Entity as EntityTrait>::insert(row).on_conflict_do_nothing_on([unique]);
        self.tx.read().note(insert.exec_without_returning(self.tx.conn).await)?;
        Ok(())
    }

    /// Removes every row that matches; says how many.
    pub async fn delete_many<E: EntityTrait>(&self, delete: DeleteMany<E>) -> Result<u64> {
        self.tx.wrote();
        let done = self.tx.read().note(delete.exec(self.tx.conn).await)?;
        Ok(done.rows_affected)
    }

    /// Changes every row that matches; says how many.
    pub async fn update_many<E: EntityTrait>(&self, update: UpdateMany<E>) -> Result<u64> {
        self.tx.wrote();
        let done = self.tx.read().note(update.exec(self.tx.conn).await)?;
        Ok(done.rows_affected)
    }
}
