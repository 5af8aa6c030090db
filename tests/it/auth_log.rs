//! What the log says of who came in, who did not, and who left: enough to find a guesser, nothing to sign in with.

use rapport_client::{Client, Credentials};
use rapport_proto::auth::v1::{RefreshRequest, SetUpRequest, SignInRequest};
use rapport_proto::errors::v1::Reason;
use rapport_proto::tenants::v1::CreateDepartmentRequest;
use rapport_tests::actors::PASSWORD;
use rapport_tests::expect::refused;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::{Shape, World};
use serde_json::Value;

/// The line of this message about this kind of thing, once it is there.
async fn line(world: &World, message: &str, fits: impl Fn(&Value) -> bool + Send + Sync) -> Value {
    until(message, PATIENCE, || async {
        let lines = world.core().log();
        let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.into_iter().find(|line| line["message"] == message && fits(line))
    })
    .await
}

#[tokio::test]
async fn the_log_says_who_came_and_went_and_never_their_secrets() {
    let world = World::boot(Shape::Sqlite).await;
    let local = |line: &Value| line["address"] == "127.0.0.1" && line["level"] != "DEBUG";
    assert!(local(&line(&world, "set up", |line| line["tenant"] == world.tenant_id.as_str()).await));
    refused(
        world.nobody().set_up(SetUpRequest { setup_token: "0".repeat(32), ..forged() }).await,
        Reason::SetupTokenWrong,
    );
    assert!(local(&line(&world, "setup refused", |_| true).await));

    let agent = world.agent("Ada").await;
    let sign_in = |workspace: &str, password: &str| SignInRequest {
        workspace: workspace.to_owned(),
        email: agent.member.email.clone(),
        password: password.to_owned(),
    };
    let wrong = "a wrong password";
    refused(world.nobody().sign_in(sign_in("acme", wrong)).await, Reason::CredentialsWrong);
    let known = line(&world, "sign-in refused", |line| line["workspace"] == "acme").await;
    assert!(local(&known) && known["member"] == agent.member_id(), "{known}");
    assert_eq!(known["reason"], "CredentialsWrong");
    refused(world.nobody().sign_in(sign_in("nowhere", wrong)).await, Reason::CredentialsWrong);
    let unknown = line(&world, "sign-in refused", |line| line["workspace"] == "nowhere").await;
    assert!(local(&unknown) && unknown["member"].is_null(), "{unknown}");

    let answer = world.nobody().sign_in(sign_in("acme", PASSWORD)).await.unwrap();
    let came = line(&world, "signed in", |line| line["member"] == agent.member_id()).await;
    assert!(local(&came) && came["session"].is_string(), "{came}");

    let client = |token: &str| {
        let credentials = Credentials::AccessToken(token.to_owned());
        Client::connect(world.core().endpoint()).credentials(credentials).open().unwrap()
    };
    let signed_in = client(&answer.access_token);
    let create = CreateDepartmentRequest {
        request_id: rapport_client::request_id(),
        name: "Sales".to_owned(),
        member_ids: Vec::new(),
    };
    refused(signed_in.create_department(create.clone()).await, Reason::PermissionMissing);
    let missing = line(&world, "permission missing", |line| line["session"] == came["session"]).await;
    assert!(local(&missing) && missing["actor"] == agent.member_id(), "{missing}");
    refused(client("nonsense").create_department(create).await, Reason::TokenInvalid);
    assert!(local(&line(&world, "token refused", |line| line["reason"] == "TokenInvalid").await));

    let refresh = || RefreshRequest {
        request_id: rapport_client::request_id(),
        refresh_token: answer.refresh_token.clone(),
    };
    world.nobody().refresh(refresh()).await.unwrap();
    refused(world.nobody().refresh(refresh()).await, Reason::RefreshTokenReused);
    let reused = "a spent refresh token came back; its session has been ended";
    let reused = line(&world, reused, |line| line["session"] == came["session"]).await;
    assert!(local(&reused) && reused["member"] == agent.member_id(), "{reused}");

    let visitor = world.visitor().await;
    visitor.client.sign_out().await.unwrap();
    let left = line(&world, "signed out", |line| line["actor"] == visitor.visitor_id.as_str()).await;
    assert!(local(&left) && left["tenant"] == world.tenant_id.as_str(), "{left}");

    let log = world.core().log().join("\n");
    let secrets = [PASSWORD, wrong, &agent.member.email, &answer.access_token, &answer.refresh_token];
    for secret in secrets.into_iter().chain([world.spent_setup_token.as_str()]) {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

fn forged() -> SetUpRequest {
    SetUpRequest {
        setup_token: String::new(),
        workspace: Some(rapport_tests::world::workspace("evil")),
        owner: Some(rapport_tests::world::owner("evil")),
    }
}
