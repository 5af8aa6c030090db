//! A row of `chats`.

use sea_orm::entity::prelude::*;

use crate::{
    db::TenantOwned,
    ids::{ChatId, CustomerId, DepartmentId, MemberId, TenantId, VisitorId},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chats")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub chat_id: ChatId,
    pub customer_id: CustomerId,
    pub visitor_id: VisitorId,
    pub department_id: Option<DepartmentId>,
    pub assignee_id: Option<MemberId>,
    pub state: i16,
    pub page_url: String,
    pub close_reason: String,
    pub created_at: i64,
    pub claimed_at: Option<i64>,
    pub closed_at: Option<i64>,
    pub revision: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
