//! Allowed origins, and presence: who is connected where, who was, and the status each member chose.
//!
//! A connection counts while its lease does: a process that dies takes its members with it when its lease ends. All `*_at` and `since`
//! are microseconds since 1970 in UTC.

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
create table tenant_origins (
  tenant_id {uuid} not null references tenants (tenant_id) on delete restrict,
  origin varchar(300) not null,
  primary key (tenant_id, origin)
){clustered}
;
create index tenant_origins_by_origin on tenant_origins (origin)
;
create table edge_leases (
  lease_id {uuid} not null primary key,
  holder {uuid} not null,
  expires_at bigint not null
){rewritten}
;
create table presence (
  tenant_id {uuid} not null,
  member_id {uuid} not null,
  chosen smallint not null,
  changed_at bigint not null,
  primary key (tenant_id, member_id),
  foreign key (tenant_id, member_id) references members (tenant_id, member_id) on delete restrict
){rewritten}
;
create table presence_connections (
  tenant_id {uuid} not null,
  member_id {uuid} not null,
  lease_id {uuid} not null,
  since bigint not null,
  left_at bigint,
  primary key (tenant_id, member_id, lease_id),
  foreign key (tenant_id, member_id) references members (tenant_id, member_id) on delete restrict
){rewritten}
;
create index presence_connections_by_lease on presence_connections (lease_id)
";
