//! `UpdateMember`: changes a member's name, rights or password. New rights or a new password end what was made under the old
//! ones, open streams included, within a second.

use std::sync::Arc;

use rapport_proto::tenants::v1::{self as pb, MemberState, Role};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, Unchanged};

use super::{
    acting::Acting,
    convert::member_updated,
    entity::member::{self, PasswordHash, number},
    error::{TenantError, check_revision},
    queries,
};
use crate::{
    app::App,
    auth,
    caller::Caller,
    db::{TenantRead, TenantTx, Unit},
    error::{Error, Result},
    ids::MemberId,
    revocations::Revoke,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::UpdateMemberRequest,
) -> Result<pb::UpdateMemberResponse> {
    let id = req.member_id.parse()?;
    let change = Change {
        name: req.name.clone(),
        public_name: req.public_name.clone(),
        role: req.role.is_some().then(|| req.role()),
        state: req.state.is_some().then(|| req.state()),
    };
    let password_hash = match &req.password {
        None => None,
        Some(password) => {
            // Asked before the password costs anything, and again where it counts.
            let target = find(app.db.read(&caller.scope), id).await?;
            check_owner(caller.member()?.1, Rights::of(&target), change.wanted(&target))?;
            Some(PasswordHash(app.passwords.hash(password).await?))
        }
    };
    let acting = Acting::of(caller)?;
    let unit = UpdateMember { acting, id, change, password_hash, if_revision: req.if_revision };
    let member = app.db.write(&caller.scope, unit).await?;
    Ok(pb::UpdateMemberResponse { member: Some(member) })
}

async fn find(read: TenantRead<'_>, id: MemberId) -> Result<member::Model> {
    queries::find_member(read, id).await?.ok_or_else(|| Error::not_found("member"))
}

/// What a member may do, and whether at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rights {
    role: Role,
    state: MemberState,
}

impl Rights {
    fn of(row: &member::Model) -> Self {
        Self { role: row.role(), state: row.state() }
    }

    fn is_active_owner(self) -> bool {
        self == Self { role: Role::Owner, state: MemberState::Active }
    }
}

struct Change {
    name: Option<String>,
    public_name: Option<String>,
    role: Option<Role>,
    state: Option<MemberState>,
}

impl Change {
    fn wanted(&self, row: &member::Model) -> Rights {
        Rights {
            role: self.role.unwrap_or_else(|| row.role()),
            state: self.state.unwrap_or_else(|| row.state()),
        }
    }
}

/// Owners are touched and made by owners alone.
fn check_owner(actor: Role, before: Rights, after: Rights) -> Result<(), TenantError> {
    let concerns_owner = before.role == Role::Owner || after.role == Role::Owner;
    if concerns_owner && actor != Role::Owner { Err(TenantError::OwnerOnly) } else { Ok(()) }
}

/// Whether the change takes an active owner away, which needs another one to be left.
fn unmakes_owner(before: Rights, after: Rights) -> bool {
    before.is_active_owner() && !after.is_active_owner()
}

struct UpdateMember {
    acting: Acting,
    id: MemberId,
    change: Change,
    password_hash: Option<PasswordHash>,
    if_revision: u32,
}

impl Unit for UpdateMember {
    type Out = pb::Member;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Self::Out> {
        let row = find(tx.read(), self.id).await?;
        let (before, after) = (Rights::of(&row), self.change.wanted(&row));
        check_owner(self.acting.role(tx.read()).await?, before, after)?;
        check_revision(row.revision, self.if_revision)?;
        if unmakes_owner(before, after) && !has_other_owner(tx.read(), self.id).await? {
            return Err(TenantError::LastOwner.into());
        }
        let name = self.change.name.as_ref().unwrap_or(&row.name);
        let public_name = self.change.public_name.as_ref().unwrap_or(&row.public_name);
        // A password that is given is a new one, even where it is the same text: nobody can tell without trying it.
        let ends_tokens = before != after || self.password_hash.is_some();
        if !ends_tokens && *name == row.name && *public_name == row.public_name {
            return Ok((&row).into());
        }
        let generation = row.generation + i32::from(ends_tokens);
        let suspended = before.state != after.state && after.state == MemberState::Suspended;
        let row = tx
            .update(member::ActiveModel {
                member_id: Unchanged(self.id),
                name: Set(name.clone()),
                public_name: Set(public_name.clone()),
                role: Set(number(after.role)),
                state: Set(number(after.state)),
                password_hash: Set(self.password_hash.clone().unwrap_or_else(|| row.password_hash.clone())),
                generation: Set(generation),
                revision: Set(row.revision + 1),
                ..Default::default()
            })
            .await?;
        if ends_tokens {
            tx.revoke(Revoke::Before(self.id, generation));
        }
        if suspended || self.password_hash.is_some() {
            auth::end_sessions(tx, self.id).await?;
        }
        let member = pb::Member::from(&row);
        tx.emit(member_updated(member.clone()));
        Ok(member)
    }
}

async fn has_other_owner(read: TenantRead<'_>, except: MemberId) -> Result<bool> {
    let select = member::Entity::find()
        .filter(member::Column::Role.eq(number(Role::Owner)))
        .filter(member::Column::State.eq(number(MemberState::Active)))
        .filter(member::Column::MemberId.ne(except));
    Ok(read.one(select).await?.is_some())
}

#[cfg(test)]
mod tests {
    use MemberState::{Active, Suspended};
    use Role::{Admin, Agent, Owner};

    use super::*;

    fn rights(role: Role, state: MemberState) -> Rights {
        Rights { role, state }
    }

    #[test]
    fn only_owners_touch_make_or_unmake_owners() {
        let (owner, agent) = (rights(Owner, Active), rights(Agent, Active));
        for (before, after) in
            [(owner, owner), (owner, agent), (agent, owner), (rights(Owner, Suspended), owner)]
        {
            assert_eq!(check_owner(Owner, before, after), Ok(()));
            assert_eq!(check_owner(Admin, before, after), Err(TenantError::OwnerOnly));
        }
        assert_eq!(check_owner(Admin, agent, rights(Admin, Suspended)), Ok(()));
    }

    #[test]
    fn an_owner_is_unmade_by_a_lesser_role_or_by_suspension() {
        let owner = rights(Owner, Active);
        assert!(unmakes_owner(owner, rights(Admin, Active)));
        assert!(unmakes_owner(owner, rights(Owner, Suspended)));
        assert!(!unmakes_owner(owner, owner));
        assert!(
            !unmakes_owner(rights(Owner, Suspended), rights(Agent, Suspended)),
            "who cannot sign in is none"
        );
        assert!(!unmakes_owner(rights(Agent, Active), rights(Agent, Suspended)));
    }
}
