//! What people ask all day, each as the owner, an agent and a visitor do.

use std::time::Duration;

use rapport_proto::{
    chats::v1::{self as chats, ChatState, chat_service_client::ChatServiceClient},
    edge::v1::{AuthorizeRequest, ReplayRequest, edge_service_client::EdgeServiceClient},
    events::v1::{
        ReadRequest, SubscribeRequest, event_service_client::EventServiceClient, subscribe_response::Item,
    },
    tickets::v1::{self as tickets, TicketPriority, TicketState, ticket_service_client::TicketServiceClient},
};

use super::scene::{Scene, by, new_id};

pub(super) async fn ask_everything(scene: &mut Scene) {
    send(scene).await;
    list(scene).await;
    read_pages(scene).await;
    come_back(scene).await;
    assert!(scene.faults.is_empty(), "\n{}", scene.faults.join("\n"));
}

async fn send(scene: &mut Scene) {
    let mut client = ChatServiceClient::new(scene.stack.clone());
    let again = new_id();
    for (what, token, request_id) in [
        ("a visitor sends", scene.visitor.clone(), again.clone()),
        ("the same request comes again", scene.visitor.clone(), again),
        ("an agent of the department sends", scene.agent.clone(), new_id()),
        ("the owner sends", scene.owner.clone(), new_id()),
    ] {
        let request = chats::SendMessageRequest {
            chat_id: scene.chat.chat_id.clone(),
            request_id,
            text: "Hello".to_owned(),
            internal: false,
        };
        client.send_message(by(&token, request)).await.unwrap();
        scene.look(what).await;
    }
}

pub(super) async fn list(scene: &mut Scene) {
    let customer = scene.chat.customer.clone().unwrap();
    let people =
        [("owner", scene.owner.clone()), ("agent", scene.agent.clone()), ("visitor", scene.visitor.clone())];
    let all = chats::ListChatsRequest::default;
    let agent_id = scene.agent_id();
    let asked = [
        all(),
        chats::ListChatsRequest { states: vec![ChatState::Waiting.into()], ..all() },
        chats::ListChatsRequest { states: vec![ChatState::Active.into(), ChatState::Closed.into()], ..all() },
        chats::ListChatsRequest { department_id: scene.department.clone(), ..all() },
        chats::ListChatsRequest {
            assignee_id: agent_id.clone(),
            states: vec![ChatState::Closed.into()],
            ..all()
        },
        chats::ListChatsRequest { customer_id: customer.customer_id.clone(), ..all() },
        chats::ListChatsRequest { visitor_id: customer.visitor_id.clone(), ..all() },
    ];
    let mut client = ChatServiceClient::new(scene.stack.clone());
    for request in asked {
        for (who, token) in &people {
            let mut request = chats::ListChatsRequest { page_size: 1, ..request.clone() };
            let page = client.list_chats(by(token, request.clone())).await.unwrap().into_inner();
            scene.look(&format!("the {who} lists {request:?}")).await;
            if !page.next_page_token.is_empty() {
                request =
                    chats::ListChatsRequest { page_size: 50, page_token: page.next_page_token, ..request };
                client.list_chats(by(token, request.clone())).await.unwrap();
                scene.look(&format!("the {who} goes on with {request:?}")).await;
            }
        }
    }
    let all = tickets::ListTicketsRequest::default;
    let asked = [
        all(),
        tickets::ListTicketsRequest { states: vec![TicketState::Open.into()], ..all() },
        tickets::ListTicketsRequest { department_id: scene.department.clone(), ..all() },
        tickets::ListTicketsRequest { assignee_id: agent_id, ..all() },
        tickets::ListTicketsRequest { customer_id: customer.customer_id, ..all() },
        tickets::ListTicketsRequest { visitor_id: customer.visitor_id, ..all() },
        tickets::ListTicketsRequest { priority: TicketPriority::Normal.into(), ..all() },
    ];
    let mut client = TicketServiceClient::new(scene.stack.clone());
    for request in asked {
        for (who, token) in &people {
            let request = tickets::ListTicketsRequest { page_size: 50, ..request.clone() };
            // Of a priority an agent's ways are walked: no index leads with both, and that is said where lists are made.
            if *who == "agent" && request.priority != 0 {
                continue;
            }
            client.list_tickets(by(token, request.clone())).await.unwrap();
            scene.look(&format!("the {who} lists {request:?}")).await;
        }
    }
}

async fn read_pages(scene: &mut Scene) {
    let mut client = ChatServiceClient::new(scene.stack.clone());
    for token in [scene.owner.clone(), scene.agent.clone(), scene.visitor.clone()] {
        let chat_id = scene.chat.chat_id.clone();
        client.get_chat(by(&token, chats::GetChatRequest { chat_id: chat_id.clone() })).await.unwrap();
        scene.look("a chat").await;
        for (after_seq, before_seq) in [(0, 0), (2, 0), (0, 2_000_000_000), (0, 3)] {
            let request = chats::ListMessagesRequest {
                chat_id: chat_id.clone(),
                after_seq,
                before_seq,
                page_size: 2,
                page_token: String::new(),
            };
            let page = client.list_messages(by(&token, request.clone())).await.unwrap().into_inner();
            scene.look(&format!("{request:?}")).await;
            if !page.next_page_token.is_empty() {
                let request =
                    chats::ListMessagesRequest { page_size: 50, page_token: page.next_page_token, ..request };
                client.list_messages(by(&token, request)).await.unwrap();
                scene.look("the next page of messages").await;
            }
        }
        let ticket_id = scene.ticket.ticket_id.clone();
        let request = tickets::ListCommentsRequest { ticket_id, page_size: 50, ..Default::default() };
        TicketServiceClient::new(scene.stack.clone()).list_comments(by(&token, request)).await.unwrap();
        scene.look("comments").await;
    }
}

async fn come_back(scene: &mut Scene) {
    let mut events = EventServiceClient::new(scene.stack.clone());
    let mut edge = EdgeServiceClient::new(scene.stack.clone());
    for (who, token) in
        [("owner", scene.owner.clone()), ("agent", scene.agent.clone()), ("visitor", scene.visitor.clone())]
    {
        let page = ReadRequest { page_size: 1, ..Default::default() };
        let page = events.read(by(&token, page)).await.unwrap().into_inner();
        scene.look(&format!("the {who} reads the log")).await;
        let from = SubscribeRequest { cursor: page.cursor.clone(), ..Default::default() };
        let mut stream = events.subscribe(by(&token, from)).await.unwrap().into_inner();
        loop {
            let item = stream.message().await.unwrap().unwrap().item.unwrap();
            if let Item::Checkpoint(_) = item {
                break;
            }
        }
        scene.look(&format!("the {who}'s stream comes back")).await;
        // What other cores may have added is looked for as long as somebody listens.
        let heard = async {
            while !scene.noted.0.lock().iter().any(|statement| statement.sql.contains("from tenants t")) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), heard).await.unwrap();
        scene.look("the ends of the logs").await;
        drop(stream);
        // Where nobody listens any more the end of the log is not known without asking.
        let tenant = scene.tenant();
        let forgotten = async {
            while scene.app.feeds.last(tenant).is_some() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), forgotten).await.unwrap();

        let request = AuthorizeRequest { access_token: token, cursor: page.cursor, ..Default::default() };
        let session = edge.authorize(request).await.unwrap().into_inner();
        scene.look(&format!("the {who}'s socket comes back")).await;
        let request = ReplayRequest {
            tenant_id: session.tenant_id,
            principals: session.principals,
            after: u64::try_from(session.place).unwrap(),
            upto: u64::try_from(session.end).unwrap(),
        };
        edge.replay(request).await.unwrap();
        scene.look(&format!("what the {who} missed")).await;
    }
}
