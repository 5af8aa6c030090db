//! A row of `messages`.

use sea_orm::entity::prelude::*;

use crate::{
    db::TenantOwned,
    ids::{ChatId, MessageId, TenantId},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub chat_id: ChatId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    pub message_id: MessageId,
    pub sender_kind: i16,
    pub sender_id: Uuid,
    pub text: String,
    pub internal: bool,
    pub request_id: Uuid,
    pub body_hash: Vec<u8>,
    pub sent_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
