//! From new to closed, and who may move a ticket.

use rapport_tests::expect::refused;
use rapport_tests::ids;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::tenants::v1::MemberState;
use rapport_tests::proto::tickets::v1 as tickets;
use rapport_tests::proto::tickets::v1::TicketPriority::{Normal, Urgent};
use rapport_tests::proto::tickets::v1::TicketState::{self, Closed, New, OnHold, Open, Pending, Solved};
use rapport_tests::world::World;

use super::{by_name, change, heard, member, updates};

on_both![
    an_agent_takes_a_ticket_from_new_to_closed_and_closed_is_the_end,
    the_customers_word_opens_what_waits_and_what_is_solved,
    a_ticket_is_given_to_whoever_can_answer_and_taken_back,
    of_two_agents_who_saw_the_same_one_overwrites_nothing,
    what_changes_nothing_is_no_event,
];

async fn an_agent_takes_a_ticket_from_new_to_closed_and_closed_is_the_end(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let mut ears = ben.listen().await;
    let request = tickets::CreateTicketRequest {
        email: "vera@example.org".into(),
        tags: vec!["phone".into(), "broken".into(), "phone".into()],
        ..by_name("Vera")
    };
    let new = ada.create_ticket(request).await.unwrap();
    assert_eq!((new.number, new.state(), new.priority(), new.revision), (1, New, Normal, 1));
    assert_eq!(
        (new.subject.as_str(), new.last_seq, new.tags.clone()),
        ("Help", 1, vec!["broken".into(), "phone".into()])
    );
    let requester = new.requester.clone().unwrap();
    assert_eq!((requester.name.as_str(), requester.email.as_str()), ("Vera", "vera@example.org"));
    assert!(requester.visitor_id.starts_with("visitor_") && requester.customer_id.starts_with("customer_"));
    assert_eq!((new.assignee.clone(), new.solved_at, new.closed_at), (None, None, None));
    assert_eq!(new.updated_at, new.created_at);
    let id = new.ticket_id.clone();
    let described = &ben.comments(&id, 0).await.unwrap()[0];
    assert_eq!((described.seq, described.text.as_str(), described.internal), (1, "Please", false));
    assert_eq!(described.author, Some(member(&ada)));

    let taken = ada.assign_ticket(&id, &ada).await.unwrap();
    assert_eq!((taken.state(), taken.assignee.clone().unwrap().name), (Open, "Ada".to_owned()));
    let edited = tickets::UpdateTicketRequest {
        subject: Some("Help Vera".into()),
        priority: Some(Urgent.into()),
        add_tags: vec!["vip".into(), "phone".into()],
        remove_tags: vec!["broken".into(), "never there".into(), "vip".into()],
        ..change()
    };
    let edited = ben.update_ticket(&id, edited).await.unwrap();
    assert_eq!((edited.subject.as_str(), edited.priority(), edited.state()), ("Help Vera", Urgent, Open));
    assert_eq!(edited.tags, ["phone"], "what is added and removed at once is removed");
    let held = ada.put_ticket(&id, OnHold).await.unwrap();
    let error = refused(ada.put_ticket(&id, New).await, Reason::TicketStateRefused);
    assert_eq!(error.detail("state"), Some("TICKET_STATE_ON_HOLD"));
    let solved = ada.put_ticket(&id, Solved).await.unwrap();
    assert!(solved.solved_at.is_some() && solved.closed_at.is_none());
    let again = ada.put_ticket(&id, Open).await.unwrap();
    assert_eq!((again.state(), again.solved_at), (Open, None));
    let solved_again = ada.put_ticket(&id, Solved).await.unwrap();
    let closed = ada.put_ticket(&id, Closed).await.unwrap();
    assert_eq!((closed.state(), closed.solved_at), (Closed, solved_again.solved_at));
    assert_eq!(closed.closed_at, closed.updated_at);

    assert_eq!(ada.put_ticket(&id, Closed).await.unwrap(), closed, "who lost the answer asks again");
    for state in [New, Open, Pending, OnHold, Solved] {
        refused(ada.put_ticket(&id, state).await, Reason::TicketClosed);
    }
    refused(ada.assign_ticket(&id, &ben).await, Reason::TicketClosed);
    let subject = tickets::UpdateTicketRequest { subject: Some("Once more".into()), ..change() };
    refused(ada.update_ticket(&id, subject).await, Reason::TicketClosed);
    refused(ada.comment(&id, "one more thing").await, Reason::TicketClosed);
    refused(ada.comment_internally(&id, "one more thing").await, Reason::TicketClosed);
    assert_eq!(ben.ticket(&id).await.unwrap(), closed);

    // A last word in another ticket: what was heard before it is all there was to hear.
    let other = ada.create_ticket(by_name("Will")).await.unwrap();
    heard(&mut ears, "Please").await;
    heard(&mut ears, "Please").await;
    let told = [new, taken, edited, held, solved, again, solved_again, closed, other];
    assert_eq!(updates(&ears), told);
    assert_eq!(told.map(|ticket| ticket.revision), [1, 2, 3, 4, 5, 6, 7, 8, 1]);
}

async fn the_customers_word_opens_what_waits_and_what_is_solved(world: &World) {
    let (ada, vera) = (world.agent("Ada").await, world.visitor().await);
    let ticket = vera.ask("Help", "Please").await.ticket_id;
    let mut ears = vera.listen().await;
    vera.comment(&ticket, "while new").await.unwrap();
    assert_eq!(vera.ticket(&ticket).await.unwrap().state(), New);
    ada.assign_ticket(&ticket, &ada).await.unwrap();
    for (put, then) in [(Pending, Open), (OnHold, OnHold), (Solved, Open), (Open, Open)] {
        let before = ada.put_ticket(&ticket, put).await.unwrap();
        ada.comment(&ticket, "staff").await.unwrap();
        assert_eq!(
            vera.ticket(&ticket).await.unwrap().state(),
            put,
            "the staff's word leaves it where it is"
        );
        vera.comment(&ticket, &format!("while {put:?}")).await.unwrap();
        let after = ada.ticket(&ticket).await.unwrap();
        assert_eq!((after.state(), after.solved_at), (then, None));
        assert_eq!(after.revision, before.revision + u32::from(put != then), "{put:?}");
        heard(&mut ears, &format!("while {put:?}")).await;
    }
    let states: Vec<_> = updates(&ears).iter().map(tickets::Ticket::state).collect();
    assert_eq!(states, [Open, Pending, Open, OnHold, Solved, Open], "Open, put where it was, is no event");
}

async fn a_ticket_is_given_to_whoever_can_answer_and_taken_back(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let viewer = world.viewer("Vic").await;
    let ticket = ada.create_ticket(by_name("Vera")).await.unwrap().ticket_id;
    refused(ada.assign_ticket(&ticket, &viewer).await, Reason::MemberNotAssignable);
    world.owner.set_state(&ben, MemberState::Suspended).await.unwrap();
    refused(ada.assign_ticket(&ticket, &ben).await, Reason::MemberNotAssignable);
    let nobody = tickets::UpdateTicketRequest { assignee_id: Some(ids::random("member")), ..change() };
    refused(ada.update_ticket(&ticket, nobody).await, Reason::NotFound);
    assert_eq!(ada.ticket(&ticket).await.unwrap().state(), New);
    world.owner.set_state(&ben, MemberState::Active).await.unwrap();
    // With a state of its own the request says where it goes; an assigned ticket is not new.
    let both = |state: TicketState| tickets::UpdateTicketRequest {
        assignee_id: Some(ben.member_id().to_owned()),
        state: Some(state.into()),
        ..change()
    };
    refused(ada.update_ticket(&ticket, both(New)).await, Reason::TicketStateRefused);
    assert_eq!(ada.update_ticket(&ticket, both(Pending)).await.unwrap().state(), Pending);
    let taken = tickets::UpdateTicketRequest { assignee_id: Some(String::new()), ..change() };
    let taken = ada.update_ticket(&ticket, taken).await.unwrap();
    assert_eq!((taken.state(), taken.assignee), (Pending, None));
    let again = ada.assign_ticket(&ticket, &ada).await.unwrap();
    assert_eq!(again.state(), Pending, "only the first assignment opens it");
}

async fn of_two_agents_who_saw_the_same_one_overwrites_nothing(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let ticket = ada.create_ticket(by_name("Vera")).await.unwrap();
    let seen = |subject: &str| tickets::UpdateTicketRequest {
        subject: Some(subject.into()),
        if_revision: ticket.revision,
        ..change()
    };
    let (one, two) = tokio::join!(
        ada.update_ticket(&ticket.ticket_id, seen("Ada's")),
        ben.update_ticket(&ticket.ticket_id, seen("Ben's")),
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    let won = won.unwrap();
    assert_eq!(won.revision, ticket.revision + 1);
    let error = refused(lost, Reason::RevisionMismatch);
    assert_eq!(error.detail("revision"), Some("2"));
    assert_eq!(ada.ticket(&ticket.ticket_id).await.unwrap(), won);
    let anyway = tickets::UpdateTicketRequest { if_revision: 0, ..seen("Anyhow") };
    assert_eq!(ben.update_ticket(&ticket.ticket_id, anyway).await.unwrap().subject, "Anyhow");
}

async fn what_changes_nothing_is_no_event(world: &World) {
    let ada = world.agent("Ada").await;
    let ticket = ada.create_ticket(by_name("Vera")).await.unwrap();
    let ticket = ada.assign_ticket(&ticket.ticket_id, &ada).await.unwrap();
    let events = ada.log("").await.unwrap().len();
    let same = tickets::UpdateTicketRequest {
        subject: Some("Help".into()),
        state: Some(Open.into()),
        priority: Some(Normal.into()),
        assignee_id: Some(ada.member_id().into()),
        department_id: Some(String::new()),
        remove_tags: vec!["never there".into()],
        if_revision: ticket.revision,
        ..change()
    };
    assert_eq!(ada.update_ticket(&ticket.ticket_id, same).await.unwrap(), ticket);
    assert_eq!(ada.update_ticket(&ticket.ticket_id, change()).await.unwrap(), ticket);
    assert_eq!(ada.log("").await.unwrap().len(), events);
}
