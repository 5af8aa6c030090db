//! A conversation from the first word to the last, and who hears what of it.

use futures_util::future::join_all;
use rapport_tests::client::request_id;
use rapport_tests::expect::refused;
use rapport_tests::proto::chats::v1 as chats;
use rapport_tests::proto::chats::v1::{ChatState, SenderKind};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::event::Body;
use rapport_tests::world::World;

on_all![
    a_visitor_starts_a_chat_and_every_agent_hears_of_it,
    of_many_who_claim_a_chat_exactly_one_wins_and_the_others_learn_who,
    both_sides_talk_and_hear_the_same_in_the_order_of_seq,
    an_internal_note_never_reaches_the_visitor,
    a_transfer_to_a_colleague_keeps_the_chat_active_and_to_a_department_makes_it_wait_there,
    a_closed_chat_takes_no_more_and_closing_it_again_changes_nothing,
];

on_both![
    a_message_sent_before_the_close_keeps_its_answer_after_it,
    a_chat_started_without_text_has_no_message_and_what_is_known_of_the_customer_is_kept,
    the_same_request_id_starts_the_same_chat,
    a_visitor_cannot_write_internal_notes,
    visitors_do_not_see_each_other,
    typing_is_heard_by_the_others_and_kept_nowhere,
    read_marks_only_move_forward,
];

pub(crate) fn seqs(messages: &[chats::Message]) -> Vec<u32> {
    messages.iter().map(|message| message.seq).collect()
}

fn texts(messages: &[chats::Message]) -> Vec<&str> {
    messages.iter().map(|message| message.text.as_str()).collect()
}

async fn a_visitor_starts_a_chat_and_every_agent_hears_of_it(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let (mut ada_ears, mut ben_ears) = (ada.listen().await, ben.listen().await);
    let visitor = world.visitor().await;
    let mut visitor_ears = visitor.listen().await;

    let request = chats::StartChatRequest {
        name: "Vera".into(),
        email: "vera@example.org".into(),
        text: "Hello?".into(),
        page_url: "https://example.org/prices".into(),
        ..Default::default()
    };
    let chat = visitor.start(request).await.unwrap();
    assert_eq!(chat.state(), ChatState::Waiting);
    assert_eq!((chat.last_seq, chat.assignee.clone()), (1, None));
    assert_eq!(chat.page_url, "https://example.org/prices");
    let customer = chat.customer.clone().unwrap();
    assert_eq!(
        (customer.visitor_id.as_str(), customer.name.as_str(), customer.email.as_str()),
        (visitor.visitor_id.as_str(), "Vera", "vera@example.org")
    );

    for ears in [&mut ada_ears, &mut ben_ears, &mut visitor_ears] {
        let heard = ears
            .event("the new chat", |body| match body {
                Body::ChatUpdated(updated) => updated.chat.clone(),
                _ => None,
            })
            .await;
        assert_eq!((heard.chat_id.as_str(), heard.state()), (chat.chat_id.as_str(), ChatState::Waiting));
        let message = ears.message("Hello?").await;
        assert_eq!((message.seq, message.chat_id.as_str()), (1, chat.chat_id.as_str()));
        let sender = message.sender.unwrap();
        assert_eq!(
            (sender.kind(), sender.id.as_str(), sender.name.as_str()),
            (SenderKind::Customer, visitor.visitor_id.as_str(), "Vera")
        );
    }
    assert_eq!(ada.chats(0).await.unwrap()[0].chat_id, chat.chat_id);
}

async fn of_many_who_claim_a_chat_exactly_one_wins_and_the_others_learn_who(world: &World) {
    let mut agents = Vec::new();
    for name in ["Ada", "Ben", "Cleo", "Dana", "Emil", "Fay"] {
        agents.push(world.agent(name).await);
    }
    let visitor = world.visitor().await;
    let mut ears = visitor.listen().await;
    for round in 0..5 {
        let chat = visitor.start_chat(&format!("round {round}")).await.chat_id;
        let answers = join_all(agents.iter().map(|agent| agent.claim(&chat))).await;
        let (winners, losers): (Vec<_>, Vec<_>) =
            agents.iter().zip(answers).partition(|(_, answer)| answer.is_ok());
        assert_eq!(winners.len(), 1, "round {round}");
        let winner = winners[0].0;
        let claimed = winners[0].1.as_ref().unwrap();
        assert_eq!(claimed.state(), ChatState::Active);
        for (_, answer) in losers {
            let error = refused(answer, Reason::ChatTaken);
            assert_eq!(error.detail("assignee"), Some(winner.member.name.as_str()));
            assert_eq!(error.detail("assignee_id"), Some(winner.member_id()));
        }
        let again = winner.claim(&chat).await.unwrap();
        assert_eq!(again.revision, claimed.revision, "asking again changes nothing");
        let heard = ears
            .event("the claim", |body| match body {
                Body::ChatUpdated(updated) => {
                    updated.chat.clone().filter(|chat| chat.state() == ChatState::Active)
                }
                _ => None,
            })
            .await;
        let assignee = heard.assignee.unwrap();
        assert_eq!(
            (assignee.member_id.as_str(), assignee.name.as_str()),
            (winner.member_id(), winner.member.name.as_str())
        );
    }
}

async fn both_sides_talk_and_hear_the_same_in_the_order_of_seq(world: &World) {
    let agent = world.agent("Ada").await;
    let visitor = world.visitor().await;
    let (mut agent_ears, mut visitor_ears) = (agent.listen().await, visitor.listen().await);
    let chat = visitor.start_chat("0").await.chat_id;
    agent.claim(&chat).await.unwrap();
    for turn in 1..=10 {
        let text = turn.to_string();
        let sent =
            if turn % 2 == 0 { visitor.send(&chat, &text).await } else { agent.send(&chat, &text).await }
                .unwrap();
        assert_eq!(sent.seq, turn + 1);
        assert_eq!(agent_ears.message(&text).await, sent);
        assert_eq!(visitor_ears.message(&text).await, sent);
    }
    for ears in [&agent_ears, &visitor_ears] {
        assert_eq!(seqs(&ears.messages()), (1..=11).collect::<Vec<_>>());
    }
    assert_eq!(agent.messages(&chat).await.unwrap(), visitor.messages(&chat).await.unwrap());
    assert_eq!(visitor.chat(&chat).await.unwrap().last_seq, 11);
}

async fn an_internal_note_never_reaches_the_visitor(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("I want my money back").await.chat_id;
    let (mut ben_ears, mut visitor_ears) = (ben.listen().await, visitor.listen().await);
    ada.claim(&chat).await.unwrap();
    let note = ada.note(&chat, "SECRET he says that every week").await.unwrap();
    assert!(note.internal);
    assert_eq!(note.seq, 2);
    assert_eq!(ben_ears.message(&note.text).await, note);
    assert_eq!(visitor.chat(&chat).await.unwrap().last_seq, 1, "the last one a visitor may see");
    assert_eq!(ada.chat(&chat).await.unwrap().last_seq, 2);

    // What the visitor hears next proves that the note was passed over, not that it is late.
    let reply = ada.send(&chat, "Let me see").await.unwrap();
    assert_eq!(reply.seq, 3, "notes are numbered too");
    assert_eq!(visitor_ears.message("Let me see").await, reply);
    assert_eq!(seqs(&visitor_ears.messages()), [3]);
    assert!(!visitor_ears.transcript().contains("SECRET"));
    assert!(!visitor_ears.transcript().contains(&note.message_id));

    let listed = visitor.messages(&chat).await.unwrap();
    assert_eq!(seqs(&listed), [1, 3]);
    let down = chats::ListMessagesRequest {
        chat_id: chat.clone(),
        before_seq: 3,
        page_size: 1,
        ..Default::default()
    };
    assert_eq!(seqs(&visitor.client.list_messages(down).await.unwrap().messages), [1]);
    assert!(!format!("{:?}", visitor.chat(&chat).await).contains("SECRET"));
    assert!(!format!("{:?}", visitor.chats(0).await).contains("SECRET"));
    assert!(!format!("{:?}", visitor.log("").await).contains("SECRET"));
    let replayed = visitor
        .listen_to(rapport_tests::client::SubscribeOptions {
            cursor: Some(visitor.log("").await.unwrap()[0].cursor.clone()),
            ..Default::default()
        })
        .await;
    assert!(!replayed.transcript().contains("SECRET"));
    let logs: Vec<_> = world.cores().iter().flat_map(|core| core.log()).collect();
    assert!(!logs.iter().any(|line| line.contains("SECRET")), "what people write is never logged");
    assert_eq!(seqs(&ben.messages(&chat).await.unwrap()), [1, 2, 3]);
}

async fn a_transfer_to_a_colleague_keeps_the_chat_active_and_to_a_department_makes_it_wait_there(
    world: &World,
) {
    let (ada, ben, cleo) = (world.agent("Ada").await, world.agent("Ben").await, world.agent("Cleo").await);
    let billing = world.department("Billing", &[&cleo]).await.department_id;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("The invoice is wrong").await.chat_id;
    ada.claim(&chat).await.unwrap();
    let (mut ada_ears, mut cleo_ears) = (ada.listen().await, cleo.listen().await);

    let handed = ada.transfer_to(&chat, &ben).await.unwrap();
    assert_eq!(
        (handed.state(), handed.assignee.unwrap().member_id.as_str()),
        (ChatState::Active, ben.member_id())
    );
    ben.send(&chat, "Ben here").await.unwrap();

    let waiting = ben.transfer_to_department(&chat, &billing).await.unwrap();
    assert_eq!(
        (waiting.state(), waiting.assignee, waiting.department_id.as_str()),
        (ChatState::Waiting, None, billing.as_str())
    );
    let left = ada_ears
        .event("that the chat left", |body| match body {
            Body::ChatLeft(left) => Some(left.clone()),
            _ => None,
        })
        .await;
    assert_eq!(left.chat_id, chat);
    let arrived = cleo_ears
        .event("that the chat arrived", |body| match body {
            Body::ChatUpdated(updated) => updated.chat.clone().filter(|chat| chat.department_id == billing),
            _ => None,
        })
        .await;
    assert_eq!(arrived.chat_id, chat);
    refused(ada.chat(&chat).await, Reason::NotFound);
    refused(ben.send(&chat, "too late").await, Reason::NotFound);
    assert!(ada.chats(0).await.unwrap().is_empty());

    visitor.send(&chat, "Anybody there?").await.unwrap();
    cleo_ears.message("Anybody there?").await;
    assert_eq!(cleo.claim(&chat).await.unwrap().state(), ChatState::Active);
    let back = cleo.transfer_to(&chat, &ada).await.unwrap();
    assert_eq!(back.department_id, billing, "it stays in its department");
    assert_eq!(
        ada.chat(&chat).await.unwrap().assignee.unwrap().member_id,
        ada.member_id(),
        "an assignee sees it from any department"
    );
    let heard_by_ada = ada_ears.messages();
    assert!(!texts(&heard_by_ada).contains(&"Anybody there?"), "written while it was another department's");
}

async fn a_closed_chat_takes_no_more_and_closing_it_again_changes_nothing(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let visitor = world.visitor().await;
    let mut ears = visitor.listen().await;
    let chat = visitor.start_chat("Thanks, found it").await.chat_id;
    ada.claim(&chat).await.unwrap();
    let closed = ada.close(&chat, "solved by itself").await.unwrap();
    assert_eq!((closed.state(), closed.close_reason.as_str()), (ChatState::Closed, "solved by itself"));
    assert!(closed.closed_at.is_some());
    let heard = ears
        .event("the close", |body| match body {
            Body::ChatUpdated(updated) => {
                updated.chat.clone().filter(|chat| chat.state() == ChatState::Closed)
            }
            _ => None,
        })
        .await;
    assert_eq!(heard.close_reason, "solved by itself");

    let again = visitor.close(&chat, "another reason").await.unwrap();
    assert_eq!((again.revision, again.close_reason.as_str()), (closed.revision, "solved by itself"));
    refused(visitor.send(&chat, "One more thing").await, Reason::ChatClosed);
    refused(ada.note(&chat, "and a note").await, Reason::ChatClosed);
    refused(visitor.typing(&chat, true).await, Reason::ChatClosed);
    refused(ben.claim(&chat).await, Reason::ChatClosed);
    refused(ada.transfer_to(&chat, &ben).await, Reason::ChatClosed);
    assert_eq!(texts(&visitor.messages(&chat).await.unwrap()), ["Thanks, found it"]);
    assert_eq!(visitor.mark_read(&chat, 1).await.unwrap(), 1, "what was said can still be read");
}

async fn a_message_sent_before_the_close_keeps_its_answer_after_it(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("Hello").await.chat_id;
    let id = request_id();
    let sent = visitor.send_as(&id, &chat, "Bye").await.unwrap();
    agent.close(&chat, "").await.unwrap();
    assert_eq!(visitor.send_as(&id, &chat, "Bye").await.unwrap(), sent);
}

async fn a_chat_started_without_text_has_no_message_and_what_is_known_of_the_customer_is_kept(world: &World) {
    let visitor = world.visitor().await;
    let first = chats::StartChatRequest {
        name: "Vera".into(),
        email: "vera@example.org".into(),
        ..Default::default()
    };
    assert_eq!(visitor.start(first).await.unwrap().last_seq, 0);
    let second = visitor.start_chat("again").await;
    let customer = second.customer.unwrap();
    assert_eq!((customer.name.as_str(), customer.email.as_str()), ("Vera", "vera@example.org"));
}

async fn the_same_request_id_starts_the_same_chat(world: &World) {
    let visitor = world.visitor().await;
    let request =
        chats::StartChatRequest { request_id: request_id(), text: "Hello".into(), ..Default::default() };
    let answers = join_all((0..3).map(|_| visitor.start(request.clone()))).await;
    let chats: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().chat_id).collect();
    assert!(chats.iter().all(|chat| *chat == chats[0]), "{chats:?}");
    assert_eq!(visitor.start(request.clone()).await.unwrap().chat_id, chats[0]);
    assert_eq!(visitor.chats(0).await.unwrap().len(), 1);
    assert_eq!(visitor.messages(&chats[0]).await.unwrap().len(), 1);
    let other = chats::StartChatRequest { text: "Something else".into(), ..request.clone() };
    refused(visitor.start(other).await, Reason::RequestIdReused);
    let shouted =
        chats::StartChatRequest { request_id: request.request_id.to_uppercase(), ..request.clone() };
    assert_eq!(visitor.start(shouted).await.unwrap().chat_id, chats[0], "an id is the same in either case");
    // The first message has the chat's request id, in the space of ids that messages have for themselves.
    refused(visitor.send_as(&request.request_id, &chats[0], "Hello").await, Reason::RequestIdReused);
    let of_a_message = request_id();
    visitor.send_as(&of_a_message, &chats[0], "More").await.unwrap();
    let third = chats::StartChatRequest { request_id: of_a_message, ..Default::default() };
    refused(visitor.start(third).await, Reason::RequestIdReused);
}

async fn a_visitor_cannot_write_internal_notes(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    refused(visitor.note(&chat, "a note").await, Reason::InternalNoteRefused);
    assert_eq!(visitor.messages(&chat).await.unwrap().len(), 1);
}

async fn visitors_do_not_see_each_other(world: &World) {
    let (vera, will) = (world.visitor().await, world.visitor().await);
    let mut will_ears = will.listen().await;
    let hers = vera.start_chat("HERS").await.chat_id;
    refused(will.chat(&hers).await, Reason::NotFound);
    refused(will.send(&hers, "hi").await, Reason::NotFound);
    refused(will.messages(&hers).await, Reason::NotFound);
    refused(will.mark_read(&hers, 1).await, Reason::NotFound);
    refused(will.close(&hers, "").await, Reason::NotFound);
    refused(will.typing(&hers, true).await, Reason::NotFound);
    let his = will.start_chat("his").await;
    will_ears.message("his").await;
    assert!(!will_ears.transcript().contains(&hers));
    assert_eq!(will.chats(0).await.unwrap(), [will.chat(&his.chat_id).await.unwrap()]);
    assert!(!format!("{:?}", will.log("").await.unwrap()).contains(&hers));
}

async fn typing_is_heard_by_the_others_and_kept_nowhere(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let stranger = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    agent.claim(&chat).await.unwrap();
    let (mut agent_ears, mut visitor_ears) = (agent.listen().await, visitor.listen().await);
    let stranger_ears = stranger.listen().await;
    visitor.typing(&chat, true).await.unwrap();
    let heard = agent_ears.typing().await;
    assert!(heard.typing);
    assert_eq!(
        (heard.chat_id.as_str(), heard.sender.unwrap().id.as_str()),
        (chat.as_str(), visitor.visitor_id.as_str())
    );
    agent.typing(&chat, true).await.unwrap();
    assert_eq!(visitor_ears.typing().await.sender.unwrap().id, agent.member_id());
    // Whoever writes is not told so: the first thing the visitor heard was the agent.
    visitor.send(&chat, "written").await.unwrap();
    agent_ears.message("written").await;
    visitor_ears.message("written").await;
    assert!(!stranger_ears.transcript().contains("Typing"));
    assert!(!format!("{:?}", agent.log("").await.unwrap()).contains("Typing"));
}

async fn read_marks_only_move_forward(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("1").await.chat_id;
    for text in ["2", "3", "4"] {
        agent.send(&chat, text).await.unwrap();
    }
    let mut agent_ears = agent.listen().await;
    assert_eq!(visitor.mark_read(&chat, 3).await.unwrap(), 3);
    let read = agent_ears
        .event("the read mark", |body| match body {
            Body::MessagesRead(read) => Some(read.clone()),
            _ => None,
        })
        .await;
    assert_eq!((read.seq, read.reader.unwrap().id.as_str()), (3, visitor.visitor_id.as_str()));
    assert_eq!(visitor.mark_read(&chat, 2).await.unwrap(), 3, "a lower number changes nothing");
    assert_eq!(visitor.mark_read(&chat, 3).await.unwrap(), 3);
    refused(visitor.mark_read(&chat, 5).await, Reason::SeqBeyondEnd);
    assert_eq!(visitor.mark_read(&chat, 4).await.unwrap(), 4);
    assert_eq!(agent.mark_read(&chat, 1).await.unwrap(), 1);
    let seen = agent.chat(&chat).await.unwrap();
    assert_eq!((seen.customer_read_seq, seen.staff_read_seq), (4, 1));
    let next = agent_ears
        .event("the next read mark", |body| match body {
            Body::MessagesRead(read) => Some(read.seq),
            _ => None,
        })
        .await;
    assert_eq!(next, 4, "a mark that did not move is no event");
}
