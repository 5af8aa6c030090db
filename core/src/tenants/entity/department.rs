//! A part of a workspace.
#![expect(missing_docs, reason = "the columns are told in the migration, the relations by their types")]

use sea_orm::entity::prelude::*;

use crate::{
    db::TenantOwned,
    ids::{DepartmentId, TenantId},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "departments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub department_id: DepartmentId,
    pub name: String,
    pub created_at: i64,
    pub revision: i32,
    pub offered: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
