//! `CreateDepartment`: makes a department with its members.

use std::{collections::BTreeSet, sync::Arc};

use rapport_proto::tenants::v1 as pb;
use sea_orm::Set;

use super::{
    convert,
    entity::{department, department_member},
    error::TenantError,
    queries,
    tell_grants::tell_grants,
};
use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::Result,
    idempotency::Once,
    ids::{DepartmentId, MemberId},
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::CreateDepartmentRequest,
) -> Result<pb::CreateDepartmentResponse> {
    let once = Once::new("CreateDepartment", caller.id(), &req.request_id, &req)?;
    let members = req.member_ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?;
    let unit = CreateDepartment { once, id: app.ids.make(), name: req.name, members };
    app.db.write(&caller.scope, unit).await
}

struct CreateDepartment {
    once: Once,
    id: DepartmentId,
    name: String,
    members: BTreeSet<MemberId>,
}

impl Unit for CreateDepartment {
    type Out = pb::CreateDepartmentResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Self::Out> {
        if let Some(earlier) = self.once.earlier(tx).await? {
            return Ok(earlier);
        }
        queries::require_members(tx.read(), &self.members).await?;
        if queries::department_named(tx.read(), &self.name, None).await? {
            return Err(TenantError::DepartmentExists.into());
        }
        let row = tx
            .insert(department::ActiveModel {
                department_id: Set(self.id),
                name: Set(self.name.clone()),
                created_at: Set(tx.now().0),
                revision: Set(1),
                ..Default::default()
            })
            .await?;
        let belongs = |member: &MemberId| department_member::ActiveModel {
            department_id: Set(self.id),
            member_id: Set(*member),
            ..Default::default()
        };
        tx.insert_many(self.members.iter().map(belongs).collect()).await?;
        let department = convert::department(&row, &self.members);
        let response = pb::CreateDepartmentResponse { department: Some(department.clone()) };
        self.once.keep(tx, &response).await?;
        tell_grants(tx, &self.members).await?;
        tx.emit(convert::department_updated(department));
        Ok(response)
    }
}
