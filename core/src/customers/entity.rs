//! A row of `customers`.
#![expect(missing_docs, reason = "the columns are told in the migration, the relations by their types")]

use sea_orm::entity::prelude::*;

use crate::{
    db::TenantOwned,
    ids::{CustomerId, TenantId, VisitorId},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    pub visitor_id: VisitorId,
    pub name: String,
    pub email: String,
    pub created_at: i64,
    pub revision: i32,
    pub note: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
