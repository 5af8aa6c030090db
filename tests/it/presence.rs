//! Who is there: while a stream is open and a grace longer, as each has chosen to be shown, the same on every core.

use std::time::{Duration, Instant};

use rapport_tests::actors::Staff;
use rapport_tests::expect::refused;
use rapport_tests::ids;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::presence::v1::PresenceStatus::{self, Away, Busy, Offline, Online};
use rapport_tests::proto::presence::v1::{
    GetWorkloadRequest, ListOnlineAgentsRequest, OnlineAgent, Workload,
};
use rapport_tests::proto::tenants::v1::{MemberState, Role};
use rapport_tests::proto::tickets::v1::TicketState;
use rapport_tests::wait::{AT_ONCE, PATIENCE, soon, until};
use rapport_tests::watcher::Watcher;
use rapport_tests::world::{Shape, Wishes, World};

/// Long enough that what happens within it happens within it, short enough to wait for its end.
fn short_grace() -> Wishes {
    Wishes::default().env("RAPPORT_PRESENCE_GRACE_MS", "1500")
}

on_both![
    a_member_is_there_until_the_last_stream_is_closed_and_the_grace_is_over with short_grace(),
    what_a_member_chose_stays_over_streams_and_restarts with short_grace(),
    visitors_learn_nothing_and_are_not_there_themselves,
    a_suspended_member_is_gone_at_once,
    a_workload_is_what_is_assigned_and_not_done,
    who_is_there_is_listed_page_by_page_with_departments_and_workload,
    a_watcher_is_told_why_it_ends,
];

async fn online(world: &World) -> Vec<OnlineAgent> {
    let request = ListOnlineAgentsRequest::default();
    world.owner.client.list_online_agents(request).await.unwrap().agents
}

async fn a_member_is_there_until_the_last_stream_is_closed_and_the_grace_is_over(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let mut watcher = world.owner.watch(world.core()).await;
    watcher.sees(&world.owner, Online).await;
    assert_eq!(watcher.status(&ada), Offline);
    let (one, two) = (ada.listen().await, ada.listen().await);
    watcher.sees(&ada, Online).await;
    let seen = watcher.seen(&ada).unwrap().clone();
    assert_eq!((seen.name.as_str(), seen.role()), ("Ada", Role::Agent));
    drop(one);
    let a_grace = async |watcher: &mut Watcher| {
        // Ben comes and goes: when he is gone, the grace is over for whoever left before he did.
        let ears = ben.listen().await;
        watcher.sees(&ben, Online).await;
        drop(ears);
        watcher.sees(&ben, Offline).await;
    };
    a_grace(&mut watcher).await;
    assert_eq!(watcher.told_of(&ada), [Online], "one of two streams is left");
    // A reload: the last one closes and another one opens within the grace.
    drop(two);
    let three = ada.listen().await;
    a_grace(&mut watcher).await;
    assert_eq!(watcher.told_of(&ada), [Online], "nobody noticed");
    assert_eq!(watcher.seen(&ada), Some(&seen), "there all the time");
    assert_eq!(online(world).await.len(), 2);
    drop(three);
    watcher.sees(&ada, Offline).await;
    assert_eq!(watcher.told_of(&ada), [Online, Offline]);
    let left = online(world).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].presence.as_ref().unwrap().member_id, world.owner.member_id());
}

async fn what_a_member_chose_stays_over_streams_and_restarts(world: &World) {
    let ada = world.agent("Ada").await;
    let mut watcher = world.owner.watch(world.core()).await;
    let chosen = ada.show_as(Away).await.unwrap();
    assert_eq!(chosen.status(), Away);
    assert_eq!(ada.show_as(Away).await.unwrap(), chosen, "the same again is no change");
    let ears = ada.listen().await;
    watcher.sees(&ada, Away).await;
    ada.show_as(Busy).await.unwrap();
    watcher.sees(&ada, Busy).await;
    drop(ears);
    watcher.sees(&ada, Offline).await;
    let ears = ada.listen().await;
    watcher.sees(&ada, Busy).await;
    assert_eq!(watcher.told_of(&ada), [Away, Busy, Offline, Busy]);
    // Shown as offline is offline to everybody, and a choice like any other.
    ada.show_as(Offline).await.unwrap();
    watcher.sees(&ada, Offline).await;
    assert!(
        online(world).await.iter().all(|agent| agent.presence.as_ref().unwrap().member_id != ada.member_id())
    );
    ada.show_as(Away).await.unwrap();
    watcher.sees(&ada, Away).await;

    // Killed while she was there: whoever was there a moment ago is given the time to come back.
    world.core().kill9();
    drop(ears);
    world.core().restart().await;
    let mut watcher = world.owner.watch(world.core()).await;
    watcher.sees(&ada, Away).await;
    let _ears = ada.listen().await;
    world.core().terminate().await;
    world.core().restart().await;
    let mut watcher = world.owner.watch(world.core()).await;
    watcher.sees(&ada, Away).await;
    assert!(watcher.told_of(&ada).iter().all(|status| *status == Away), "{:?}", watcher.told);
}

async fn visitors_learn_nothing_and_are_not_there_themselves(world: &World) {
    let visitor = world.visitor().await;
    let _ears = visitor.listen().await;
    let client = &visitor.client;
    refused(client.list_online_agents(ListOnlineAgentsRequest::default()).await, Reason::PermissionMissing);
    let workload = GetWorkloadRequest { member_id: world.owner.member_id().to_owned() };
    refused(client.get_workload(workload).await, Reason::PermissionMissing);
    let raw = world.raw(Some(&visitor.visit().await.access_token));
    refused(Watcher::start(&raw).await, Reason::PermissionMissing);
    let viewer = world.viewer("Vic").await;
    refused(viewer.show_as(Away).await, Reason::PermissionMissing);
    let mut watcher = viewer.watch(world.core()).await;
    watcher.sees(&viewer, Online).await;
    assert_eq!(online(world).await.len(), 1);
}

async fn a_suspended_member_is_gone_at_once(world: &World) {
    let ada = world.agent("Ada").await;
    let mut watcher = world.owner.watch(world.core()).await;
    let _ears = ada.listen().await;
    watcher.sees(&ada, Online).await;
    world.owner.set_state(&ada, MemberState::Suspended).await.unwrap();
    // Without waiting for the grace, which is ten seconds here.
    soon("she is gone", Duration::from_secs(4), watcher.sees(&ada, Offline)).await;
}

async fn workload(asks: &Staff, member: &Staff) -> Workload {
    let request = GetWorkloadRequest { member_id: member.member_id().to_owned() };
    asks.client.get_workload(request).await.unwrap().workload.unwrap()
}

async fn a_workload_is_what_is_assigned_and_not_done(world: &World) {
    let (ada, ben, viewer) = (world.agent("Ada").await, world.agent("Ben").await, world.viewer("Vic").await);
    let visitor = world.visitor().await;
    let chats = async |of: &Staff| workload(&viewer, of).await.active_chats;
    assert_eq!(workload(&viewer, &ada).await, Workload::default());
    let mut claimed = Vec::new();
    for _ in 0..3 {
        let chat = visitor.start_chat("Hello").await.chat_id;
        assert_eq!(ada.claim(&chat).await.unwrap().chat_id, chat);
        claimed.push(chat);
    }
    visitor.start_chat("waits").await;
    assert_eq!((chats(&ada).await, chats(&ben).await), (3, 0));
    ada.transfer_to(&claimed[0], &ben).await.unwrap();
    assert_eq!((chats(&ada).await, chats(&ben).await), (2, 1));
    visitor.close(&claimed[1], "").await.unwrap();
    ben.close(&claimed[0], "").await.unwrap();
    assert_eq!((chats(&ada).await, chats(&ben).await), (1, 0));

    let tickets = async |of: &Staff| workload(&viewer, of).await.open_tickets;
    let (one, two) = (visitor.ask("Bill", "Mine is wrong").await, visitor.ask("Order", "Where is it?").await);
    for ticket in [&one, &two] {
        ada.assign_ticket(&ticket.ticket_id, &ben).await.unwrap();
    }
    assert_eq!((tickets(&ada).await, tickets(&ben).await), (0, 2));
    ben.put_ticket(&one.ticket_id, TicketState::Solved).await.unwrap();
    ada.assign_ticket(&two.ticket_id, &ada).await.unwrap();
    assert_eq!(workload(&ada, &ada).await, Workload { active_chats: 1, open_tickets: 1 });
    assert_eq!(workload(&ada, &ben).await, Workload::default());

    let elsewhere = world.another_workspace("globex").await;
    for nobody in [elsewhere.owner.member_id().to_owned(), ids::random("member")] {
        let request = GetWorkloadRequest { member_id: nobody };
        refused(ada.client.get_workload(request).await, Reason::NotFound);
    }
}

async fn who_is_there_is_listed_page_by_page_with_departments_and_workload(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let sales = world.department("Sales", &[&ada]).await.department_id;
    let support = world.department("Support", &[&ada, &ben]).await.department_id;
    let elsewhere = world.another_workspace("globex").await;
    let (_away, _ears) = (elsewhere.owner.listen().await, [ada.listen().await, ben.listen().await]);
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    ben.claim(&chat).await.unwrap();
    ben.show_as(Busy).await.unwrap();
    until("both are there", PATIENCE, || async { (online(world).await.len() == 2).then_some(()) }).await;
    let mut request = ListOnlineAgentsRequest { page_size: 1, ..Default::default() };
    let mut agents = Vec::new();
    loop {
        let page = world.owner.client.list_online_agents(request.clone()).await.unwrap();
        assert!(page.agents.len() == 1 && agents.len() < 2, "{page:?}");
        agents.extend(page.agents);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(agents, online(world).await);
    let listed: Vec<_> = agents
        .into_iter()
        .map(|agent| {
            let presence = agent.presence.unwrap();
            (
                presence.name.clone(),
                presence.status(),
                agent.department_ids,
                agent.workload.unwrap().active_chats,
            )
        })
        .collect();
    let expected: [(_, PresenceStatus, _, _); 2] = [
        ("Ada".to_owned(), Online, vec![sales, support.clone()], 0),
        ("Ben".to_owned(), Busy, vec![support], 1),
    ];
    assert_eq!(listed, expected);
    let token = ListOnlineAgentsRequest { page_token: "nonsense".into(), ..Default::default() };
    refused(ada.client.list_online_agents(token).await, Reason::PageTokenInvalid);
}

async fn a_watcher_is_told_why_it_ends(world: &World) {
    let ada = world.agent("Ada").await;
    let session = ada.sign_in().await.access_token;
    let raw = world.raw(Some(&session));
    let mut watcher = Watcher::start(&raw).await.unwrap();
    ada.bearing(&session).client.sign_out().await.unwrap();
    let end = soon("the session is over", AT_ONCE, watcher.end()).await;
    refused(Err::<(), _>(end), Reason::SessionEnded);

    let raw = world.raw(Some(&ada.sign_in().await.access_token));
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(Watcher::start(&raw).await.unwrap());
    }
    refused(Watcher::start(&raw).await, Reason::TooManyStreams);
    world.owner.set_role(&ada, Role::Viewer).await.unwrap();
    let end = soon("the rights have changed", AT_ONCE, open[0].end()).await;
    refused(Err::<(), _>(end), Reason::TokenStale);
    let mut last = world.owner.watch(world.core()).await;
    world.core().terminate().await;
    refused(Err::<(), _>(last.end().await), Reason::ShuttingDown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cores_see_each_others_members_and_a_killed_one_takes_its_own_with_it() {
    // The grace is the usual one: it is over when a lease has ended, and longer than a loaded machine takes to write a connection down.
    let world = World::with(Shape::TwoCores, Wishes::default()).await;
    let (here, there) = (&world.cores()[0], &world.cores()[1]);
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let mut watcher = world.owner.watch(there).await;
    let mut other = world.owner.watch(here).await;
    let ada_here = ada.through(&here.endpoint()).listen().await;
    let _ben_here = ben.through(&here.endpoint()).listen().await;
    for watcher in [&mut watcher, &mut other] {
        watcher.sees(&ada, Online).await;
        watcher.sees(&ben, Online).await;
    }
    ada.through(&there.endpoint()).show_as(Away).await.unwrap();
    other.sees(&ada, Away).await;
    // Connected to both, then to the other alone: there all the time.
    let _ada_there = ada.through(&there.endpoint()).listen().await;
    drop(ada_here);
    watcher.sees(&ada, Away).await;
    let killed = Instant::now();
    here.kill9();
    watcher.sees(&ben, Offline).await;
    assert!(killed.elapsed() > Duration::from_secs(5), "a lease lasts ten seconds at least from any moment");
    assert_eq!(watcher.status(&ada), Away);
    assert!(!watcher.told_of(&ada).contains(&Offline), "{:?}", watcher.told);
    // The core that comes back brings nobody back: another one was there all the time.
    here.restart().await;
    let mut again = world.owner.watch(here).await;
    again.sees(&ada, Away).await;
    again.sees(&world.owner, Online).await;
    assert_eq!(again.status(&ben), Offline);
}
