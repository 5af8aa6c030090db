//! `CreateTicket`: by a visitor for themselves, by a member for a customer there is, for somebody new, or out of a chat.

use std::{collections::BTreeSet, sync::Arc};

use rapport_proto::tickets::v1::{self as pb, TicketPriority, TicketState};
use sea_orm::{EntityTrait as _, QueryOrder as _, Set};

use super::{
    add_comment::{self, Draft},
    convert,
    entity::ticket::{self, Tags, column},
    view,
};
use crate::{
    app::App,
    caller::{Caller, Principal, Side},
    chats,
    customers::{self, Customer, Introduction},
    db::{TenantRead, TenantTx, Unit},
    error::{Error, Result},
    idempotency::Once,
    ids::{self, ChatId, CustomerId, DepartmentId, TicketId},
    tenants,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    req: pb::CreateTicketRequest,
) -> Result<pb::CreateTicketResponse> {
    let priority = req.priority();
    let unit = CreateTicket {
        once: Once::new("CreateTicket", caller.id(), &req.request_id, &req)?,
        requester: Requester::of(app, caller, &req)?,
        chat: ids::given(&req.chat_id)?,
        department: ids::given(&req.department_id)?,
        priority: if priority == TicketPriority::Unspecified { TicketPriority::Normal } else { priority },
        tags: Tags(BTreeSet::from_iter(req.tags)),
        subject: req.subject,
        ticket_id: app.ids.make(),
        customer_id: app.ids.make(),
        description: Draft { comment_id: app.ids.make(), text: req.text, internal: false },
        caller: Arc::clone(caller),
    };
    app.db.write(&caller.scope, unit).await
}

/// Whom a ticket is for.
enum Requester {
    /// The customer of the chat it comes from.
    OfChat,
    /// A customer there is.
    Known(CustomerId),
    /// Whoever says so: the visitor who calls, or somebody new whom a member speaks for.
    Introduced(Introduction),
}

impl Requester {
    fn of(app: &App, caller: &Caller, req: &pb::CreateTicketRequest) -> Result<Self> {
        let introduced = |visitor| {
            Self::Introduced(Introduction { visitor, name: req.name.clone(), email: req.email.clone() })
        };
        if let Principal::Visitor(visitor) = caller.principal {
            let staffs = [
                ("customerId", !req.customer_id.is_empty()),
                ("priority", req.priority != 0),
                ("tags", !req.tags.is_empty()),
            ];
            return match staffs.into_iter().find(|(_, given)| *given) {
                Some((field, _)) => Err(Error::field(field, "is for members to say")),
                None => Ok(introduced(visitor)),
            };
        }
        let named = !req.name.trim().is_empty() || !req.email.is_empty();
        match (!req.chat_id.is_empty(), !req.customer_id.is_empty(), named) {
            (true, false, false) => Ok(Self::OfChat),
            (false, true, false) => Ok(Self::Known(req.customer_id.parse()?)),
            // A visitor whom no browser is yet: nobody holds the secret.
            (false, false, true) => Ok(introduced(app.ids.make())),
            (false, false, false) => {
                Err(Error::field("customerId", "is required without chatId, name and email"))
            }
            (true, ..) => Err(Error::field("chatId", "stands without customerId, name and email")),
            (false, true, true) => Err(Error::field("customerId", "stands without name and email")),
        }
    }
}

struct CreateTicket {
    once: Once,
    caller: Arc<Caller>,
    requester: Requester,
    chat: Option<ChatId>,
    department: Option<DepartmentId>,
    priority: TicketPriority,
    tags: Tags,
    subject: String,
    ticket_id: TicketId,
    customer_id: CustomerId,
    description: Draft,
}

impl Unit for CreateTicket {
    type Out = pb::CreateTicketResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<pb::CreateTicketResponse> {
        if let Some(earlier) = self.once.earlier(tx).await? {
            return Ok(earlier);
        }
        let origin = match self.chat {
            Some(chat) => Some(chats::origin_in(tx, &self.caller, chat).await?),
            None => None,
        };
        if let Some(department) = self.department
            && !tenants::department_exists(tx.read(), department).await?
        {
            return Err(Error::not_found("department"));
        }
        let number = next_number(tx.read()).await?;
        let customer = self.customer(tx, origin).await?;
        tx.insert(ticket::ActiveModel {
            ticket_id: Set(self.ticket_id),
            number: Set(number),
            customer_id: Set(customer.customer_id),
            visitor_id: Set(customer.visitor_id),
            chat_id: Set(self.chat),
            department_id: Set(self.department.or_else(|| origin?.department)),
            assignee_id: Set(None),
            state: Set(column(TicketState::New)),
            priority: Set(column(self.priority)),
            subject: Set(self.subject.clone()),
            tags: Set(self.tags.clone()),
            created_at: Set(tx.now().0),
            updated_at: Set(tx.now().0),
            solved_at: Set(None),
            closed_at: Set(None),
            revision: Set(1),
            ..Default::default()
        })
        .await?;
        let description = self.description.add(tx, &self.caller, self.ticket_id, 1).await?;
        let ticket = view::load(tx.read(), self.ticket_id).await?;
        ticket.emit(tx);
        add_comment::tell(tx, &ticket, &description, &self.caller, &self.once);
        let ticket = Some(convert::ticket(&ticket, Side::of(&self.caller)));
        let response = pb::CreateTicketResponse { ticket };
        self.once.keep(tx, &response).await?;
        Ok(response)
    }
}

impl CreateTicket {
    async fn customer(&self, tx: &TenantTx<'_>, origin: Option<chats::Origin>) -> Result<Customer> {
        let known = match &self.requester {
            Requester::Introduced(said) => return customers::remember(tx, said, self.customer_id).await,
            Requester::Known(id) => Some(*id),
            Requester::OfChat => origin.map(|origin| origin.customer),
        };
        let found = match known {
            Some(id) => customers::find(tx.read(), id).await?,
            None => None,
        };
        found.ok_or_else(|| Error::not_found("customer"))
    }
}

/// The end of the index and one more; the writer's lock of the tenant keeps it true until the commit.
async fn next_number(read: TenantRead<'_>) -> Result<i32> {
    let last = read.one(ticket::Entity::find().order_by_desc(ticket::Column::Number)).await?;
    Ok(last.map_or(1, |row| row.number + 1))
}
