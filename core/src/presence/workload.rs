//! How much members have to do, counted where it stands: nothing is kept twice, so nothing can come apart.

use std::collections::HashMap;

use rapport_proto::presence::v1::Workload;

use crate::{chats, db::TenantRead, error::Result, ids::MemberId, tickets};

/// The workload of each of these members, in their order.
pub(super) async fn workloads(read: TenantRead<'_>, members: &[MemberId]) -> Result<Vec<Workload>> {
    let chats = chats::active_by_assignee(read, members).await?;
    let tickets = tickets::open_by_assignee(read, members).await?;
    let of = |counts: &HashMap<MemberId, u32>, member| counts.get(member).copied().unwrap_or_default();
    let workload = |member| Workload { active_chats: of(&chats, member), open_tickets: of(&tickets, member) };
    Ok(members.iter().map(workload).collect())
}
