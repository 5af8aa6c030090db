//! `UpdateTenant`: changes the workspace's settings.

use std::sync::Arc;

use rapport_proto::tenants::v1 as pb;
use sea_orm::{Set, Unchanged};

use super::{
    convert::{self, tenant_updated},
    entity::tenant,
    error::check_revision,
    origins::{origins, replace_origins},
    queries,
};
use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::Result,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::UpdateTenantRequest,
) -> Result<pb::UpdateTenantResponse> {
    let tenant = app.db.write(&caller.scope, UpdateTenant(req)).await?;
    Ok(pb::UpdateTenantResponse { tenant: Some(tenant) })
}

struct UpdateTenant(pb::UpdateTenantRequest);

impl Unit for UpdateTenant {
    type Out = pb::Tenant;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Self::Out> {
        let row = queries::find_tenant(tx.read()).await?;
        check_revision(row.revision, self.0.if_revision)?;
        let wanted = tenant::Model {
            name: self.0.name.clone().unwrap_or_else(|| row.name.clone()),
            locale: self.0.locale.clone().unwrap_or_else(|| row.locale.clone()),
            time_zone: self.0.time_zone.clone().unwrap_or_else(|| row.time_zone.clone()),
            ..row.clone()
        };
        let before = origins(tx.read()).await?;
        let list = self.0.allowed_origins.as_ref();
        let after = list.map_or_else(|| before.clone(), |list| list.origins.iter().cloned().collect());
        if wanted == row && after == before {
            return Ok(convert::tenant(&row, &before));
        }
        let row = tx
            .update(tenant::ActiveModel {
                tenant_id: Unchanged(row.tenant_id),
                name: Set(wanted.name),
                locale: Set(wanted.locale),
                time_zone: Set(wanted.time_zone),
                revision: Set(row.revision + 1),
                ..Default::default()
            })
            .await?;
        replace_origins(tx, &before, &after).await?;
        let tenant = convert::tenant(&row, &after);
        tx.emit(tenant_updated(tenant.clone()));
        Ok(tenant)
    }
}
