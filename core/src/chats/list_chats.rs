//! `ListChats`: the chats the caller may see, newest first, by key.
//!
//! What a caller may see and asks for is one rule, but no one index serves an "or". So the rule is looked for on several ways,
//! each one range of one index that ends where the page does; what they find is merged, and the page's chats are then read by
//! their ids.

use std::{collections::BTreeSet, sync::Arc};

use prost::Message as _;
use rapport_proto::chats::v1::{self as pb, ChatState};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select, sea_query::Expr,
};

use super::{
    convert,
    entity::chat,
    view::{self, ChatView, Side},
};
use crate::{
    app::App,
    caller::Caller,
    error::Result,
    events::Grants,
    ids::{ChatId, CustomerId, DepartmentId, MemberId},
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
    let asked = Asked::of(&req)?;
    let grants = tenants::grants_of(app, caller).await?;
    let rule = asked.narrow(seen_by(&grants));

    let read = app.db.read(&caller.scope);
    let mut ids = BTreeSet::new();
    for way in asked.ways(&grants) {
        let found: Vec<Found> = read.rows(along(way, &rule, after, size as u64 + 1)).await?;
        ids.extend(found.into_iter().map(|row| row.chat_id));
    }
    let page: Vec<ChatId> = ids.iter().rev().take(size).copied().collect();
    let next_page_token = match page.last() {
        Some(last) if ids.len() > size => bound.token(&app.sealer, last.uuid())?,
        _ => String::new(),
    };
    // The rule once more: a chat may have changed hands since its id was read.
    let select = obey(view::shown().filter(chat::Column::ChatId.is_in(page)), &rule);
    let found: Vec<ChatView> = read.rows(select.order_by_desc(chat::Column::ChatId)).await?;
    let side = Side::of(caller);
    Ok(pb::ListChatsResponse {
        chats: found.iter().map(|view| convert::chat(view, side)).collect(),
        next_page_token,
    })
}

#[derive(FromQueryResult)]
struct Found {
    chat_id: ChatId,
}

/// The newest ids on one way.
fn along(way: Condition, rule: &Condition, after: Option<ChatId>, limit: u64) -> Select<chat::Entity> {
    let mut select = chat::Entity::find().select_only().column(chat::Column::ChatId).filter(way);
    if let Some(after) = after {
        select = select.filter(chat::Column::ChatId.lt(after));
    }
    obey(select, rule).order_by_desc(chat::Column::ChatId).limit(limit)
}

/// Only what the rule allows. It is a CASE, so that no planner takes a part of it for the way.
fn obey(select: Select<chat::Entity>, rule: &Condition) -> Select<chat::Entity> {
    if rule.is_empty() {
        return select;
    }
    let obeyed: Expr = Expr::case(rule.clone(), Expr::cust("true")).finally(Expr::cust("false")).into();
    select.filter(obeyed)
}

/// The same rule as `Grants::hear` over a chat's audience, in the words of the database.
fn seen_by(grants: &Grants) -> Condition {
    match grants {
        Grants::Visitor(id) => Condition::all().add(chat::Column::VisitorId.eq(*id)),
        Grants::Member { overseer: true, .. } => Condition::all(),
        Grants::Member { id, departments, .. } => Condition::any()
            .add(chat::Column::DepartmentId.is_null())
            .add(chat::Column::AssigneeId.eq(*id))
            .add(chat::Column::DepartmentId.is_in(departments.iter().copied())),
    }
}

/// The filters of a request.
#[derive(Debug, Default)]
struct Asked {
    states: BTreeSet<i32>,
    assignee: Option<MemberId>,
    department: Option<DepartmentId>,
    customer: Option<CustomerId>,
}

impl Asked {
    fn of(req: &pb::ListChatsRequest) -> Result<Self> {
        Ok(Self {
            states: req.states.iter().copied().collect(),
            assignee: if req.assignee_id.is_empty() { None } else { Some(req.assignee_id.parse()?) },
            department: if req.department_id.is_empty() { None } else { Some(req.department_id.parse()?) },
            customer: if req.customer_id.is_empty() { None } else { Some(req.customer_id.parse()?) },
        })
    }

    fn narrow(&self, seen: Condition) -> Condition {
        let states =
            (!self.states.is_empty()).then(|| chat::Column::State.is_in(self.states.iter().copied()));
        Condition::all()
            .add_option((!seen.is_empty()).then_some(seen))
            .add_option(states)
            .add_option(self.assignee.map(|id| chat::Column::AssigneeId.eq(id)))
            .add_option(self.department.map(|id| chat::Column::DepartmentId.eq(id)))
            .add_option(self.customer.map(|id| chat::Column::CustomerId.eq(id)))
    }

    /// Equalities that lead an index each; together they meet every chat that the rule allows.
    fn ways(&self, grants: &Grants) -> Vec<Condition> {
        let all = Condition::all;
        let branches = match grants {
            // One person's chats are few, whatever their state.
            Grants::Visitor(id) => return vec![all().add(chat::Column::VisitorId.eq(*id))],
            Grants::Member { id, overseer, departments } => {
                match (self.customer, self.assignee, self.department) {
                    (Some(customer), ..) => return vec![all().add(chat::Column::CustomerId.eq(customer))],
                    (_, Some(assignee), _) => vec![all().add(chat::Column::AssigneeId.eq(assignee))],
                    (.., Some(department)) if *overseer || departments.contains(&department) => {
                        vec![all().add(chat::Column::DepartmentId.eq(department))]
                    }
                    (.., Some(_)) => vec![all().add(chat::Column::AssigneeId.eq(*id))],
                    _ if *overseer => vec![all()],
                    _ => {
                        let own =
                            departments.iter().map(|department| chat::Column::DepartmentId.eq(*department));
                        [chat::Column::AssigneeId.eq(*id), chat::Column::DepartmentId.is_null()]
                            .into_iter()
                            .chain(own)
                            .map(|branch| all().add(branch))
                            .collect()
                    }
                }
            }
        };
        let every = [ChatState::Waiting, ChatState::Active, ChatState::Closed].map(i32::from);
        let states = if self.states.is_empty() { BTreeSet::from(every) } else { self.states.clone() };
        let with_state = |branch: &Condition| {
            let branch = branch.clone();
            states.iter().map(move |state| branch.clone().add(chat::Column::State.eq(*state)))
        };
        branches.iter().flat_map(with_state).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use sea_orm::{DbBackend, QueryTrait as _, Statement};
    use uuid::Uuid;

    use super::*;
    use crate::{config::Config, db, ids::TenantId, migrate};

    #[derive(FromQueryResult)]
    struct Step {
        detail: String,
    }

    /// By what an index leads, and how many ways use it.
    type Indexes<'a> = &'a [(&'a str, usize)];

    fn id<I: From<Uuid>>(n: u128) -> I {
        I::from(Uuid::from_u128(n))
    }

    fn member(overseer: bool, departments: &[u128]) -> Grants {
        let departments: HashSet<_> = departments.iter().map(|n| id(*n)).collect();
        Grants::Member { id: id(1), overseer, departments }
    }

    /// How `SQLite` goes each way of a list, as its planner tells it.
    async fn plans(
        opened: &db::Opened,
        grants: &Grants,
        asked: &Asked,
        after: Option<ChatId>,
    ) -> Vec<String> {
        let rule = asked.narrow(seen_by(grants));
        let mut plans = Vec::new();
        for way in asked.ways(grants) {
            let select = along(way, &rule, after, 51).filter(chat::Column::TenantId.eq(id::<TenantId>(9)));
            let Statement { sql, values, db_backend } = select.build(DbBackend::Sqlite);
            let explain = Statement { sql: format!("explain query plan {sql}"), values, db_backend };
            let steps = Step::find_by_statement(explain).all(opened.write()).await.unwrap();
            let steps: Vec<_> = steps.into_iter().map(|step| step.detail.replace("COVERING ", "")).collect();
            plans.push(steps.join("; "));
        }
        plans
    }

    #[tokio::test]
    async fn each_way_is_one_range_of_an_index_in_the_order_of_the_list() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::in_dir(dir.path());
        let opened = db::open(&config.database, config.database_max_connections).await.unwrap();
        migrate::run(&opened).await.unwrap();

        let nothing = Asked::default;
        let two_states = || Asked { states: BTreeSet::from([1, 2]), ..nothing() };
        let (agent, overseer) = (member(false, &[5, 6]), member(true, &[]));
        let visitor = Grants::Visitor(id(3));
        let (assignee, department) = (Some(id(4)), Some(id(5)));
        let cases: [(&Grants, Asked, Indexes<'_>); 12] = [
            (&agent, nothing(), &[("assignee", 3), ("department", 9)]),
            (&agent, two_states(), &[("assignee", 2), ("department", 6)]),
            (&agent, Asked { assignee, ..two_states() }, &[("assignee", 2)]),
            (&agent, Asked { department, ..two_states() }, &[("department", 2)]),
            (&agent, Asked { department: Some(id(7)), ..nothing() }, &[("assignee", 3)]),
            (&agent, Asked { customer: Some(id(8)), assignee, ..two_states() }, &[("customer", 1)]),
            (&overseer, nothing(), &[("state", 3)]),
            (&overseer, two_states(), &[("state", 2)]),
            (&overseer, Asked { assignee, department, ..two_states() }, &[("assignee", 2)]),
            (&overseer, Asked { department, ..two_states() }, &[("department", 2)]),
            (&overseer, Asked { customer: Some(id(8)), department, ..nothing() }, &[("customer", 1)]),
            (&visitor, Asked { assignee, department, ..two_states() }, &[("visitor", 1)]),
        ];
        for (grants, asked, indexes) in cases {
            for (after, end) in [(None, ""), (Some(id(2)), " AND chat_id<?")] {
                let expected: Vec<_> = indexes
                    .iter()
                    .flat_map(|(by, ways)| {
                        let keys = match *by {
                            "state" => "state=?".to_owned(),
                            "customer" | "visitor" => format!("{by}_id=?"),
                            _ => format!("{by}_id=? AND state=?"),
                        };
                        let plan =
                            format!("SEARCH chats USING INDEX chats_by_{by} (tenant_id=? AND {keys}{end})");
                        std::iter::repeat_n(plan, *ways)
                    })
                    .collect();
                assert_eq!(plans(&opened, grants, &asked, after).await, expected, "{grants:?} {asked:?}");
            }
        }
    }
}
