//! Who may do and see what in a workspace, and that a change of it holds at once, for what is open already too.

use rapport_tests::client::request_id;
use rapport_tests::expect::refused;
use rapport_tests::listener::Listener;
use rapport_tests::proto::chats::v1::{ChatState, Sender, SenderKind};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::event::Body;
use rapport_tests::proto::tenants::v1 as tenants;
use rapport_tests::proto::tenants::v1::{MemberState, Role};
use rapport_tests::world::World;

on_all![
    an_agent_hears_a_department_from_joining_it_until_leaving_it,
    a_chat_belongs_to_its_department_and_its_assignee,
];

on_both![
    a_chat_is_given_to_active_members_who_answer_chats_and_to_nobody_else,
    a_chat_given_to_the_member_who_has_it_stays_as_it_is,
    a_visitor_learns_how_far_the_staff_has_read_and_of_the_assignee_alone_who,
    a_viewers_mark_counts_for_the_staff_only_where_it_was_made_as_an_agent,
    a_visitor_learns_that_somebody_writes_and_of_the_assignee_alone_who,
    only_an_owner_touches_owners_and_the_last_one_stays,
    of_two_owners_who_unmake_each_other_at_once_one_stays,
    names_are_unique_where_the_contract_says_so,
    whoever_names_an_old_revision_changes_nothing,
    the_staff_hears_of_members_and_departments_and_visitors_do_not,
    members_and_departments_are_paged_oldest_first,
];

fn nothing() -> tenants::UpdateMemberRequest {
    tenants::UpdateMemberRequest::default()
}

async fn an_agent_hears_a_department_from_joining_it_until_leaving_it(world: &World) {
    let ada = world.agent("Ada").await;
    let sales = world.department("Sales", &[]).await.department_id;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat_with(&sales, "before joining").await.chat_id;
    let mut ears = ada.listen().await;
    let mut oversees = world.owner.listen().await;
    refused(ada.chat(&chat).await, Reason::NotFound);
    refused(ada.claim(&chat).await, Reason::NotFound);

    let join = tenants::UpdateDepartmentRequest {
        add_member_ids: vec![ada.member_id().into()],
        ..Default::default()
    };
    let joined = world.owner.update_department(&sales, join).await.unwrap();
    assert_eq!(joined.member_ids, [ada.member_id()]);
    let granted = ears
        .event("the new departments", |body| match body {
            Body::GrantsChanged(changed) => Some(changed.clone()),
            _ => None,
        })
        .await;
    assert_eq!((granted.member_id.as_str(), granted.department_ids), (ada.member_id(), vec![sales.clone()]));
    visitor.send(&chat, "while a member").await.unwrap();
    assert_eq!(ears.message("while a member").await.chat_id, chat);
    assert_eq!(ada.chats(0).await.unwrap()[0].chat_id, chat);

    let leave = tenants::UpdateDepartmentRequest {
        remove_member_ids: vec![ada.member_id().into()],
        ..Default::default()
    };
    world.owner.update_department(&sales, leave).await.unwrap();
    visitor.send(&chat, "after leaving").await.unwrap();
    oversees.message("after leaving").await;
    refused(ada.chat(&chat).await, Reason::NotFound);
    // A chat of no department is for everybody: what Ada hears next proves what she did not hear before it.
    visitor.start_chat("for everybody").await;
    ears.message("for everybody").await;
    assert!(!ears.transcript().contains("after leaving"));
    assert!(!ears.transcript().contains("before joining"));
    assert!(
        !format!("{:?}", ada.log("").await.unwrap()).contains("while a member"),
        "seen is audience and rights of now"
    );
}

async fn a_chat_belongs_to_its_department_and_its_assignee(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let viewer = world.viewer("Vic").await;
    let sales = world.department("Sales", &[&ada]).await.department_id;
    let visitor = world.visitor().await;
    let mut ben_ears = ben.listen().await;
    let chat = visitor.start_chat_with(&sales, "Hello").await.chat_id;
    assert_eq!(ada.claim(&chat).await.unwrap().state(), ChatState::Active);
    refused(ben.chat(&chat).await, Reason::NotFound);
    refused(ben.send(&chat, "me too").await, Reason::NotFound);
    assert!(ben.chats(0).await.unwrap().is_empty());
    assert_eq!(viewer.chat(&chat).await.unwrap().chat_id, chat, "a viewer reads every chat");
    refused(viewer.send(&chat, "x").await, Reason::PermissionMissing);
    refused(viewer.claim(&chat).await, Reason::PermissionMissing);
    viewer.mark_read(&chat, 1).await.unwrap();

    ada.transfer_to(&chat, &ben).await.unwrap();
    let given = ben_ears
        .event("the chat given to Ben", |body| match body {
            Body::ChatUpdated(updated) => updated.chat.clone(),
            _ => None,
        })
        .await;
    assert_eq!((given.chat_id.as_str(), given.department_id.as_str()), (chat.as_str(), sales.as_str()));
    ben.send(&chat, "Now it is mine").await.unwrap();
    assert_eq!(ben.messages(&chat).await.unwrap().len(), 2);
}

async fn a_chat_is_given_to_active_members_who_answer_chats_and_to_nobody_else(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let viewer = world.viewer("Vic").await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    ada.claim(&chat).await.unwrap();
    refused(ada.transfer_to(&chat, &viewer).await, Reason::MemberNotAssignable);
    world.owner.set_state(&ben, MemberState::Suspended).await.unwrap();
    refused(ada.transfer_to(&chat, &ben).await, Reason::MemberNotAssignable);
    assert_eq!(ada.chat(&chat).await.unwrap().assignee.unwrap().member_id, ada.member_id());
    world.owner.set_state(&ben, MemberState::Active).await.unwrap();
    ada.transfer_to(&chat, &ben).await.unwrap();
}

async fn a_chat_given_to_the_member_who_has_it_stays_as_it_is(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    let waiting = ben.transfer_to(&chat, &ada).await.unwrap();
    assert_eq!(waiting.state(), ChatState::Active, "from the queue it is a change");
    let events = world.owner.log("").await.unwrap().len();
    assert_eq!(ben.transfer_to(&chat, &ada).await.unwrap(), waiting);
    assert_eq!(ada.transfer_to(&chat, &ada).await.unwrap(), waiting);
    assert_eq!(world.owner.log("").await.unwrap().len(), events);
    assert_eq!(ada.transfer_to(&chat, &ben).await.unwrap().revision, waiting.revision + 1);
}

/// The kind, the id and the name of somebody, as a test writes them.
type Known = (SenderKind, String, String);

fn known(sender: Option<Sender>) -> Known {
    let sender = sender.unwrap();
    (sender.kind(), sender.id, sender.name)
}

fn marks(ears: &Listener) -> Vec<(Known, u32)> {
    let marks = ears.events().into_iter().filter_map(|(_, event)| match event.body {
        Some(Body::MessagesRead(read)) => Some((known(read.reader), read.seq)),
        _ => None,
    });
    marks.collect()
}

async fn a_visitor_learns_how_far_the_staff_has_read_and_of_the_assignee_alone_who(world: &World) {
    let (ada, ben, vic) =
        (world.agent("Ada").await, world.agent("Benjamin").await, world.viewer("Victoria").await);
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    ada.claim(&chat).await.unwrap();
    ben.note(&chat, "2").await.unwrap();
    ada.send(&chat, "3").await.unwrap();
    ada.note(&chat, "4").await.unwrap();
    let (mut staff_ears, mut visitor_ears) = (world.owner.listen().await, visitor.listen().await);
    let read_seqs = async || {
        let (staff, customer) = (ada.chat(&chat).await.unwrap(), visitor.chat(&chat).await.unwrap());
        assert_eq!(ada.chats(0).await.unwrap()[0], staff);
        assert_eq!(visitor.chats(0).await.unwrap()[0], customer);
        (staff.staff_read_seq, customer.staff_read_seq)
    };
    assert_eq!(vic.mark_read(&chat, 4).await.unwrap(), 4);
    assert_eq!(read_seqs().await, (0, 0), "a viewer's mark is the viewer's own");
    ben.mark_read(&chat, 2).await.unwrap();
    assert_eq!(read_seqs().await, (2, 1), "the number of a note is not the visitor's to know");
    ada.mark_read(&chat, 1).await.unwrap();
    ada.mark_read(&chat, 2).await.unwrap();
    assert_eq!(read_seqs().await, (2, 1));
    ada.mark_read(&chat, 4).await.unwrap();
    assert_eq!(read_seqs().await, (4, 3));
    ben.mark_read(&chat, 4).await.unwrap();
    visitor.mark_read(&chat, 3).await.unwrap();
    assert_eq!(read_seqs().await, (4, 3));
    visitor.send(&chat, "5").await.unwrap();
    staff_ears.message("5").await;
    visitor_ears.message("5").await;

    let member = |who: &rapport_tests::actors::Staff| {
        (SenderKind::Member, who.member_id().to_owned(), who.member.name.clone())
    };
    let nobody = (SenderKind::Member, String::new(), String::new());
    let customer = (SenderKind::Customer, visitor.visitor_id.clone(), String::new());
    let (a, b, v) = (member(&ada), member(&ben), member(&vic));
    assert_eq!(
        marks(&staff_ears),
        [
            (v, 4),
            (b.clone(), 2),
            (a.clone(), 1),
            (a.clone(), 2),
            (a.clone(), 4),
            (b, 4),
            (customer.clone(), 3)
        ]
    );
    assert_eq!(marks(&visitor_ears), [(nobody, 1), (a, 3), (customer, 3)]);
    let log = format!("{:?}{}", visitor.log("").await.unwrap(), visitor_ears.transcript());
    for secret in ["Benjamin", "Victoria", ben.member_id(), vic.member_id()] {
        assert!(!log.contains(secret), "the visitor was told of {secret}");
    }
    assert_eq!(ada.close(&chat, "").await.unwrap().staff_read_seq, 4);
    let closed = visitor_ears
        .event("the close", |body| match body {
            Body::ChatUpdated(updated) => updated.chat.clone(),
            _ => None,
        })
        .await;
    assert_eq!(closed.staff_read_seq, 3);
}

async fn a_viewers_mark_counts_for_the_staff_only_where_it_was_made_as_an_agent(world: &World) {
    let (ada, vic) = (world.agent("Ada").await, world.viewer("Vic").await);
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("1").await.chat_id;
    visitor.send(&chat, "2").await.unwrap();
    let read_seq = async || world.owner.chat(&chat).await.unwrap().staff_read_seq;
    vic.mark_read(&chat, 1).await.unwrap();
    assert_eq!(read_seq().await, 0);
    world.owner.set_role(&vic, Role::Agent).await.unwrap();
    vic.mark_read(&chat, 2).await.unwrap();
    assert_eq!(read_seq().await, 2);
    visitor.send(&chat, "3").await.unwrap();
    world.owner.set_role(&vic, Role::Viewer).await.unwrap();
    vic.mark_read(&chat, 3).await.unwrap();
    assert_eq!(read_seq().await, 3, "what the staff has read never goes back");
    let other = visitor.start_chat("1").await.chat_id;
    vic.mark_read(&other, 1).await.unwrap();
    assert_eq!(world.owner.chat(&other).await.unwrap().staff_read_seq, 0);
    ada.mark_read(&other, 1).await.unwrap();
    assert_eq!(visitor.chat(&other).await.unwrap().staff_read_seq, 1);
}

async fn a_visitor_learns_that_somebody_writes_and_of_the_assignee_alone_who(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    ada.claim(&chat).await.unwrap();
    let (mut staff_ears, mut visitor_ears) = (world.owner.listen().await, visitor.listen().await);
    for (who, name) in [(&ben, ""), (&ada, "Ada")] {
        who.typing(&chat, true).await.unwrap();
        let (to_staff, to_visitor) = (staff_ears.typing().await, visitor_ears.typing().await);
        assert_eq!((to_staff.chat_id.as_str(), to_visitor.chat_id.as_str()), (chat.as_str(), chat.as_str()));
        let whole = (SenderKind::Member, who.member_id().to_owned(), who.member.name.clone());
        assert_eq!(known(to_staff.sender), whole);
        let id = if name.is_empty() { String::new() } else { whole.1 };
        assert_eq!(known(to_visitor.sender), (SenderKind::Member, id, name.to_owned()));
    }
    assert!(!visitor_ears.transcript().contains(ben.member_id()));
}

async fn only_an_owner_touches_owners_and_the_last_one_stays(world: &World) {
    let (admin, agent) = (world.admin("Ann").await, world.agent("Ada").await);
    let create = |role: Role| tenants::CreateMemberRequest {
        request_id: request_id(),
        email: format!("{}@acme.example", request_id()),
        name: "New".into(),
        role: role.into(),
        password: "long enough".into(),
    };
    refused(admin.client.create_member(create(Role::Owner)).await, Reason::OwnerOnly);
    admin.client.create_member(create(Role::Admin)).await.unwrap();
    refused(admin.set_role(&agent, Role::Owner).await, Reason::OwnerOnly);
    refused(admin.set_role(&world.owner, Role::Agent).await, Reason::OwnerOnly);
    refused(admin.set_state(&world.owner, MemberState::Suspended).await, Reason::OwnerOnly);
    let password = tenants::UpdateMemberRequest { password: Some("taken over".into()), ..nothing() };
    refused(admin.update(&world.owner, password).await, Reason::OwnerOnly);
    refused(agent.client.create_member(create(Role::Viewer)).await, Reason::PermissionMissing);

    refused(world.owner.set_role(&world.owner, Role::Admin).await, Reason::LastOwner);
    refused(world.owner.set_state(&world.owner, MemberState::Suspended).await, Reason::LastOwner);
    world.owner.set_role(&admin, Role::Owner).await.unwrap();
    assert_eq!(world.owner.set_role(&world.owner, Role::Admin).await.unwrap().role(), Role::Admin);
    refused(admin.set_role(&admin, Role::Agent).await, Reason::LastOwner);
}

async fn of_two_owners_who_unmake_each_other_at_once_one_stays(world: &World) {
    let other = world.member("Otto Owner", Role::Owner).await;
    let (one, two) = tokio::join!(
        world.owner.set_state(&other, MemberState::Suspended),
        other.set_state(&world.owner, MemberState::Suspended),
    );
    let done = usize::from(one.is_ok()) + usize::from(two.is_ok());
    assert_eq!(done, 1, "{one:?} {two:?}");
}

async fn names_are_unique_where_the_contract_says_so(world: &World) {
    let taken = tenants::CreateMemberRequest {
        request_id: request_id(),
        email: world.owner.member.email.to_uppercase(),
        name: "New".into(),
        role: Role::Agent.into(),
        password: "long enough".into(),
    };
    refused(world.owner.client.create_member(taken).await, Reason::MemberExists);
    let sales = world.department("Sales", &[]).await.department_id;
    let support = world.department("Support", &[]).await.department_id;
    let again = tenants::CreateDepartmentRequest {
        request_id: request_id(),
        name: "Sales".into(),
        member_ids: vec![],
    };
    refused(world.owner.client.create_department(again).await, Reason::DepartmentExists);
    let rename = tenants::UpdateDepartmentRequest { name: Some("Sales".into()), ..Default::default() };
    refused(world.owner.update_department(&support, rename.clone()).await, Reason::DepartmentExists);
    world.owner.update_department(&sales, rename).await.expect("its own name is not another's");
    let taken = tenants::CreateTenantRequest {
        request_id: request_id(),
        workspace: Some(rapport_tests::world::workspace(&world.slug)),
        owner: Some(rapport_tests::world::owner("somebody")),
    };
    refused(world.operator().create_tenant(taken).await, Reason::SlugTaken);
    // The same address may belong to people of two workspaces, each with a password of its own.
    let globex = world.another_workspace("globex").await;
    let same = tenants::CreateMemberRequest {
        request_id: request_id(),
        email: world.owner.member.email.clone(),
        name: "Same".into(),
        role: Role::Agent.into(),
        password: "of globex only".into(),
    };
    globex.owner.client.create_member(same).await.unwrap();
    let attempt = rapport_tests::proto::auth::v1::SignInRequest {
        workspace: world.slug.clone(),
        email: world.owner.member.email.clone(),
        password: "of globex only".into(),
    };
    refused(world.nobody().sign_in(attempt).await, Reason::CredentialsWrong);
}

async fn whoever_names_an_old_revision_changes_nothing(world: &World) {
    let agent = world.agent("Ada").await;
    let rename = |name: &str, if_revision| tenants::UpdateMemberRequest {
        name: Some(name.into()),
        if_revision,
        ..nothing()
    };
    let first = world.owner.update(&agent, rename("Ada 1", agent.member.revision)).await.unwrap();
    assert_eq!((first.name.as_str(), first.revision), ("Ada 1", agent.member.revision + 1));
    refused(
        world.owner.update(&agent, rename("Ada 2", agent.member.revision)).await,
        Reason::RevisionMismatch,
    );
    assert_eq!(world.owner.update(&agent, rename("Ada 3", 0)).await.unwrap().name, "Ada 3");

    let tenant = world.owner.client.get_tenant(tenants::GetTenantRequest {}).await.unwrap().tenant.unwrap();
    assert_eq!(
        (tenant.locale.as_str(), tenant.time_zone.as_str()),
        ("en", "UTC"),
        "what an empty field means"
    );
    let change = |if_revision| tenants::UpdateTenantRequest {
        time_zone: Some("Europe/Berlin".into()),
        if_revision,
        ..Default::default()
    };
    let mut ears = agent.listen().await;
    let changed = world.owner.client.update_tenant(change(tenant.revision)).await.unwrap().tenant.unwrap();
    assert_eq!((changed.time_zone.as_str(), changed.name.as_str()), ("Europe/Berlin", tenant.name.as_str()));
    refused(world.owner.client.update_tenant(change(tenant.revision)).await, Reason::RevisionMismatch);
    let heard = ears
        .event("the new workspace", |body| match body {
            Body::TenantUpdated(updated) => updated.tenant.clone(),
            _ => None,
        })
        .await;
    assert_eq!(heard, changed);
}

async fn the_staff_hears_of_members_and_departments_and_visitors_do_not(world: &World) {
    let agent = world.agent("Adelheid").await;
    let visitor = world.visitor().await;
    let (mut agent_ears, mut visitor_ears) = (agent.listen().await, visitor.listen().await);
    let viewer = world.viewer("Victoria").await;
    let heard = agent_ears
        .event("the new member", |body| match body {
            Body::MemberUpdated(updated) => updated.member.clone(),
            _ => None,
        })
        .await;
    assert_eq!(heard, viewer.member);
    let sales = world.department("Sales", &[&agent]).await;
    let heard = agent_ears
        .event("the new department", |body| match body {
            Body::DepartmentUpdated(updated) => updated.department.clone(),
            _ => None,
        })
        .await;
    assert_eq!(heard, sales);
    visitor.start_chat("Hello").await;
    visitor_ears.message("Hello").await;
    // Long enough that no cursor holds them by chance.
    for secret in
        ["Victoria", "Adelheid", "Sales", viewer.member_id(), agent.member_id(), &sales.department_id]
    {
        assert!(!visitor_ears.transcript().contains(secret), "a visitor heard of {secret}");
    }
}

async fn members_and_departments_are_paged_oldest_first(world: &World) {
    let mut members = vec![world.owner.member_id().to_owned()];
    let mut departments = Vec::new();
    for number in 0..5 {
        members.push(world.agent(&format!("Agent {number}")).await.member_id().to_owned());
        departments.push(world.department(&format!("Department {number}"), &[]).await.department_id);
    }
    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let request = tenants::ListMembersRequest { page_size: 2, page_token: token };
        let page = world.owner.client.list_members(request).await.unwrap();
        listed.extend(page.members.into_iter().map(|member| member.member_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, members);
    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let request = tenants::ListDepartmentsRequest { page_size: 2, page_token: token };
        let page = world.owner.client.list_departments(request).await.unwrap();
        listed.extend(page.departments.into_iter().map(|department| department.department_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, departments);
}
