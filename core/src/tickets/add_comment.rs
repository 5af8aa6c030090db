//! `AddComment`: what the customer or the staff adds to a ticket; the customer's word opens it again.

use std::sync::Arc;

use rapport_proto::{
    events::v1::{TicketCommented, event::Body},
    tickets::v1 as pb,
};
use sea_orm::{Set, Unchanged};

use super::{
    convert,
    entity::{
        comment,
        ticket::{self, column},
    },
    error::TicketError,
    state::{self, Act},
    view::{self, TicketView},
};
use crate::{
    app::App,
    caller::{Caller, Side},
    chats,
    db::{TenantTx, Unit},
    error::Result,
    events::{Audience, NewEvent},
    idempotency::Once,
    ids::{CommentId, TicketId},
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    req: pb::AddCommentRequest,
) -> Result<pb::AddCommentResponse> {
    if req.internal && Side::of(caller) == Side::Customer {
        return Err(TicketError::InternalComment.into());
    }
    let unit = AddComment {
        once: Once::new("AddComment", caller.id(), &req.request_id, &req)?,
        caller: Arc::clone(caller),
        ticket_id: req.ticket_id.parse()?,
        draft: Draft { comment_id: app.ids.make(), text: req.text, internal: req.internal },
    };
    app.db.write(&caller.scope, unit).await
}

struct AddComment {
    once: Once,
    caller: Arc<Caller>,
    ticket_id: TicketId,
    draft: Draft,
}

impl Unit for AddComment {
    type Out = pb::AddCommentResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<pb::AddCommentResponse> {
        if let Some(earlier) = self.once.earlier(tx).await? {
            return Ok(earlier);
        }
        let mut ticket = view::visible_in(tx, &self.caller, self.ticket_id).await?;
        let act = match Side::of(&self.caller) {
            Side::Customer => Act::CustomerComment,
            Side::Staff => Act::StaffComment,
        };
        let next = state::after(ticket.state(), act)?;
        let row = self.draft.add(tx, &self.caller, self.ticket_id, ticket.last_seq + 1).await?;
        if next != ticket.state() {
            tx.update(ticket::ActiveModel {
                ticket_id: Unchanged(self.ticket_id),
                state: Set(column(next)),
                solved_at: Set(None),
                updated_at: Set(tx.now().0),
                revision: Set(ticket.revision + 1),
                ..Default::default()
            })
            .await?;
            ticket = view::load(tx.read(), self.ticket_id).await?;
            ticket.emit(tx);
        }
        tell(tx, &ticket, &row, &self.caller, &self.once);
        let author = chats::sender(&self.caller, &ticket.customer_name);
        let response = pb::AddCommentResponse { comment: Some(convert::comment(&row, author)) };
        self.once.keep(tx, &response).await?;
        Ok(response)
    }
}

/// A comment that has no place yet.
pub(super) struct Draft {
    pub(super) comment_id: CommentId,
    pub(super) text: String,
    pub(super) internal: bool,
}

impl Draft {
    pub(super) async fn add(
        &self,
        tx: &TenantTx<'_>,
        caller: &Caller,
        ticket: TicketId,
        seq: i32,
    ) -> Result<comment::Model> {
        tx.insert(comment::ActiveModel {
            ticket_id: Set(ticket),
            seq: Set(seq),
            comment_id: Set(self.comment_id),
            author_kind: Set(chats::sender_kind(caller)),
            author_id: Set(caller.id()),
            text: Set(self.text.clone()),
            internal: Set(self.internal),
            sent_at: Set(tx.now().0),
            ..Default::default()
        })
        .await
    }
}

/// Tells of a new comment: of an internal one the staff alone, of another both sides, the visitor as far as its author may be known.
pub(super) fn tell(
    tx: &mut TenantTx<'_>,
    ticket: &TicketView,
    row: &comment::Model,
    caller: &Caller,
    once: &Once,
) {
    let event = |audience, author| {
        let comment = Some(convert::comment(row, author));
        let body = TicketCommented { comment, request_id: once.request_id().to_string() };
        NewEvent { audience, chat: None, body: Body::TicketCommented(body) }
    };
    let author = chats::sender(caller, &ticket.customer_name);
    if row.internal {
        tx.emit(event(ticket.staff(), author));
        return;
    }
    let shown = ticket.known_to_visitor(author.clone());
    if shown == author {
        tx.emit(event(ticket.audience(), author));
    } else {
        tx.emit(event(ticket.staff(), author));
        tx.emit(event(Audience::visitor(ticket.visitor_id), shown));
    }
}
