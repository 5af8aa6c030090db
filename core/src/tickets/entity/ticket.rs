//! A row of `tickets`.

use std::collections::BTreeSet;

use sea_orm::entity::prelude::*;

use crate::{
    db::TenantOwned,
    ids::{ChatId, CustomerId, DepartmentId, MemberId, TenantId, TicketId, VisitorId},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tickets")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ticket_id: TicketId,
    pub number: i32,
    pub customer_id: CustomerId,
    pub visitor_id: VisitorId,
    pub chat_id: Option<ChatId>,
    pub department_id: Option<DepartmentId>,
    pub assignee_id: Option<MemberId>,
    pub state: i16,
    pub priority: i16,
    pub subject: String,
    pub tags: Tags,
    pub created_at: i64,
    pub updated_at: i64,
    pub solved_at: Option<i64>,
    pub closed_at: Option<i64>,
    pub revision: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}

/// The staff's words for a ticket, each once; a JSON list in the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveValueType)]
#[sea_orm(value_type = "String", from_str = "Tags::read", to_str = "Tags::write")]
pub(crate) struct Tags(pub BTreeSet<String>);

impl Tags {
    fn read(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text).map(Self)
    }

    fn write(&self) -> String {
        self.0.iter().map(String::as_str).collect::<serde_json::Value>().to_string()
    }
}

/// The number of a state or a priority as its column holds it.
pub(in crate::tickets) fn column(value: impl Into<i32>) -> i16 {
    i16::try_from(value.into()).unwrap_or_default()
}
