//! `CloseChat`: the end of a chat; closing a closed one changes nothing.

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
    req: pb::CloseChatRequest,
) -> Result<pb::CloseChatResponse> {
    let unit = CloseChat { caller: Arc::clone(caller), chat_id: req.chat_id.parse()?, reason: req.reason };
    app.db.write(&caller.scope, unit).await
}

struct CloseChat {
    caller: Arc<Caller>,
    chat_id: ChatId,
    reason: String,
}

impl Unit for CloseChat {
    type Out = pb::CloseChatResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<pb::CloseChatResponse> {
        let chat = view::visible_in(tx, &self.caller, self.chat_id).await?;
        let next = state::after(chat.state(), Act::Close, || chat.taken())?;
        let closes = next != chat.state();
        if closes {
            tx.update(chat::ActiveModel {
                chat_id: Unchanged(self.chat_id),
                state: Set(i16::try_from(i32::from(next)).unwrap_or_default()),
                close_reason: Set(self.reason.clone()),
                closed_at: Set(Some(tx.now().0)),
                revision: Set(chat.revision + 1),
                ..Default::default()
            })
            .await?;
        }
        let side = Side::of(&self.caller);
        let now = previewed::load(tx.read(), self.chat_id, side).await?;
        if closes {
            now.chat.emit(tx);
        }
        Ok(pb::CloseChatResponse { chat: Some(now.answer(side)) })
    }
}
