//! Rows as the contract shows them.

use rapport_proto::{
    chats::v1::{Assignee, Customer, Sender, SenderKind},
    tickets::v1 as pb,
};

use super::{entity::comment, view::TicketView};
use crate::{
    caller::Side,
    clock::Micros,
    ids::{MemberId, VisitorId},
};

/// A number of the database on the wire.
pub(super) fn number(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

pub(super) fn ticket(view: &TicketView, side: Side) -> pb::Ticket {
    let at = |micros: Option<i64>| micros.map(|micros| Micros(micros).timestamp());
    pb::Ticket {
        ticket_id: view.ticket_id.to_string(),
        number: number(view.number),
        subject: view.subject.clone(),
        state: view.state().into(),
        priority: view.priority.into(),
        requester: Some(Customer {
            customer_id: view.customer_id.to_string(),
            visitor_id: view.visitor_id.to_string(),
            name: view.customer_name.clone(),
            email: view.customer_email.clone(),
        }),
        assignee: view
            .assignee_id
            .map(|id| Assignee { member_id: id.to_string(), name: view.assignee_name_for(side) }),
        department_id: view.department_id.map(|id| id.to_string()).unwrap_or_default(),
        chat_id: view.chat_id.map(|id| id.to_string()).unwrap_or_default(),
        tags: match side {
            Side::Staff => view.tags.0.iter().cloned().collect(),
            Side::Customer => Vec::new(),
        },
        last_seq: number(view.last_seq_for(side)),
        created_at: at(Some(view.created_at)),
        updated_at: at(Some(view.updated_at)),
        solved_at: at(view.solved_at),
        closed_at: at(view.closed_at),
        revision: number(view.revision),
    }
}

pub(super) fn comment(row: &comment::Model, author: Sender) -> pb::Comment {
    pb::Comment {
        comment_id: row.comment_id.to_string(),
        ticket_id: row.ticket_id.to_string(),
        seq: number(row.seq),
        author: Some(author),
        text: row.text.clone(),
        internal: row.internal,
        sent_at: Some(Micros(row.sent_at).timestamp()),
    }
}

/// Who wrote a stored comment, with the name they have now.
pub(super) fn author(row: &comment::Model, name: String) -> Sender {
    let kind = SenderKind::try_from(i32::from(row.author_kind)).unwrap_or_default();
    let id = match kind {
        SenderKind::Customer => VisitorId::from(row.author_id).to_string(),
        SenderKind::Member | SenderKind::Unspecified => MemberId::from(row.author_id).to_string(),
    };
    Sender { kind: kind.into(), id, name }
}
