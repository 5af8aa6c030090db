//! A row of `read_marks`.

use sea_orm::entity::prelude::*;

use crate::{
    db::TenantOwned,
    ids::{ChatId, TenantId},
};

/// The `reader_kind` of a member who looks on and does not answer; the other kinds are those of senders. Such a mark is the
/// reader's own and is no part of how far the staff has read.
pub(crate) const ONLOOKER: i16 = 3;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "read_marks")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub chat_id: ChatId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub reader_id: Uuid,
    pub reader_kind: i16,
    pub seq: i32,
    pub at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
