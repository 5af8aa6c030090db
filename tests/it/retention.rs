//! The log is kept for a time. What it told of stays, and whoever comes back too late begins anew.

use rapport_tests::client::{Item, SubscribeOptions};
use rapport_tests::proto::events::v1::ResetCause;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::{Wishes, World};

on_both![
    whoever_comes_back_after_the_log_was_cleared_begins_anew_and_lacks_nothing with Wishes::default().env("RAPPORT_RETENTION__EVENTS_SECONDS", "1").env("RAPPORT_RETENTION__EVERY_SECONDS", "1"),
];

async fn whoever_comes_back_after_the_log_was_cleared_begins_anew_and_lacks_nothing(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("Hello?").await.chat_id;
    agent.claim(&chat).await.unwrap();
    agent.send(&chat, "Hi Vera!").await.unwrap();
    let seen = agent.log("").await.unwrap();
    let (first, last) = (seen[0].cursor.clone(), seen[seen.len() - 1].cursor.clone());
    until("all but the last event are cleared", PATIENCE, || async {
        (agent.log("").await.unwrap().len() < 2).then_some(())
    })
    .await;

    // Who has seen everything goes on where it was; who has not is told to begin anew.
    let options = |cursor: &str| SubscribeOptions { cursor: Some(cursor.to_owned()), ..Default::default() };
    let mut late = agent.listen_to(options(&first)).await;
    let cause = late
        .next_matching("a reset", PATIENCE, |item| match item {
            Item::Reset { cause, .. } => Some(*cause),
            _ => None,
        })
        .await;
    assert_eq!(cause, ResetCause::HistoryGone);
    let mut current = agent.listen_to(options(&last)).await;
    visitor.send(&chat, "Still there?").await.unwrap();
    late.message("Still there?").await;
    current.message("Still there?").await;
    let heard: Vec<_> = current.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(heard, ["Still there?"]);

    // What the log told of is all there.
    let texts: Vec<_> =
        agent.messages(&chat).await.unwrap().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["Hello?", "Hi Vera!", "Still there?"]);
}
