//! `GetWorkload`: what one member has to do.

use std::sync::Arc;

use rapport_proto::presence::v1 as pb;

use super::workload::workloads;
use crate::{
    app::App,
    caller::Caller,
    error::{Error, Result},
    tenants,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::GetWorkloadRequest,
) -> Result<pb::GetWorkloadResponse> {
    let read = app.db.read(&caller.scope);
    let member = req.member_id.parse()?;
    if tenants::find_member(read, member).await?.is_none() {
        return Err(Error::not_found("member"));
    }
    Ok(pb::GetWorkloadResponse { workload: workloads(read, &[member]).await?.pop() })
}
