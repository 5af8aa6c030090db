//! Lists: pages without a gap or a repeat, filters, and text as it was written.

use std::slice::from_ref;

use rapport_tests::proto::chats::v1 as chats;
use rapport_tests::proto::chats::v1::ChatState;
use rapport_tests::world::World;

use crate::conversation::seqs;

on_both![
    chats_are_paged_newest_first_without_a_gap_or_a_repeat,
    chats_are_filtered_by_state_assignee_department_and_customer,
    messages_are_paged_up_and_down_in_ascending_order,
    text_comes_back_as_it_was_written,
];

async fn chats_are_paged_newest_first_without_a_gap_or_a_repeat(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let mut newest_first = Vec::new();
    for number in 0..7 {
        newest_first.insert(0, visitor.start_chat(&number.to_string()).await.chat_id);
    }
    let ids = |chats: Vec<chats::Chat>| chats.into_iter().map(|chat| chat.chat_id).collect::<Vec<_>>();
    for size in [1, 2, 3, 7, 200, 4_000_000_000] {
        assert_eq!(ids(visitor.chats(size).await.unwrap()), newest_first, "pages of {size}");
        assert_eq!(ids(agent.chats(size).await.unwrap()), newest_first, "pages of {size}");
    }
    // A chat that is new while the pages are read does not disturb those behind it.
    let page = agent
        .client
        .list_chats(chats::ListChatsRequest { page_size: 3, ..Default::default() })
        .await
        .unwrap();
    visitor.start_chat("new").await;
    let rest =
        chats::ListChatsRequest { page_size: 200, page_token: page.next_page_token, ..Default::default() };
    let rest = agent.client.list_chats(rest).await.unwrap();
    assert_eq!([ids(page.chats), ids(rest.chats)].concat(), newest_first);
}

async fn chats_are_filtered_by_state_assignee_department_and_customer(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let sales = world.department("Sales", &[&ada, &ben]).await.department_id;
    let (vera, will) = (world.visitor().await, world.visitor().await);
    let waiting = vera.start_chat("waiting").await;
    let active = vera.start_chat("active").await.chat_id;
    ada.claim(&active).await.unwrap();
    let closed = will.start_chat_with(&sales, "closed").await.chat_id;
    ben.claim(&closed).await.unwrap();
    ben.close(&closed, "").await.unwrap();
    let list = async |request: chats::ListChatsRequest| {
        let listed = ada.client.list_chats(request).await.unwrap().chats;
        listed.into_iter().map(|chat| chat.chat_id).collect::<Vec<_>>()
    };
    let all = chats::ListChatsRequest::default;
    assert_eq!(
        list(chats::ListChatsRequest { states: vec![ChatState::Waiting.into()], ..all() }).await,
        *from_ref(&waiting.chat_id)
    );
    let open = vec![ChatState::Active.into(), ChatState::Waiting.into()];
    assert_eq!(
        list(chats::ListChatsRequest { states: open, ..all() }).await,
        [active.clone(), waiting.chat_id.clone()]
    );
    assert_eq!(
        list(chats::ListChatsRequest { assignee_id: ben.member_id().into(), ..all() }).await,
        *from_ref(&closed)
    );
    assert_eq!(list(chats::ListChatsRequest { department_id: sales, ..all() }).await, [closed]);
    let customer_id = waiting.customer.unwrap().customer_id;
    let hers = chats::ListChatsRequest { customer_id, assignee_id: ada.member_id().into(), ..all() };
    assert_eq!(list(hers).await, [active], "filters combine");
}

async fn messages_are_paged_up_and_down_in_ascending_order(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    for number in 2..=9 {
        visitor.send(&chat, &number.to_string()).await.unwrap();
    }
    let pages = async |mut request: chats::ListMessagesRequest| {
        let mut pages = Vec::new();
        loop {
            let page = visitor.client.list_messages(request.clone()).await.unwrap();
            pages.push(seqs(&page.messages));
            if page.next_page_token.is_empty() {
                return pages;
            }
            request.page_token = page.next_page_token;
        }
    };
    let of = |after_seq, before_seq, page_size| chats::ListMessagesRequest {
        chat_id: chat.clone(),
        after_seq,
        before_seq,
        page_size,
        ..Default::default()
    };
    assert_eq!(pages(of(0, 0, 4)).await.concat(), (1..=9).collect::<Vec<_>>());
    assert_eq!(pages(of(3, 0, 4)).await.concat(), [4, 5, 6, 7, 8, 9]);
    let down = pages(of(0, 9, 3)).await;
    assert_eq!(down[..2], [vec![6, 7, 8], vec![3, 4, 5]], "the nearest first, each page in ascending order");
    assert_eq!(down.concat().len(), 8);
    assert_eq!(pages(of(2, 6, 10)).await.concat(), [3, 4, 5]);
    assert_eq!(pages(of(9, 0, 10)).await.concat(), Vec::<u32>::new());
}

async fn text_comes_back_as_it_was_written(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("x").await.chat_id;
    let mut ears = visitor.listen().await;
    let texts = [
        " leading and trailing ".to_owned(),
        "<script>alert(1)</script> & \"quotes\" '; DROP TABLE messages; --".to_owned(),
        "emoji 👩‍👩‍👧‍👦, Thai ภาษาไทย, RTL \u{202e}abc, combining e\u{301}, line\nbreak\r\n, tab\t, \u{feff}BOM"
            .to_owned(),
        "%s %00 \\u0000 \u{1} \u{7f}".to_owned(),
        "𝕏".repeat(8_000),
    ];
    for text in texts {
        let sent = visitor.send(&chat, &text).await.unwrap();
        assert_eq!(sent.text, text);
        assert_eq!(ears.message(&text).await, sent);
    }
    let listed = visitor.messages(&chat).await.unwrap();
    assert_eq!(&listed[1..], ears.messages(), "what is listed is what was heard");
}
