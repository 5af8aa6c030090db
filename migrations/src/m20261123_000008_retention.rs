//! When what is kept for a time only may go. Request ids of versions that do not tell their age stay.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    #[expect(elided_lifetimes_in_paths, reason = "the macro of the trait wants the lifetime left out")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }
}

const UP: &str = "
alter table request_ids add column expires_at bigint
;
create index request_ids_by_end on request_ids (tenant_id, expires_at) where expires_at is not null
;
create index sessions_by_end on sessions (tenant_id, expires_at)
";
