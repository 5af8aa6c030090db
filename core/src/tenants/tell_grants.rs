//! Tells members which departments they belong to now. An open stream changes what it hears at that very event, so nothing
//! falls between the change and the stream.

use std::collections::{BTreeMap, BTreeSet};

use rapport_proto::events::v1::{GrantsChanged, event::Body};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::entity::department_member;
use crate::{
    db::TenantTx,
    error::Result,
    events::{Audience, NewEvent},
    ids::{DepartmentId, MemberId},
};

/// Tells each of these members, after their rows were changed.
pub(super) async fn tell_grants(tx: &mut TenantTx<'_>, changed: &BTreeSet<MemberId>) -> Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let mut grants: BTreeMap<MemberId, BTreeSet<DepartmentId>> =
        changed.iter().map(|member| (*member, BTreeSet::new())).collect();
    let select = department_member::Entity::find()
        .filter(department_member::Column::MemberId.is_in(changed.iter().copied()));
    for row in tx.read().all(select).await? {
        grants.entry(row.member_id).or_default().insert(row.department_id);
    }
    for (member, departments) in grants {
        let body = Body::GrantsChanged(GrantsChanged {
            member_id: member.to_string(),
            department_ids: departments.iter().map(ToString::to_string).collect(),
        });
        tx.emit(NewEvent { audience: Audience::member(member), chat: None, body });
    }
    Ok(())
}
