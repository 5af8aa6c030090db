//! Who sees which ticket, and how much of it.

use rapport_tests::actors::Actor;
use rapport_tests::expect::refused;
use rapport_tests::ids;
use rapport_tests::listener::Listener;
use rapport_tests::proto::chats::v1::{Sender, SenderKind};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::event::Body;
use rapport_tests::proto::tickets::v1 as tickets;
use rapport_tests::proto::tickets::v1::TicketState::{Pending, Solved};
use rapport_tests::world::World;

use super::{change, comments, heard, member, updates};

on_all![a_ticket_is_its_departments_and_leaves_those_who_lose_it,];

on_both![internal_comments_reach_no_visitor_by_any_way, a_visitor_knows_the_assignee_alone_by_name,];

async fn a_ticket_is_its_departments_and_leaves_those_who_lose_it(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let (viewer, vera) = (world.viewer("Vic").await, world.visitor().await);
    let sales = world.department("Sales", &[&ada]).await.department_id;
    let billing = world.department("Billing", &[&ben]).await.department_id;
    let (mut ada_ears, mut ben_ears) = (ada.listen().await, ben.listen().await);
    let (mut viewer_ears, mut vera_ears) = (viewer.listen().await, vera.listen().await);
    let ticket = vera.ask_department(&sales, "Help", "HIDDEN").await.ticket_id;
    heard(&mut ada_ears, "HIDDEN").await;
    refused(ben.ticket(&ticket).await, Reason::NotFound);
    refused(ben.comments(&ticket, 0).await, Reason::NotFound);
    refused(ben.comment(&ticket, "x").await, Reason::NotFound);
    refused(ben.put_ticket(&ticket, Solved).await, Reason::NotFound);
    assert_eq!(ben.tickets(0).await.unwrap(), []);
    assert_eq!(viewer.ticket(&ticket).await.unwrap().department_id, sales);

    // To a department whose members had not seen it: those who had lose it, unless they see everything.
    let to = |department: &str| tickets::UpdateTicketRequest {
        department_id: Some(department.to_owned()),
        ..change()
    };
    let given = ada.update_ticket(&ticket, to(&billing)).await.unwrap();
    let left = async |ears: &mut Listener| {
        ears.event("the ticket left", |body| match body {
            Body::TicketLeft(left) => Some((left.ticket_id.clone(), left.revision)),
            _ => None,
        })
        .await
    };
    let now = async |ears: &mut Listener| {
        ears.event("the ticket", |body| match body {
            Body::TicketUpdated(updated) => updated.ticket.clone(),
            _ => None,
        })
        .await
    };
    assert_eq!(left(&mut ada_ears).await, (ticket.clone(), 2));
    assert_eq!(now(&mut ben_ears).await, given);
    refused(ada.ticket(&ticket).await, Reason::NotFound);
    assert_eq!(ben.tickets(0).await.unwrap(), std::slice::from_ref(&given));
    ben.comment(&ticket, "in billing").await.unwrap();
    assert_eq!(heard(&mut viewer_ears, "in billing").await.seq, 2);
    heard(&mut vera_ears, "in billing").await;

    // The assignee keeps it in whatever department; taking it back takes it away.
    ben.assign_ticket(&ticket, &ada).await.unwrap();
    assert_eq!(now(&mut ada_ears).await.assignee.unwrap().member_id, ada.member_id());
    ada.update_ticket(&ticket, to(&billing)).await.expect("the assignee may handle it");
    let taken = tickets::UpdateTicketRequest { assignee_id: Some(String::new()), ..change() };
    ben.update_ticket(&ticket, taken).await.unwrap();
    assert_eq!(left(&mut ada_ears).await, (ticket.clone(), 4));
    refused(ada.ticket(&ticket).await, Reason::NotFound);
    // Out of every department it is everybody's.
    ben.update_ticket(&ticket, to("")).await.unwrap();
    assert_eq!(now(&mut ada_ears).await.revision, 5);
    assert_eq!(ada.ticket(&ticket).await.unwrap().department_id, "");
    refused(ben.update_ticket(&ticket, to(&ids::random("department"))).await, Reason::NotFound);

    let own = |ears: &Listener| updates(ears).into_iter().map(|ticket| ticket.revision).collect::<Vec<_>>();
    ben.comment(&ticket, "the last").await.unwrap();
    for ears in [&mut ada_ears, &mut ben_ears, &mut viewer_ears, &mut vera_ears] {
        heard(ears, "the last").await;
    }
    assert_eq!(own(&ada_ears), [1, 3, 5]);
    assert_eq!(own(&ben_ears), [2, 3, 4, 5]);
    assert_eq!(own(&viewer_ears), [1, 2, 3, 4, 5]);
    assert_eq!(own(&vera_ears), [1, 2, 3, 4, 5]);
    assert!(!ben_ears.transcript().contains("HIDDEN"));
    assert!(!vera_ears.transcript().contains("TicketLeft"), "a visitor loses nothing by it");
}

async fn internal_comments_reach_no_visitor_by_any_way(world: &World) {
    let (ada, vera) = (world.agent("Ada").await, world.visitor().await);
    let ticket = vera.ask("Help", "1").await.ticket_id;
    ada.assign_ticket(&ticket, &ada).await.unwrap();
    let (mut staff_ears, mut visitor_ears) = (world.owner.listen().await, vera.listen().await);
    let before = vera.ticket(&ticket).await.unwrap();
    let note = ada.comment_internally(&ticket, "SECRET 2").await.unwrap();
    assert_eq!((note.seq, note.internal), (2, true));
    assert_eq!(vera.ticket(&ticket).await.unwrap(), before, "no number, time or revision tells of it");
    assert_eq!(vera.tickets(0).await.unwrap(), std::slice::from_ref(&before));
    assert_eq!(ada.ticket(&ticket).await.unwrap().last_seq, 2);
    assert_eq!(heard(&mut staff_ears, "SECRET 2").await, note);
    refused(vera.comment_internally(&ticket, "mine").await, Reason::InternalNoteRefused);

    assert_eq!(vera.comment(&ticket, "3").await.unwrap().seq, 3);
    ada.comment_internally(&ticket, "SECRET 4").await.unwrap();
    // A change of the ticket itself is told with the numbers of each side.
    let changed = ada.put_ticket(&ticket, Pending).await.unwrap();
    assert_eq!(changed.last_seq, 4);
    let last = ada.comment(&ticket, "5").await.unwrap();
    assert_eq!(heard(&mut visitor_ears, "5").await, last);
    let told = updates(&visitor_ears);
    assert_eq!(told, [tickets::Ticket { last_seq: 3, ..changed }]);

    let texts = async |who: &Actor, size| {
        let listed = who.comments(&ticket, size).await.unwrap();
        listed.into_iter().map(|comment| comment.text).collect::<Vec<_>>()
    };
    assert_eq!(texts(&ada, 2).await, ["1", "SECRET 2", "3", "SECRET 4", "5"]);
    assert_eq!(texts(&vera, 0).await, ["1", "3", "5"]);
    assert_eq!(texts(&vera, 1).await, ["1", "3", "5"]);
    assert_eq!(vera.ticket(&ticket).await.unwrap().last_seq, 5);
    let shown = format!("{:?} {}", vera.log("").await.unwrap(), visitor_ears.transcript());
    assert!(!shown.contains("SECRET"), "{shown}");
    assert!(!shown.contains("last_seq: 2") && !shown.contains("last_seq: 4"), "{shown}");
}

async fn a_visitor_knows_the_assignee_alone_by_name(world: &World) {
    let (ada, ben, vera) = (world.agent("Ada").await, world.agent("Benjamin").await, world.visitor().await);
    let ticket = vera.ask("Help", "1").await.ticket_id;
    ada.assign_ticket(&ticket, &ada).await.unwrap();
    let (mut staff_ears, mut visitor_ears) = (world.owner.listen().await, vera.listen().await);
    ada.comment(&ticket, "2").await.unwrap();
    assert_eq!(ben.comment(&ticket, "3").await.unwrap().author, Some(member(&ben)));
    let nobody = Sender { kind: SenderKind::Member.into(), ..Default::default() };
    let customer =
        Sender { kind: SenderKind::Customer.into(), id: vera.visitor_id.clone(), name: String::new() };
    let authors = |comments: Vec<tickets::Comment>| {
        comments.into_iter().map(|comment| comment.author.unwrap()).collect::<Vec<_>>()
    };
    heard(&mut staff_ears, "3").await;
    heard(&mut visitor_ears, "3").await;
    let told =
        |ears: &Listener| authors(comments(ears).into_iter().map(|told| told.comment.unwrap()).collect());
    assert_eq!(told(&staff_ears), [member(&ada), member(&ben)]);
    assert_eq!(told(&visitor_ears), [member(&ada), nobody.clone()]);
    let listed = async |who: &Actor| authors(who.comments(&ticket, 0).await.unwrap());
    assert_eq!(listed(&ben).await, [customer.clone(), member(&ada), member(&ben)]);
    assert_eq!(listed(&vera).await, [customer.clone(), member(&ada), nobody.clone()]);
    let shown = format!("{:?} {}", vera.log("").await.unwrap(), visitor_ears.transcript());
    assert!(!shown.contains("Benjamin") && !shown.contains(ben.member_id()), "{shown}");
    ada.assign_ticket(&ticket, &ben).await.unwrap();
    assert_eq!(listed(&vera).await, [customer, nobody, member(&ben)], "whoever has it now");
}
