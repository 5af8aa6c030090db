//! What a member changes of the own membership, within a unit of work of whoever asks.

use rapport_proto::tenants::v1 as pb;
use sea_orm::{Set, Unchanged};

use super::{
    convert::member_updated,
    entity::member::{self, PasswordHash},
};
use crate::{db::TenantTx, error::Result, revocations::Revoke};

/// What is to be otherwise; what is absent stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct SelfChange {
    pub(crate) name: Option<String>,
    pub(crate) public_name: Option<String>,
    pub(crate) password_hash: Option<PasswordHash>,
    /// Makes every token stale that was made before.
    pub(crate) ends_tokens: bool,
}

/// Changes a member and tells the staff.
pub(crate) async fn change_self(
    tx: &mut TenantTx<'_>,
    row: &member::Model,
    change: SelfChange,
) -> Result<pb::Member> {
    let generation = row.generation + i32::from(change.ends_tokens);
    let row = tx
        .update(member::ActiveModel {
            member_id: Unchanged(row.member_id),
            name: Set(change.name.unwrap_or_else(|| row.name.clone())),
            public_name: Set(change.public_name.unwrap_or_else(|| row.public_name.clone())),
            password_hash: Set(change.password_hash.unwrap_or_else(|| row.password_hash.clone())),
            generation: Set(generation),
            revision: Set(row.revision + 1),
            ..Default::default()
        })
        .await?;
    if change.ends_tokens {
        tx.revoke(Revoke::Before(row.member_id, generation));
    }
    let member = pb::Member::from(&row);
    tx.emit(member_updated(member.clone()));
    Ok(member)
}
