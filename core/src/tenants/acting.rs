//! The member who acts, as of this transaction: a role lost a moment ago gives no power over owners any more.

use rapport_proto::tenants::v1::Role;

use super::queries;
use crate::{
    caller::Caller,
    db::TenantRead,
    error::{Error, Reason, Result},
    ids::MemberId,
};

/// A member whose token passed, to be looked at again where the work is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acting {
    member: MemberId,
    generation: i32,
}

impl Acting {
    pub(super) fn of(caller: &Caller) -> Result<Self> {
        Ok(Self { member: caller.member()?.0, generation: caller.generation })
    }

    /// The role the member has, if the rights are still those of the token.
    pub(super) async fn role(self, read: TenantRead<'_>) -> Result<Role> {
        match queries::find_member(read, self.member).await? {
            Some(row) if row.is_active() && row.generation == self.generation => Ok(row.role()),
            _ => Err(Error::new(Reason::TokenStale, "the rights of this token have changed")),
        }
    }
}
