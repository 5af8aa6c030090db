//! `ListTickets`: the tickets the caller may see, the highest number first; how they are found stands in [`crate::listed`].

use std::sync::Arc;

use prost::Message as _;
use rapport_proto::tickets::v1::{self as pb, TicketPriority, TicketState};
use sea_orm::{ColumnTrait as _, sea_query::Expr};

use super::{
    convert,
    entity::ticket::{self, column},
    view::{self, TicketView},
};
use crate::{
    app::App,
    caller::{Caller, Side},
    error::Result,
    ids,
    listed::{Asked, List, Listed},
    page, tenants,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::ListTicketsRequest,
) -> Result<pb::ListTicketsResponse> {
    let filters = pb::ListTicketsRequest { page_size: 0, page_token: String::new(), ..req.clone() };
    let bound = page::Bound::to(caller, "tickets", &filters.encode_to_vec());
    let size = page::size(req.page_size);
    let after = bound.open_number(&app.sealer, &req.page_token)?;
    let after = after.map(|number| i32::try_from(number).unwrap_or(i32::MAX));
    let asked = Asked::of(&req.states, &req.assignee_id, &req.department_id, &req.customer_id)?
        .of_visitor(ids::given(&req.visitor_id)?)
        .and(of_priority(req.priority()));
    let grants = tenants::grants_of(app, caller).await?;
    let list = List::of::<ticket::Entity>(&asked, &grants);

    let read = app.db.read(&caller.scope);
    let page = list.page::<ticket::Entity>(read, after, size).await?;
    let next_page_token = match page.keys.last() {
        Some(last) if page.more => bound.token_of_number(&app.sealer, convert::number(*last))?,
        _ => String::new(),
    };
    let found: Vec<TicketView> = read.rows(list.these(view::shown(), page.keys)).await?;
    let side = Side::of(caller);
    Ok(pb::ListTicketsResponse {
        tickets: found.iter().map(|view| convert::ticket(view, side)).collect(),
        next_page_token,
    })
}

fn of_priority(priority: TicketPriority) -> Option<Expr> {
    (priority != TicketPriority::Unspecified).then(|| ticket::Column::Priority.eq(column(priority)))
}

impl Listed for ticket::Entity {
    type Key = i32;
    const KEY: ticket::Column = ticket::Column::Number;
    const STATE: ticket::Column = ticket::Column::State;
    const DEPARTMENT: ticket::Column = ticket::Column::DepartmentId;
    const ASSIGNEE: ticket::Column = ticket::Column::AssigneeId;
    const CUSTOMER: ticket::Column = ticket::Column::CustomerId;
    const VISITOR: ticket::Column = ticket::Column::VisitorId;
    const STATES: &'static [i32] = &[
        TicketState::New as i32,
        TicketState::Open as i32,
        TicketState::Pending as i32,
        TicketState::OnHold as i32,
        TicketState::Solved as i32,
        TicketState::Closed as i32,
    ];
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
        let urgent = |asked: Asked| asked.and(of_priority(TicketPriority::Urgent));
        let cases: [(&Grants, Asked, Indexes<'_>); 12] = [
            (&agent, asked(&[], 0, 0, 0), &[("assignee", 6), ("department", 18)]),
            (&agent, urgent(asked(&[1, 2], 0, 0, 0)), &[("assignee", 2), ("department", 6)]),
            (&agent, asked(&[1, 2], 4, 0, 0), &[("assignee", 2)]),
            (&agent, asked(&[1, 2], 0, 5, 0), &[("department", 2)]),
            (&overseer, asked(&[], 0, 0, 0), &[("state", 6)]),
            (&overseer, urgent(asked(&[], 0, 0, 0)), &[("priority", 6)]),
            (&overseer, urgent(asked(&[1, 2], 4, 5, 0)), &[("assignee", 2)]),
            (&overseer, asked(&[1, 2], 0, 5, 0), &[("department", 2)]),
            (&overseer, urgent(asked(&[], 0, 5, 8)), &[("customer", 1)]),
            (&visitor, asked(&[1, 2], 4, 5, 0), &[("visitor", 1)]),
            (&agent, asked(&[1, 2], 4, 5, 0).of_visitor(Some(id(3))), &[("visitor", 1)]),
            (&overseer, asked(&[], 0, 0, 0).of_visitor(Some(id(3))), &[("visitor", 1)]),
        ];
        for (grants, asked, indexes) in cases {
            planner.expect::<ticket::Entity>(("tickets", "number", 2), grants, &asked, indexes).await;
        }
    }
}
