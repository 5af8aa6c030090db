//! What the two engines spell differently, in one place.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// Runs each statement of `sql` (separated by lines holding only `;`), with the engine's words put in.
///
/// `{uuid}` and `{bytes}` are column types. `{clustered}` ends a table that SQLite stores in its primary key: right where rows
/// come in the order of the key, costly where they do not (bench S1). `{rewritten}` ends a table whose rows change often.
pub(crate) async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let (uuid, bytes, clustered, rewritten) = match manager.get_database_backend() {
        DbBackend::Sqlite => ("blob", "blob", " without rowid", ""),
        // Room in each page for rows that are rewritten often, so that no index has to change.
        _ => ("uuid", "bytea", "", " with (fillfactor = 70)"),
    };
    for statement in sql.split("\n;\n") {
        let statement = statement
            .replace("{uuid}", uuid)
            .replace("{bytes}", bytes)
            .replace("{clustered}", clustered)
            .replace("{rewritten}", rewritten);
        let statement = statement.trim().trim_end_matches(';');
        if !statement.is_empty() {
            manager.get_connection().execute_unprepared(statement).await?;
        }
    }
    Ok(())
}
