//! What members change of themselves: their name, and their password, which ends every session but the one that changed it.

use rapport_tests::actors::{PASSWORD, Staff};
use rapport_tests::client::{Client, Credentials, Error, SubscribeOptions, request_id};
use rapport_tests::dynamic::{call, method};
use rapport_tests::expect::{invalid, refused};
use rapport_tests::listener::Listener;
use rapport_tests::proto::auth::v1 as auth;
use rapport_tests::proto::chats::v1 as chats;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::event::Body;
use rapport_tests::proto::tickets::v1 as tickets;
use rapport_tests::socket::Socket;
use rapport_tests::wait::AT_ONCE;
use rapport_tests::web::Web;
use rapport_tests::world::World;
use serde_json::{Value, json};

on_all![
    a_member_changes_the_own_name_and_nothing_else,
    a_new_password_of_ones_own_ends_every_other_session_within_a_second,
    a_customer_reads_the_public_name_of_an_agent_and_nothing_more,
];

async fn ask(world: &World, token: &str, name: &str, request: Value) -> Result<Value, Error> {
    call(&world.raw(Some(token)), method(name), &request).await
}

async fn a_member_changes_the_own_name_and_nothing_else(world: &World) {
    let ada = world.viewer("Ada").await;
    let token = ada.sign_in().await.access_token;
    let mut ears = world.owner.listen().await;
    let web = Web::at(&world.edge_url()).bearer(&token);
    let sent = json!({"name": "Ada Lovelace", "ifRevision": 1});
    let renamed = web.json("PATCH", "/v1/self", &sent).await.good()["member"].clone();
    let expected = (json!("Ada Lovelace"), json!(2), json!("ROLE_VIEWER"), json!(ada.member.email));
    let shown =
        [&renamed["name"], &renamed["revision"], &renamed["role"], &renamed["email"]].map(Clone::clone);
    assert_eq!(<(_, _, _, _)>::from(shown), expected);
    let told = ears.event("the name", |body| match body {
        Body::MemberUpdated(updated) => updated.member.clone(),
        _ => None,
    });
    assert_eq!(told.await.name, "Ada Lovelace");
    assert_eq!(ask(world, &token, "AuthService.GetSelf", json!({})).await.unwrap()["member"], renamed);
    let stale = json!({"name": "Ada", "ifRevision": 1});
    refused(ask(world, &token, "AuthService.UpdateSelf", stale).await, Reason::RevisionMismatch);
    let same = json!({"name": "Ada Lovelace"});
    assert_eq!(ask(world, &token, "AuthService.UpdateSelf", same).await.unwrap()["member"], renamed);
    invalid(ask(world, &token, "AuthService.UpdateSelf", json!({"name": " "})).await, &["name"]);
    let visitor = world.visitor().await.visit().await.access_token;
    let mine = json!({"name": "Vera"});
    refused(ask(world, &visitor, "AuthService.UpdateSelf", mine).await, Reason::PermissionMissing);
}

fn change(current: &str, new: &str) -> Value {
    json!({"currentPassword": current, "newPassword": new})
}

async fn sign_in(who: &Staff, password: &str) -> Result<auth::SignInResponse, Error> {
    let (workspace, email) = (who.slug.clone(), who.member.email.clone());
    who.nobody().sign_in(auth::SignInRequest { workspace, email, password: password.to_owned() }).await
}

async fn a_new_password_of_ones_own_ends_every_other_session_within_a_second(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let own = ada.sign_in().await;
    let (other, colleague) = (ada.sign_in().await, ben.sign_in().await);
    let listen = async |token: &str| {
        let mut streams = Vec::new();
        for core in world.cores() {
            let credentials = Credentials::AccessToken(token.to_owned());
            let client = Client::connect(core.endpoint()).credentials(credentials).open().unwrap();
            streams.push(Listener::start(&client, SubscribeOptions::default()).await);
        }
        streams
    };
    let (mut kept, mut ended) = (listen(&own.access_token).await, listen(&other.access_token).await);
    let url = world.edge_url();
    let mut own_socket = Socket::open(&url, &own.access_token, "").await;
    let other_socket = Socket::open(&url, &other.access_token, "").await;

    let name = "AuthService.ChangePassword";
    let guess = ask(world, &own.access_token, name, change("a guess, wrong", "brand new one")).await;
    refused(guess, Reason::PasswordWrong);
    invalid(ask(world, &own.access_token, name, change(PASSWORD, "short")).await, &["newPassword"]);
    let visitor = world.visitor().await.visit().await.access_token;
    refused(ask(world, &visitor, name, change(PASSWORD, "brand new one")).await, Reason::PermissionMissing);
    // None of that has ended anything.
    world.visitor().await.start_chat("still there").await;
    for stream in kept.iter_mut().chain(&mut ended) {
        stream.message("still there").await;
    }

    let web = Web::at(&url).bearer(&own.access_token);
    let done = web.json("POST", "/v1/self:changePassword", &change(PASSWORD, "brand new one")).await;
    assert_eq!(done.good(), json!({}));
    for stream in &mut ended {
        refused(Err::<(), _>(stream.end(AT_ONCE).await), Reason::SessionEnded);
    }
    assert_eq!(other_socket.closed(AT_ONCE).await, (4501, "SESSION_ENDED".to_owned()));
    refused(ask(world, &other.access_token, "AuthService.GetSelf", json!({})).await, Reason::SessionEnded);
    let refresh =
        |token: &str| auth::RefreshRequest { request_id: request_id(), refresh_token: token.to_owned() };
    let again = world.nobody().refresh(refresh(&other.refresh_token)).await;
    refused(again, Reason::RefreshTokenInvalid);

    // The session that changed it goes on, by every way, and so does everybody else's.
    world.visitor().await.start_chat("and on").await;
    for stream in &mut kept {
        stream.message("and on").await;
    }
    own_socket.message("and on").await;
    ask(world, &own.access_token, "AuthService.GetSelf", json!({})).await.unwrap();
    world.nobody().refresh(refresh(&own.refresh_token)).await.unwrap();
    ask(world, &colleague.access_token, "AuthService.GetSelf", json!({})).await.unwrap();

    refused(sign_in(&ada, PASSWORD).await, Reason::CredentialsWrong);
    sign_in(&ada, "brand new one").await.unwrap();
    // The password is the membership's: the old one opens nothing, and the log knows neither.
    let again = ask(world, &own.access_token, name, change(PASSWORD, "another one")).await;
    refused(again, Reason::PasswordWrong);
    for core in world.cores() {
        assert!(
            !core.log().iter().any(|line| line.contains("brand new one") || line.contains("a guess, wrong"))
        );
    }
}

async fn a_customer_reads_the_public_name_of_an_agent_and_nothing_more(world: &World) {
    let ada = world.agent("Ada Lovelace").await;
    let vera = world.visitor().await;
    let mut ears = vera.listen().await;
    let token = ada.sign_in().await.access_token;
    let own = ask(world, &token, "AuthService.GetSelf", json!({})).await.unwrap()["member"].clone();
    assert_eq!(own["publicName"], "Ada Lovelace", "until she chooses another one");
    let chosen = ask(world, &token, "AuthService.UpdateSelf", json!({"publicName": "Ada"})).await.unwrap();
    assert_eq!(
        (&chosen["member"]["name"], &chosen["member"]["publicName"]),
        (&json!("Ada Lovelace"), &json!("Ada"))
    );

    // What she says from now on, in a session that knows of it.
    let ada = ada.bearing(&ada.sign_in().await.access_token);
    let chat = vera.start_chat("Hello").await.chat_id;
    let claim = chats::ClaimChatRequest { chat_id: chat.clone() };
    let claimed = ada.client.claim_chat(claim).await.unwrap().chat.unwrap();
    assert_eq!(claimed.assignee.unwrap().name, "Ada Lovelace", "colleagues read the whole name");
    assert_eq!(vera.chat(&chat).await.unwrap().assignee.unwrap().name, "Ada");
    ada.typing(&chat, true).await.unwrap();
    let last = vera.chat(&chat).await.unwrap().last_seq;
    ada.mark_read(&chat, last).await.unwrap();
    ada.send(&chat, "Hi").await.unwrap();
    let heard = ears.message("Hi").await;
    assert_eq!(heard.sender.as_ref().unwrap().name, "Ada");
    assert_eq!(vera.messages(&chat).await.unwrap().last(), Some(&heard), "what is listed is what was heard");
    let ticket = vera.ask("Help", "Please").await.ticket_id;
    let member_id = own["memberId"].as_str().unwrap().to_owned();
    let assign = tickets::UpdateTicketRequest {
        ticket_id: ticket.clone(),
        assignee_id: Some(member_id),
        ..Default::default()
    };
    ada.client.update_ticket(assign).await.unwrap();
    ada.comment(&ticket, "Sure").await.unwrap();
    assert_eq!(ada.ticket(&ticket).await.unwrap().assignee.unwrap().name, "Ada Lovelace");
    assert_eq!(vera.ticket(&ticket).await.unwrap().assignee.unwrap().name, "Ada");
    let comment = vera.comments(&ticket, 0).await.unwrap().pop().unwrap();
    assert_eq!(comment.author.unwrap().name, "Ada");

    // Nothing that the customer is given says more: no surname, no address.
    let visit = vera.visit().await.access_token;
    for (name, asked) in [
        ("ChatService.GetChat", json!({"chatId": chat})),
        ("ChatService.ListChats", json!({})),
        ("ChatService.ListMessages", json!({"chatId": chat})),
        ("TicketService.GetTicket", json!({"ticketId": ticket})),
        ("TicketService.ListTickets", json!({})),
        ("TicketService.ListComments", json!({"ticketId": ticket})),
        ("EventService.Read", json!({"pageSize": 200})),
        ("AuthService.GetSelf", json!({})),
    ] {
        let answer = ask(world, &visit, name, asked).await.unwrap().to_string();
        assert!(!answer.contains("Lovelace") && !answer.contains("lovelace"), "{name}: {answer}");
    }
    let transcript = vera.client.get_transcript(chats::GetTranscriptRequest { chat_id: chat.clone() }).await;
    let transcript = String::from_utf8(transcript.unwrap().body.unwrap().data).unwrap();
    assert!(transcript.contains("] Ada\n") && !transcript.contains("Lovelace"), "{transcript}");
    let heard = ears.transcript();
    assert!(!heard.contains("Lovelace") && !heard.contains("lovelace"), "{heard}");

    let back = ask(world, &token, "AuthService.UpdateSelf", json!({"publicName": ""})).await.unwrap();
    assert_eq!(back["member"]["publicName"], "Ada Lovelace");
    assert_eq!(vera.chat(&chat).await.unwrap().assignee.unwrap().name, "Ada Lovelace");
}
