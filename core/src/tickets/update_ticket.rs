//! `UpdateTicket`: what a member changes of a ticket, all of it or nothing.

use std::{collections::BTreeSet, str::FromStr, sync::Arc};

use rapport_proto::{
    events::v1::{TicketLeft, event::Body},
    tickets::v1::{self as pb, TicketPriority, TicketState},
};
use sea_orm::{Set, Unchanged};

use super::{
    convert,
    entity::ticket::{self, Tags, column},
    state::{self, Act},
    view::{self, TicketView},
};
use crate::{
    app::App,
    caller::{Caller, Side},
    db::{TenantRead, TenantTx, Unit},
    error::{Error, Result},
    events::NewEvent,
    ids::{self, DepartmentId, MalformedId, MemberId, TicketId},
    tenants,
};

/// How many tags a ticket has at most.
const TAGS: usize = 20;

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    req: pb::UpdateTicketRequest,
) -> Result<pb::UpdateTicketResponse> {
    let ticket_id = req.ticket_id.parse()?;
    let if_revision = req.if_revision;
    let unit = UpdateTicket { caller: Arc::clone(caller), ticket_id, if_revision, change: Change::of(req)? };
    app.db.write(&caller.scope, unit).await
}

/// What is to become of something a ticket may have or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted<I> {
    /// It stays as it is.
    AsIs,
    /// The ticket has none.
    Nothing,
    /// The ticket has this one.
    This(I),
}

impl<I: FromStr<Err = MalformedId> + Copy> Wanted<I> {
    fn of(text: Option<&str>) -> Result<Self> {
        let Some(text) = text else { return Ok(Self::AsIs) };
        Ok(ids::given(text)?.map_or(Self::Nothing, Self::This))
    }

    fn over(self, before: Option<I>) -> Option<I> {
        match self {
            Self::AsIs => before,
            Self::Nothing => None,
            Self::This(id) => Some(id),
        }
    }
}

/// What a request changes.
struct Change {
    subject: Option<String>,
    state: Option<TicketState>,
    priority: Option<TicketPriority>,
    assignee: Wanted<MemberId>,
    department: Wanted<DepartmentId>,
    add_tags: BTreeSet<String>,
    remove_tags: BTreeSet<String>,
}

/// What a ticket can be changed in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Values {
    subject: String,
    state: TicketState,
    priority: i16,
    assignee: Option<MemberId>,
    department: Option<DepartmentId>,
    tags: Tags,
}

impl Values {
    fn of(ticket: &TicketView) -> Self {
        Self {
            subject: ticket.subject.clone(),
            state: ticket.state(),
            priority: ticket.priority,
            assignee: ticket.assignee_id,
            department: ticket.department_id,
            tags: ticket.tags.clone(),
        }
    }
}

impl Change {
    fn of(req: pb::UpdateTicketRequest) -> Result<Self> {
        Ok(Self {
            state: req.state.is_some().then(|| req.state()),
            priority: req.priority.is_some().then(|| req.priority()),
            assignee: Wanted::of(req.assignee_id.as_deref())?,
            department: Wanted::of(req.department_id.as_deref())?,
            subject: req.subject,
            add_tags: BTreeSet::from_iter(req.add_tags),
            remove_tags: BTreeSet::from_iter(req.remove_tags),
        })
    }

    /// What it does to the ticket's state, in this order: where a member puts it stands over where an assignment moved it.
    fn acts(&self) -> impl Iterator<Item = Act> {
        let edits = self.subject.is_some()
            || self.priority.is_some()
            || self.assignee == Wanted::Nothing
            || self.department != Wanted::AsIs
            || !self.add_tags.is_empty()
            || !self.remove_tags.is_empty();
        let assigns = matches!(self.assignee, Wanted::This(_));
        let acts = [edits.then_some(Act::Edit), assigns.then_some(Act::Assign), self.state.map(Act::Put)];
        acts.into_iter().flatten()
    }

    fn over(&self, before: &Values) -> Result<Values> {
        let state = self.acts().try_fold(before.state, state::after)?;
        let tags = Tags(&(&before.tags.0 | &self.add_tags) - &self.remove_tags);
        if tags.0.len() > TAGS {
            return Err(Error::field("addTags", "would give the ticket more than 20 tags"));
        }
        Ok(Values {
            subject: self.subject.as_ref().unwrap_or(&before.subject).clone(),
            state,
            priority: self.priority.map_or(before.priority, column),
            assignee: self.assignee.over(before.assignee),
            department: self.department.over(before.department),
            tags,
        })
    }

    /// Whoever and whatever it names is there.
    async fn check(&self, read: TenantRead<'_>) -> Result<()> {
        if let Wanted::This(member) = self.assignee {
            tenants::check_assignable(read, member).await?;
        }
        if let Wanted::This(department) = self.department
            && !tenants::department_exists(read, department).await?
        {
            return Err(Error::not_found("department"));
        }
        Ok(())
    }
}

struct UpdateTicket {
    caller: Arc<Caller>,
    ticket_id: TicketId,
    if_revision: u32,
    change: Change,
}

impl Unit for UpdateTicket {
    type Out = pb::UpdateTicketResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<pb::UpdateTicketResponse> {
        let before = view::visible_in(tx, &self.caller, self.ticket_id).await?;
        tenants::check_revision(before.revision, self.if_revision)?;
        self.change.check(tx.read()).await?;
        let values = Values::of(&before);
        let next = self.change.over(&values)?;
        let answer = |ticket| pb::UpdateTicketResponse { ticket: Some(convert::ticket(ticket, Side::Staff)) };
        if next == values {
            return Ok(answer(&before));
        }
        self.write(tx, &before, next).await?;
        let now = view::load(tx.read(), self.ticket_id).await?;
        tell_those_who_lose_it(tx, &before, &now);
        now.emit(tx);
        Ok(answer(&now))
    }
}

impl UpdateTicket {
    async fn write(&self, tx: &TenantTx<'_>, before: &TicketView, next: Values) -> Result<()> {
        let now = tx.now().0;
        let solved_at = match next.state {
            TicketState::Solved => before.solved_at.or(Some(now)),
            TicketState::Closed => before.solved_at,
            _ => None,
        };
        tx.update(ticket::ActiveModel {
            ticket_id: Unchanged(self.ticket_id),
            subject: Set(next.subject),
            state: Set(column(next.state)),
            priority: Set(next.priority),
            assignee_id: Set(next.assignee),
            department_id: Set(next.department),
            tags: Set(next.tags),
            updated_at: Set(now),
            solved_at: Set(solved_at),
            closed_at: Set((next.state == TicketState::Closed).then_some(now)),
            revision: Set(before.revision + 1),
            ..Default::default()
        })
        .await?;
        Ok(())
    }
}

/// Before the new snapshot: a reader of both the old and the new audience hears that it left and then that it is there.
fn tell_those_who_lose_it(tx: &mut TenantTx<'_>, before: &TicketView, now: &TicketView) {
    if let Some(audience) = before.staff().staff_not_in(&now.staff()) {
        let left =
            TicketLeft { ticket_id: now.ticket_id.to_string(), revision: convert::number(now.revision) };
        tx.emit(NewEvent { audience, chat: None, body: Body::TicketLeft(left) });
    }
}
