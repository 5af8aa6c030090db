//! Pages without a gap or a repeat, and filters.

use rapport_tests::actors::Actor;
use rapport_tests::expect::refused;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::tickets::v1 as tickets;
use rapport_tests::proto::tickets::v1::TicketPriority::{High, Normal};
use rapport_tests::proto::tickets::v1::TicketState::{Closed, New, Open, Pending};
use rapport_tests::world::World;

use super::change;

on_both![
    whoever_lists_tickets_finds_those_they_may_see_and_asked_for,
    comments_are_paged_in_order,
    page_tokens_belong_to_their_list,
];

async fn whoever_lists_tickets_finds_those_they_may_see_and_asked_for(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let sales = world.department("Sales", &[&ada]).await.department_id;
    let support = world.department("Support", &[&ada, &ben]).await.department_id;
    let billing = world.department("Billing", &[&ben]).await.department_id;
    let (vera, will) = (world.visitor().await, world.visitor().await);
    for department in ["", &sales, &support, &billing] {
        for (visitor, assignee) in [(&vera, None), (&will, Some(&ada)), (&vera, Some(&ben))] {
            for (state, priority) in [(None, High), (Some(Pending), Normal), (Some(Closed), High)] {
                let ticket = visitor.ask_department(department, "Help", "Please").await.ticket_id;
                let change = tickets::UpdateTicketRequest {
                    assignee_id: assignee.map(|who| who.member_id().to_owned()),
                    state: state.map(i32::from),
                    priority: Some(priority.into()),
                    ..change()
                };
                world.owner.update_ticket(&ticket, change).await.unwrap();
            }
        }
    }
    let everything = world.owner.tickets(0).await.unwrap();
    assert_eq!(everything.len(), 36);
    let assigned_to =
        |ticket: &tickets::Ticket, id: &str| ticket.assignee.as_ref().is_some_and(|it| it.member_id == id);
    let hers = |ticket: &tickets::Ticket| {
        let department = [String::new(), sales.clone(), support.clone()].contains(&ticket.department_id);
        department || assigned_to(ticket, ada.member_id())
    };
    let own = |ticket: &tickets::Ticket| ticket.requester.as_ref().unwrap().visitor_id == vera.visitor_id;
    let customer_id = everything.iter().find(|it| own(it)).unwrap().requester.clone().unwrap().customer_id;

    let high = i32::from(High);
    let people = [("", "", 0), (&*customer_id, "", 0), ("", &*vera.visitor_id, 0), ("", "", high)];
    let mut asked = Vec::new();
    for states in [vec![], vec![Closed], vec![New, Pending, Open, Pending]] {
        for assignee_id in ["", ada.member_id(), ben.member_id()] {
            for department_id in ["", &sales, &billing] {
                for (customer_id, visitor_id, priority) in people {
                    asked.push(tickets::ListTicketsRequest {
                        states: states.iter().map(|state| i32::from(*state)).collect(),
                        assignee_id: assignee_id.to_owned(),
                        department_id: department_id.to_owned(),
                        customer_id: customer_id.to_owned(),
                        priority,
                        visitor_id: visitor_id.to_owned(),
                        page_size: 5,
                        page_token: String::new(),
                    });
                }
            }
        }
    }
    for request in asked {
        let fits = |ticket: &&tickets::Ticket| {
            (request.states.is_empty() || request.states.contains(&ticket.state))
                && (request.assignee_id.is_empty() || assigned_to(ticket, &request.assignee_id))
                && (request.department_id.is_empty() || ticket.department_id == request.department_id)
                && (request.customer_id.is_empty()
                    || ticket.requester.as_ref().unwrap().customer_id == request.customer_id)
                && (request.visitor_id.is_empty() || own(ticket))
                && (request.priority == 0 || ticket.priority == request.priority)
        };
        let numbers = |seen: &dyn Fn(&tickets::Ticket) -> bool| {
            let fit = everything.iter().filter(fits).filter(|ticket| seen(ticket));
            fit.map(|ticket| ticket.number).collect::<Vec<_>>()
        };
        let cases: [(&str, &Actor, Vec<u32>); 3] = [
            ("the owner", &world.owner, numbers(&|_| true)),
            ("an agent", &ada, numbers(&hers)),
            ("a visitor", &vera, numbers(&own)),
        ];
        for (who, actor, expected) in cases {
            let listed = actor.tickets_of(request.clone()).await.unwrap();
            let listed: Vec<_> = listed.iter().map(|ticket| ticket.number).collect();
            assert_eq!(listed, expected, "{who} asks {request:?}");
        }
    }
}

async fn comments_are_paged_in_order(world: &World) {
    let vera = world.visitor().await;
    let ticket = vera.ask("Help", "1").await.ticket_id;
    for number in 2..=7 {
        vera.comment(&ticket, &number.to_string()).await.unwrap();
    }
    let seqs = |comments: Vec<tickets::Comment>| comments.iter().map(|it| it.seq).collect::<Vec<_>>();
    for size in [1, 2, 3, 7, 4_000_000_000] {
        assert_eq!(
            seqs(vera.comments(&ticket, size).await.unwrap()),
            [1, 2, 3, 4, 5, 6, 7],
            "pages of {size}"
        );
    }
    let of = |after_seq, page_size| tickets::ListCommentsRequest {
        ticket_id: ticket.clone(),
        after_seq,
        page_size,
        ..Default::default()
    };
    assert_eq!(seqs(vera.client.list_comments(of(4, 2)).await.unwrap().comments), [5, 6]);
    assert_eq!(seqs(vera.client.list_comments(of(u32::MAX, 2)).await.unwrap().comments), [0; 0]);
}

async fn page_tokens_belong_to_their_list(world: &World) {
    let (ada, ben, vera) = (world.agent("Ada").await, world.agent("Ben").await, world.visitor().await);
    let ticket = vera.ask("Help", "1").await.ticket_id;
    let other = vera.ask("Help", "1").await.ticket_id;
    vera.comment(&ticket, "2").await.unwrap();
    let list = |page_token: &str| tickets::ListTicketsRequest {
        page_size: 1,
        page_token: page_token.into(),
        ..Default::default()
    };
    let token = ada.client.list_tickets(list("")).await.unwrap().next_page_token;
    assert_eq!(ada.client.list_tickets(list(&token)).await.unwrap().tickets[0].ticket_id, ticket);
    refused(ben.client.list_tickets(list(&token)).await, Reason::PageTokenInvalid);
    refused(vera.client.list_tickets(list(&token)).await, Reason::PageTokenInvalid);
    let filtered = tickets::ListTicketsRequest { priority: Normal.into(), ..list(&token) };
    refused(ada.client.list_tickets(filtered).await, Reason::PageTokenInvalid);
    refused(ada.client.list_tickets(list(&format!("{token}A"))).await, Reason::PageTokenInvalid);
    let comments = |ticket: &str, page_token: &str| tickets::ListCommentsRequest {
        ticket_id: ticket.into(),
        page_size: 1,
        page_token: page_token.into(),
        ..Default::default()
    };
    let token = ada.client.list_comments(comments(&ticket, "")).await.unwrap().next_page_token;
    assert_eq!(ada.client.list_comments(comments(&ticket, &token)).await.unwrap().comments[0].text, "2");
    refused(ada.client.list_comments(comments(&other, &token)).await, Reason::PageTokenInvalid);
    refused(ada.client.list_tickets(list(&token)).await, Reason::PageTokenInvalid);
}
