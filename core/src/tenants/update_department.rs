//! `UpdateDepartment`: changes the name and whether customers are offered it, adds and removes members.

use std::{collections::BTreeSet, sync::Arc};

use rapport_proto::tenants::v1 as pb;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, Unchanged};

use super::{
    convert,
    entity::{department, department_member},
    error::{TenantError, check_revision},
    queries,
    tell_grants::tell_grants,
};
use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::{Error, Result},
    ids::{DepartmentId, MemberId},
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::UpdateDepartmentRequest,
) -> Result<pb::UpdateDepartmentResponse> {
    let unit = UpdateDepartment {
        id: req.department_id.parse()?,
        name: req.name,
        add: req.add_member_ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?,
        remove: req.remove_member_ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?,
        offered: req.offered,
        if_revision: req.if_revision,
    };
    let department = app.db.write(&caller.scope, unit).await?;
    Ok(pb::UpdateDepartmentResponse { department: Some(department) })
}

struct UpdateDepartment {
    id: DepartmentId,
    name: Option<String>,
    add: BTreeSet<MemberId>,
    remove: BTreeSet<MemberId>,
    offered: Option<bool>,
    if_revision: u32,
}

impl Unit for UpdateDepartment {
    type Out = pb::Department;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Self::Out> {
        let row = queries::find_department(tx.read(), self.id).await?;
        let row = row.ok_or_else(|| Error::not_found("department"))?;
        check_revision(row.revision, self.if_revision)?;
        queries::require_members(tx.read(), &(&self.add | &self.remove)).await?;
        let name = self.name.as_ref().unwrap_or(&row.name);
        if queries::department_named(tx.read(), name, Some(self.id)).await? {
            return Err(TenantError::DepartmentExists.into());
        }
        let before = queries::members_of(tx.read(), [self.id]).await?.remove(&self.id).unwrap_or_default();
        let Membership { after, added, removed } = change(&before, &self.add, &self.remove);
        let offered = self.offered.unwrap_or(row.offered);
        if *name == row.name && after == before && offered == row.offered {
            return Ok(convert::department(&row, &before));
        }
        let row = tx
            .update(department::ActiveModel {
                department_id: Unchanged(self.id),
                name: Set(name.clone()),
                offered: Set(offered),
                revision: Set(row.revision + 1),
                ..Default::default()
            })
            .await?;
        if !removed.is_empty() {
            let leaves = department_member::Entity::delete_many()
                .filter(department_member::Column::DepartmentId.eq(self.id))
                .filter(department_member::Column::MemberId.is_in(removed.iter().copied()));
            tx.delete_many(leaves).await?;
        }
        let joins = |member: &MemberId| department_member::ActiveModel {
            department_id: Set(self.id),
            member_id: Set(*member),
            ..Default::default()
        };
        tx.insert_many(added.iter().map(joins).collect()).await?;
        tell_grants(tx, &(&added | &removed)).await?;
        let department = convert::department(&row, &after);
        tx.emit(convert::department_updated(department.clone()));
        Ok(department)
    }
}

/// A change of who belongs to a department.
#[derive(Debug, PartialEq, Eq)]
struct Membership {
    after: BTreeSet<MemberId>,
    added: BTreeSet<MemberId>,
    removed: BTreeSet<MemberId>,
}

/// Who is to be added and removed at once is removed.
fn change(before: &BTreeSet<MemberId>, add: &BTreeSet<MemberId>, remove: &BTreeSet<MemberId>) -> Membership {
    let after = &(before | add) - remove;
    Membership { added: &after - before, removed: before - &after, after }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn set(ids: &[u128]) -> BTreeSet<MemberId> {
        ids.iter().map(|id| Uuid::from_u128(*id).into()).collect()
    }

    #[test]
    fn members_in_it_stay_strangers_are_passed_over_and_removal_wins() {
        let membership = change(&set(&[1, 2, 3]), &set(&[3, 4, 5]), &set(&[2, 5, 9]));
        let expected = Membership { after: set(&[1, 3, 4]), added: set(&[4]), removed: set(&[2]) };
        assert_eq!(membership, expected);
    }
}
