//! Whether a team is there: all that a visitor may know of it.

use rapport_proto::{
    presence::v1::PresenceStatus,
    tenants::v1::{MemberState, Role},
};

use super::board;
use crate::{app::App, caller::answers_chats, db::TenantScope, error::Result};

/// Whether somebody who answers chats is shown as online now. Who is away or busy is not ready, and a viewer answers nobody.
pub(crate) async fn is_anybody_ready(app: &App, scope: &TenantScope) -> Result<bool> {
    let tenant = scope.tenant();
    let shown = board::look(app, &[tenant]).await?.remove(&tenant).unwrap_or_default();
    // Only active members are shown at all.
    let answers = |role: i32| Role::try_from(role).is_ok_and(|role| answers_chats(role, MemberState::Active));
    Ok(shown.values().any(|seen| seen.status == PresenceStatus::Online && answers(seen.role)))
}
