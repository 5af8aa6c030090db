//! `ListChats`: the chats the caller may see, newest first, by key; how they are found stands in [`crate::listed`].

use std::sync::Arc;

use prost::Message as _;
use rapport_proto::chats::v1::{self as pb, ChatState};

use super::{
    entity::chat,
    previewed::{self, Previewed},
    view::Side,
};
use crate::{
    app::App,
    caller::Caller,
    error::Result,
    ids::{self, ChatId},
    listed::{Asked, List, Listed},
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
    let after = bound.open(&app.sealer, &req.page_token)?.map(ChatId::from);
    let asked = Asked::of(&req.states, &req.assignee_id, &req.department_id, &req.customer_id)?
        .of_visitor(ids::given(&req.visitor_id)?);
    let grants = tenants::grants_of(app, caller).await?;
    let list = List::of::<chat::Entity>(&asked, &grants);

    let read = app.db.read(&caller.scope);
    let page = list.page::<chat::Entity>(read, after, size).await?;
    let next_page_token = match page.keys.last() {
        Some(last) if page.more => bound.token(&app.sealer, last.uuid())?,
        _ => String::new(),
    };
    let side = Side::of(caller);
    let found: Vec<Previewed> = read.rows(list.these(previewed::shown_to(side), page.keys)).await?;
    Ok(pb::ListChatsResponse { chats: found.iter().map(|chat| chat.answer(side)).collect(), next_page_token })
}

impl Listed for chat::Entity {
    type Key = ChatId;
    const KEY: chat::Column = chat::Column::ChatId;
    const STATE: chat::Column = chat::Column::State;
    const DEPARTMENT: chat::Column = chat::Column::DepartmentId;
    const ASSIGNEE: chat::Column = chat::Column::AssigneeId;
    const CUSTOMER: chat::Column = chat::Column::CustomerId;
    const VISITOR: chat::Column = chat::Column::VisitorId;
    const STATES: &'static [i32] =
        &[ChatState::Waiting as i32, ChatState::Active as i32, ChatState::Closed as i32];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        events::Grants,
        listed::plans::{Planner, asked, id, member},
    };

    /// By what an index leads, and how many ways use it.
    type Indexes<'a> = &'a [(&'a str, usize)];

    #[tokio::test]
    async fn each_way_is_one_range_of_an_index_in_the_order_of_the_list() {
        let planner = Planner::start().await;
        let (agent, overseer) = (member(false, &[5, 6]), member(true, &[]));
        let visitor = Grants::Visitor(id(3));
        let cases: [(&Grants, Asked, Indexes<'_>); 14] = [
            (&agent, asked(&[], 0, 0, 0), &[("assignee", 3), ("department", 9)]),
            (&agent, asked(&[1, 2], 0, 0, 0), &[("assignee", 2), ("department", 6)]),
            (&agent, asked(&[1, 2], 4, 0, 0), &[("assignee", 2)]),
            (&agent, asked(&[1, 2], 0, 5, 0), &[("department", 2)]),
            (&agent, asked(&[], 0, 7, 0), &[("assignee", 3)]),
            (&agent, asked(&[1, 2], 4, 0, 8), &[("customer", 1)]),
            (&overseer, asked(&[], 0, 0, 0), &[("state", 3)]),
            (&overseer, asked(&[1, 2], 0, 0, 0), &[("state", 2)]),
            (&overseer, asked(&[1, 2], 4, 5, 0), &[("assignee", 2)]),
            (&overseer, asked(&[1, 2], 0, 5, 0), &[("department", 2)]),
            (&overseer, asked(&[], 0, 5, 8), &[("customer", 1)]),
            (&visitor, asked(&[1, 2], 4, 5, 0), &[("visitor", 1)]),
            (&agent, asked(&[1, 2], 4, 5, 0).of_visitor(Some(id(3))), &[("visitor", 1)]),
            (&overseer, asked(&[], 0, 0, 0).of_visitor(Some(id(3))), &[("visitor", 1)]),
        ];
        for (grants, asked, indexes) in cases {
            planner.expect::<chat::Entity>(("chats", "chat_id", id(2)), grants, &asked, indexes).await;
        }
    }
}
