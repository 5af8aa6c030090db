//! What SQLite's planner is told of the event log.
//!
//! Without statistics it takes an index that is told tenant and visitor for hardly narrower than one that is told the tenant, and a
//! visitor's replay may then read everybody's events. A thousand tenants of a thousand events each, twenty to a visitor, is said once;
//! nothing here ever runs `analyze`, so plans stay as they were tested. PostgreSQL counts for itself.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the macro of the trait wants the lifetime left out")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DatabaseBackend::Sqlite {
            ddl::run(manager, UP).await
        } else {
            Ok(())
        }
    }
}

// On an empty table `analyze` makes the place for statistics and writes none.
const UP: &str = "
analyze tenants
;
insert into sqlite_stat1 (tbl, idx, stat) values
  ('events', 'events', '1000000 1000 1'),
  ('events', 'events_by_visitor', '1000000 1000 20 1')
";
