//! The first schema: installation, tenants, members, sessions, departments, customers, chats, messages, the event log.
//!
//! Rules kept by a test that reads the migrated schema: in every table but the few global ones `tenant_id` leads the primary
//! key and every foreign key, and every foreign key restricts. All `*_at` are microseconds since 1970 in UTC.

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
create table installation (
  installation_id smallint not null primary key check (installation_id = 1),
  epoch {uuid} not null,
  master_check {bytes} not null,
  set_up_at bigint,
  created_at bigint not null
)
;
create table signing_keys (
  kid varchar(40) not null primary key,
  created_at bigint not null
)
;
create table revocations (
  number bigint not null primary key,
  tenant_id {uuid} not null,
  session_id {uuid},
  member_id {uuid},
  generation integer not null,
  at bigint not null
)
;
create index revocations_by_at on revocations (at)
;
create table identities (
  identity_id {uuid} not null primary key,
  email varchar(254) not null unique,
  created_at bigint not null
)
;
create table tenants (
  tenant_id {uuid} not null primary key,
  slug varchar(40) not null unique,
  name varchar(100) not null,
  locale varchar(35) not null,
  time_zone varchar(64) not null,
  created_at bigint not null,
  revision integer not null
)
;
create table members (
  tenant_id {uuid} not null references tenants (tenant_id) on delete restrict,
  member_id {uuid} not null,
  identity_id {uuid} not null references identities (identity_id) on delete restrict,
  email varchar(254) not null,
  name varchar(100) not null,
  password_hash text not null,
  role smallint not null,
  state smallint not null,
  generation integer not null,
  created_at bigint not null,
  revision integer not null,
  primary key (tenant_id, member_id),
  unique (tenant_id, identity_id)
)
;
create table sessions (
  tenant_id {uuid} not null,
  session_id {uuid} not null,
  member_id {uuid} not null,
  generation integer not null,
  refresh_hash {bytes} not null,
  spent_request_id {uuid},
  user_agent text not null,
  address text not null,
  created_at bigint not null,
  last_seen_at bigint not null,
  expires_at bigint not null,
  revoked_at bigint,
  primary key (tenant_id, session_id),
  foreign key (tenant_id, member_id) references members (tenant_id, member_id) on delete restrict
){rewritten}
;
create index sessions_by_member on sessions (tenant_id, member_id)
;
create table departments (
  tenant_id {uuid} not null references tenants (tenant_id) on delete restrict,
  department_id {uuid} not null,
  name varchar(100) not null,
  created_at bigint not null,
  revision integer not null,
  primary key (tenant_id, department_id),
  unique (tenant_id, name)
)
;
create table department_members (
  tenant_id {uuid} not null,
  department_id {uuid} not null,
  member_id {uuid} not null,
  primary key (tenant_id, department_id, member_id),
  foreign key (tenant_id, department_id) references departments (tenant_id, department_id) on delete restrict,
  foreign key (tenant_id, member_id) references members (tenant_id, member_id) on delete restrict
){clustered}
;
create index department_members_by_member on department_members (tenant_id, member_id)
;
create table customers (
  tenant_id {uuid} not null references tenants (tenant_id) on delete restrict,
  customer_id {uuid} not null,
  visitor_id {uuid} not null,
  name varchar(100) not null,
  email varchar(254) not null,
  created_at bigint not null,
  revision integer not null,
  primary key (tenant_id, customer_id),
  unique (tenant_id, visitor_id)
)
;
create table chats (
  tenant_id {uuid} not null,
  chat_id {uuid} not null,
  customer_id {uuid} not null,
  visitor_id {uuid} not null,
  department_id {uuid},
  assignee_id {uuid},
  state smallint not null,
  page_url text not null,
  close_reason text not null,
  created_at bigint not null,
  claimed_at bigint,
  closed_at bigint,
  revision integer not null,
  primary key (tenant_id, chat_id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id) on delete restrict,
  foreign key (tenant_id, department_id) references departments (tenant_id, department_id) on delete restrict,
  foreign key (tenant_id, assignee_id) references members (tenant_id, member_id) on delete restrict
)
;
create index chats_by_state on chats (tenant_id, state, chat_id)
;
create index chats_by_assignee on chats (tenant_id, assignee_id, state, chat_id)
;
create index chats_by_department on chats (tenant_id, department_id, state, chat_id)
;
create index chats_by_customer on chats (tenant_id, customer_id, chat_id)
;
create index chats_by_visitor on chats (tenant_id, visitor_id, chat_id)
;
create table messages (
  tenant_id {uuid} not null,
  chat_id {uuid} not null,
  seq integer not null,
  message_id {uuid} not null,
  sender_kind smallint not null,
  sender_id {uuid} not null,
  text text not null,
  internal boolean not null,
  request_id {uuid} not null,
  body_hash {bytes} not null,
  sent_at bigint not null,
  primary key (tenant_id, chat_id, seq),
  unique (tenant_id, sender_id, request_id),
  foreign key (tenant_id, chat_id) references chats (tenant_id, chat_id) on delete restrict
)
;
create table read_marks (
  tenant_id {uuid} not null,
  chat_id {uuid} not null,
  reader_id {uuid} not null,
  reader_kind smallint not null,
  seq integer not null,
  at bigint not null,
  primary key (tenant_id, chat_id, reader_id),
  foreign key (tenant_id, chat_id) references chats (tenant_id, chat_id) on delete restrict
){rewritten}
;
create table request_ids (
  tenant_id {uuid} not null,
  caller_id {uuid} not null,
  request_id {uuid} not null,
  method varchar(100) not null,
  body_hash {bytes} not null,
  response {bytes} not null,
  created_at bigint not null,
  primary key (tenant_id, caller_id, request_id)
)
;
create table events (
  tenant_id {uuid} not null,
  number bigint not null,
  type smallint not null,
  chat_id {uuid},
  visitor_id {uuid},
  audience {bytes} not null,
  payload {bytes} not null,
  at bigint not null,
  primary key (tenant_id, number)
){clustered}
;
create index events_by_visitor on events (tenant_id, visitor_id, number) where visitor_id is not null
";
