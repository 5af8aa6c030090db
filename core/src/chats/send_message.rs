//! `SendMessage`: the hot path. The rules are here; the numbers, the request ids and the batching are the hot lane's.

use std::{collections::HashSet, sync::Arc};

use rapport_proto::{
    chats::v1::{self as pb, ChatState, SenderKind},
    events::v1::{MessageSent, event::Body},
};

use super::{convert, error::ChatError, view};
use crate::{
    app::App,
    caller::{Caller, Principal, sees_every_chat},
    db::hot::{Append, ChatHead, MessageRow, Rules},
    error::Result,
    events::{Audience, Grants, NewEvent},
    idempotency,
    ids::DepartmentId,
};

/// Sends a message, once, however often it is asked for.
pub async fn run(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    req: pb::SendMessageRequest,
) -> Result<pb::SendMessageResponse> {
    if req.internal && matches!(caller.principal, Principal::Visitor(_)) {
        return Err(ChatError::InternalNote.into());
    }
    let row = MessageRow {
        tenant_id: caller.tenant(),
        chat_id: req.chat_id.parse()?,
        seq: 0,
        message_id: app.ids.make(),
        sender_kind: kind(caller),
        sender_id: caller.id(),
        body_hash: idempotency::hash(&[
            req.chat_id.as_bytes(),
            req.text.as_bytes(),
            &[u8::from(req.internal)],
        ]),
        text: req.text,
        internal: req.internal,
        request_id: idempotency::parse(&req.request_id)?,
        sent_at: 0,
    };
    let member = match caller.principal {
        Principal::Member(id, role) => (!sees_every_chat(role)).then_some(id),
        Principal::Visitor(_) => None,
    };
    let rules = Arc::new(Sending(Arc::clone(caller)));
    let stored = app.db.append(Append { row, member, rules }).await?;
    let sender = view::sender(caller, &stored.customer_name);
    Ok(pb::SendMessageResponse { message: Some(convert::message(&stored.row, sender)) })
}

/// Which side a caller sends from, as columns hold it.
pub(crate) fn kind(caller: &Caller) -> i16 {
    let kind = match caller.principal {
        Principal::Member(..) => SenderKind::Member,
        Principal::Visitor(_) => SenderKind::Customer,
    };
    i16::try_from(i32::from(kind)).unwrap_or_default()
}

/// The event of a new message: notes go to the staff alone.
pub(super) fn told(
    row: &MessageRow,
    sender: pb::Sender,
    staff: Audience,
    visitor: crate::ids::VisitorId,
) -> NewEvent {
    let body =
        MessageSent { message: Some(convert::message(row, sender)), request_id: row.request_id.to_string() };
    NewEvent {
        audience: if row.internal { staff } else { staff.and_visitor(visitor) },
        chat: Some(row.chat_id),
        body: Body::MessageSent(body),
    }
}

struct Sending(Arc<Caller>);

impl Rules for Sending {
    fn admit(&self, chat: &ChatHead, departments: &HashSet<DepartmentId>) -> Result<()> {
        let grants = match self.0.principal {
            Principal::Visitor(id) => Grants::Visitor(id),
            Principal::Member(id, role) => {
                Grants::Member { id, overseer: sees_every_chat(role), departments: departments.clone() }
            }
        };
        let audience =
            Audience::chat_staff(chat.department_id, chat.assignee_id).and_visitor(chat.visitor_id);
        if !grants.hear(&audience) {
            return Err(ChatError::NotFound.into());
        }
        match ChatState::try_from(i32::from(chat.state)).unwrap_or_default() {
            ChatState::Waiting | ChatState::Active => Ok(()),
            ChatState::Closed | ChatState::Unspecified => Err(ChatError::Closed.into()),
        }
    }

    fn event(&self, row: &MessageRow, chat: &ChatHead) -> NewEvent {
        let staff = Audience::chat_staff(chat.department_id, chat.assignee_id);
        told(row, view::sender(&self.0, &chat.customer_name), staff, chat.visitor_id)
    }
}
