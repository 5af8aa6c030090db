//! `ListOnlineAgents`: the members who are not offline, with what they have to do, oldest first, by key.

use std::{
    ops::Bound::{Excluded, Unbounded},
    sync::Arc,
};

use rapport_proto::presence::v1 as pb;

use super::{board, convert::present, workload::workloads};
use crate::{app::App, caller::Caller, error::Result, ids::MemberId, page, tenants};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::ListOnlineAgentsRequest,
) -> Result<pb::ListOnlineAgentsResponse> {
    let bound = page::Bound::to(caller, "online agents", &[]);
    let after = bound.open(&app.sealer, &req.page_token)?.map(MemberId::from);
    let shown = board::look(app, &[caller.tenant()]).await?.remove(&caller.tenant()).unwrap_or_default();
    let mut rest = shown.range((after.map_or(Unbounded, Excluded), Unbounded));
    let found: Vec<_> = rest.by_ref().take(page::size(req.page_size)).collect();
    let next_page_token = match found.last() {
        Some((last, _)) if rest.next().is_some() => bound.token(&app.sealer, last.uuid())?,
        _ => String::new(),
    };
    let read = app.db.read(&caller.scope);
    let members: Vec<MemberId> = found.iter().map(|(member, _)| **member).collect();
    let mut departments = tenants::departments_by_member(read, &members).await?;
    let workloads = workloads(read, &members).await?;
    let agents = found.into_iter().zip(workloads).map(|((member, seen), workload)| pb::OnlineAgent {
        presence: Some(present(*member, seen)),
        department_ids: departments
            .remove(member)
            .unwrap_or_default()
            .iter()
            .map(ToString::to_string)
            .collect(),
        workload: Some(workload),
    });
    Ok(pb::ListOnlineAgentsResponse { agents: agents.collect(), next_page_token })
}
