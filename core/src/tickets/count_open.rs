//! How many open tickets members have.

use std::collections::HashMap;

use rapport_proto::tickets::v1::TicketState::{New, OnHold, Open, Pending};

use super::entity::ticket;
use crate::{db::TenantRead, error::Result, ids::MemberId, listed};

/// How many tickets that are neither solved nor closed each of these members has; who has none is not among the keys.
pub async fn open_by_assignee(read: TenantRead<'_>, members: &[MemberId]) -> Result<HashMap<MemberId, u32>> {
    let open = [New, Open, Pending, OnHold].map(i32::from);
    listed::count_by_assignee::<ticket::Entity>(read, members, open).await
}

#[cfg(test)]
mod tests {
    use rapport_proto::{
        tenants::v1::Role,
        tickets::v1::{self as pb, TicketState},
    };
    use uuid::Uuid;

    use super::{
        super::{create_ticket, update_ticket},
        *,
    };
    use crate::{caller::Principal, testing::TestApp};

    #[tokio::test]
    async fn what_is_neither_solved_nor_closed_is_counted_for_whoever_has_it() {
        let app = TestApp::start().await;
        let (scope, owner) = app.workspace().await;
        let caller = app.caller(scope, Principal::Member(owner, Role::Owner));
        let somebody: MemberId = app.ids.make();
        for state in [
            None,
            Some(Open),
            Some(Pending),
            Some(OnHold),
            Some(TicketState::Solved),
            Some(TicketState::Closed),
        ] {
            for assignee_id in [None, Some(owner.to_string())] {
                let request_id = app.ids.make::<Uuid>().to_string();
                let (name, subject, text) = ("Vera".to_owned(), "Help".to_owned(), "Please".to_owned());
                let new = pb::CreateTicketRequest { request_id, name, subject, text, ..Default::default() };
                let ticket = create_ticket::run(&app, &caller, new).await.unwrap().ticket.unwrap();
                let (ticket_id, state) = (ticket.ticket_id, state.map(i32::from));
                let change = pb::UpdateTicketRequest { ticket_id, state, assignee_id, ..Default::default() };
                update_ticket::run(&app, &caller, change).await.unwrap();
            }
        }
        let count =
            async |members: &[MemberId]| open_by_assignee(app.db.read(&scope), members).await.unwrap();
        assert_eq!(count(&[owner, somebody]).await, HashMap::from([(owner, 4)]));
        assert_eq!(count(&[somebody]).await, HashMap::new());
        assert_eq!(count(&[]).await, HashMap::new());
    }
}
