//! Finds a customer by id.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::entity::{self, Model};
use crate::{db::TenantRead, error::Result, ids::CustomerId};

/// A customer of the workspace.
pub async fn find(read: TenantRead<'_>, id: CustomerId) -> Result<Option<Model>> {
    read.one(entity::Entity::find().filter(entity::Column::CustomerId.eq(id))).await
}
