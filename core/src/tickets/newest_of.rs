//! The newest ticket of a visitor that a member may see, for whoever asks who the visitor is.

use rapport_proto::chats::v1::SenderKind;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use super::entity::{comment, ticket};
use crate::{
    db::TenantRead,
    error::Result,
    events::Grants,
    ids::VisitorId,
    listed::{Asked, List},
};

/// What a ticket tells of its customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    /// When the customer last wrote into it, in microseconds; nothing where the staff alone did.
    pub(crate) seen_at: Option<i64>,
}

/// The newest ticket of this visitor that these grants show, if there is one.
pub(crate) async fn newest_of(
    read: TenantRead<'_>,
    grants: &Grants,
    visitor: VisitorId,
) -> Result<Option<Newest>> {
    let asked = Asked::default().of_visitor(Some(visitor));
    let list = List::of::<ticket::Entity>(&asked, grants);
    let keys = list.page::<ticket::Entity>(read, None, 1).await?.keys;
    let Some(row) = read.one(list.these(ticket::Entity::find(), keys)).await? else { return Ok(None) };
    let last = comment::Entity::find()
        .filter(comment::Column::TicketId.eq(row.ticket_id))
        .filter(comment::Column::AuthorKind.eq(i32::from(SenderKind::Customer)))
        .order_by_desc(comment::Column::Seq);
    Ok(Some(Newest { seen_at: read.one(last).await?.map(|comment| comment.sent_at) }))
}
