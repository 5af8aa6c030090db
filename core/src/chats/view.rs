//! A chat with everything its readers are shown, in one query; and who those readers are.

use rapport_proto::{
    chats::v1::{ChatState, Sender, SenderKind},
    events::v1::{self as events_pb, event::Body},
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QuerySelect as _, Select,
    sea_query::Expr,
};

use super::{convert, entity::chat, error::ChatError};
pub(super) use crate::caller::Side;
use crate::{
    app::App,
    caller::{Caller, Principal},
    db::{TenantRead, TenantTx},
    error::Result,
    events::{Audience, NewEvent},
    ids::{ChatId, CustomerId, DepartmentId, MemberId, VisitorId},
    tenants,
};

/// A chat as it is shown.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct ChatView {
    pub(super) chat_id: ChatId,
    pub(super) customer_id: CustomerId,
    pub(super) visitor_id: VisitorId,
    pub(super) department_id: Option<DepartmentId>,
    pub(super) assignee_id: Option<MemberId>,
    pub(super) state: i16,
    pub(super) page_url: String,
    pub(super) close_reason: String,
    pub(super) created_at: i64,
    pub(super) claimed_at: Option<i64>,
    pub(super) closed_at: Option<i64>,
    pub(super) revision: i32,
    pub(super) customer_name: String,
    pub(super) customer_email: String,
    pub(super) assignee_name: Option<String>,
    pub(super) assignee_public_name: Option<String>,
    pub(super) last_seq: i32,
    pub(super) last_public_seq: i32,
    pub(super) customer_read_seq: i32,
    pub(super) staff_read_seq: i32,
    pub(super) staff_read_public_seq: i32,
}

/// Each is one look into an index, bound to the tenant through the chat's own row.
const SHOWN: [(&str, &str); 9] = [
    (
        "customer_name",
        "(select u.name from customers u where u.tenant_id = chats.tenant_id and u.customer_id = chats.customer_id)",
    ),
    (
        "customer_email",
        "(select u.email from customers u where u.tenant_id = chats.tenant_id and u.customer_id = chats.customer_id)",
    ),
    (
        "assignee_name",
        "(select a.name from members a where a.tenant_id = chats.tenant_id and a.member_id = chats.assignee_id)",
    ),
    (
        "assignee_public_name",
        "(select nullif(trim(a.public_name), '') from members a where a.tenant_id = chats.tenant_id \
         and a.member_id = chats.assignee_id)",
    ),
    (
        "last_seq",
        "coalesce((select m.seq from messages m where m.tenant_id = chats.tenant_id and m.chat_id = chats.chat_id \
         order by m.seq desc limit 1), 0)",
    ),
    (
        "last_public_seq",
        "coalesce((select m.seq from messages m where m.tenant_id = chats.tenant_id and m.chat_id = chats.chat_id \
         and not m.internal order by m.seq desc limit 1), 0)",
    ),
    (
        "customer_read_seq",
        "coalesce((select r.seq from read_marks r where r.tenant_id = chats.tenant_id and r.chat_id = chats.chat_id \
         and r.reader_id = chats.visitor_id), 0)",
    ),
    (
        "staff_read_seq",
        "coalesce((select max(r.seq) from read_marks r where r.tenant_id = chats.tenant_id and r.chat_id = chats.chat_id \
         and r.reader_kind = 2), 0)",
    ),
    (
        "staff_read_public_seq",
        "coalesce((select m.seq from messages m where m.tenant_id = chats.tenant_id and m.chat_id = chats.chat_id \
         and not m.internal and m.seq <= (select max(r.seq) from read_marks r where r.tenant_id = chats.tenant_id \
         and r.chat_id = chats.chat_id and r.reader_kind = 2) order by m.seq desc limit 1), 0)",
    ),
];

/// Chats with everything that is shown of them.
pub(super) fn shown() -> Select<chat::Entity> {
    SHOWN.iter().fold(chat::Entity::find(), |select, (name, sql)| select.expr_as(Expr::cust(*sql), *name))
}

/// One chat, whoever may see it.
pub(super) async fn load(read: TenantRead<'_>, id: ChatId) -> Result<Option<ChatView>> {
    Ok(read.rows(shown().filter(chat::Column::ChatId.eq(id))).await?.pop())
}

/// One chat that the caller may see.
pub(super) async fn visible(app: &App, caller: &Caller, id: ChatId) -> Result<ChatView> {
    let grants = tenants::grants_of(app, caller).await?;
    let chat = load(app.db.read(&caller.scope), id).await?;
    Ok(chat.filter(|chat| grants.hear(&chat.audience())).ok_or(ChatError::NotFound)?)
}

/// One chat that the caller may see, within a unit of work.
pub(super) async fn visible_in(tx: &TenantTx<'_>, caller: &Caller, id: ChatId) -> Result<ChatView> {
    let chat = load(tx.read(), id).await?.ok_or(ChatError::NotFound)?;
    let grants = tenants::grants_in(tx.read(), caller).await?;
    if grants.hear(&chat.audience()) { Ok(chat) } else { Err(ChatError::NotFound.into()) }
}

/// Where something came from that began in a chat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) customer: CustomerId,
    pub(crate) department: Option<DepartmentId>,
}

/// The origin of what begins in a chat that the caller may see.
pub(crate) async fn origin_in(tx: &TenantTx<'_>, caller: &Caller, id: ChatId) -> Result<Origin> {
    let chat = visible_in(tx, caller, id).await?;
    Ok(Origin { customer: chat.customer_id, department: chat.department_id })
}

impl ChatView {
    /// The staff who see it.
    pub(super) fn staff(&self) -> Audience {
        Audience::chat_staff(self.department_id, self.assignee_id)
    }

    /// Everyone who sees it.
    pub(super) fn audience(&self) -> Audience {
        self.staff().and_visitor(self.visitor_id)
    }

    pub(super) fn state(&self) -> ChatState {
        ChatState::try_from(i32::from(self.state)).unwrap_or_default()
    }

    /// The assignee's name as a side knows it.
    pub(super) fn assignee_name_for(&self, side: Side) -> String {
        let public = self.assignee_public_name.as_ref().filter(|_| side == Side::Customer);
        public.or(self.assignee_name.as_ref()).cloned().unwrap_or_default()
    }

    /// The last number a side knows of.
    pub(super) fn last_seq_for(&self, side: Side) -> i32 {
        match side {
            Side::Staff => self.last_seq,
            Side::Customer => self.last_public_seq,
        }
    }

    /// How far the staff has read, as a side knows it: the number of a note is not the visitor's to know.
    pub(super) fn staff_read_seq_for(&self, side: Side) -> i32 {
        match side {
            Side::Staff => self.staff_read_seq,
            Side::Customer => self.staff_read_public_seq,
        }
    }

    /// The caller as the visitor may know them: of the staff the assignee alone has a name.
    pub(super) fn sender_for_visitor(&self, caller: &Caller) -> Sender {
        match caller.principal {
            Principal::Member(id, _) if self.assignee_id != Some(id) => {
                Sender { kind: SenderKind::Member.into(), ..Default::default() }
            }
            _ => sender(caller, &self.customer_name),
        }
    }

    /// Who a second claim is told of.
    pub(super) fn taken(&self) -> ChatError {
        ChatError::Taken {
            id: self.assignee_id.map(|id| id.to_string()).unwrap_or_default(),
            name: self.assignee_name.clone().unwrap_or_default(),
        }
    }

    /// Tells both sides how the chat is now, each what it may see.
    pub(super) fn emit(&self, tx: &mut TenantTx<'_>) {
        let sides = [(Side::Staff, self.staff()), (Side::Customer, Audience::visitor(self.visitor_id))];
        for (side, audience) in sides {
            let chat = Some(convert::chat(self, side));
            let body = Body::ChatUpdated(events_pb::ChatUpdated { chat });
            tx.emit(NewEvent { audience, chat: Some(self.chat_id), body });
        }
    }
}

/// The caller as the staff sees them.
pub(crate) fn sender(caller: &Caller, customer_name: &str) -> Sender {
    match caller.principal {
        Principal::Member(id, _) => {
            Sender { kind: SenderKind::Member.into(), id: id.to_string(), name: caller.name.clone() }
        }
        Principal::Visitor(id) => {
            Sender { kind: SenderKind::Customer.into(), id: id.to_string(), name: customer_name.to_owned() }
        }
    }
}
