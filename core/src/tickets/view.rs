//! A ticket with everything its readers are shown, in one query; and who those readers are.

use rapport_proto::{
    chats::v1::{Sender, SenderKind},
    events::v1::{TicketUpdated, event::Body},
    tickets::v1::TicketState,
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QuerySelect as _, Select,
    sea_query::Expr,
};

use super::{
    convert,
    entity::ticket::{self, Tags},
    error::TicketError,
};
use crate::{
    app::App,
    caller::{Caller, Side},
    db::{TenantRead, TenantTx},
    error::Result,
    events::{Audience, NewEvent},
    ids::{ChatId, CustomerId, DepartmentId, MemberId, TicketId, VisitorId},
    tenants,
};

/// A ticket as it is shown.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct TicketView {
    pub(super) ticket_id: TicketId,
    pub(super) number: i32,
    pub(super) customer_id: CustomerId,
    pub(super) visitor_id: VisitorId,
    pub(super) chat_id: Option<ChatId>,
    pub(super) department_id: Option<DepartmentId>,
    pub(super) assignee_id: Option<MemberId>,
    pub(super) state: i16,
    pub(super) priority: i16,
    pub(super) subject: String,
    pub(super) tags: Tags,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) solved_at: Option<i64>,
    pub(super) closed_at: Option<i64>,
    pub(super) revision: i32,
    pub(super) customer_name: String,
    pub(super) customer_email: String,
    pub(super) assignee_name: Option<String>,
    pub(super) assignee_public_name: Option<String>,
    pub(super) last_seq: i32,
    pub(super) last_public_seq: i32,
}

/// Each is one look into an index, bound to the tenant through the ticket's own row.
const SHOWN: [(&str, &str); 6] = [
    (
        "customer_name",
        "(select u.name from customers u where u.tenant_id = tickets.tenant_id and u.customer_id = tickets.customer_id)",
    ),
    (
        "customer_email",
        "(select u.email from customers u where u.tenant_id = tickets.tenant_id and u.customer_id = tickets.customer_id)",
    ),
    (
        "assignee_name",
        "(select a.name from members a where a.tenant_id = tickets.tenant_id and a.member_id = tickets.assignee_id)",
    ),
    (
        "assignee_public_name",
        "(select nullif(trim(a.public_name), '') from members a where a.tenant_id = tickets.tenant_id \
         and a.member_id = tickets.assignee_id)",
    ),
    (
        "last_seq",
        "coalesce((select c.seq from ticket_comments c where c.tenant_id = tickets.tenant_id \
         and c.ticket_id = tickets.ticket_id order by c.seq desc limit 1), 0)",
    ),
    (
        "last_public_seq",
        "coalesce((select c.seq from ticket_comments c where c.tenant_id = tickets.tenant_id \
         and c.ticket_id = tickets.ticket_id and not c.internal order by c.seq desc limit 1), 0)",
    ),
];

/// Tickets with everything that is shown of them.
pub(super) fn shown() -> Select<ticket::Entity> {
    SHOWN.iter().fold(ticket::Entity::find(), |select, (name, sql)| select.expr_as(Expr::cust(*sql), *name))
}

/// One ticket, whoever may see it.
pub(super) async fn load(read: TenantRead<'_>, id: TicketId) -> Result<TicketView> {
    let found = read.rows(shown().filter(ticket::Column::TicketId.eq(id))).await?.pop();
    Ok(found.ok_or(TicketError::NotFound)?)
}

/// One ticket that the caller may see.
pub(super) async fn visible(app: &App, caller: &Caller, id: TicketId) -> Result<TicketView> {
    seen(app.db.read(&caller.scope), caller, id).await
}

/// One ticket that the caller may see, within a unit of work.
pub(super) async fn visible_in(tx: &TenantTx<'_>, caller: &Caller, id: TicketId) -> Result<TicketView> {
    seen(tx.read(), caller, id).await
}

async fn seen(read: TenantRead<'_>, caller: &Caller, id: TicketId) -> Result<TicketView> {
    let grants = tenants::grants_in(read, caller).await?;
    let ticket = load(read, id).await?;
    if grants.hear(&ticket.audience()) { Ok(ticket) } else { Err(TicketError::NotFound.into()) }
}

impl TicketView {
    /// The staff who see it.
    pub(super) fn staff(&self) -> Audience {
        Audience::chat_staff(self.department_id, self.assignee_id)
    }

    /// Everyone who sees it.
    pub(super) fn audience(&self) -> Audience {
        self.staff().and_visitor(self.visitor_id)
    }

    pub(super) fn state(&self) -> TicketState {
        TicketState::try_from(i32::from(self.state)).unwrap_or_default()
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

    /// An author as the visitor may know them: of the staff the assignee alone has a name.
    pub(super) fn known_to_visitor(&self, author: Sender) -> Sender {
        let assignee = self.assignee_id.map(|id| id.to_string());
        if author.kind() == SenderKind::Customer || assignee.as_ref() == Some(&author.id) {
            author
        } else {
            Sender { kind: author.kind, ..Default::default() }
        }
    }

    /// Tells both sides how the ticket is now, each what it may see.
    pub(super) fn emit(&self, tx: &mut TenantTx<'_>) {
        let sides = [(Side::Staff, self.staff()), (Side::Customer, Audience::visitor(self.visitor_id))];
        for (side, audience) in sides {
            let body = Body::TicketUpdated(TicketUpdated { ticket: Some(convert::ticket(self, side)) });
            tx.emit(NewEvent { audience, chat: None, body });
        }
    }
}
