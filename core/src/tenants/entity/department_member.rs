//! That a member belongs to a department.
#![expect(missing_docs, reason = "the columns are told in the migration, the relations by their types")]

use sea_orm::entity::prelude::*;

use crate::{
    db::TenantOwned,
    ids::{DepartmentId, MemberId, TenantId},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "department_members")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub department_id: DepartmentId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: MemberId,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
