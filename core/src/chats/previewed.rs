//! A chat with the beginning of its last message, as the side that reads it may see it: what every answer with a chat is made from.
//! Events are made from [`ChatView`] alone and cost no look at a message.

use rapport_proto::chats::v1::{self as pb, SenderKind};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, JoinType, QueryFilter as _,
    QuerySelect as _, RelationDef, Select, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    convert,
    entity::{chat, message},
    error::ChatError,
    view::{self, ChatView, Side},
};
use crate::{
    app::App,
    caller::Caller,
    clock::Micros,
    db::TenantRead,
    error::Result,
    ids::{ChatId, MemberId, VisitorId},
    tenants,
};

/// How many characters of a message a chat shows. The contract says so.
const SHOWN: usize = 160;

/// A chat and its last message for one side.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Previewed {
    #[sea_orm(nested)]
    pub(super) chat: ChatView,
    #[sea_orm(nested)]
    last: Last,
}

/// Absent, all of it, where there is none.
#[derive(Clone, Debug, FromQueryResult)]
struct Last {
    said_seq: Option<i32>,
    said_kind: Option<i16>,
    said_by: Option<Uuid>,
    said_name: Option<String>,
    said_text: Option<String>,
    said_internal: Option<bool>,
    said_at: Option<i64>,
}

/// The end of the range of the chat's messages in their key; a visitor's passes by the notes behind the last public one.
fn last_seq(side: Side) -> &'static str {
    match side {
        Side::Staff => {
            "(select l.seq from messages l where l.tenant_id = chats.tenant_id and l.chat_id = chats.chat_id \
             order by l.seq desc limit 1)"
        }
        Side::Customer => {
            "(select l.seq from messages l where l.tenant_id = chats.tenant_id and l.chat_id = chats.chat_id \
             and not l.internal order by l.seq desc limit 1)"
        }
    }
}

/// Found by its whole key; the tenant is that of the chat's own row.
fn last_of(side: Side) -> RelationDef {
    chat::Entity::belongs_to(message::Entity)
        .from((chat::Column::TenantId, chat::Column::ChatId))
        .to((message::Column::TenantId, message::Column::ChatId))
        .on_condition(move |_, _| Condition::all().add(Expr::cust(format!("said.seq = {}", last_seq(side)))))
        .into()
}

/// Chats with everything that a side is shown of them, in one statement.
pub(super) fn shown_to(side: Side) -> Select<chat::Entity> {
    let columns = [
        ("said_seq", "said.seq".to_owned()),
        ("said_kind", "said.sender_kind".to_owned()),
        ("said_by", "said.sender_id".to_owned()),
        (
            "said_name",
            "(select coalesce(nullif(trim(a.public_name), ''), a.name) from members a \
             where a.tenant_id = chats.tenant_id and a.member_id = said.sender_id)"
                .to_owned(),
        ),
        ("said_text", format!("substr(said.text, 1, {SHOWN})")),
        ("said_internal", "said.internal".to_owned()),
        ("said_at", "said.sent_at".to_owned()),
    ];
    columns
        .into_iter()
        .fold(view::shown(), |select, (name, sql)| select.expr_as(Expr::cust(sql), name))
        .join_as(JoinType::LeftJoin, last_of(side), "said")
}

/// One chat as a side is shown it, whoever may see it.
pub(super) async fn load(read: TenantRead<'_>, id: ChatId, side: Side) -> Result<Previewed> {
    let found = read.rows(shown_to(side).filter(chat::Column::ChatId.eq(id))).await?.pop();
    Ok(found.ok_or(ChatError::NotFound)?)
}

/// One chat that the caller may see, as the caller is shown it.
pub(super) async fn visible(app: &App, caller: &Caller, id: ChatId) -> Result<Previewed> {
    let grants = tenants::grants_of(app, caller).await?;
    let found = load(app.db.read(&caller.scope), id, Side::of(caller)).await?;
    if grants.hear(&found.chat.audience()) { Ok(found) } else { Err(ChatError::NotFound.into()) }
}

impl Previewed {
    /// The chat as an answer has it. `side` is the one it was read for.
    pub(super) fn answer(&self, side: Side) -> pb::Chat {
        pb::Chat { last_message: self.last_message(), ..convert::chat(&self.chat, side) }
    }

    fn last_message(&self) -> Option<pb::LastMessage> {
        let last = &self.last;
        let kind = last.said_kind.and_then(|kind| SenderKind::try_from(i32::from(kind)).ok())?;
        let by = last.said_by?;
        let (id, name) = match kind {
            SenderKind::Customer => (VisitorId::from(by).to_string(), self.chat.customer_name.clone()),
            SenderKind::Member | SenderKind::Unspecified => {
                (MemberId::from(by).to_string(), last.said_name.clone().unwrap_or_default())
            }
        };
        Some(pb::LastMessage {
            seq: convert::seq(last.said_seq?),
            sender: Some(pb::Sender { kind: kind.into(), id, name }),
            text: last.said_text.clone().unwrap_or_default(),
            internal: last.said_internal.unwrap_or_default(),
            sent_at: Some(Micros(last.said_at?).timestamp()),
        })
    }
}

/// As much of a text as a chat shows of it.
pub(super) fn beginning(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;

    #[tokio::test]
    async fn the_last_message_of_each_chat_of_a_page_is_found_by_its_key() {
        let app = TestApp::start().await;
        let scope = app.scope();
        for side in [Side::Staff, Side::Customer] {
            let page = [app.ids.make::<ChatId>(), app.ids.make()];
            let select = shown_to(side).filter(chat::Column::ChatId.is_in(page));
            let plan = app.db.read(&scope).plan(select).await.unwrap();
            assert!(plan.iter().all(|step| !step.contains("SCAN")), "{side:?}: {plan:#?}");
            let whole_key =
                "SEARCH said USING INDEX sqlite_autoindex_messages_1 (tenant_id=? AND chat_id=? AND seq=?)";
            let joined: Vec<_> = plan.iter().filter(|step| step.contains(" said ")).collect();
            assert_eq!(joined, [&format!("{whole_key} LEFT-JOIN")], "{side:?}: {plan:#?}");
            let end = plan.iter().filter(|step| step.contains(" l ")).collect::<Vec<_>>();
            assert_eq!(end.len(), 1, "{plan:#?}");
            assert!(end[0].contains("(tenant_id=? AND chat_id=?)"), "{plan:#?}");
            assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{side:?}: {plan:#?}");
        }
    }
}
