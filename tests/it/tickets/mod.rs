//! Tickets: their life, their numbers, their comments, and who sees what of them.

mod life;
mod lists;
mod made;
mod seen;

use rapport_tests::actors::Staff;
use rapport_tests::listener::Listener;
use rapport_tests::proto::chats::v1::{Sender, SenderKind};
use rapport_tests::proto::events::v1::TicketCommented;
use rapport_tests::proto::events::v1::event::Body;
use rapport_tests::proto::tickets::v1 as tickets;

pub(super) fn by_name(name: &str) -> tickets::CreateTicketRequest {
    tickets::CreateTicketRequest {
        subject: "Help".into(),
        text: "Please".into(),
        name: name.into(),
        ..Default::default()
    }
}

pub(super) fn change() -> tickets::UpdateTicketRequest {
    tickets::UpdateTicketRequest::default()
}

pub(super) fn updates(ears: &Listener) -> Vec<tickets::Ticket> {
    let events = ears.events().into_iter().filter_map(|(_, event)| match event.body {
        Some(Body::TicketUpdated(updated)) => updated.ticket,
        _ => None,
    });
    events.collect()
}

pub(super) fn comments(ears: &Listener) -> Vec<TicketCommented> {
    let events = ears.events().into_iter().filter_map(|(_, event)| match event.body {
        Some(Body::TicketCommented(commented)) => Some(commented),
        _ => None,
    });
    events.collect()
}

/// Waits until a comment of this text is heard.
pub(super) async fn heard(ears: &mut Listener, text: &str) -> tickets::Comment {
    ears.event(&format!("the comment {text:?}"), |body| match body {
        Body::TicketCommented(commented) => commented.comment.clone().filter(|comment| comment.text == text),
        _ => None,
    })
    .await
}

pub(super) fn member(who: &Staff) -> Sender {
    let name = who.member.name.clone();
    Sender { kind: SenderKind::Member.into(), id: who.member_id().to_owned(), name }
}
