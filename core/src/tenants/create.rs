//! Makes a workspace with its owner: the one way, for the first start and for operators.

use std::collections::BTreeSet;

use rapport_proto::tenants::v1::{self as pb, Role};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};

use super::{
    convert::{self, member_updated, tenant_updated},
    entity::tenant,
    error::TenantError,
    join::{NewMember, join},
};
use crate::{db::TenantTx, error::Result, ids::Ids};

/// A workspace to be.
#[derive(Clone, Debug)]
pub(crate) struct NewTenant {
    workspace: pb::Workspace,
    owner: NewMember,
}

impl NewTenant {
    /// Takes the parts of the request, and the owner's password as it is to be stored.
    pub(crate) fn new(ids: &Ids, workspace: pb::Workspace, owner: pb::Owner, password_hash: String) -> Self {
        Self { workspace, owner: NewMember::new(ids, &owner.email, owner.name, Role::Owner, password_hash) }
    }
}

/// Makes the workspace whose id is the transaction's.
pub(crate) async fn create(tx: &mut TenantTx<'_>, new: &NewTenant) -> Result<(pb::Tenant, pb::Member)> {
    let taken = tenant::Entity::find().filter(tenant::Column::Slug.eq(&new.workspace.slug));
    if tx.global("a slug is unique in the installation").one(taken).await?.is_some() {
        return Err(TenantError::SlugTaken.into());
    }
    let or = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
    let row = tx
        .insert(tenant::ActiveModel {
            slug: Set(new.workspace.slug.clone()),
            name: Set(new.workspace.name.clone()),
            locale: Set(or(&new.workspace.locale, "en")),
            time_zone: Set(or(&new.workspace.time_zone, "UTC")),
            created_at: Set(tx.now().0),
            revision: Set(1),
            ..Default::default()
        })
        .await
        // Another core made one of this slug after we looked.
        .map_err(|error| if error.is_duplicate() { TenantError::SlugTaken.into() } else { error })?;
    let made = convert::tenant(&row, &BTreeSet::new());
    let owner = pb::Member::from(&join(tx, &new.owner).await?);
    tx.emit(tenant_updated(made.clone()));
    tx.emit(member_updated(owner.clone()));
    Ok((made, owner))
}
