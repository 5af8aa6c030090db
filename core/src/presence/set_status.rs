//! `SetStatus`: how the calling member wants to be shown, kept until the next choice.

use std::sync::Arc;

use rapport_proto::presence::v1 as pb;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, Unchanged};

use super::entity::choice;
use crate::{
    app::App,
    caller::Caller,
    clock::Micros,
    db::{TenantTx, Unit},
    error::Result,
    ids::MemberId,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::SetStatusRequest,
) -> Result<pb::SetStatusResponse> {
    let unit = SetStatus { member: caller.member()?.0, status: req.status() };
    let changed_at = app.db.write(&caller.scope, unit).await?;
    app.presence.board.look_at(caller.tenant());
    Ok(pb::SetStatusResponse { status: req.status, changed_at: Some(changed_at.timestamp()) })
}

struct SetStatus {
    member: MemberId,
    status: pb::PresenceStatus,
}

impl Unit for SetStatus {
    type Out = Micros;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Micros> {
        let chosen = i16::try_from(i32::from(self.status)).unwrap_or_default();
        let before = choice::Entity::find().filter(choice::Column::MemberId.eq(self.member));
        match tx.read().one(before).await? {
            Some(before) if before.chosen == chosen => return Ok(Micros(before.changed_at)),
            Some(before) => {
                tx.update(choice::ActiveModel {
                    tenant_id: Unchanged(before.tenant_id),
                    member_id: Unchanged(self.member),
                    chosen: Set(chosen),
                    changed_at: Set(tx.now().0),
                })
                .await?;
            }
            None => {
                tx.insert(choice::ActiveModel {
                    member_id: Set(self.member),
                    chosen: Set(chosen),
                    changed_at: Set(tx.now().0),
                    ..Default::default()
                })
                .await?;
            }
        }
        Ok(tx.now())
    }
}
