//! How many there are of what a caller may see in one state: not by going through a list, but by counting ranges of indexes, each no
//! further than anybody is told.
//!
//! An agent sees what is of no department, of the own departments, and the own. The ranges must not overlap here, where they are
//! added up: so of the own only that is counted which lies in none of the others.

use sea_orm::{ColumnTrait as _, Condition, QueryFilter as _, Select};

use super::{Listed, beside_the_way};
use crate::{db::TenantRead, error::Result, events::Grants, ids::MemberId};

/// What is counted: each a range of one index, and no two of them with anything in common.
#[derive(Debug)]
pub struct Count<E: Listed>(Vec<Select<E>>);

impl<E: Listed> Count<E> {
    /// What these grants show in one state.
    #[must_use]
    pub fn visible(grants: &Grants, state: i32) -> Self {
        let in_state = || E::find().filter(E::STATE.eq(state));
        let (id, departments) = match grants {
            // One person's are few, whatever their state.
            Grants::Visitor(id) => {
                let state = beside_the_way(Condition::all().add(E::STATE.eq(state)));
                return Self(vec![E::find().filter(E::VISITOR.eq(*id)).filter(state)]);
            }
            Grants::Member { overseer: true, .. } => return Self(vec![in_state()]),
            Grants::Member { id, departments, .. } => (*id, departments),
        };
        let of_none = in_state().filter(E::DEPARTMENT.is_null());
        let own = departments.iter().map(|department| in_state().filter(E::DEPARTMENT.eq(*department)));
        let elsewhere = Condition::all()
            .add(E::DEPARTMENT.is_not_null())
            .add(E::DEPARTMENT.is_not_in(departments.iter().copied()));
        let assigned = in_state().filter(E::ASSIGNEE.eq(id)).filter(beside_the_way(elsewhere));
        Self([of_none, assigned].into_iter().chain(own).collect())
    }

    /// What a member has in one state.
    #[must_use]
    pub fn assigned(member: MemberId, state: i32) -> Self {
        Self(vec![E::find().filter(E::STATE.eq(state)).filter(E::ASSIGNEE.eq(member))])
    }

    /// How many they are, counted no further than `most`.
    pub async fn up_to(self, read: TenantRead<'_>, most: u64) -> Result<u64> {
        let mut count = 0;
        for range in self.0 {
            count += read.count(range, most - count).await?;
            if count == most {
                break;
            }
        }
        Ok(count)
    }

    /// How SQLite goes about each.
    #[cfg(test)]
    pub(crate) async fn plans(self, read: TenantRead<'_>) -> Vec<String> {
        let mut plans = Vec::new();
        for range in self.0 {
            plans.push(read.plan_of_count(range).await.unwrap().join("; "));
        }
        plans
    }
}
