//! How many active chats members have.

use std::collections::HashMap;

use rapport_proto::chats::v1::ChatState;

use super::entity::chat;
use crate::{db::TenantRead, error::Result, ids::MemberId, listed};

/// How many active chats each of these members has; who has none is not among the keys.
pub async fn active_by_assignee(
    read: TenantRead<'_>,
    members: &[MemberId],
) -> Result<HashMap<MemberId, u32>> {
    listed::count_by_assignee::<chat::Entity>(read, members, [i32::from(ChatState::Active)]).await
}

#[cfg(test)]
mod tests {
    use rapport_proto::{chats::v1 as pb, tenants::v1::Role};
    use uuid::Uuid;

    use super::{
        super::{claim_chat, close_chat, start_chat},
        *,
    };
    use crate::{caller::Principal, testing::TestApp};

    #[tokio::test]
    async fn what_is_claimed_and_not_closed_is_counted_for_whoever_has_it() {
        let app = TestApp::start().await;
        let (scope, owner) = app.workspace().await;
        let caller = app.caller(scope, Principal::Member(owner, Role::Owner));
        let visitor = app.caller(scope, Principal::Visitor(app.ids.make()));
        for (claim, close) in [(false, false), (true, false), (true, false), (true, true)] {
            let request_id = app.ids.make::<Uuid>().to_string();
            let new = pb::StartChatRequest { request_id, ..Default::default() };
            let chat_id = start_chat::run(&app, &visitor, new).await.unwrap().chat.unwrap().chat_id;
            if claim {
                let claim = pb::ClaimChatRequest { chat_id: chat_id.clone() };
                claim_chat::run(&app, &caller, claim).await.unwrap();
            }
            if close {
                let close = pb::CloseChatRequest { chat_id, reason: String::new() };
                close_chat::run(&app, &caller, close).await.unwrap();
            }
        }
        let somebody: MemberId = app.ids.make();
        let found = active_by_assignee(app.db.read(&scope), &[somebody, owner]).await.unwrap();
        assert_eq!(found, HashMap::from([(owner, 2)]));
    }
}
