//! A customer as a member is shown them; and which members know of them at all.

use rapport_proto::customers::v1 as pb;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::entity::{self, Model};
use crate::{
    caller::Caller,
    chats,
    clock::Micros,
    db::TenantRead,
    error::{Error, Result},
    events::Grants,
    ids::VisitorId,
    tenants, tickets,
};

/// A customer, and what the newest chat and ticket that the member may see tell of them.
#[derive(Debug)]
pub(super) struct View {
    pub(super) row: Model,
    pub(super) page_url: String,
    pub(super) seen_at: Option<i64>,
}

/// The customer behind a visitor, if the caller may know of them: who sees everything does, anybody else by a chat or a ticket.
pub(super) async fn visible(read: TenantRead<'_>, caller: &Caller, visitor: VisitorId) -> Result<View> {
    let found = read.one(entity::Entity::find().filter(entity::Column::VisitorId.eq(visitor))).await?;
    let row = found.ok_or_else(|| Error::not_found("customer"))?;
    let grants = tenants::grants_in(read, caller).await?;
    let chat = chats::newest_of(read, &grants, visitor).await?;
    let ticket = tickets::newest_of(read, &grants, visitor).await?;
    let sees_all = matches!(grants, Grants::Member { overseer: true, .. });
    if !sees_all && chat.is_none() && ticket.is_none() {
        return Err(Error::not_found("customer"));
    }
    let seen_at = chat.as_ref().map(|chat| chat.seen_at).max(ticket.and_then(|ticket| ticket.seen_at));
    Ok(View { row, page_url: chat.map(|chat| chat.page_url).unwrap_or_default(), seen_at })
}

impl View {
    pub(super) fn show(&self) -> pb::Customer {
        pb::Customer {
            customer_id: self.row.customer_id.to_string(),
            visitor_id: self.row.visitor_id.to_string(),
            name: self.row.name.clone(),
            email: self.row.email.clone(),
            note: self.row.note.clone(),
            page_url: self.page_url.clone(),
            first_seen_at: Some(Micros(self.row.created_at).timestamp()),
            last_seen_at: self.seen_at.map(|at| Micros(at).timestamp()),
            revision: u32::try_from(self.row.revision).unwrap_or_default(),
        }
    }
}
