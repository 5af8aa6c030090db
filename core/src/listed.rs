//! What chats and tickets have alike: a visitor, a customer, a department and an assignee decide who sees them, and lists of them
//! go by a state. Here are those lists, newest first, by key, and the count of what a member has.
//!
//! What a caller may see and asks for is one rule, but no one index serves an "or". So the rule is looked for on several ways,
//! each one range of one index that ends where the page does; what they find is merged, and the page's rows are then read by
//! their keys.

mod count;

use std::collections::{BTreeSet, HashMap};

pub use count::Count;

use sea_orm::{
    ColumnTrait as _, Condition, DbErr, FromQueryResult, QueryFilter as _, QueryOrder as _, QueryResult,
    QuerySelect as _, Select, TryGetable, Value, sea_query::Expr,
};

use crate::{
    db::{TenantOwned, TenantRead},
    error::Result,
    events::Grants,
    ids::{self, CustomerId, DepartmentId, MemberId, VisitorId},
};

/// A table of such things. Each column but the key leads an index (after the tenant) that the key ends.
pub trait Listed: TenantOwned {
    /// What orders them, oldest first.
    type Key: Copy + Ord + Into<Value> + TryGetable + Send + Sync;
    /// The column of the key.
    const KEY: Self::Column;
    /// Leads an index, and stands second in those of department and assignee.
    const STATE: Self::Column;
    /// The department it belongs to.
    const DEPARTMENT: Self::Column;
    /// The member who has it.
    const ASSIGNEE: Self::Column;
    /// The customer it is of.
    const CUSTOMER: Self::Column;
    /// The visitor who sees it.
    const VISITOR: Self::Column;
    /// Every state there is.
    const STATES: &'static [i32];
}

/// The filters of a request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    states: BTreeSet<i32>,
    assignee: Option<MemberId>,
    department: Option<DepartmentId>,
    customer: Option<CustomerId>,
    visitor: Option<VisitorId>,
    further: Option<Expr>,
}

impl Asked {
    /// The filters as the contract writes them: empty ones do not filter.
    pub fn of(states: &[i32], assignee: &str, department: &str, customer: &str) -> Result<Self> {
        Ok(Self {
            states: states.iter().copied().collect(),
            assignee: ids::given(assignee)?,
            department: ids::given(department)?,
            customer: ids::given(customer)?,
            visitor: None,
            further: None,
        })
    }

    /// The same and of one visitor.
    #[must_use]
    pub fn of_visitor(self, visitor: Option<VisitorId>) -> Self {
        Self { visitor, ..self }
    }

    /// The same and one more equality, whose column leads an index like that of the assignee.
    #[must_use]
    pub fn and(self, further: Option<Expr>) -> Self {
        Self { further, ..self }
    }

    fn narrow<E: Listed>(&self, seen: Condition) -> Condition {
        let states = (!self.states.is_empty()).then(|| E::STATE.is_in(self.states.iter().copied()));
        Condition::all()
            .add_option((!seen.is_empty()).then_some(seen))
            .add_option(states)
            .add_option(self.assignee.map(|id| E::ASSIGNEE.eq(id)))
            .add_option(self.department.map(|id| E::DEPARTMENT.eq(id)))
            .add_option(self.customer.map(|id| E::CUSTOMER.eq(id)))
            .add_option(self.visitor.map(|id| E::VISITOR.eq(id)))
            .add_option(self.further.clone())
    }

    /// Equalities that lead an index each; together they meet everything that the rule allows.
    fn ways<E: Listed>(&self, grants: &Grants) -> Vec<Condition> {
        let all = Condition::all;
        let branches = match grants {
            // One person's are few, whatever their state.
            Grants::Visitor(id) => return vec![all().add(E::VISITOR.eq(*id))],
            Grants::Member { id, overseer, departments } => {
                if let (None, Some(visitor)) = (self.customer, self.visitor) {
                    return vec![all().add(E::VISITOR.eq(visitor))];
                }
                match (self.customer, self.assignee, self.department) {
                    (Some(customer), ..) => return vec![all().add(E::CUSTOMER.eq(customer))],
                    (_, Some(assignee), _) => vec![all().add(E::ASSIGNEE.eq(assignee))],
                    (.., Some(department)) if *overseer || departments.contains(&department) => {
                        vec![all().add(E::DEPARTMENT.eq(department))]
                    }
                    (.., Some(_)) => vec![all().add(E::ASSIGNEE.eq(*id))],
                    _ if *overseer => vec![all().add_option(self.further.clone())],
                    _ => {
                        let own = departments.iter().map(|department| E::DEPARTMENT.eq(*department));
                        [E::ASSIGNEE.eq(*id), E::DEPARTMENT.is_null()]
                            .into_iter()
                            .chain(own)
                            .map(|branch| all().add(branch))
                            .collect()
                    }
                }
            }
        };
        let every = || E::STATES.iter().copied().collect();
        let states: BTreeSet<i32> = if self.states.is_empty() { every() } else { self.states.clone() };
        let with_state = |branch: &Condition| {
            let branch = branch.clone();
            states.iter().map(move |state| branch.clone().add(E::STATE.eq(*state)))
        };
        branches.iter().flat_map(with_state).collect()
    }
}

/// What one caller may see of what was asked for.
#[derive(Debug)]
pub struct List {
    ways: Vec<Condition>,
    rule: Condition,
}

/// The keys of a page.
#[derive(Debug)]
pub struct Page<K> {
    /// The newest first.
    pub keys: Vec<K>,
    /// Whether there is one behind them.
    pub more: bool,
}

impl List {
    /// What these grants show of what was asked for.
    #[must_use]
    pub fn of<E: Listed>(asked: &Asked, grants: &Grants) -> Self {
        Self { ways: asked.ways::<E>(grants), rule: asked.narrow::<E>(seen_by::<E>(grants)) }
    }

    /// The newest that are older than `after`.
    pub async fn page<E: Listed>(
        &self,
        read: TenantRead<'_>,
        after: Option<E::Key>,
        size: usize,
    ) -> Result<Page<E::Key>> {
        let mut keys = BTreeSet::new();
        for way in &self.ways {
            let found: Vec<Found<E::Key>> = read.rows(self.along::<E>(way, after, size as u64 + 1)).await?;
            keys.extend(found.into_iter().map(|row| row.0));
        }
        Ok(Page { keys: keys.iter().rev().take(size).copied().collect(), more: keys.len() > size })
    }

    /// Those of a page, the newest first. The rule once more: one may have changed hands since its key was read.
    pub fn these<E: Listed>(&self, select: Select<E>, keys: Vec<E::Key>) -> Select<E> {
        self.obey(select.filter(E::KEY.is_in(keys))).order_by_desc(E::KEY)
    }

    /// The newest keys on one way.
    fn along<E: Listed>(&self, way: &Condition, after: Option<E::Key>, limit: u64) -> Select<E> {
        let mut select = E::find().select_only().column_as(E::KEY, FOUND).filter(way.clone());
        if let Some(after) = after {
            select = select.filter(E::KEY.lt(after));
        }
        self.obey(select).order_by_desc(E::KEY).limit(limit)
    }

    /// Only what the rule allows.
    fn obey<E: Listed>(&self, select: Select<E>) -> Select<E> {
        if self.rule.is_empty() { select } else { select.filter(beside_the_way(self.rule.clone())) }
    }
}

/// A condition as a CASE, so that no planner takes a part of it for the way.
fn beside_the_way(condition: Condition) -> Expr {
    Expr::case(condition, Expr::cust("true")).finally(Expr::cust("false")).into()
}

const FOUND: &str = "found";

struct Found<K>(K);

impl<K: TryGetable> FromQueryResult for Found<K> {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self(row.try_get(prefix, FOUND)?))
    }
}

/// The same rule as `Grants::hear` over the audience of a chat or a ticket, in the words of the database.
fn seen_by<E: Listed>(grants: &Grants) -> Condition {
    match grants {
        Grants::Visitor(id) => Condition::all().add(E::VISITOR.eq(*id)),
        Grants::Member { overseer: true, .. } => Condition::all(),
        Grants::Member { id, departments, .. } => Condition::any()
            .add(E::DEPARTMENT.is_null())
            .add(E::ASSIGNEE.eq(*id))
            .add(E::DEPARTMENT.is_in(departments.iter().copied())),
    }
}

#[derive(FromQueryResult)]
struct Had {
    member_id: MemberId,
    count: i64,
}

/// How many in one of these states each of these members has; who has none is not among the keys. One query on the index of the
/// assignee, which looks at nothing but what it counts.
pub async fn count_by_assignee<E: Listed>(
    read: TenantRead<'_>,
    members: &[MemberId],
    states: impl IntoIterator<Item = i32>,
) -> Result<HashMap<MemberId, u32>> {
    if members.is_empty() {
        return Ok(HashMap::new());
    }
    let select = E::find()
        .select_only()
        .column_as(E::ASSIGNEE, "member_id")
        .column_as(E::KEY.count(), "count")
        .filter(E::ASSIGNEE.is_in(members.iter().copied()))
        .filter(E::STATE.is_in(states))
        .group_by(E::ASSIGNEE);
    let had: Vec<Had> = read.rows(select).await?;
    Ok(had.into_iter().map(|row| (row.member_id, u32::try_from(row.count).unwrap_or(u32::MAX))).collect())
}

/// What tests of lists ask of the planner, and what they ask with.
#[cfg(test)]
pub(crate) mod plans {
    use std::collections::HashSet;

    use sea_orm::{DbBackend, QueryTrait as _, Statement};
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::{config::Config, db, ids::TenantId, migrate};

    #[derive(FromQueryResult)]
    struct Step {
        detail: String,
    }

    pub(crate) fn id<I: From<Uuid>>(n: u128) -> I {
        I::from(Uuid::from_u128(n))
    }

    pub(crate) fn member(overseer: bool, departments: &[u128]) -> Grants {
        let departments: HashSet<_> = departments.iter().map(|n| id(*n)).collect();
        Grants::Member { id: id(1), overseer, departments }
    }

    /// Filters by number: 0 does not filter.
    pub(crate) fn asked(states: &[i32], assignee: u128, department: u128, customer: u128) -> Asked {
        let given = |n: u128| (n > 0).then_some(n);
        Asked {
            states: states.iter().copied().collect(),
            assignee: given(assignee).map(id),
            department: given(department).map(id),
            customer: given(customer).map(id),
            visitor: None,
            further: None,
        }
    }

    /// An empty database of `SQLite`, whose planner is asked.
    pub(crate) struct Planner {
        opened: db::Opened,
        _dir: TempDir,
    }

    impl Planner {
        pub(crate) async fn start() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let config = Config::in_dir(dir.path());
            let opened = db::open(&config.database, config.database_max_connections).await.unwrap();
            migrate::run(&opened).await.unwrap();
            Self { opened, _dir: dir }
        }

        /// How it goes each way of a list.
        pub(crate) async fn of<E: Listed>(
            &self,
            grants: &Grants,
            asked: &Asked,
            after: Option<E::Key>,
        ) -> Vec<String> {
            let list = List::of::<E>(asked, grants);
            let mut plans = Vec::new();
            for way in &list.ways {
                let select = list.along::<E>(way, after, 51).filter(E::TENANT.eq(id::<TenantId>(9)));
                let Statement { sql, values, db_backend } = select.build(DbBackend::Sqlite);
                let explain = Statement { sql: format!("explain query plan {sql}"), values, db_backend };
                let steps = Step::find_by_statement(explain).all(self.opened.write()).await.unwrap();
                let steps: Vec<_> =
                    steps.into_iter().map(|step| step.detail.replace("COVERING ", "")).collect();
                plans.push(steps.join("; "));
            }
            plans
        }

        /// Asserts that each way of a list is one range of an index in the order of the list. `indexes` names by what an index
        /// leads, and how many ways use it; `key` is the column of the key.
        pub(crate) async fn expect<E: Listed>(
            &self,
            (table, key, after): (&str, &str, E::Key),
            grants: &Grants,
            asked: &Asked,
            indexes: &[(&str, usize)],
        ) {
            for (after, end) in [(None, String::new()), (Some(after), format!(" AND {key}<?"))] {
                let expected: Vec<_> = indexes
                    .iter()
                    .flat_map(|(by, ways)| {
                        let keys = match *by {
                            "state" => "state=?".to_owned(),
                            "priority" => "priority=? AND state=?".to_owned(),
                            "customer" | "visitor" => format!("{by}_id=?"),
                            _ => format!("{by}_id=? AND state=?"),
                        };
                        let plan = format!(
                            "SEARCH {table} USING INDEX {table}_by_{by} (tenant_id=? AND {keys}{end})"
                        );
                        std::iter::repeat_n(plan, *ways)
                    })
                    .collect();
                assert_eq!(self.of::<E>(grants, asked, after).await, expected, "{grants:?} {asked:?}");
            }
        }
    }
}
