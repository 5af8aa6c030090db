//! A person in one workspace, with the password that opens this workspace and no other.
#![expect(missing_docs, reason = "the columns are told in the migration, the relations by their types")]

use std::fmt;

use rapport_proto::tenants::v1::{MemberState, Role};
use sea_orm::entity::prelude::*;

use crate::{
    db::TenantOwned,
    ids::{IdentityId, MemberId, TenantId},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "members")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: MemberId,
    pub identity_id: IdentityId,
    pub email: String,
    pub name: String,
    pub password_hash: PasswordHash,
    pub role: i16,
    pub state: i16,
    pub generation: i32,
    pub created_at: i64,
    pub revision: i32,
    /// Empty for the name itself.
    pub public_name: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    const TENANT: Column = Column::TenantId;
}

/// The PHC text of a password; never shown.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

impl Model {
    /// What the member may do; a role this version does not know may do nothing.
    #[must_use]
    pub fn role(&self) -> Role {
        Role::try_from(i32::from(self.role)).unwrap_or_default()
    }

    /// What customers read of the member's name.
    #[must_use]
    pub fn public_name(&self) -> &str {
        public(&self.name, &self.public_name)
    }

    #[must_use]
    pub fn state(&self) -> MemberState {
        MemberState::try_from(i32::from(self.state)).unwrap_or_default()
    }

    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state() == MemberState::Active
    }
}

/// What customers read of a name where this was chosen, or nothing.
pub(in crate::tenants) fn public<'a>(name: &'a str, chosen: &'a str) -> &'a str {
    if chosen.trim().is_empty() { name } else { chosen }
}

/// The number of a role or a state as its column holds it.
pub(in crate::tenants) fn number(value: impl Into<i32>) -> i16 {
    i16::try_from(value.into()).unwrap_or_default()
}
