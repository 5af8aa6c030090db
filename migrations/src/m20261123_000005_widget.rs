//! How a workspace's widget looks and what it asks for, and whether customers are offered a department.

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

// The defaults are those of the contract. A position is a number of `rapport.tenants.v1.WidgetPosition`.
const UP: &str = "
alter table tenants add column widget_color varchar(7) not null default '#2563eb'
;
alter table tenants add column widget_position smallint not null default 2
;
alter table tenants add column widget_greeting text not null default ''
;
alter table tenants add column widget_offline_message text not null default ''
;
alter table tenants add column widget_launcher_label varchar(40) not null default ''
;
alter table tenants add column widget_ask_name boolean not null default true
;
alter table tenants add column widget_ask_email boolean not null default true
;
alter table tenants add column widget_ask_department boolean not null default false
;
alter table departments add column offered boolean not null default true
";
