//! Sessions: how they begin, how they are renewed, and that what ends them ends everything open on them.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rapport_tests::actors::{PASSWORD, Staff};
use rapport_tests::client::{Client, request_id};
use rapport_tests::expect::{invalid, refused};
use rapport_tests::listener::Listener;
use rapport_tests::proto::auth::v1 as auth;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::tenants::v1 as tenants;
use rapport_tests::proto::tenants::v1::{MemberState, Role};
use rapport_tests::wait::{AT_ONCE, until};
use rapport_tests::world::{Deployment, Shape, Wishes, World};

on_all![
    a_spent_refresh_token_used_again_ends_the_session_and_its_streams,
    a_sign_out_ends_the_sessions_tokens_and_streams_within_a_second,
    a_suspension_ends_every_session_of_the_member_within_a_second,
    a_new_password_ends_every_session_made_with_the_old_one,
    a_new_role_makes_the_tokens_of_the_old_one_stale_and_a_refresh_gives_the_new_rights,
];

on_both![
    a_wrong_password_and_an_unknown_address_look_and_cost_the_same,
    an_address_is_compared_in_lower_case_and_a_password_to_its_last_character,
    a_refresh_token_is_good_once_and_asking_again_gives_the_same,
    a_visitor_comes_back_by_the_secret_and_by_nothing_else,
    everybody_learns_who_they_are_and_what_they_may_do,
    sessions_survive_a_restart_and_what_was_ended_stays_ended,
    a_flood_of_sign_ins_is_refused_before_it_costs_anything_and_passes,
];

fn sign_in(slug: &str, email: &str, password: &str) -> auth::SignInRequest {
    auth::SignInRequest { workspace: slug.into(), email: email.into(), password: password.into() }
}

pub(crate) fn refresh(token: &str, id: &str) -> auth::RefreshRequest {
    auth::RefreshRequest { request_id: id.into(), refresh_token: token.into() }
}

async fn the_first_owner_is_made_with_the_printed_token_once(shape: Shape) {
    let deployment = Deployment::start(shape, Wishes::default()).await;
    let nobody = Client::connect(deployment.core().endpoint()).open().unwrap();
    refused(nobody.sign_in(sign_in("acme", "owner@acme.example", PASSWORD)).await, Reason::CredentialsWrong);
    refused(deployment.set_up("not the token").await, Reason::SetupTokenWrong);
    // What was printed before a restart is as good as what is printed after it, or is replaced by it; the last one holds.
    deployment.core().restart().await;
    let token = deployment.core().setup_token().expect("there is no owner yet");
    let answers = join_all((0..3).map(|_| deployment.set_up(&token))).await;
    let (made, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1, "one of three at once");
    for other in others {
        refused(other, Reason::SetupDone);
    }
    refused(deployment.set_up(&token).await, Reason::SetupDone);
    deployment.core().restart().await;
    assert_eq!(deployment.core().setup_token(), None, "an installation with an owner prints none");
    refused(deployment.set_up(&token).await, Reason::SetupDone);
    let log = deployment.core().log().join("\n");
    assert!(!log.contains(&token), "the token is printed, not logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owner_is_made_with_the_printed_token_once_sqlite() {
    the_first_owner_is_made_with_the_printed_token_once(Shape::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owner_is_made_with_the_printed_token_once_postgres() {
    the_first_owner_is_made_with_the_printed_token_once(Shape::Postgres).await;
}

async fn a_wrong_password_and_an_unknown_address_look_and_cost_the_same(world: &World) {
    let agent = world.agent("Ada").await;
    let suspended = world.agent("Sue").await;
    world.owner.set_state(&suspended, MemberState::Suspended).await.unwrap();
    let nobody = world.nobody();
    let attempts = [
        sign_in(&world.slug, &agent.member.email, "wrong password"),
        sign_in(&world.slug, "nobody@acme.example", PASSWORD),
        sign_in("no-such-workspace", &agent.member.email, PASSWORD),
        sign_in(&world.slug, &suspended.member.email, PASSWORD),
    ];
    let mut looks = Vec::new();
    let mut costs = Vec::new();
    for attempt in attempts {
        let mut taken = Vec::new();
        for _ in 0..7 {
            let begun = Instant::now();
            let error = refused(nobody.sign_in(attempt.clone()).await, Reason::CredentialsWrong);
            taken.push(begun.elapsed());
            looks.push((error.status().message().to_owned(), error.fault().unwrap().metadata.clone()));
        }
        taken.sort();
        costs.push(taken[taken.len() / 2]);
    }
    assert!(looks.iter().all(|look| *look == looks[0]), "{looks:?}");
    // Without a hash in its path an answer comes some fifty times sooner; a busy machine does not make that much difference.
    let (least, most) = (costs.iter().min().unwrap(), costs.iter().max().unwrap());
    assert!(*most < *least * 4, "{costs:?}");
}

async fn an_address_is_compared_in_lower_case_and_a_password_to_its_last_character(world: &World) {
    let long: String = "pässwörd 👩‍👩‍👧 ".chars().cycle().take(128).collect();
    let mut other = long.clone();
    other.pop();
    let create = |password: &str| tenants::CreateMemberRequest {
        request_id: request_id(),
        email: "Lena.Long@Acme.Example".into(),
        name: "Lena".into(),
        role: Role::Agent.into(),
        password: password.into(),
    };
    invalid(world.owner.client.create_member(create("7 chars")).await, &["password"]);
    invalid(world.owner.client.create_member(create(&"x".repeat(129))).await, &["password"]);
    let made = world.owner.client.create_member(create(&long)).await.unwrap().member.unwrap();
    assert_eq!(made.email, "lena.long@acme.example");
    let nobody = world.nobody();
    let signed_in = nobody.sign_in(sign_in(&world.slug, "LENA.long@acme.example", &long)).await.unwrap();
    assert_eq!(signed_in.member.unwrap(), made);
    for wrong in [other.as_str(), &format!("{other}x"), &long.to_uppercase()] {
        let answer = nobody.sign_in(sign_in(&world.slug, &made.email, wrong)).await;
        refused(answer, Reason::CredentialsWrong);
    }
}

async fn a_refresh_token_is_good_once_and_asking_again_gives_the_same(world: &World) {
    let agent = world.agent("Ada").await;
    let nobody = world.nobody();
    let first = agent.sign_in().await;
    let id = request_id();
    let copies = join_all((0..3).map(|_| nobody.refresh(refresh(&first.refresh_token, &id)))).await;
    let copies: Vec<_> = copies.into_iter().map(Result::unwrap).collect();
    assert!(copies.iter().all(|copy| copy.refresh_token == copies[0].refresh_token));
    assert_ne!(copies[0].refresh_token, first.refresh_token);
    assert_eq!(
        copies[0].refresh_expires_at, first.refresh_expires_at,
        "refreshing does not prolong the session"
    );
    let again = nobody.refresh(refresh(&first.refresh_token, &id)).await.unwrap();
    assert_eq!(again.refresh_token, copies[0].refresh_token, "the answer was lost, the token is not");
    for copy in &copies {
        agent.bearing(&copy.access_token).client.get_self(auth::GetSelfRequest {}).await.unwrap();
    }
    let second = nobody.refresh(refresh(&again.refresh_token, &request_id())).await.unwrap();
    assert_ne!(second.refresh_token, again.refresh_token);
    refused(nobody.refresh(refresh("not a refresh token", &request_id())).await, Reason::RefreshTokenInvalid);
    refused(
        nobody.refresh(refresh(&second.access_token[..60], &request_id())).await,
        Reason::RefreshTokenInvalid,
    );
}

async fn a_spent_refresh_token_used_again_ends_the_session_and_its_streams(world: &World) {
    let agent = world.agent("Ada").await;
    let nobody = world.nobody();
    let stolen = agent.sign_in().await;
    let other_session = agent.sign_in().await;
    let spent = nobody.refresh(refresh(&stolen.refresh_token, &request_id())).await.unwrap();
    let bearer = agent.bearing(&spent.access_token);
    let mut streams = listen_everywhere(world, &agent, &spent.access_token).await;

    let reuse = nobody.refresh(refresh(&stolen.refresh_token, &request_id())).await;
    refused(reuse, Reason::RefreshTokenReused);
    let ended = Instant::now();
    for stream in &mut streams {
        refused(
            Err::<(), _>(stream.end(AT_ONCE.saturating_sub(ended.elapsed())).await),
            Reason::SessionEnded,
        );
    }
    refused(bearer.client.get_self(auth::GetSelfRequest {}).await, Reason::SessionEnded);
    refused(nobody.refresh(refresh(&spent.refresh_token, &request_id())).await, Reason::RefreshTokenInvalid);
    let other = agent.bearing(&other_session.access_token);
    other
        .client
        .get_self(auth::GetSelfRequest {})
        .await
        .expect("another session of the same member lives on");
}

async fn a_sign_out_ends_the_sessions_tokens_and_streams_within_a_second(world: &World) {
    let agent = world.agent("Ada").await;
    let (leaving, staying) = (agent.sign_in().await, agent.sign_in().await);
    let mut streams = listen_everywhere(world, &agent, &leaving.access_token).await;
    let other = listen_everywhere(world, &agent, &staying.access_token).await;
    agent.bearing(&leaving.access_token).client.sign_out().await.unwrap();
    let ended = Instant::now();
    for stream in &mut streams {
        refused(
            Err::<(), _>(stream.end(AT_ONCE.saturating_sub(ended.elapsed())).await),
            Reason::SessionEnded,
        );
    }
    for core in world.cores() {
        let there = agent.through(&core.endpoint()).bearing(&leaving.access_token);
        refused(there.client.get_self(auth::GetSelfRequest {}).await, Reason::SessionEnded);
    }
    let answer = world.nobody().refresh(refresh(&leaving.refresh_token, &request_id())).await;
    refused(answer, Reason::RefreshTokenInvalid);
    assert!(other.iter().all(Listener::is_open));
    world.nobody().refresh(refresh(&staying.refresh_token, &request_id())).await.unwrap();
}

async fn a_suspension_ends_every_session_of_the_member_within_a_second(world: &World) {
    let agent = world.agent("Ada").await;
    let (one, two) = (agent.sign_in().await, agent.sign_in().await);
    let mut streams = listen_everywhere(world, &agent, &one.access_token).await;
    streams.extend(listen_everywhere(world, &agent, &two.access_token).await);
    world.owner.set_state(&agent, MemberState::Suspended).await.unwrap();
    let ended = Instant::now();
    for stream in &mut streams {
        refused(
            Err::<(), _>(stream.end(AT_ONCE.saturating_sub(ended.elapsed())).await),
            Reason::SessionEnded,
        );
    }
    for session in [&one, &two] {
        for core in world.cores() {
            let there = agent.through(&core.endpoint()).bearing(&session.access_token);
            refused(there.client.get_self(auth::GetSelfRequest {}).await, Reason::SessionEnded);
        }
        let answer = world.nobody().refresh(refresh(&session.refresh_token, &request_id())).await;
        refused(answer, Reason::RefreshTokenInvalid);
    }
    let attempt = sign_in(&world.slug, &agent.member.email, PASSWORD);
    refused(world.nobody().sign_in(attempt.clone()).await, Reason::CredentialsWrong);

    world.owner.set_state(&agent, MemberState::Active).await.unwrap();
    world.nobody().sign_in(attempt).await.expect("an active member signs in again");
    let old = agent.bearing(&one.access_token);
    refused(old.client.get_self(auth::GetSelfRequest {}).await, Reason::SessionEnded);
}

async fn a_new_password_ends_every_session_made_with_the_old_one(world: &World) {
    let agent = world.agent("Ada").await;
    let session = agent.sign_in().await;
    let mut streams = listen_everywhere(world, &agent, &session.access_token).await;
    let change =
        tenants::UpdateMemberRequest { password: Some("another password".into()), ..Default::default() };
    world.owner.update(&agent, change).await.unwrap();
    let ended = Instant::now();
    for stream in &mut streams {
        refused(
            Err::<(), _>(stream.end(AT_ONCE.saturating_sub(ended.elapsed())).await),
            Reason::SessionEnded,
        );
    }
    let answer = world.nobody().refresh(refresh(&session.refresh_token, &request_id())).await;
    refused(answer, Reason::RefreshTokenInvalid);
    let old = sign_in(&world.slug, &agent.member.email, PASSWORD);
    refused(world.nobody().sign_in(old).await, Reason::CredentialsWrong);
    let new = sign_in(&world.slug, &agent.member.email, "another password");
    world.nobody().sign_in(new).await.unwrap();
}

async fn a_new_role_makes_the_tokens_of_the_old_one_stale_and_a_refresh_gives_the_new_rights(world: &World) {
    let agent = world.agent("Ada").await;
    let session = agent.sign_in().await;
    let bearer = agent.bearing(&session.access_token);
    let mut streams = listen_everywhere(world, &agent, &session.access_token).await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    world.owner.set_role(&agent, Role::Viewer).await.unwrap();
    let ended = Instant::now();
    for stream in &mut streams {
        refused(Err::<(), _>(stream.end(AT_ONCE.saturating_sub(ended.elapsed())).await), Reason::TokenStale);
    }
    refused(bearer.send(&chat, "with the old right").await, Reason::TokenStale);
    let fresh = world.nobody().refresh(refresh(&session.refresh_token, &request_id())).await.unwrap();
    let renewed = agent.bearing(&fresh.access_token);
    refused(renewed.send(&chat, "with no right").await, Reason::PermissionMissing);
    renewed.chat(&chat).await.unwrap();
    // A client that renews by itself learns of the new role without being told.
    let own = agent.client.get_self(auth::GetSelfRequest {}).await.unwrap();
    assert_eq!(own.member.unwrap().role(), Role::Viewer);
}

/// A stream under this token on every core.
async fn listen_everywhere(world: &World, who: &Staff, token: &str) -> Vec<Listener> {
    let mut streams = Vec::new();
    for core in world.cores() {
        streams.push(who.through(&core.endpoint()).bearing(token).listen().await);
    }
    streams
}

async fn a_visitor_comes_back_by_the_secret_and_by_nothing_else(world: &World) {
    let elsewhere = world.another_workspace("globex").await;
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    let secret = visitor.secret().await;
    let nobody = world.nobody();
    let visit = |slug: &str, secret: &str| auth::StartVisitRequest {
        workspace: slug.into(),
        visitor_secret: secret.into(),
    };
    let again = nobody.start_visit(visit(&world.slug, &secret)).await.unwrap();
    assert_eq!(again.visitor_id, visitor.visitor_id);
    assert_eq!(visitor.bearing(&again.access_token).chat(&chat).await.unwrap().chat_id, chat);
    let by_new_secret = nobody.start_visit(visit(&world.slug, &again.visitor_secret)).await.unwrap();
    assert_eq!(by_new_secret.visitor_id, visitor.visitor_id);

    refused(nobody.start_visit(visit(&elsewhere.slug, &secret)).await, Reason::VisitorSecretInvalid);
    refused(nobody.start_visit(visit("no-such-workspace", "")).await, Reason::NotFound);
    for place in [0, secret.len() / 2, secret.len() - 1] {
        let mut changed = secret.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        refused(nobody.start_visit(visit(&world.slug, &changed)).await, Reason::VisitorSecretInvalid);
    }
    refused(nobody.start_visit(visit(&world.slug, "x")).await, Reason::VisitorSecretInvalid);
    assert_ne!(world.visitor().await.visitor_id, visitor.visitor_id, "without a secret the visitor is new");

    let bearer = visitor.bearing(&again.access_token);
    let mut ears = bearer.listen().await;
    bearer.client.sign_out().await.unwrap();
    refused(Err::<(), _>(ears.end(AT_ONCE).await), Reason::SessionEnded);
    refused(visitor.bearing(&again.access_token).chat(&chat).await, Reason::SessionEnded);
    let after = nobody.start_visit(visit(&world.slug, &secret)).await.unwrap();
    assert_eq!(after.visitor_id, visitor.visitor_id, "the secret stays good");
}

async fn everybody_learns_who_they_are_and_what_they_may_do(world: &World) {
    use rapport_tests::proto::options::v1::Permission as P;
    let agent = world.agent("Ada").await;
    let visitor = world.visitor().await;
    let own = agent.client.get_self(auth::GetSelfRequest {}).await.unwrap();
    assert_eq!(own.member.as_ref(), Some(&agent.member));
    assert_eq!(own.tenant.as_ref().unwrap().tenant_id, world.tenant_id);
    assert_eq!(own.visitor_id, "");
    let held: Vec<_> = own.permissions().collect();
    assert!(held.contains(&P::ChatsHandle) && !held.contains(&P::MembersManage), "{held:?}");
    let own = visitor.client.get_self(auth::GetSelfRequest {}).await.unwrap();
    assert_eq!((own.member, own.visitor_id.as_str()), (None, visitor.visitor_id.as_str()));
    let operator = world.operator().get_self(auth::GetSelfRequest {}).await.unwrap();
    assert_eq!((operator.tenant, operator.member, operator.visitor_id.as_str()), (None, None, ""));
    let held: Vec<_> = operator.permissions.iter().map(|held| P::try_from(*held).unwrap()).collect();
    assert_eq!(held, [P::SignedIn, P::TenantsCreate]);
}

async fn sessions_survive_a_restart_and_what_was_ended_stays_ended(world: &World) {
    let agent = world.agent("Ada").await;
    let (kept, ended) = (agent.sign_in().await, agent.sign_in().await);
    agent.bearing(&ended.access_token).client.sign_out().await.unwrap();
    world.core().restart().await;
    agent.bearing(&kept.access_token).client.get_self(auth::GetSelfRequest {}).await.unwrap();
    refused(
        agent.bearing(&ended.access_token).client.get_self(auth::GetSelfRequest {}).await,
        Reason::SessionEnded,
    );
    world.nobody().refresh(refresh(&kept.refresh_token, &request_id())).await.unwrap();
}

async fn a_flood_of_sign_ins_is_refused_before_it_costs_anything_and_passes(world: &World) {
    let attempt = sign_in(&world.slug, "nobody@acme.example", "wrong password");
    let clients: Vec<_> = (0..8).map(|_| world.nobody()).collect();
    let answers = join_all((0..200).map(|n| clients[n % 8].sign_in(attempt.clone()))).await;
    for answer in answers {
        let error = answer.unwrap_err();
        assert!(matches!(error.reason(), Some(Reason::CredentialsWrong | Reason::Overloaded)), "{error}");
    }
    until("sign-in works again", Duration::from_secs(20), || async {
        world.nobody().sign_in(sign_in(&world.slug, &world.owner.member.email, PASSWORD)).await.ok()
    })
    .await;
}
