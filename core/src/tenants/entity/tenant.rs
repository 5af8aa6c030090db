//! A workspace.
#![expect(missing_docs, reason = "the columns are told in the migration, the relations by their types")]

use sea_orm::entity::prelude::*;

use crate::{db::TenantOwned, ids::TenantId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    pub slug: String,
    pub name: String,
    pub locale: String,
    pub time_zone: String,
    pub created_at: i64,
    pub revision: i32,
    pub widget_color: String,
    pub widget_position: i16,
    pub widget_greeting: String,
    pub widget_offline_message: String,
    pub widget_launcher_label: String,
    pub widget_ask_name: bool,
    pub widget_ask_email: bool,
    pub widget_ask_department: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}
