//! The life of a ticket, in one table.

use rapport_proto::tickets::v1::TicketState;

use super::error::TicketError;

/// What can be done to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// It is given to a member.
    Assign,
    /// Something else of it changes: its subject, priority, tags or department, or it is taken from its assignee.
    Edit,
    /// A member puts it somewhere.
    Put(TicketState),
    /// The customer comments.
    CustomerComment,
    /// A member comments.
    StaffComment,
}

/// Where a ticket is after an act.
pub(super) fn after(state: TicketState, act: Act) -> Result<TicketState, TicketError> {
    use TicketState::{Closed, New, Open, Pending, Solved, Unspecified};
    match (state, act) {
        // Who lost the answer asks again.
        (Closed, Act::Put(Closed)) => Ok(Closed),
        (Closed | Unspecified, _) => Err(TicketError::Closed),
        (New, Act::Assign) | (Pending | Solved, Act::CustomerComment) => Ok(Open),
        (New, Act::Put(New)) => Ok(New),
        (now, Act::Put(New | Unspecified)) => Err(TicketError::StateRefused { now }),
        (_, Act::Put(to)) => Ok(to),
        (now, Act::Assign | Act::Edit | Act::CustomerComment | Act::StaffComment) => Ok(now),
    }
}

#[cfg(test)]
mod tests {
    use TicketState::{Closed, New, OnHold, Open, Pending, Solved};
    use proptest::prelude::*;

    use super::*;

    const EVERY: [TicketState; 6] = [New, Open, Pending, OnHold, Solved, Closed];

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            Just(Act::Assign),
            Just(Act::Edit),
            Just(Act::CustomerComment),
            Just(Act::StaffComment),
            proptest::sample::select(&EVERY[..]).prop_map(Act::Put),
        ]
    }

    proptest! {
        #[test]
        fn closed_is_the_end_and_nothing_becomes_new_again(acts in proptest::collection::vec(act(), 0..30)) {
            let mut state = New;
            for act in acts {
                let next = after(state, act);
                match (state, act) {
                    (Closed, Act::Put(Closed)) => prop_assert_eq!(&next, &Ok(Closed)),
                    (Closed, _) => prop_assert_eq!(&next, &Err(TicketError::Closed)),
                    (New, Act::Put(New)) => prop_assert_eq!(&next, &Ok(New)),
                    (_, Act::Put(New)) => prop_assert_eq!(&next, &Err(TicketError::StateRefused { now: state })),
                    (_, Act::Put(to)) => prop_assert_eq!(&next, &Ok(to)),
                    _ => prop_assert!(next.is_ok()),
                }
                state = next.unwrap_or(state);
            }
        }
    }

    #[test]
    fn an_assignment_opens_what_is_new_and_the_customer_what_waits_or_is_solved() {
        let table = |act| EVERY.map(|state| after(state, act));
        let end = Err(TicketError::Closed);
        let same = [Ok(New), Ok(Open), Ok(Pending), Ok(OnHold), Ok(Solved), end.clone()];
        assert_eq!(
            table(Act::Assign),
            [Ok(Open), Ok(Open), Ok(Pending), Ok(OnHold), Ok(Solved), end.clone()]
        );
        assert_eq!(table(Act::CustomerComment), [Ok(New), Ok(Open), Ok(Open), Ok(OnHold), Ok(Open), end]);
        assert_eq!(table(Act::StaffComment), same);
        assert_eq!(table(Act::Edit), same);
    }
}
