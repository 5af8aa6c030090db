//! `ListChats`: the chats the caller may see, newest first, by key.

use std::sync::Arc;

use prost::Message as _;
use rapport_proto::chats::v1 as pb;
use sea_orm::{ColumnTrait as _, Condition, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select};

use super::{
    convert,
    entity::chat,
    view::{self, ChatView, Side},
};
use crate::{
    app::App,
    caller::Caller,
    error::Result,
    events::Grants,
    ids::{ChatId, CustomerId, DepartmentId, MemberId},
    page, tenants,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::ListChatsRequest,
) -> Result<pb::ListChatsResponse> {
    let filters = pb::ListChatsRequest { page_size: 0, page_token: String::new(), ..req.clone() };
    let bound = page::Bound::to(caller, "chats", &filters.encode_to_vec());
    let size = page::size(req.page_size);
    let mut select = narrow(seen_by(&tenants::grants_of(app, caller).await?, view::shown()), &req)?;
    if let Some(last) = bound.open(&app.sealer, &req.page_token)? {
        select = select.filter(chat::Column::ChatId.lt(ChatId::from(last)));
    }
    let select = select.order_by_desc(chat::Column::ChatId).limit(size as u64 + 1);
    let mut found: Vec<ChatView> = app.db.read(&caller.scope).rows(select).await?;
    let more = found.len() > size;
    found.truncate(size);
    let next_page_token = match found.last() {
        Some(last) if more => bound.token(&app.sealer, last.chat_id.uuid())?,
        _ => String::new(),
    };
    let side = Side::of(caller);
    Ok(pb::ListChatsResponse {
        chats: found.iter().map(|view| convert::chat(view, side)).collect(),
        next_page_token,
    })
}

/// The same rule as `Grants::hear` over a chat's audience, in the words of the database.
fn seen_by(grants: &Grants, select: Select<chat::Entity>) -> Select<chat::Entity> {
    match grants {
        Grants::Visitor(id) => select.filter(chat::Column::VisitorId.eq(*id)),
        Grants::Member { overseer: true, .. } => select,
        Grants::Member { id, departments, .. } => select.filter(
            Condition::any()
                .add(chat::Column::DepartmentId.is_null())
                .add(chat::Column::AssigneeId.eq(*id))
                .add(chat::Column::DepartmentId.is_in(departments.iter().copied())),
        ),
    }
}

fn narrow(mut select: Select<chat::Entity>, req: &pb::ListChatsRequest) -> Result<Select<chat::Entity>> {
    if !req.states.is_empty() {
        select = select.filter(chat::Column::State.is_in(req.states.iter().copied()));
    }
    if !req.assignee_id.is_empty() {
        select = select.filter(chat::Column::AssigneeId.eq(req.assignee_id.parse::<MemberId>()?));
    }
    if !req.department_id.is_empty() {
        select = select.filter(chat::Column::DepartmentId.eq(req.department_id.parse::<DepartmentId>()?));
    }
    if !req.customer_id.is_empty() {
        select = select.filter(chat::Column::CustomerId.eq(req.customer_id.parse::<CustomerId>()?));
    }
    Ok(select)
}
