//! `ListMembers`: the members, oldest first, by key.

use std::sync::Arc;

use rapport_proto::tenants::v1 as pb;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use super::entity::member;
use crate::{app::App, caller::Caller, error::Result, ids::MemberId, page};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::ListMembersRequest,
) -> Result<pb::ListMembersResponse> {
    let bound = page::Bound::to(caller, "members", &[]);
    let size = page::size(req.page_size);
    let mut select = member::Entity::find();
    if let Some(last) = bound.open(&app.sealer, &req.page_token)? {
        select = select.filter(member::Column::MemberId.gt(MemberId::from(last)));
    }
    let select = select.order_by_asc(member::Column::MemberId).limit(size as u64 + 1);
    let mut found = app.db.read(&caller.scope).all(select).await?;
    let more = found.len() > size;
    found.truncate(size);
    let next_page_token = match found.last() {
        Some(last) if more => bound.token(&app.sealer, last.member_id.uuid())?,
        _ => String::new(),
    };
    Ok(pb::ListMembersResponse { members: found.iter().map(pb::Member::from).collect(), next_page_token })
}
