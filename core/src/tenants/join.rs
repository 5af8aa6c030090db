//! Makes a person a member of a workspace.
//!
//! The person is found or made by their address; the password is the membership's. An admin who adds somebody with a first
//! password gains a way into this workspace, where they rule already, and into no other one of the same person.

use rapport_proto::tenants::v1::{MemberState, Role};
use sea_orm::Set;

use super::{
    entity::{
        identity,
        member::{self, PasswordHash, number},
    },
    error::TenantError,
    queries,
};
use crate::{
    db::TenantTx,
    error::{Error, Result},
    ids::{IdentityId, Ids, MemberId},
};

/// A member to be; the ids are made beforehand, so that the work can be run again.
#[derive(Clone, Debug)]
pub(crate) struct NewMember {
    member_id: MemberId,
    identity_id: IdentityId,
    email: String,
    name: String,
    role: Role,
    password_hash: PasswordHash,
}

impl NewMember {
    pub(super) fn new(ids: &Ids, email: &str, name: String, role: Role, password_hash: String) -> Self {
        Self {
            member_id: ids.make(),
            identity_id: ids.make(),
            email: email.to_lowercase(),
            name,
            role,
            password_hash: PasswordHash(password_hash),
        }
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }
}

/// Adds the member; refuses an address that is one already.
pub(super) async fn join(tx: &TenantTx<'_>, new: &NewMember) -> Result<member::Model> {
    let known = tx.global("a person is found by their address").one(queries::by_email(&new.email)).await?;
    let identity_id = match known {
        Some(person) => {
            if tx.read().one(queries::by_identity(person.identity_id)).await?.is_some() {
                return Err(TenantError::MemberExists.into());
            }
            person.identity_id
        }
        None => make_identity(tx, new).await?,
    };
    tx.insert(member::ActiveModel {
        member_id: Set(new.member_id),
        identity_id: Set(identity_id),
        email: Set(new.email.clone()),
        name: Set(new.name.clone()),
        password_hash: Set(new.password_hash.clone()),
        role: Set(number(new.role)),
        state: Set(number(MemberState::Active)),
        generation: Set(0),
        created_at: Set(tx.now().0),
        revision: Set(1),
        ..Default::default()
    })
    .await
}

/// Makes the person, or finds the one that another workspace has just made.
async fn make_identity(tx: &TenantTx<'_>, new: &NewMember) -> Result<IdentityId> {
    let person = identity::ActiveModel {
        identity_id: Set(new.identity_id),
        email: Set(new.email.clone()),
        created_at: Set(tx.now().0),
    };
    let global = tx.global("a person belongs to no workspace");
    global.insert_unless(person, identity::Column::Email).await?;
    let made = global.one(queries::by_email(&new.email)).await?;
    Ok(made.ok_or_else(|| Error::internal("a person just made cannot be found"))?.identity_id)
}
