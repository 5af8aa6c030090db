//! The life of a chat, in one table.

use rapport_proto::chats::v1::ChatState;

use super::error::ChatError;

/// What can be done to a chat that changes where it is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A member takes it from the queue.
    Claim,
    /// It is handed to a member.
    Hand,
    /// It is handed to a department's queue.
    Requeue,
    /// It ends.
    Close,
}

/// Where a chat is after an act; `taken` names its present assignee for whoever comes second.
pub(super) fn after(
    state: ChatState,
    act: Act,
    taken: impl FnOnce() -> ChatError,
) -> Result<ChatState, ChatError> {
    match (state, act) {
        (ChatState::Waiting, Act::Claim) | (ChatState::Waiting | ChatState::Active, Act::Hand) => {
            Ok(ChatState::Active)
        }
        (ChatState::Active, Act::Claim) => Err(taken()),
        (ChatState::Waiting | ChatState::Active, Act::Requeue) => Ok(ChatState::Waiting),
        (ChatState::Waiting | ChatState::Active | ChatState::Closed, Act::Close) => Ok(ChatState::Closed),
        (ChatState::Closed | ChatState::Unspecified, _) => Err(ChatError::Closed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![Just(Act::Claim), Just(Act::Hand), Just(Act::Requeue), Just(Act::Close)]
    }

    proptest! {
        #[test]
        fn closed_is_the_end_and_a_claim_takes_only_from_the_queue(acts in proptest::collection::vec(act(), 0..20)) {
            let mut state = ChatState::Waiting;
            for act in acts {
                let next = after(state, act, || ChatError::Taken { id: String::new(), name: String::new() });
                match (state, act, &next) {
                    (ChatState::Closed, Act::Close, Ok(ChatState::Closed)) => {}
                    (ChatState::Closed, _, end) => prop_assert!(matches!(end, Err(ChatError::Closed))),
                    (ChatState::Active, Act::Claim, end) => prop_assert!(matches!(end, Err(ChatError::Taken { .. })), "{end:?}"),
                    (_, _, end) => prop_assert!(end.is_ok()),
                }
                state = next.unwrap_or(state);
            }
        }
    }
}
