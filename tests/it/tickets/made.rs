//! Who makes a ticket for whom, and how often.

use futures_util::future::join_all;
use rapport_tests::actors::Actor;
use rapport_tests::client::request_id;
use rapport_tests::expect::{invalid, refused};
use rapport_tests::ids;
use rapport_tests::proto::chats::v1::Customer;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::EventType;
use rapport_tests::proto::tickets::v1 as tickets;
use rapport_tests::proto::tickets::v1::TicketPriority::{self, High};
use rapport_tests::proto::tickets::v1::TicketState::{self, Closed, New};
use rapport_tests::world::World;

use super::{by_name, change, comments, heard};

on_all![numbers_have_no_gap_however_many_tickets_are_made_at_once,];

on_both![
    a_visitor_makes_tickets_for_themselves_alone,
    a_member_makes_a_ticket_for_somebody_in_one_of_three_ways,
    tickets_come_from_a_chat,
    a_request_id_makes_one_ticket_and_one_comment,
    limits_hold,
];

async fn numbers_have_no_gap_however_many_tickets_are_made_at_once(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let (vera, will) = (world.visitor().await, world.visitor().await);
    let people: [&Actor; 4] = [&ada, &ben, &vera, &will];
    // Refused ones on the way take no number.
    let nowhere =
        tickets::CreateTicketRequest { department_id: ids::random("department"), ..by_name("Vera") };
    let refusals = join_all((0..20).map(|n| people[n % 4].create_ticket(nowhere.clone())));
    let made = join_all((0..20).map(|n| people[n % 4].create_ticket(by_name("Vera"))));
    let (refusals, made) = tokio::join!(refusals, made);
    for refusal in refusals {
        refused(refusal, Reason::NotFound);
    }
    let mut numbers: Vec<_> = made.into_iter().map(|ticket| ticket.unwrap().number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    let listed: Vec<_> = world.owner.tickets(7).await.unwrap().iter().map(|ticket| ticket.number).collect();
    assert_eq!(listed, (1..=20).rev().collect::<Vec<_>>(), "the highest first");
    let globex = world.another_workspace("globex").await;
    assert_eq!(globex.visitor().await.ask("Help", "Please").await.number, 1, "each workspace has its own");

    let ticket = world.owner.tickets(1).await.unwrap()[0].ticket_id.clone();
    let written = join_all((0..20).map(|n| [&ada, &ben][n % 2].comment(&ticket, "me too"))).await;
    let mut seqs: Vec<_> = written.into_iter().map(|comment| comment.unwrap().seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (2..=21).collect::<Vec<_>>());
}

async fn a_visitor_makes_tickets_for_themselves_alone(world: &World) {
    let (ada, vera, will) = (world.agent("Ada").await, world.visitor().await, world.visitor().await);
    let request = tickets::CreateTicketRequest { email: "vera@example.org".into(), ..by_name("Vera") };
    let ticket = vera.create_ticket(request.clone()).await.unwrap();
    let requester = ticket.requester.clone().unwrap();
    assert_eq!(
        (requester.visitor_id.as_str(), requester.name.as_str(), requester.email.as_str()),
        (vera.visitor_id.as_str(), "Vera", "vera@example.org")
    );
    let second = vera.ask("Another", "Please").await;
    assert_eq!(second.requester, Some(requester.clone()), "what is not said anew is kept");
    let tagged = tickets::UpdateTicketRequest { add_tags: vec!["difficult".into()], ..change() };
    let tagged = ada.update_ticket(&ticket.ticket_id, tagged).await.unwrap();
    assert_eq!(tagged.tags, ["difficult"]);
    let shown = vera.ticket(&ticket.ticket_id).await.unwrap();
    assert_eq!(shown, tickets::Ticket { tags: vec![], ..tagged }, "the staff's words are the staff's");
    assert_eq!(vera.tickets(1).await.unwrap(), [second, shown]);

    let of = |request: tickets::CreateTicketRequest| vera.create_ticket(request);
    let customer_id = requester.customer_id.clone();
    invalid(of(tickets::CreateTicketRequest { customer_id, ..by_name("") }).await, &["customerId"]);
    invalid(of(tickets::CreateTicketRequest { priority: High.into(), ..by_name("") }).await, &["priority"]);
    invalid(of(tickets::CreateTicketRequest { tags: vec!["x".into()], ..by_name("") }).await, &["tags"]);
    refused(will.ticket(&ticket.ticket_id).await, Reason::NotFound);
    refused(will.comments(&ticket.ticket_id, 0).await, Reason::NotFound);
    refused(will.comment(&ticket.ticket_id, "mine too").await, Reason::NotFound);
    assert_eq!(will.tickets(0).await.unwrap(), []);
    let theirs =
        tickets::UpdateTicketRequest { ticket_id: ticket.ticket_id, state: Some(Closed.into()), ..change() };
    refused(vera.client.update_ticket(theirs).await, Reason::PermissionMissing);
    let viewer = world.viewer("Vic").await;
    assert_eq!(viewer.tickets(0).await.unwrap().len(), 2);
    refused(viewer.create_ticket(by_name("Vera")).await, Reason::PermissionMissing);
    refused(
        viewer.comment(&viewer.tickets(0).await.unwrap()[0].ticket_id, "x").await,
        Reason::PermissionMissing,
    );
}

async fn a_member_makes_a_ticket_for_somebody_in_one_of_three_ways(world: &World) {
    let (ada, vera) = (world.agent("Ada").await, world.visitor().await);
    let chat = vera.start_chat("Hello").await;
    let (chat_id, customer) = (chat.chat_id, chat.customer.unwrap());
    let of = |request: tickets::CreateTicketRequest| ada.create_ticket(request);
    let empty = || by_name("");
    let customer_id = || customer.customer_id.clone();
    let known = of(tickets::CreateTicketRequest { customer_id: customer_id(), ..empty() }).await.unwrap();
    assert_eq!(known.requester, Some(customer.clone()));
    assert_eq!(vera.tickets(0).await.unwrap(), [known], "the customer sees what is made for them");
    let (one, two) = (of(by_name("Will")).await.unwrap(), of(by_name("Will")).await.unwrap());
    assert_ne!(one.requester, two.requester, "a name is no identity");
    let mail = tickets::CreateTicketRequest { email: "x@example.org".into(), ..empty() };
    assert_eq!(of(mail).await.unwrap().requester.unwrap().email, "x@example.org");

    invalid(of(empty()).await, &["customerId"]);
    invalid(of(by_name("  ")).await, &["customerId"]);
    let both = tickets::CreateTicketRequest { customer_id: customer_id(), ..by_name("Vera") };
    invalid(of(both).await, &["customerId"]);
    let both =
        tickets::CreateTicketRequest { chat_id: chat_id.clone(), customer_id: customer_id(), ..empty() };
    invalid(of(both).await, &["chatId"]);
    let both = tickets::CreateTicketRequest { chat_id, ..by_name("Vera") };
    invalid(of(both).await, &["chatId"]);
    let nobody = tickets::CreateTicketRequest { customer_id: ids::random("customer"), ..empty() };
    refused(of(nobody).await, Reason::NotFound);
    let nowhere =
        tickets::CreateTicketRequest { department_id: ids::random("department"), ..by_name("Vera") };
    refused(of(nowhere).await, Reason::NotFound);
    assert_eq!(ada.tickets(0).await.unwrap().len(), 4, "what was refused has made nothing");
}

async fn tickets_come_from_a_chat(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let (sales, support) = (
        world.department("Sales", &[&ada]).await.department_id,
        world.department("Support", &[&ada]).await.department_id,
    );
    let (vera, will) = (world.visitor().await, world.visitor().await);
    let chat = vera.start_chat_with(&sales, "Hello").await;
    let from = || tickets::CreateTicketRequest { chat_id: chat.chat_id.clone(), ..by_name("") };
    let first = ada.create_ticket(from()).await.unwrap();
    assert_eq!((&first.chat_id, &first.department_id), (&chat.chat_id, &sales));
    assert_eq!(first.requester, chat.customer);
    let second = tickets::CreateTicketRequest { department_id: support.clone(), ..from() };
    let second = ada.create_ticket(second).await.unwrap();
    assert_eq!((&second.chat_id, &second.department_id), (&chat.chat_id, &support));
    let named = tickets::CreateTicketRequest { name: "Vera".into(), ..from() };
    let third = vera.create_ticket(named).await.unwrap();
    assert_eq!((&third.chat_id, &third.department_id, third.number), (&chat.chat_id, &sales, 3));
    assert_eq!(
        third.requester,
        Some(Customer { name: "Vera".into(), ..chat.customer.clone().unwrap() }),
        "what a visitor says of themselves here is taken over as anywhere"
    );
    refused(ben.create_ticket(from()).await, Reason::NotFound);
    refused(will.create_ticket(from()).await, Reason::NotFound);
    assert_eq!(vera.tickets(0).await.unwrap().len(), 3);
    assert_eq!(ben.tickets(0).await.unwrap(), []);
}

async fn a_request_id_makes_one_ticket_and_one_comment(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let request = tickets::CreateTicketRequest { request_id: request_id(), ..by_name("Vera") };
    let mut ears = world.owner.listen().await;
    let made = join_all((0..8).map(|_| ada.create_ticket(request.clone()))).await;
    let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
    assert!(made.iter().all(|ticket| *ticket == made[0]), "{made:?}");
    let other = tickets::CreateTicketRequest { text: "Please!".into(), ..request.clone() };
    refused(ada.create_ticket(other).await, Reason::RequestIdReused);
    assert_eq!(ben.create_ticket(request.clone()).await.unwrap().number, 2, "ids are the caller's own");

    let ticket_id = made[0].ticket_id.clone();
    let comment = tickets::AddCommentRequest {
        request_id: request_id(),
        ticket_id: ticket_id.clone(),
        text: "Look".into(),
        internal: false,
    };
    let added = join_all((0..8).map(|_| ada.client.add_comment(comment.clone()))).await;
    let added: Vec<_> = added.into_iter().map(Result::unwrap).collect();
    assert!(added.iter().all(|answer| *answer == added[0]), "{added:?}");
    let capitals =
        tickets::AddCommentRequest { request_id: comment.request_id.to_uppercase(), ..comment.clone() };
    assert_eq!(ada.client.add_comment(capitals).await.unwrap(), added[0]);
    let note = tickets::AddCommentRequest { internal: true, ..comment.clone() };
    refused(ada.client.add_comment(note).await, Reason::RequestIdReused);
    let elsewhere = tickets::AddCommentRequest { request_id: request.request_id, ..comment.clone() };
    refused(ada.client.add_comment(elsewhere).await, Reason::RequestIdReused);
    assert_eq!(ada.comments(&ticket_id, 0).await.unwrap().len(), 2);
    // The answer that was given stays the answer, whatever became of the ticket.
    ada.put_ticket(&ticket_id, Closed).await.unwrap();
    assert_eq!(ada.client.add_comment(comment.clone()).await.unwrap(), added[0]);
    ada.create_ticket(tickets::CreateTicketRequest { text: "the last".into(), ..by_name("Will") })
        .await
        .unwrap();
    heard(&mut ears, "the last").await;
    let told: Vec<_> = comments(&ears).into_iter().map(|told| told.comment.unwrap().text).collect();
    assert_eq!(told, ["Please", "Please", "Look", "the last"]);
    assert_eq!(comments(&ears)[2].request_id, comment.request_id);
}

async fn limits_hold(world: &World) {
    let ada = world.agent("Ada").await;
    let tags: Vec<_> = (0..20).map(|n| format!("{n:02}{}", "ä".repeat(48))).collect();
    let longest = tickets::CreateTicketRequest {
        subject: "ä".repeat(200),
        text: "𝕏".repeat(10_000),
        name: "ä".repeat(100),
        tags: tags.clone(),
        ..Default::default()
    };
    let ticket = ada.create_ticket(longest.clone()).await.unwrap();
    assert_eq!((&ticket.subject, &ticket.tags), (&longest.subject, &tags));
    assert_eq!(ada.comments(&ticket.ticket_id, 0).await.unwrap()[0].text, longest.text);
    let comment = ada.comment(&ticket.ticket_id, &"𝕏".repeat(10_000)).await.unwrap();
    assert_eq!(comment.text.chars().count(), 10_000);
    let add = |tag: &str| tickets::UpdateTicketRequest { add_tags: vec![tag.into()], ..change() };
    invalid(ada.update_ticket(&ticket.ticket_id, add("one more")).await, &["addTags"]);
    assert_eq!(
        ada.update_ticket(&ticket.ticket_id, add(&tags[3])).await.unwrap(),
        ada.ticket(&ticket.ticket_id).await.unwrap()
    );
    let swap = tickets::UpdateTicketRequest { remove_tags: vec![tags[0].clone()], ..add("one \"more\",") };
    let swapped = ada.update_ticket(&ticket.ticket_id, swap).await.unwrap().tags;
    assert_eq!((swapped.len(), swapped.last().unwrap().as_str()), (20, "one \"more\","));
    let states = vec![i32::from(New); 7];
    let list = tickets::ListTicketsRequest { states, ..Default::default() };
    invalid(ada.client.list_tickets(list).await, &["states"]);
    invalid(ada.create_ticket(tickets::CreateTicketRequest::default()).await, &["subject", "text"]);
    invalid(ada.comment(&ticket.ticket_id, &"x".repeat(10_001)).await, &["text"]);
    let none = tickets::UpdateTicketRequest {
        subject: Some("  ".into()),
        state: Some(TicketState::Unspecified.into()),
        priority: Some(TicketPriority::Unspecified.into()),
        ..change()
    };
    invalid(ada.update_ticket(&ticket.ticket_id, none).await, &["subject", "state", "priority"]);
    // Ticket events are asked for by their own names.
    let request = rapport_tests::proto::events::v1::ReadRequest {
        types: vec![EventType::TicketCommented.into()],
        ..Default::default()
    };
    let read = ada.client.read(request).await.unwrap().items;
    assert_eq!(read.len(), 2);
    assert!(read.iter().all(|item| item.event.as_ref().unwrap().r#type() == EventType::TicketCommented));
}
