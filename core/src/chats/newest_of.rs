//! The newest chat of a visitor that a member may see, for whoever asks who the visitor is.

use rapport_proto::chats::v1::SenderKind;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use super::entity::{chat, message};
use crate::{
    db::TenantRead,
    error::Result,
    events::Grants,
    ids::VisitorId,
    listed::{Asked, List},
};

/// What a chat tells of its customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    /// The page it was opened on.
    pub(crate) page_url: String,
    /// When the customer opened it or last wrote into it, in microseconds.
    pub(crate) seen_at: i64,
}

/// The newest chat of this visitor that these grants show, if there is one.
pub(crate) async fn newest_of(
    read: TenantRead<'_>,
    grants: &Grants,
    visitor: VisitorId,
) -> Result<Option<Newest>> {
    let asked = Asked::default().of_visitor(Some(visitor));
    let list = List::of::<chat::Entity>(&asked, grants);
    let keys = list.page::<chat::Entity>(read, None, 1).await?.keys;
    let Some(row) = read.one(list.these(chat::Entity::find(), keys)).await? else { return Ok(None) };
    let last = message::Entity::find()
        .filter(message::Column::ChatId.eq(row.chat_id))
        .filter(message::Column::SenderKind.eq(i32::from(SenderKind::Customer)))
        .order_by_desc(message::Column::Seq);
    let wrote_at = read.one(last).await?.map_or(row.created_at, |message| message.sent_at);
    Ok(Some(Newest { page_url: row.page_url, seen_at: wrote_at.max(row.created_at) }))
}
