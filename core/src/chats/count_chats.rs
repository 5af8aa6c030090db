//! `CountChats`: how many open chats the caller may see; how they are counted stands in [`crate::listed`].

use std::sync::Arc;

use rapport_proto::chats::v1::{self as pb, ChatState};

use super::entity::chat;
use crate::{
    app::App,
    caller::{Caller, Principal},
    error::Result,
    listed::Count,
    tenants,
};

/// Nobody needs to know more exactly than this, and so many entries of an index are a matter of milliseconds.
const MOST: u64 = 10_000;

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    _req: pb::CountChatsRequest,
) -> Result<pb::CountChatsResponse> {
    let grants = tenants::grants_of(app, caller).await?;
    let read = app.db.read(&caller.scope);
    let visible = |state: ChatState| Count::<chat::Entity>::visible(&grants, state.into()).up_to(read, MOST);
    let (waiting, active) = (visible(ChatState::Waiting).await?, visible(ChatState::Active).await?);
    let mine = match caller.principal {
        Principal::Member(id, _) => {
            Count::<chat::Entity>::assigned(id, ChatState::Active.into()).up_to(read, MOST).await?
        }
        Principal::Visitor(_) => 0,
    };
    let told = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(pb::CountChatsResponse {
        waiting: told(waiting),
        active: told(active),
        mine: told(mine),
        capped: [waiting, active, mine].contains(&MOST),
    })
}

#[cfg(test)]
mod tests {
    use sea_orm::Set;
    use uuid::Uuid;

    use super::{super::start_chat, *};
    use crate::{
        db::{TenantTx, Unit},
        events::Grants,
        ids::DepartmentId,
        listed::plans::{id, member},
        tenants::entity::department,
        testing::TestApp,
    };

    fn counted(index: &str, keys: &str) -> String {
        format!("CO-ROUTINE counted; SEARCH chats USING {index} (tenant_id=? AND {keys}); SCAN counted")
    }

    #[tokio::test]
    async fn each_number_is_made_of_ranges_of_indexes() {
        let app = TestApp::start().await;
        let (scope, _) = app.workspace().await;
        let read = app.db.read(&scope);
        let visible = |grants: Grants| Count::<chat::Entity>::visible(&grants, 2).plans(read);
        let by_department = counted("COVERING INDEX chats_by_department", "department_id=? AND state=?");
        let rest = counted("INDEX chats_by_assignee", "assignee_id=? AND state=?");
        let of_agent = [by_department.clone(), rest, by_department.clone(), by_department];
        assert_eq!(visible(member(false, &[5, 6])).await, of_agent);
        assert_eq!(visible(member(true, &[])).await, [counted("COVERING INDEX chats_by_state", "state=?")]);
        assert_eq!(
            visible(Grants::Visitor(id(3))).await,
            [counted("INDEX chats_by_visitor", "visitor_id=?")]
        );
        let mine = Count::<chat::Entity>::assigned(id(1), 2).plans(read).await;
        assert_eq!(mine, [counted("COVERING INDEX chats_by_assignee", "assignee_id=? AND state=?")]);
    }

    struct MakeDepartment(DepartmentId);

    impl Unit for MakeDepartment {
        type Out = ();

        async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
            let row = department::ActiveModel {
                department_id: Set(self.0),
                name: Set("Sales".to_owned()),
                created_at: Set(tx.now().0),
                revision: Set(1),
                ..Default::default()
            };
            tx.insert(row).await.map(drop)
        }
    }

    #[tokio::test]
    async fn nobody_counts_further_than_is_told() {
        let app = TestApp::start().await;
        let (scope, _) = app.workspace().await;
        app.db.write(&scope, MakeDepartment(id(5))).await.unwrap();
        let sales = id::<DepartmentId>(5).to_string();
        // In two ranges, neither of which is full.
        for department_id in ["", &sales, "", &sales, ""] {
            let visitor = app.caller(scope, Principal::Visitor(app.ids.make()));
            let request_id = app.ids.make::<Uuid>().to_string();
            let department_id = department_id.to_owned();
            let new = pb::StartChatRequest { request_id, department_id, ..Default::default() };
            start_chat::run(&app, &visitor, new).await.unwrap();
        }
        let read = app.db.read(&scope);
        for grants in [member(true, &[]), member(false, &[5, 6])] {
            for (most, expected) in [(2, 2), (4, 4), (5, 5), (6, 5)] {
                let waiting = Count::<chat::Entity>::visible(&grants, ChatState::Waiting.into());
                assert_eq!(waiting.up_to(read, most).await.unwrap(), expected, "{grants:?}, at most {most}");
            }
        }
    }
}
