//! Lists: pages without a gap or a repeat, filters, and text as it was written.

use std::slice::from_ref;

use rapport_tests::client::Client;
use rapport_tests::dynamic::{call, method};
use rapport_tests::proto::chats::v1 as chats;
use rapport_tests::proto::chats::v1::ChatState;
use rapport_tests::proto::tenants::v1 as tenants;
use rapport_tests::web::Web;
use rapport_tests::world::World;
use serde_json::json;

use crate::conversation::seqs;

on_both![
    chats_are_paged_newest_first_without_a_gap_or_a_repeat,
    chats_are_filtered_by_state_assignee_department_and_customer,
    whoever_lists_chats_finds_those_they_may_see_and_asked_for,
    whoever_counts_chats_counts_the_open_ones_they_may_see,
    messages_are_paged_up_and_down_in_ascending_order,
    text_comes_back_as_it_was_written,
    a_transcript_is_the_chat_as_its_reader_may_see_it,
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

async fn whoever_lists_chats_finds_those_they_may_see_and_asked_for(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let sales = world.department("Sales", &[&ada]).await.department_id;
    let support = world.department("Support", &[&ada, &ben]).await.department_id;
    let billing = world.department("Billing", &[&ben]).await.department_id;
    let (vera, will) = (world.visitor().await, world.visitor().await);
    for department in ["", &sales, &support, &billing] {
        for (visitor, assignee) in [(&vera, None), (&will, Some(&ada)), (&vera, Some(&ben))] {
            for close in [false, true] {
                let chat = visitor.start_chat_with(department, "Hello").await.chat_id;
                if let Some(assignee) = assignee {
                    world.owner.transfer_to(&chat, assignee).await.unwrap();
                }
                if close {
                    world.owner.close(&chat, "").await.unwrap();
                }
            }
        }
    }
    let everything = world.owner.chats(0).await.unwrap();
    assert_eq!(everything.len(), 24);
    let assigned_to =
        |chat: &chats::Chat, id: &str| chat.assignee.as_ref().is_some_and(|it| it.member_id == id);
    let hers = |chat: &chats::Chat| {
        let department = [String::new(), sales.clone(), support.clone()].contains(&chat.department_id);
        department || assigned_to(chat, ada.member_id())
    };
    let own = |chat: &chats::Chat| chat.customer.as_ref().unwrap().visitor_id == vera.visitor_id;
    let customer_id = everything.iter().find(|chat| own(chat)).unwrap().customer.clone().unwrap().customer_id;

    let mut asked = Vec::new();
    for states in
        [vec![], vec![ChatState::Closed], vec![ChatState::Waiting, ChatState::Active, ChatState::Waiting]]
    {
        for assignee_id in ["", ada.member_id(), ben.member_id()] {
            for department_id in ["", &sales, &billing] {
                for (customer_id, visitor_id) in [("", ""), (&*customer_id, ""), ("", &*vera.visitor_id)] {
                    asked.push(chats::ListChatsRequest {
                        states: states.iter().map(|state| i32::from(*state)).collect(),
                        assignee_id: assignee_id.to_owned(),
                        department_id: department_id.to_owned(),
                        customer_id: customer_id.to_owned(),
                        visitor_id: visitor_id.to_owned(),
                        page_size: 5,
                        page_token: String::new(),
                    });
                }
            }
        }
    }
    for request in asked {
        let fits = |chat: &&chats::Chat| {
            (request.states.is_empty() || request.states.contains(&chat.state))
                && (request.assignee_id.is_empty() || assigned_to(chat, &request.assignee_id))
                && (request.department_id.is_empty() || chat.department_id == request.department_id)
                && (request.customer_id.is_empty()
                    || chat.customer.as_ref().unwrap().customer_id == request.customer_id)
                && (request.visitor_id.is_empty() || own(chat))
        };
        let ids = |seen: &dyn Fn(&chats::Chat) -> bool| {
            let fit = everything.iter().filter(fits).filter(|chat| seen(chat));
            fit.map(|chat| chat.chat_id.clone()).collect::<Vec<_>>()
        };
        for (who, client, expected) in [
            ("the owner", &world.owner.client, ids(&|_| true)),
            ("an agent", &ada.client, ids(&hers)),
            ("a visitor", &vera.client, ids(&own)),
        ] {
            let (mut request, mut listed) = (request.clone(), Vec::new());
            loop {
                let page = client.list_chats(request.clone()).await.unwrap();
                listed.extend(page.chats.into_iter().map(|chat| chat.chat_id));
                request.page_token = page.next_page_token;
                if request.page_token.is_empty() {
                    break;
                }
            }
            assert_eq!(listed, expected, "{who} asks {request:?}");
        }
    }
}

async fn whoever_counts_chats_counts_the_open_ones_they_may_see(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let vic = world.viewer("Vic").await;
    let sales = world.department("Sales", &[&ada]).await.department_id;
    let support = world.department("Support", &[&ada, &ben]).await.department_id;
    let billing = world.department("Billing", &[&ben]).await.department_id;
    let (vera, will) = (world.visitor().await, world.visitor().await);
    for department in ["", &sales, &support, &billing] {
        for (visitor, assignee) in [(&vera, None), (&will, Some(&ada)), (&vera, Some(&ben))] {
            for close in [false, true] {
                let chat = visitor.start_chat_with(department, "Hello").await.chat_id;
                if let Some(assignee) = assignee {
                    world.owner.transfer_to(&chat, assignee).await.unwrap();
                }
                if close {
                    world.owner.close(&chat, "").await.unwrap();
                }
            }
        }
    }
    let count = async |token: &str| {
        let by_grpc =
            call(&world.raw(Some(token)), method("ChatService.CountChats"), &json!({})).await.unwrap();
        let by_rest = Web::at(&world.edge_url()).bearer(token).get("/v1/chats:count").await;
        assert_eq!(by_rest.good(), by_grpc);
        by_grpc
    };
    let all = json!({"waiting": 4, "active": 8});
    assert_eq!(count(&world.owner.sign_in().await.access_token).await, all);
    assert_eq!(count(&vic.sign_in().await.access_token).await, all);
    // Of no department, of Sales and Support; and of Billing the one that is hers.
    let hers = json!({"waiting": 3, "active": 7, "mine": 4});
    assert_eq!(count(&ada.sign_in().await.access_token).await, hers);
    // Of no department, of Support and Billing; and of Sales the one that is his.
    let his = json!({"waiting": 3, "active": 7, "mine": 4});
    assert_eq!(count(&ben.sign_in().await.access_token).await, his);
    assert_eq!(count(&vera.visit().await.access_token).await, json!({"waiting": 4, "active": 4}));
    assert_eq!(count(&will.visit().await.access_token).await, json!({"active": 4}));
    let elsewhere = world.another_workspace("globex").await;
    assert_eq!(count(&elsewhere.owner.sign_in().await.access_token).await, json!({}));
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

async fn a_transcript_is_the_chat_as_its_reader_may_see_it(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let zone =
        tenants::UpdateTenantRequest { time_zone: Some("Asia/Tokyo".to_owned()), ..Default::default() };
    world.owner.client.update_tenant(zone).await.unwrap();
    let chat = visitor.start_chat("Hello?\nIs anybody there?").await.chat_id;
    agent.claim(&chat).await.unwrap();
    agent.note(&chat, "sounds cross").await.unwrap();
    agent.send(&chat, "Hi!").await.unwrap();
    let transcript = async |client: &Client| {
        let request = chats::GetTranscriptRequest { chat_id: chat.clone() };
        let body = client.get_transcript(request).await.unwrap().body.unwrap();
        assert_eq!(body.content_type, "text/plain; charset=utf-8");
        let text = String::from_utf8(body.data).unwrap();
        // A moment is told to the second, in the workspace's own time.
        let lines = text.lines().map(|line| match line.split_once(" JST") {
            Some((before, after)) if before.len() >= 19 => {
                format!("{}<moment>{after}", &before[..before.len() - 19])
            }
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>()
    };
    let head = ["acme".to_owned(), format!("Chat {chat}"), "Started <moment>".to_owned()];
    let expected = |messages: &[&str]| {
        head.iter().cloned().chain(messages.iter().map(|line| (*line).to_owned())).collect::<Vec<_>>()
    };
    // The visitor has told no name.
    let asked = "[<moment>] Customer";
    assert_eq!(
        transcript(&visitor.client).await,
        expected(&["", asked, "Hello?", "Is anybody there?", "", "[<moment>] Ada", "Hi!"])
    );
    let note = ["", "[<moment>] Ada (internal note)", "sounds cross"];
    let whole =
        [&["", asked, "Hello?", "Is anybody there?"][..], &note, &["", "[<moment>] Ada", "Hi!"]].concat();
    assert_eq!(transcript(&agent.client).await, expected(&whole));
}
