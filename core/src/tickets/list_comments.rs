//! `ListComments`: a ticket's comments by their numbers; internal ones for the staff alone.

use std::sync::Arc;

use prost::Message as _;
use rapport_proto::{
    chats::v1::{Sender, SenderKind},
    tickets::v1 as pb,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use super::{convert, entity::comment, view};
use crate::{
    app::App,
    caller::{Caller, Side},
    error::Result,
    ids::MemberId,
    page, tenants,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::ListCommentsRequest,
) -> Result<pb::ListCommentsResponse> {
    let ticket = view::visible(app, caller, req.ticket_id.parse()?).await?;
    let asked = pb::ListCommentsRequest { page_size: 0, page_token: String::new(), ..req.clone() };
    let bound = page::Bound::to(caller, "comments", &asked.encode_to_vec());
    let size = page::size(req.page_size);
    let after = bound.open_number(&app.sealer, &req.page_token)?.unwrap_or(req.after_seq);

    let side = Side::of(caller);
    let mut select = comment::Entity::find()
        .filter(comment::Column::TicketId.eq(ticket.ticket_id))
        .filter(comment::Column::Seq.gt(i32::try_from(after).unwrap_or(i32::MAX)));
    if side == Side::Customer {
        select = select.filter(comment::Column::Internal.eq(false));
    }
    let read = app.db.read(&caller.scope);
    let select = select.order_by_asc(comment::Column::Seq).limit(size as u64 + 1);
    let mut rows = read.all(select).await?;
    let more = page::cut(&mut rows, size, |row| row.text.len());
    let next_page_token = match rows.last() {
        Some(last) if more => bound.token_of_number(&app.sealer, convert::number(last.seq))?,
        _ => String::new(),
    };
    let is_member = |row: &&comment::Model| i32::from(row.author_kind) == i32::from(SenderKind::Member);
    let members = rows.iter().filter(is_member).map(|row| MemberId::from(row.author_id));
    let names = tenants::member_names(read, members).await?;
    let author = |row: &comment::Model| -> Sender {
        let name = if is_member(&row) {
            names.get(&MemberId::from(row.author_id)).cloned().unwrap_or_default()
        } else {
            ticket.customer_name.clone()
        };
        let author = convert::author(row, name);
        match side {
            Side::Staff => author,
            Side::Customer => ticket.known_to_visitor(author),
        }
    };
    let comments = rows.iter().map(|row| convert::comment(row, author(row))).collect();
    Ok(pb::ListCommentsResponse { comments, next_page_token })
}
