//! The origins whose pages may call a workspace from a browser, and hold its widget.

use std::collections::BTreeSet;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, Select, Set};

use super::{entity::origin, queries};
use crate::{
    app::App,
    db::{TenantRead, TenantScope, TenantTx},
    error::Result,
};

fn of(origin: &str) -> Select<origin::Entity> {
    origin::Entity::find().filter(origin::Column::Origin.eq(origin))
}

/// Whether the workspace allows an origin.
pub async fn allows_origin(read: TenantRead<'_>, origin: &str) -> Result<bool> {
    Ok(read.one(of(origin)).await?.is_some())
}

/// Whether any workspace does.
pub async fn any_allows_origin(app: &App, origin: &str) -> Result<bool> {
    let across = app.db.across_tenants("a page's origin is asked about before anybody has signed in");
    Ok(across.one(of(origin)).await?.is_some())
}

/// The list of the workspace of this slug; none where there is no such workspace.
pub async fn origins_by_slug(app: &App, slug: &str) -> Result<BTreeSet<String>> {
    let Some(row) = queries::find_by_slug(app, slug).await? else { return Ok(BTreeSet::new()) };
    origins(app.db.read(&TenantScope::verified(row.tenant_id))).await
}

/// The workspace's list, ordered.
pub(super) async fn origins(read: TenantRead<'_>) -> Result<BTreeSet<String>> {
    let rows = read.all(origin::Entity::find().order_by_asc(origin::Column::Origin)).await?;
    Ok(rows.into_iter().map(|row| row.origin).collect())
}

/// Makes the list another one.
pub(super) async fn replace_origins(
    tx: &TenantTx<'_>,
    before: &BTreeSet<String>,
    after: &BTreeSet<String>,
) -> Result<()> {
    let gone: Vec<&String> = before.difference(after).collect();
    if !gone.is_empty() {
        tx.delete_many(origin::Entity::delete_many().filter(origin::Column::Origin.is_in(gone))).await?;
    }
    let new = after.difference(before);
    let rows =
        new.map(|origin| origin::ActiveModel { origin: Set(origin.clone()), ..Default::default() }).collect();
    tx.insert_many(rows).await
}
