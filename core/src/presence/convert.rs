//! Members as the wire shows them.

use rapport_proto::presence::v1::{MemberPresence, PresenceStatus};

use super::board::Seen;
use crate::{clock::Micros, ids::MemberId};

/// A member who is there.
pub(super) fn present(id: MemberId, seen: &Seen) -> MemberPresence {
    MemberPresence {
        member_id: id.to_string(),
        name: seen.name.clone(),
        role: seen.role,
        status: seen.status.into(),
        since: Some(Micros(seen.since).timestamp()),
    }
}

/// A member who was there.
pub(super) fn gone(id: MemberId, seen: &Seen) -> MemberPresence {
    MemberPresence { status: PresenceStatus::Offline.into(), since: None, ..present(id, seen) }
}
