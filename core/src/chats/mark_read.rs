//! `MarkRead`: a reader's mark moves forward and never back.

use std::sync::Arc;

use rapport_proto::{
    chats::v1 as pb,
    events::v1::{MessagesRead, event::Body},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, Unchanged};

use super::{
    convert,
    entity::read_mark,
    error::ChatError,
    send_message,
    view::{self, Side},
};
use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::Result,
    events::NewEvent,
    ids::ChatId,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    req: pb::MarkReadRequest,
) -> Result<pb::MarkReadResponse> {
    let seq = i32::try_from(req.seq).map_err(|_| ChatError::BeyondEnd)?;
    let unit = MarkRead { caller: Arc::clone(caller), chat_id: req.chat_id.parse()?, seq };
    app.db.write(&caller.scope, unit).await
}

struct MarkRead {
    caller: Arc<Caller>,
    chat_id: ChatId,
    seq: i32,
}

impl Unit for MarkRead {
    type Out = pb::MarkReadResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<pb::MarkReadResponse> {
        let chat = view::visible_in(tx, &self.caller, self.chat_id).await?;
        if self.seq > chat.last_seq_for(Side::of(&self.caller)) {
            return Err(ChatError::BeyondEnd.into());
        }
        let own = read_mark::Entity::find()
            .filter(read_mark::Column::ChatId.eq(self.chat_id))
            .filter(read_mark::Column::ReaderId.eq(self.caller.id()));
        let own = tx.read().one(own).await?;
        if let Some(mark) = own.as_ref().filter(|mark| mark.seq >= self.seq) {
            return Ok(pb::MarkReadResponse { read_seq: convert::seq(mark.seq) });
        }
        let row = read_mark::ActiveModel {
            chat_id: Unchanged(self.chat_id),
            reader_id: Unchanged(self.caller.id()),
            reader_kind: Set(send_message::kind(&self.caller)),
            seq: Set(self.seq),
            at: Set(tx.now().0),
            ..Default::default()
        };
        match own {
            Some(_) => tx.update(row).await?,
            None => {
                tx.insert(read_mark::ActiveModel {
                    chat_id: Set(self.chat_id),
                    reader_id: Set(self.caller.id()),
                    ..row
                })
                .await?
            }
        };
        let reader = view::sender(&self.caller, &chat.customer_name);
        let read = MessagesRead {
            chat_id: self.chat_id.to_string(),
            reader: Some(reader),
            seq: convert::seq(self.seq),
        };
        tx.emit(NewEvent {
            audience: chat.audience(),
            chat: Some(self.chat_id),
            body: Body::MessagesRead(read),
        });
        Ok(pb::MarkReadResponse { read_seq: convert::seq(self.seq) })
    }
}
