//! A row of `ticket_comments`.

use sea_orm::entity::prelude::*;

use crate::{
    db::TenantOwned,
    ids::{CommentId, TenantId, TicketId},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ticket_comments")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ticket_id: TicketId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    pub comment_id: CommentId,
    pub author_kind: i16,
    pub author_id: Uuid,
    pub text: String,
    pub internal: bool,
    pub sent_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
