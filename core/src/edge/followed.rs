//! An event as edges get it.

use rapport_proto::{
    edge::v1::{FollowedEvent, Rescope},
    events::v1::event::Body,
};

use crate::{app::App, error::Result, events::LoggedEvent, ids::TenantId};

/// An event of a tenant at its place, with the principals of its audience.
pub(super) fn followed(
    app: &App,
    tenant: TenantId,
    audience: Vec<String>,
    event: &LoggedEvent,
) -> Result<FollowedEvent> {
    let rescope = match &event.event.body {
        // A role cannot change without the token going stale: the departments are all that changes for a session that stays.
        Some(Body::GrantsChanged(changed)) => {
            Some(Rescope { principal: changed.member_id.clone(), principals: changed.department_ids.clone() })
        }
        _ => None,
    };
    Ok(FollowedEvent {
        number: event.number,
        cursor: event.cursor(&app.cursors, tenant)?.as_ref().to_owned(),
        audience,
        event: Some(event.event.clone()),
        rescope,
    })
}
