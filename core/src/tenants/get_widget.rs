//! `GetWidget`: what everybody may know of a workspace before they are known to it. Of the team no more than whether somebody is there.

use std::sync::Arc;

use rapport_proto::tenants::v1 as pb;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use super::{
    convert,
    entity::{department, tenant},
    queries,
};
use crate::{
    app::App,
    db::{TenantRead, TenantScope},
    error::{Error, Result},
    presence,
};

/// How many departments a widget offers.
const DEPARTMENTS: u64 = 200;

pub(super) async fn run(app: &Arc<App>, req: pb::GetWidgetRequest) -> Result<pb::GetWidgetResponse> {
    let row = queries::find_by_slug(app, &req.workspace).await?;
    let row = row.ok_or_else(|| Error::not_found("workspace"))?;
    let scope = TenantScope::verified(row.tenant_id);
    Ok(pb::GetWidgetResponse {
        departments: offered(app.db.read(&scope), &row).await?,
        team_available: presence::is_anybody_ready(app, &scope).await?,
        widget: Some(convert::widget(&row)),
        workspace: Some(pb::WidgetWorkspace { slug: row.slug, name: row.name, locale: row.locale }),
    })
}

/// What a customer may choose from. A workspace whose widget does not ask tells nobody what departments it has.
async fn offered(read: TenantRead<'_>, row: &tenant::Model) -> Result<Vec<pb::WidgetDepartment>> {
    if !row.widget_ask_department {
        return Ok(Vec::new());
    }
    let select = department::Entity::find()
        .filter(department::Column::Offered.eq(true))
        .order_by_asc(department::Column::DepartmentId)
        .limit(DEPARTMENTS);
    let found = read.all(select).await?.into_iter();
    Ok(found
        .map(|row| pb::WidgetDepartment { department_id: row.department_id.to_string(), name: row.name })
        .collect())
}
