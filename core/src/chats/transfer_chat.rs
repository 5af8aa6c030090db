//! `TransferChat`: hands a chat to a member, who has it at once, or to a department, where it waits.

use std::sync::Arc;

use rapport_proto::{
    chats::v1::{self as pb, transfer_chat_request::To},
    events::v1::{ChatLeft, event::Body},
};
use sea_orm::{Set, Unchanged};

use super::{
    convert,
    entity::chat,
    previewed,
    state::{self, Act},
    view::{self, ChatView, Side},
};
use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::{Error, Result},
    events::NewEvent,
    ids::{ChatId, DepartmentId, MemberId},
    tenants,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    req: pb::TransferChatRequest,
) -> Result<pb::TransferChatResponse> {
    let to = match req.to {
        Some(To::MemberId(id)) => Receiver::Member(id.parse()?),
        Some(To::DepartmentId(id)) => Receiver::Department(id.parse()?),
        None => return Err(Error::field("to", "is required")),
    };
    let unit = TransferChat { caller: Arc::clone(caller), chat_id: req.chat_id.parse()?, to };
    app.db.write(&caller.scope, unit).await
}

#[derive(Clone, Copy)]
enum Receiver {
    Member(MemberId),
    Department(DepartmentId),
}

struct TransferChat {
    caller: Arc<Caller>,
    chat_id: ChatId,
    to: Receiver,
}

impl Unit for TransferChat {
    type Out = pb::TransferChatResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<pb::TransferChatResponse> {
        let before = view::visible_in(tx, &self.caller, self.chat_id).await?;
        let act = match self.to {
            Receiver::Member(_) => Act::Hand,
            Receiver::Department(_) => Act::Requeue,
        };
        let next = state::after(before.state(), act, || before.taken())?;
        let mut row = chat::ActiveModel {
            chat_id: Unchanged(self.chat_id),
            state: Set(i16::try_from(i32::from(next)).unwrap_or_default()),
            revision: Set(before.revision + 1),
            ..Default::default()
        };
        match self.to {
            Receiver::Member(member) => {
                tenants::check_assignable(tx.read(), member).await?;
                if before.assignee_id == Some(member) && before.state() == next {
                    // Who has it already keeps it as it is.
                    let same = previewed::load(tx.read(), self.chat_id, Side::Staff).await?;
                    return Ok(pb::TransferChatResponse { chat: Some(same.answer(Side::Staff)) });
                }
                row.assignee_id = Set(Some(member));
                row.claimed_at = Set(Some(tx.now().0));
            }
            Receiver::Department(department) => {
                if !tenants::department_exists(tx.read(), department).await? {
                    return Err(Error::not_found("department"));
                }
                row.department_id = Set(Some(department));
                row.assignee_id = Set(None);
                row.claimed_at = Set(None);
            }
        }
        tx.update(row).await?;
        let now = previewed::load(tx.read(), self.chat_id, Side::Staff).await?;
        tell_those_who_lose_it(tx, &before, &now.chat);
        now.chat.emit(tx);
        Ok(pb::TransferChatResponse { chat: Some(now.answer(Side::Staff)) })
    }
}

/// Before the new snapshot: a reader of both the old and the new audience hears that it left and then that it is there.
fn tell_those_who_lose_it(tx: &mut TenantTx<'_>, before: &ChatView, now: &ChatView) {
    if let Some(audience) = before.staff().staff_not_in(&now.staff()) {
        let left = ChatLeft { chat_id: now.chat_id.to_string(), revision: convert::seq(now.revision) };
        tx.emit(NewEvent { audience, chat: Some(now.chat_id), body: Body::ChatLeft(left) });
    }
}
