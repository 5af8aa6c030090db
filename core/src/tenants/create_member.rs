//! `CreateMember`: adds a person with a first password.

use std::sync::Arc;

use rapport_proto::tenants::v1::{self as pb, Role};

use super::{
    acting::Acting,
    blind::blind,
    convert::member_updated,
    error::TenantError,
    join::{NewMember, join},
};
use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::Result,
    idempotency::Once,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::CreateMemberRequest,
) -> Result<pb::CreateMemberResponse> {
    let (_, role) = caller.member()?;
    // Asked before the password costs anything, and again where it counts.
    may_make(role, req.role())?;
    let mut body = req.clone();
    blind(&app.master, &mut body.password);
    let once = Once::new("CreateMember", caller.id(), &req.request_id, &body)?;
    let password_hash = app.passwords.hash(&req.password).await?;
    let role = req.role();
    let new = NewMember::new(&app.ids, &req.email, req.name, role, password_hash);
    app.db.write(&caller.scope, CreateMember { acting: Acting::of(caller)?, once, new }).await
}

fn may_make(actor: Role, role: Role) -> Result<(), TenantError> {
    if role == Role::Owner && actor != Role::Owner { Err(TenantError::OwnerOnly) } else { Ok(()) }
}

struct CreateMember {
    acting: Acting,
    once: Once,
    new: NewMember,
}

impl Unit for CreateMember {
    type Out = pb::CreateMemberResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Self::Out> {
        if let Some(earlier) = self.once.earlier(tx).await? {
            return Ok(earlier);
        }
        may_make(self.acting.role(tx.read()).await?, self.new.role())?;
        let member = pb::Member::from(&join(tx, &self.new).await?);
        let response = pb::CreateMemberResponse { member: Some(member.clone()) };
        self.once.keep(tx, &response).await?;
        tx.emit(member_updated(member));
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_alone_make_owners() {
        assert_eq!(may_make(Role::Owner, Role::Owner), Ok(()));
        assert_eq!(may_make(Role::Admin, Role::Admin), Ok(()));
        assert_eq!(may_make(Role::Admin, Role::Owner), Err(TenantError::OwnerOnly));
    }
}
