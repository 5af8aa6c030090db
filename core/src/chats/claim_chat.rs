//! `ClaimChat`: of many at once exactly one wins; the others are told who.

use std::sync::Arc;

use rapport_proto::chats::v1 as pb;
use sea_orm::{Set, Unchanged};

use super::{
    entity::chat,
    previewed,
    state::{self, Act},
    view::{self, Side},
};
use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::Result,
    ids::ChatId,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    req: pb::ClaimChatRequest,
) -> Result<pb::ClaimChatResponse> {
    let unit = ClaimChat { caller: Arc::clone(caller), chat_id: req.chat_id.parse()? };
    app.db.write(&caller.scope, unit).await
}

struct ClaimChat {
    caller: Arc<Caller>,
    chat_id: ChatId,
}

impl Unit for ClaimChat {
    type Out = pb::ClaimChatResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<pb::ClaimChatResponse> {
        let (member, _) = self.caller.member()?;
        let chat = view::visible_in(tx, &self.caller, self.chat_id).await?;
        // The winner who lost the answer asks again.
        let own_already = chat.assignee_id == Some(member) && chat.state() == pb::ChatState::Active;
        if !own_already {
            let next = state::after(chat.state(), Act::Claim, || chat.taken())?;
            tx.update(chat::ActiveModel {
                chat_id: Unchanged(self.chat_id),
                state: Set(i16::try_from(i32::from(next)).unwrap_or_default()),
                assignee_id: Set(Some(member)),
                claimed_at: Set(Some(tx.now().0)),
                revision: Set(chat.revision + 1),
                ..Default::default()
            })
            .await?;
        }
        let now = previewed::load(tx.read(), self.chat_id, Side::Staff).await?;
        if !own_already {
            now.chat.emit(tx);
        }
        Ok(pb::ClaimChatResponse { chat: Some(now.answer(Side::Staff)) })
    }
}
