//! `UpdateSelf`: a member changes what colleagues and customers read of them.

use std::sync::Arc;

use rapport_proto::{auth::v1 as pb, tenants::v1::Member};

use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::{Error, Result},
    ids::MemberId,
    tenants::{self, SelfChange},
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::UpdateSelfRequest,
) -> Result<pb::UpdateSelfResponse> {
    let member = app.db.write(&caller.scope, UpdateSelf { id: caller.member()?.0, req }).await?;
    Ok(pb::UpdateSelfResponse { member: Some(member) })
}

struct UpdateSelf {
    id: MemberId,
    req: pb::UpdateSelfRequest,
}

impl Unit for UpdateSelf {
    type Out = Member;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Member> {
        let row = tenants::find_member(tx.read(), self.id).await?;
        let row = row.ok_or_else(|| Error::not_found("member"))?;
        tenants::check_revision(row.revision, self.req.if_revision)?;
        let change = SelfChange {
            name: self.req.name.clone().filter(|name| *name != row.name),
            public_name: self.req.public_name.clone().filter(|name| *name != row.public_name),
            ..Default::default()
        };
        if change.name.is_none() && change.public_name.is_none() {
            return Ok((&row).into());
        }
        tenants::change_self(tx, &row, change).await
    }
}
