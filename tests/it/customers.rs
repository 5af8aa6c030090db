//! Who a customer is: told to the members who have to do with them, and changed by those who answer.

use rapport_tests::actors::Staff;
use rapport_tests::client::Error;
use rapport_tests::dynamic::{call, method};
use rapport_tests::expect::{invalid, refused};
use rapport_tests::ids;
use rapport_tests::proto::chats::v1 as chats;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::web::Web;
use rapport_tests::world::World;
use serde_json::{Value, json};

on_all![
    a_member_knows_the_customers_of_the_chats_and_tickets_they_see,
    what_is_known_of_a_customer_is_changed_by_those_who_answer,
];

/// What a member is told, the same by REST and by gRPC.
async fn customer(world: &World, who: &Staff, visitor: &str) -> Result<Value, Error> {
    let token = who.sign_in().await.access_token;
    let asked = json!({"visitorId": visitor});
    let by_grpc = call(&world.raw(Some(&token)), method("CustomerService.GetCustomer"), &asked).await;
    let by_rest = Web::at(&world.edge_url()).bearer(&token).get(&format!("/v1/customers/{visitor}")).await;
    match by_grpc {
        Ok(answer) => {
            assert_eq!(by_rest.good(), answer);
            Ok(answer["customer"].clone())
        }
        Err(error) => {
            by_rest.refused(error.reason().unwrap());
            Err(error)
        }
    }
}

async fn update(world: &World, who: &Staff, change: Value) -> Result<Value, Error> {
    let raw = world.raw(Some(&who.sign_in().await.access_token));
    let answer = call(&raw, method("CustomerService.UpdateCustomer"), &change).await?;
    Ok(answer["customer"].clone())
}

async fn a_member_knows_the_customers_of_the_chats_and_tickets_they_see(world: &World) {
    let (ada, ben, vic) = (world.agent("Ada").await, world.agent("Ben").await, world.viewer("Vic").await);
    let sales = world.department("Sales", &[&ben]).await.department_id;
    let vera = world.visitor().await;
    refused(customer(world, &world.owner, &vera.visitor_id).await, Reason::NotFound);
    let chat = vera
        .start(chats::StartChatRequest {
            name: "Vera".into(),
            email: "vera@example.org".into(),
            department_id: sales.clone(),
            text: "Hello".into(),
            page_url: "https://shop.example/tea".into(),
            ..Default::default()
        })
        .await
        .unwrap();
    let told = customer(world, &ben, &vera.visitor_id).await.unwrap();
    let first = vera.messages(&chat.chat_id).await.unwrap().remove(0).sent_at.unwrap().to_string();
    let expected = json!({
        "customerId": chat.customer.as_ref().unwrap().customer_id,
        "visitorId": vera.visitor_id,
        "name": "Vera",
        "email": "vera@example.org",
        "pageUrl": "https://shop.example/tea",
        "firstSeenAt": told["firstSeenAt"],
        "lastSeenAt": first,
        "revision": 1,
    });
    assert_eq!(told, expected);
    for who in [&world.owner, &vic] {
        assert_eq!(customer(world, who, &vera.visitor_id).await.unwrap(), expected);
    }
    // The chat is of a department that is not Ada's: she knows nobody of this id, whatever she tries.
    refused(customer(world, &ada, &vera.visitor_id).await, Reason::NotFound);
    let sneak = json!({"visitorId": vera.visitor_id, "note": "mine"});
    refused(update(world, &ada, sneak).await, Reason::NotFound);
    // A ticket that she sees tells her who it is for, and nothing of the chat that she does not see.
    let ticket = vera.ask("Help", "Please").await;
    let hers = customer(world, &ada, &vera.visitor_id).await.unwrap();
    assert_eq!((&hers["name"], hers.get("pageUrl")), (&json!("Vera"), None));
    assert_eq!(hers["lastSeenAt"], ticket.created_at.unwrap().to_string(), "when she wrote the ticket");
    // What Vera writes moves the moment, what the staff writes does not.
    ben.claim(&chat.chat_id).await.unwrap();
    let second = vera.send(&chat.chat_id, "Anybody?").await.unwrap().sent_at.unwrap().to_string();
    ben.send(&chat.chat_id, "Yes").await.unwrap();
    ben.note(&chat.chat_id, "in a hurry").await.unwrap();
    assert_eq!(customer(world, &ben, &vera.visitor_id).await.unwrap()["lastSeenAt"], second);

    let elsewhere = world.another_workspace("globex").await;
    refused(customer(world, &elsewhere.owner, &vera.visitor_id).await, Reason::NotFound);
    refused(customer(world, &world.owner, &ids::random("visitor")).await, Reason::NotFound);
    let own = world.raw(Some(&vera.visit().await.access_token));
    let asked = json!({"visitorId": vera.visitor_id});
    let answer = call(&own, method("CustomerService.GetCustomer"), &asked).await;
    refused(answer, Reason::PermissionMissing);
}

async fn what_is_known_of_a_customer_is_changed_by_those_who_answer(world: &World) {
    let (ada, vic, vera) = (world.agent("Ada").await, world.viewer("Vic").await, world.visitor().await);
    let chat = vera.start_chat("Hello").await.chat_id;
    let mut ears = vera.listen().await;
    let id = vera.visitor_id.as_str();
    let change = json!({
        "visitorId": id,
        "name": "Vera",
        "email": "vera@example.org",
        "note": "SECRET: pays late",
        "ifRevision": 1,
    });
    let web = Web::at(&world.edge_url()).bearer(&ada.sign_in().await.access_token);
    let mut body = change.clone();
    body.as_object_mut().unwrap().remove("visitorId");
    let changed = web.json("PATCH", &format!("/v1/customers/{id}"), &body).await.good()["customer"].clone();
    assert_eq!((&changed["note"], &changed["revision"]), (&json!("SECRET: pays late"), &json!(2)));
    assert_eq!(customer(world, &vic, id).await.unwrap(), changed);
    let seen = ada.chat(&chat).await.unwrap().customer.unwrap();
    assert_eq!((seen.name.as_str(), seen.email.as_str()), ("Vera", "vera@example.org"));
    refused(update(world, &ada, change).await, Reason::RevisionMismatch);
    refused(update(world, &vic, json!({"visitorId": id, "note": "x"})).await, Reason::PermissionMissing);
    invalid(update(world, &ada, json!({"visitorId": id, "email": "nowhere"})).await, &["email"]);
    let cleared = update(world, &ada, json!({"visitorId": id, "email": ""})).await.unwrap();
    assert_eq!((cleared.get("email"), &cleared["name"]), (None, &json!("Vera")));

    // She hears and reads nothing of the note.
    ada.send(&chat, "Hi Vera").await.unwrap();
    ears.message("Hi Vera").await;
    let own = world.raw(Some(&vera.visit().await.access_token));
    for (name, asked) in [
        ("ChatService.GetChat", json!({"chatId": chat})),
        ("ChatService.ListChats", json!({})),
        ("ChatService.ListMessages", json!({"chatId": chat})),
        ("AuthService.GetSelf", json!({})),
        ("EventService.Read", json!({})),
    ] {
        let answer = call(&own, method(name), &asked).await.unwrap();
        assert!(!answer.to_string().contains("SECRET"), "{answer}");
    }
    assert!(!ears.transcript().contains("SECRET"));
}
