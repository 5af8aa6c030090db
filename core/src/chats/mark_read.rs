//! `MarkRead`: a reader's mark moves forward and never back. The staff hears of it as it is; the visitor hears how far the staff
//! as a whole has read, in numbers a visitor knows, and only where that moved.

use std::sync::Arc;

use rapport_proto::{
    chats::v1::{self as pb, Sender},
    events::v1::{MessagesRead, event::Body},
    options::v1::Permission,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, Unchanged};

use super::{
    convert,
    entity::read_mark,
    error::ChatError,
    send_message,
    view::{self, ChatView, Side},
};
use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::Result,
    events::{Audience, NewEvent},
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
            reader_kind: Set(self.kind(own.as_ref())),
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
        self.tell(tx, &chat).await?;
        Ok(pb::MarkReadResponse { read_seq: convert::seq(self.seq) })
    }
}

impl MarkRead {
    /// By the caller's role now. A mark that counted for the staff goes on counting, or what the staff has read would go back.
    fn kind(&self, own: Option<&read_mark::Model>) -> i16 {
        let answers = send_message::kind(&self.caller);
        let onlooker = Side::of(&self.caller) == Side::Staff
            && !self.caller.permissions().contains(&Permission::ChatsHandle)
            && own.is_none_or(|mark| mark.reader_kind != answers);
        if onlooker { read_mark::ONLOOKER } else { answers }
    }

    /// `before` is the chat as it was before the mark moved.
    async fn tell(&self, tx: &mut TenantTx<'_>, before: &ChatView) -> Result<()> {
        let reader = view::sender(&self.caller, &before.customer_name);
        if Side::of(&self.caller) == Side::Customer {
            self.emit(tx, before.audience(), reader, self.seq);
            return Ok(());
        }
        let now = view::load(tx.read(), self.chat_id).await?.ok_or(ChatError::NotFound)?;
        self.emit(tx, now.staff(), reader, self.seq);
        let public = now.staff_read_seq_for(Side::Customer);
        if public > before.staff_read_seq_for(Side::Customer) {
            let reader = now.sender_for_visitor(&self.caller);
            self.emit(tx, Audience::visitor(now.visitor_id), reader, public);
        }
        Ok(())
    }

    fn emit(&self, tx: &mut TenantTx<'_>, audience: Audience, reader: Sender, seq: i32) {
        let read =
            MessagesRead { chat_id: self.chat_id.to_string(), reader: Some(reader), seq: convert::seq(seq) };
        tx.emit(NewEvent { audience, chat: Some(self.chat_id), body: Body::MessagesRead(read) });
    }
}
