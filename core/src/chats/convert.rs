//! Rows as the contract shows them.

use rapport_proto::chats::v1::{self as pb, SenderKind};

use super::{
    entity::message,
    view::{ChatView, Side},
};
use crate::{
    clock::Micros,
    db::hot::MessageRow,
    ids::{MemberId, VisitorId},
};

/// A gapless number of the database on the wire.
pub(super) fn seq(seq: i32) -> u32 {
    u32::try_from(seq).unwrap_or(0)
}

/// A chat as events have it; [`super::previewed`] adds what answers have.
pub(super) fn chat(view: &ChatView, side: Side) -> pb::Chat {
    let at = |micros: Option<i64>| micros.map(|micros| Micros(micros).timestamp());
    pb::Chat {
        chat_id: view.chat_id.to_string(),
        state: view.state().into(),
        department_id: view.department_id.map(|id| id.to_string()).unwrap_or_default(),
        assignee: view
            .assignee_id
            .map(|id| pb::Assignee { member_id: id.to_string(), name: view.assignee_name_for(side) }),
        customer: Some(pb::Customer {
            customer_id: view.customer_id.to_string(),
            visitor_id: view.visitor_id.to_string(),
            name: view.customer_name.clone(),
            email: view.customer_email.clone(),
        }),
        last_seq: seq(view.last_seq_for(side)),
        customer_read_seq: seq(view.customer_read_seq),
        staff_read_seq: seq(view.staff_read_seq_for(side)),
        page_url: view.page_url.clone(),
        close_reason: view.close_reason.clone(),
        created_at: at(Some(view.created_at)),
        claimed_at: at(view.claimed_at),
        closed_at: at(view.closed_at),
        revision: seq(view.revision),
        last_message: None,
    }
}

pub(super) fn message(row: &MessageRow, sender: pb::Sender) -> pb::Message {
    pb::Message {
        message_id: row.message_id.to_string(),
        chat_id: row.chat_id.to_string(),
        seq: seq(row.seq),
        sender: Some(sender),
        text: row.text.clone(),
        internal: row.internal,
        sent_at: Some(Micros(row.sent_at).timestamp()),
    }
}

/// A stored message, with the name its sender has now.
pub(super) fn stored(row: message::Model, name: impl Fn(uuid::Uuid) -> String) -> pb::Message {
    let kind = SenderKind::try_from(i32::from(row.sender_kind)).unwrap_or_default();
    let id = match kind {
        SenderKind::Customer => VisitorId::from(row.sender_id).to_string(),
        SenderKind::Member | SenderKind::Unspecified => MemberId::from(row.sender_id).to_string(),
    };
    pb::Message {
        message_id: row.message_id.to_string(),
        chat_id: row.chat_id.to_string(),
        seq: seq(row.seq),
        sender: Some(pb::Sender { kind: kind.into(), id, name: name(row.sender_id) }),
        text: row.text,
        internal: row.internal,
        sent_at: Some(Micros(row.sent_at).timestamp()),
    }
}
