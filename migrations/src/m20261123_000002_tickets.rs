//! Tickets and their comments.
//!
//! The number of a ticket is the end of its unique key, as that of a comment is of its primary key: both are taken under the writer's
//! lock of the tenant. `tags` is a JSON list of texts.

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
create table tickets (
  tenant_id {uuid} not null,
  ticket_id {uuid} not null,
  number integer not null,
  customer_id {uuid} not null,
  visitor_id {uuid} not null,
  chat_id {uuid},
  department_id {uuid},
  assignee_id {uuid},
  state smallint not null,
  priority smallint not null,
  subject varchar(200) not null,
  tags text not null,
  created_at bigint not null,
  updated_at bigint not null,
  solved_at bigint,
  closed_at bigint,
  revision integer not null,
  primary key (tenant_id, ticket_id),
  unique (tenant_id, number),
  foreign key (tenant_id, customer_id) references customers (tenant_id, customer_id) on delete restrict,
  foreign key (tenant_id, chat_id) references chats (tenant_id, chat_id) on delete restrict,
  foreign key (tenant_id, department_id) references departments (tenant_id, department_id) on delete restrict,
  foreign key (tenant_id, assignee_id) references members (tenant_id, member_id) on delete restrict
)
;
create index tickets_by_state on tickets (tenant_id, state, number)
;
create index tickets_by_priority on tickets (tenant_id, priority, state, number)
;
create index tickets_by_assignee on tickets (tenant_id, assignee_id, state, number)
;
create index tickets_by_department on tickets (tenant_id, department_id, state, number)
;
create index tickets_by_customer on tickets (tenant_id, customer_id, number)
;
create index tickets_by_visitor on tickets (tenant_id, visitor_id, number)
;
create table ticket_comments (
  tenant_id {uuid} not null,
  ticket_id {uuid} not null,
  seq integer not null,
  comment_id {uuid} not null,
  author_kind smallint not null,
  author_id {uuid} not null,
  text text not null,
  internal boolean not null,
  sent_at bigint not null,
  primary key (tenant_id, ticket_id, seq),
  foreign key (tenant_id, ticket_id) references tickets (tenant_id, ticket_id) on delete restrict
)
";
