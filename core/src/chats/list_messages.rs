//! `ListMessages`: a chat's messages by their numbers, up or down; notes for the staff alone.

use std::sync::Arc;

use prost::Message as _;
use rapport_proto::chats::v1::{self as pb, SenderKind};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

use super::{
    convert,
    entity::message,
    view::{self, ChatView, Side},
};
use crate::{app::App, caller::Caller, db::TenantRead, error::Result, ids::MemberId, page, tenants};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::ListMessagesRequest,
) -> Result<pb::ListMessagesResponse> {
    let chat = view::visible(app, caller, req.chat_id.parse()?).await?;
    let asked = pb::ListMessagesRequest { page_size: 0, page_token: String::new(), ..req.clone() };
    let bound = page::Bound::to(caller, "messages", &asked.encode_to_vec());
    let size = page::size(req.page_size);
    let down = req.before_seq > 0;
    let from = bound.open_number(&app.sealer, &req.page_token)?;
    let number = |seq: u32| i32::try_from(seq).unwrap_or(i32::MAX);

    let mut select = message::Entity::find().filter(message::Column::ChatId.eq(chat.chat_id));
    let after = from.filter(|_| !down).unwrap_or(req.after_seq);
    select = select.filter(message::Column::Seq.gt(number(after)));
    if down {
        select = select.filter(message::Column::Seq.lt(number(from.unwrap_or(req.before_seq))));
        select = select.order_by_desc(message::Column::Seq);
    } else {
        select = select.order_by_asc(message::Column::Seq);
    }
    if Side::of(caller) == Side::Customer {
        select = select.filter(message::Column::Internal.eq(false));
    }
    let read = app.db.read(&caller.scope);
    let mut rows = read.all(select.limit(size as u64 + 1)).await?;
    let more = page::cut(&mut rows, size, |row| row.text.len());
    let next_page_token = match rows.last() {
        Some(last) if more => bound.token_of_number(&app.sealer, convert::seq(last.seq))?,
        _ => String::new(),
    };
    if down {
        rows.reverse();
    }
    let messages = named(read, &chat, rows).await?;
    Ok(pb::ListMessagesResponse { messages, next_page_token })
}

/// Stored messages with the names their senders have now.
pub(super) async fn named(
    read: TenantRead<'_>,
    chat: &ChatView,
    rows: Vec<message::Model>,
) -> Result<Vec<pb::Message>> {
    let member = i16::try_from(i32::from(SenderKind::Member)).unwrap_or_default();
    let members =
        rows.iter().filter(|row| row.sender_kind == member).map(|row| MemberId::from(row.sender_id));
    let names = tenants::member_names(read, members).await?;
    let name = |id: Uuid| {
        if id == chat.visitor_id.uuid() {
            return chat.customer_name.clone();
        }
        names.get(&MemberId::from(id)).cloned().unwrap_or_default()
    };
    Ok(rows.into_iter().map(|row| convert::stored(row, name)).collect())
}
