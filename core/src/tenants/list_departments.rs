//! `ListDepartments`: the departments with their members, oldest first, by key.

use std::{collections::BTreeSet, sync::Arc};

use rapport_proto::tenants::v1 as pb;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use super::{convert, entity::department, queries};
use crate::{app::App, caller::Caller, error::Result, ids::DepartmentId, page};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::ListDepartmentsRequest,
) -> Result<pb::ListDepartmentsResponse> {
    let bound = page::Bound::to(caller, "departments", &[]);
    let size = page::size(req.page_size);
    let mut select = department::Entity::find();
    if let Some(last) = bound.open(&app.sealer, &req.page_token)? {
        select = select.filter(department::Column::DepartmentId.gt(DepartmentId::from(last)));
    }
    let select = select.order_by_asc(department::Column::DepartmentId).limit(size as u64 + 1);
    let read = app.db.read(&caller.scope);
    let mut found = read.all(select).await?;
    let more = found.len() > size;
    found.truncate(size);
    let next_page_token = match found.last() {
        Some(last) if more => bound.token(&app.sealer, last.department_id.uuid())?,
        _ => String::new(),
    };
    let members = queries::members_of(read, found.iter().map(|row| row.department_id)).await?;
    let nobody = BTreeSet::new();
    let departments = found
        .iter()
        .map(|row| convert::department(row, members.get(&row.department_id).unwrap_or(&nobody)))
        .collect();
    Ok(pb::ListDepartmentsResponse { departments, next_page_token })
}
