//! Coming back: whoever names the last place they saw gets everything after it, once and in order.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use rapport_tests::client::{Error, Item, SubscribeOptions, request_id};
use rapport_tests::cut::Relay;
use rapport_tests::expect::refused;
use rapport_tests::proto::chats::v1 as chats;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::event_service_client::EventServiceClient;
use rapport_tests::proto::events::v1::{
    Event, EventType, LoggedEvent, ReadRequest, ResetCause, SubscribeRequest, subscribe_response,
};
use rapport_tests::wait::PATIENCE;
use rapport_tests::world::{Shape, Wishes, World};
use tonic::transport::Endpoint;

on_all![
    from_any_place_the_rest_of_the_log_comes_once_and_in_order_and_then_a_checkpoint,
    a_cut_connection_costs_no_event_and_repeats_none,
    three_copies_of_one_send_are_one_message_and_one_event,
];

on_both![
    a_stream_without_a_cursor_begins_now,
    a_cursor_survives_a_restart_and_the_stream_mends_itself,
    a_server_that_goes_in_good_order_says_so_and_finishes_what_it_began,
    a_stream_gives_what_its_filters_let_through,
    a_cursor_of_another_workspace_is_refused,
    reading_page_by_page_gives_what_the_stream_gives,
    a_reader_that_stands_still_is_cut_off_delays_nobody_and_catches_up with Wishes::default().env("RAPPORT_LIMITS__SLOW_READER_MS", "300"),
    a_session_holds_so_many_streams_and_no_more,
    senders_at_once_fill_a_chat_without_a_gap,
];

fn from(cursor: &str) -> SubscribeOptions {
    SubscribeOptions { cursor: Some(cursor.to_owned()), ..Default::default() }
}

async fn from_any_place_the_rest_of_the_log_comes_once_and_in_order_and_then_a_checkpoint(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("0").await.chat_id;
    agent.claim(&chat).await.unwrap();
    for number in 1..=12 {
        agent.send(&chat, &number.to_string()).await.unwrap();
        agent.note(&chat, "a note").await.unwrap();
    }
    visitor.mark_read(&chat, 3).await.unwrap();
    for who in [&*agent, &*visitor, &*world.owner] {
        let log: Vec<(String, Event)> =
            who.log("").await.unwrap().into_iter().map(|item| (item.cursor, item.event.unwrap())).collect();
        assert!(log.len() > 12);
        let mut unique: Vec<_> = log.iter().map(|(cursor, _)| cursor).collect();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), log.len(), "no two events have one cursor");
        for seen in [0, 1, log.len() / 2, log.len() - 1] {
            let mut ears = who.listen_to(from(&log[seen].0)).await;
            ears.next_matching("the checkpoint after the replay", PATIENCE, |item| {
                matches!(item, Item::Checkpoint { .. }).then_some(())
            })
            .await;
            assert_eq!(ears.events(), log[seen + 1..], "after event {seen} of {}", log.len());
        }
    }
}

async fn a_cut_connection_costs_no_event_and_repeats_none(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let relay = Relay::to(world.core().grpc()).await;
    let mut ears = world.owner.through(&relay.endpoint()).listen().await;
    for round in 1..=30 {
        visitor.send(&chat, &format!("before {round}")).await.unwrap();
        relay.cut();
        visitor.send(&chat, &format!("after {round}")).await.unwrap();
    }
    ears.message("after 30").await;
    let heard: Vec<_> = ears.messages().into_iter().map(|message| message.seq).collect();
    assert_eq!(heard, (2..=61).collect::<Vec<_>>());
}

async fn three_copies_of_one_send_are_one_message_and_one_event(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let mut ears = visitor.listen().await;
    let mut everywhere = Vec::new();
    for core in world.cores() {
        everywhere.push(visitor.through(&core.endpoint()).await);
    }
    let mut ids = Vec::new();
    for round in 0..20 {
        let id = request_id();
        let text = format!("round {round}");
        let copies = (0..3).map(|copy| everywhere[copy % everywhere.len()].send_as(&id, &chat, &text));
        let answers: Vec<_> = join_all(copies).await.into_iter().map(Result::unwrap).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        ids.push((id, answers[0].clone()));
    }
    visitor.send(&chat, "the end").await.unwrap();
    ears.message("the end").await;
    let heard: Vec<_> = ears.messages().iter().map(|message| message.seq).collect();
    assert_eq!(heard, (2..=22).collect::<Vec<_>>());
    for core in world.cores() {
        core.restart().await;
    }
    for (round, (id, answer)) in ids.iter().enumerate() {
        let again = everywhere[round % everywhere.len()].send_as(id, &chat, &answer.text).await.unwrap();
        assert_eq!(again, *answer, "the same after a restart");
    }
    assert_eq!(visitor.messages(&chat).await.unwrap().len(), 22);
}

async fn a_stream_without_a_cursor_begins_now(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("before").await.chat_id;
    let mut ears = visitor.listen().await;
    assert!(matches!(ears.items()[0], Item::Checkpoint { .. }), "{:?}", ears.items());
    visitor.send(&chat, "after").await.unwrap();
    ears.message("after").await;
    assert_eq!(ears.events().len(), 1);
}

async fn a_cursor_survives_a_restart_and_the_stream_mends_itself(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("1").await.chat_id;
    let mut ears = agent.listen().await;
    for number in 2..=6 {
        visitor.send(&chat, &number.to_string()).await.unwrap();
        if number % 2 == 0 {
            world.core().restart().await;
        }
    }
    ears.message("6").await;
    let heard: Vec<_> = ears.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(heard, ["2", "3", "4", "5", "6"]);
}

async fn a_server_that_goes_in_good_order_says_so_and_finishes_what_it_began(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let token = visitor.visit().await.access_token;
    let raw = world.raw(Some(&token));
    let mut events = EventServiceClient::new(raw.channel());
    let mut stream = events.subscribe(raw.request(SubscribeRequest::default())).await.unwrap().into_inner();
    stream.message().await.unwrap().expect("a stream begins with an item");
    let sending: Vec<_> = (0..20)
        .map(|number| {
            let (visitor, chat) = (visitor.clone(), chat.clone());
            tokio::spawn(async move {
                visitor
                    .client
                    .with_deadline(Duration::from_secs(2))
                    .send_message(chats::SendMessageRequest {
                        chat_id: chat,
                        request_id: request_id(),
                        text: number.to_string(),
                        internal: false,
                    })
                    .await
            })
        })
        .collect();
    let status = world.core().terminate().await;
    assert!(status.success(), "{status}");
    let end = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a stream that ends says why"),
            Err(status) => break Error::from(status),
        }
    };
    refused(Err::<(), _>(end), Reason::ShuttingDown);
    let answers = join_all(sending).await;
    world.core().restart().await;
    let stored: Vec<_> =
        visitor.messages(&chat).await.unwrap().into_iter().map(|message| message.message_id).collect();
    for answer in answers.into_iter().map(Result::unwrap) {
        match answer {
            Ok(sent) => {
                assert!(stored.contains(&sent.message.unwrap().message_id), "what was acknowledged is there");
            }
            Err(error) => assert!(error.is_unknown(), "{error:?}"),
        }
    }
}

async fn a_stream_gives_what_its_filters_let_through(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let one = visitor.start_chat("one").await.chat_id;
    let two = visitor.start_chat("two").await.chat_id;
    let beginning = agent.log("").await.unwrap()[0].cursor.clone();
    let of_one = SubscribeOptions { chat_ids: vec![one.clone()], ..from(&beginning) };
    let messages = SubscribeOptions { types: vec![EventType::MessageSent], ..from(&beginning) };
    let both = SubscribeOptions {
        types: vec![EventType::ChatUpdated],
        chat_ids: vec![two.clone()],
        ..from(&beginning)
    };
    let (mut of_one, mut messages, mut both) =
        (agent.listen_to(of_one).await, agent.listen_to(messages).await, agent.listen_to(both).await);
    agent.claim(&one).await.unwrap();
    agent.claim(&two).await.unwrap();
    visitor.typing(&one, true).await.unwrap();
    assert_eq!(messages.typing().await.chat_id, one, "typing is not limited by the types");
    visitor.typing(&two, true).await.unwrap();
    visitor.send(&one, "one, again").await.unwrap();
    visitor.send(&two, "two, again").await.unwrap();
    agent.close(&two, "").await.unwrap();
    agent.close(&one, "").await.unwrap();
    let closed = |item: &Item| match item {
        Item::Event { event, .. } => format!("{event:?}").contains("closed_at: Some").then_some(()),
        _ => None,
    };
    of_one.next_matching("the close of one", PATIENCE, closed).await;
    both.next_matching("the close of two", PATIENCE, closed).await;
    messages.message("two, again").await;
    assert!(!of_one.transcript().contains(&two), "typing in another chat is not heard either");
    assert!(!both.transcript().contains(&one));
    assert_eq!(both.events().len(), 3, "started, claimed, closed");
    let heard: Vec<_> = messages.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(heard, ["one", "two", "one, again", "two, again"]);
    assert_eq!(messages.events().len(), 4);
}

async fn a_cursor_of_another_workspace_is_refused(world: &World) {
    let elsewhere = world.another_workspace("globex").await;
    let (here, there) = (world.visitor().await, elsewhere.visitor().await);
    here.start_chat("here").await;
    there.start_chat("there").await;
    let foreign = here.log("").await.unwrap()[0].cursor.clone();
    refused(there.log(&foreign).await, Reason::CursorInvalid);
    refused(elsewhere.owner.log(&foreign).await, Reason::CursorInvalid);
    let mut ears = there.listen_to(from(&foreign)).await;
    refused(Err::<(), _>(ears.end(PATIENCE).await), Reason::CursorInvalid);
    // Within a workspace a cursor is the same text for every reader of the same event.
    let of_message = |log: Vec<LoggedEvent>| {
        log.into_iter()
            .find(|item| item.event.as_ref().unwrap().r#type() == EventType::MessageSent)
            .unwrap()
            .cursor
    };
    let (as_owner, as_visitor) = (world.owner.log("").await.unwrap(), here.log("").await.unwrap());
    assert_eq!(of_message(as_owner), of_message(as_visitor));
}

async fn reading_page_by_page_gives_what_the_stream_gives(world: &World) {
    let visitor = world.visitor().await;
    let beginning = visitor.listen().await;
    let chat = visitor.start_chat("0").await.chat_id;
    for number in 1..=7 {
        visitor.send(&chat, &number.to_string()).await.unwrap();
    }
    let mut beginning = beginning;
    beginning.message("7").await;
    let streamed = beginning.events();
    for page_size in [1, 2, 3, 200] {
        let mut request = ReadRequest { page_size, ..Default::default() };
        let mut read = Vec::new();
        loop {
            let page = visitor.client.read(request.clone()).await.unwrap();
            assert!(page.items.len() <= usize::try_from(page_size).unwrap());
            read.extend(page.items.into_iter().map(|item| (item.cursor, item.event.unwrap())));
            request.cursor = page.cursor;
            if page.at_end {
                break;
            }
        }
        assert_eq!(read, streamed, "pages of {page_size}");
    }
}

async fn a_reader_that_stands_still_is_cut_off_delays_nobody_and_catches_up(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("0").await.chat_id;
    let mut neighbour = visitor.listen().await;
    // Small windows, so that what the reader does not take stays with the server.
    let channel = Endpoint::from_shared(world.core().endpoint())
        .unwrap()
        .initial_stream_window_size(65_535)
        .initial_connection_window_size(65_535)
        .connect_lazy();
    let mut events = EventServiceClient::new(channel);
    let raw = world.raw(Some(&world.owner.sign_in().await.access_token));
    let mut stream = events.subscribe(raw.request(SubscribeRequest::default())).await.unwrap().into_inner();
    let mut cursor = stream.message().await.unwrap().expect("a stream begins with an item").cursor;
    let text = "x".repeat(8_000);
    let begun = Instant::now();
    let (mut last, mut slowest) = (1, Duration::ZERO);
    while last < 150 || begun.elapsed() < Duration::from_secs(2) {
        let sending = Instant::now();
        last = visitor.send(&chat, &format!("{last} {text}")[..8_000]).await.unwrap().seq;
        slowest = slowest.max(sending.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "a sender waited {slowest:?} for a reader");
    neighbour
        .next_matching("the last message", PATIENCE, |item| match item {
            Item::Event { event, .. } => {
                format!("{event:?}").contains(&format!("seq: {last},")).then_some(())
            }
            _ => None,
        })
        .await;

    let mut heard = Vec::new();
    let end = loop {
        match stream.message().await {
            Ok(Some(item)) => {
                if let Some(seq) = seq_of(item.item.as_ref()) {
                    heard.push(seq);
                }
                cursor = item.cursor;
            }
            Ok(None) => panic!("a stream that ends says why"),
            Err(status) => break Error::from(status),
        }
    };
    refused(Err::<(), _>(end), Reason::SlowReader);
    assert!(heard.len() < usize::try_from(last).unwrap() - 1, "it was cut off before the end");
    let mut rest = world.owner.client.subscribe(from(&cursor));
    while heard.last() != Some(&last) {
        let Item::Event { event, .. } = rest.next().await.unwrap().unwrap() else { continue };
        heard.extend(seq_of(Some(&subscribe_response::Item::Event(*event))));
    }
    assert_eq!(heard, (2..=last).collect::<Vec<_>>(), "nothing was lost and nothing came twice");
}

async fn a_session_holds_so_many_streams_and_no_more(world: &World) {
    let visitor = world.visitor().await;
    let raw = world.raw(Some(&visitor.visit().await.access_token));
    let mut events = EventServiceClient::new(raw.channel());
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(events.subscribe(raw.request(SubscribeRequest::default())).await.unwrap().into_inner());
    }
    let one_more = events.subscribe(raw.request(SubscribeRequest::default())).await;
    refused(one_more.map(|_| ()).map_err(Error::from), Reason::TooManyStreams);
    drop(open.pop());
    rapport_tests::wait::until("a place is free again", PATIENCE, || async {
        let mut events = EventServiceClient::new(raw.channel());
        events.subscribe(raw.request(SubscribeRequest::default())).await.ok()
    })
    .await;
}

/// Only a file is restored by copying it, so this is for one engine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_from_after_the_copy_that_was_restored_is_answered_with_a_reset() {
    let world = World::boot(Shape::Sqlite).await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    let (data, copy) = (world.core().data_dir().to_owned(), tempfile::tempdir().unwrap());
    world.core().terminate().await;
    copy_files(&data, copy.path());
    world.core().restart().await;
    for number in 2..=5 {
        visitor.send(&chat, &number.to_string()).await.unwrap();
    }
    let cursor = visitor.log("").await.unwrap().pop().unwrap().cursor;
    world.core().terminate().await;
    for entry in fs::read_dir(&data).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    copy_files(copy.path(), &data);
    world.core().restart().await;

    let read = ReadRequest { cursor: cursor.clone(), ..Default::default() };
    let page = visitor.client.read(read).await.unwrap();
    assert_eq!(page.reset.map(|reset| reset.cause()), Some(ResetCause::Restored));
    assert!(page.items.is_empty());
    // The numbers it stands for are taken by other events by now: it is still told from them, wherever it points.
    for number in 2..=9 {
        visitor.send(&chat, &format!("other {number}")).await.unwrap();
    }
    let mut ears = visitor.listen_to(from(&cursor)).await;
    assert!(matches!(ears.items()[0], Item::Reset { cause: ResetCause::Restored, .. }), "{:?}", ears.items());
    visitor.send(&chat, "goes on").await.unwrap();
    assert_eq!(ears.message("goes on").await.seq, 10);
    assert_eq!(ears.messages().len(), 1);
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

async fn senders_at_once_fill_a_chat_without_a_gap(world: &World) {
    let mut senders = vec![(*world.owner).clone()];
    for number in 0..7 {
        senders.push((*world.agent(&format!("Agent {number}")).await).clone());
    }
    let visitor = world.visitor().await;
    let chats = [visitor.start_chat("0").await.chat_id, visitor.start_chat("0").await.chat_id];
    let mut ears = world.owner.listen().await;
    let sending = senders.iter().map(|sender| async {
        for number in 0..25_usize {
            sender.send(&chats[number % 2], "x").await.unwrap();
        }
    });
    join_all(sending).await;
    for chat in &chats {
        visitor.send(chat, "the end").await.unwrap();
        ears.message("the end").await;
    }
    let mut heard: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for message in ears.messages() {
        heard.entry(message.chat_id).or_default().push(message.seq);
    }
    for chat in &chats {
        let stored: Vec<_> =
            visitor.messages(chat).await.unwrap().iter().map(|message| message.seq).collect();
        assert_eq!(stored, (1..=stored.len()).map(|seq| u32::try_from(seq).unwrap()).collect::<Vec<_>>());
        assert_eq!(heard[chat], stored[1..], "heard in the order it is stored in");
    }
}

fn seq_of(item: Option<&subscribe_response::Item>) -> Option<u32> {
    use rapport_tests::proto::events::v1::event::Body;
    match item {
        Some(subscribe_response::Item::Event(Event { body: Some(Body::MessageSent(sent)), .. })) => {
            sent.message.as_ref().map(|message| message.seq)
        }
        _ => None,
    }
}
