//! What is wrong with a request is said exactly, and nothing that is wrong gets past the door.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rapport_tests::client::{Error, request_id};
use rapport_tests::dynamic::{Field, at, call, encode, fields, method, with};
use rapport_tests::expect::{invalid, refused};
use rapport_tests::ids;
use rapport_tests::proto::chats::v1 as chats;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1 as events;
use rapport_tests::proto::options::v1::Format;
use rapport_tests::proto::tenants::v1 as tenants;
use rapport_tests::world::World;
use serde_json::{Value, json};

use crate::cast::Cast;
use crate::rows::rows;

on_both![
    every_rule_of_every_field_is_enforced_and_names_that_field_alone,
    the_longest_that_is_allowed_is_taken,
    every_violation_of_a_request_is_named_at_once_and_in_words,
    what_is_no_request_is_malformed_and_what_is_no_rpc_is_unknown,
    a_request_over_256_kib_is_refused_unread,
    a_request_id_stands_for_one_body,
    a_request_id_older_than_creates_are_remembered_is_refused_but_messages_take_any,
    a_changed_page_token_or_cursor_is_refused,
    an_id_that_is_well_formed_and_nobodys_is_not_found,
];

/// Values that break one rule of a field each, with the field that the violation must name.
fn breaches(field: &Field, present: &Value) -> Vec<(&'static str, Option<Value>, String)> {
    let name = field.name();
    let mut found = Vec::new();
    let list = field.descriptor.is_list();
    let entry = if list { format!("{name}[0]") } else { name.clone() };
    let put = |value: Value| Some(if list { json!([value]) } else { value });
    let max_items = usize::try_from(field.number("max_items")).unwrap();
    if max_items > 0 {
        let one = present[0].clone();
        found.push(("too many entries", Some(Value::Array(vec![one; max_items + 1])), name.clone()));
    }
    if present.is_string() || (list && present[0].is_string() && field.number("max_items") > 0) {
        let is_enum = matches!(field.descriptor.kind(), prost_reflect::Kind::Enum(_));
        if is_enum {
            found.push(("an unknown value", put(json!(99)), entry.clone()));
        } else {
            found.push(("U+0000", put(json!("a\u{0}b")), entry.clone()));
        }
        if field.required() && !is_enum {
            found.push(("empty", put(json!("")), entry.clone()));
            found.push(("blank", put(json!(" \t\u{a0} ")), entry.clone()));
        }
        if !field.id().is_empty() {
            let other = if field.id() == "chat" { "member" } else { "chat" };
            let well = ids::random(&field.id());
            found.push(("not an id", put(json!("x")), entry.clone()));
            found.push(("an id of another kind", put(json!(ids::random(other))), entry.clone()));
            found.push(("an id in capitals", put(json!(well.to_uppercase())), entry.clone()));
            found.push(("an id cut short", put(json!(well[..well.len() - 1])), entry.clone()));
            found.push(("an id and more", put(json!(format!("{well}0"))), entry.clone()));
        }
        for wrong in wrong_formats(field) {
            found.push(("the wrong format", put(json!(wrong)), entry.clone()));
        }
        let (least, most) = (field.number("min_len"), field.number("max_len"));
        if most > 0 {
            let long = "ä".repeat(usize::try_from(most).unwrap() + 1);
            found.push(("a character too many", put(json!(long)), entry.clone()));
        }
        if least > 1 {
            let short = "ä".repeat(usize::try_from(least).unwrap() - 1);
            found.push(("a character too few", put(json!(short)), entry));
        }
    }
    let in_oneof = field.descriptor.containing_oneof().is_some();
    if field.required() && !in_oneof {
        found.push(("absent", None, name));
    }
    found
}

fn wrong_formats(field: &Field) -> &'static [&'static str] {
    match Format::try_from(i32::try_from(field.number("format")).unwrap()).unwrap() {
        Format::Unspecified => &[],
        Format::Email => {
            &["x", "@x.example", "a@", "a b@x.example", "a@x..example", "Vera <a@x.example>", "a@b@c"]
        }
        Format::Uuid => &["x", "00000000-0000-0000-0000-000000000000", "0192f0c17b3f7d3a8e9d0b1c2d3e4f50"],
        Format::Slug => &["ab", "Acme", "-acme", "acme-", "ac me", "äcme", "a/b"],
        Format::Locale => &["x", "english", "de_", "e1"],
        Format::TimeZone => &["CET+1", "europe/berlin", "Mars/Base", "../etc/passwd"],
        Format::Origin => &[
            "shop.example",
            "https://",
            "https://shop.example/",
            "https://Shop.example",
            "https://shop.example:443",
            "http://shop.example:080",
            "https://*.example",
            "https://a@shop.example",
            "ftp://shop.example",
            "null",
            "https://[::0001]",
        ],
        Format::Color => &["red", "#fff", "2563eb", "#2563eg", "#2563eb;x", " #2563eb"],
    }
}

async fn every_rule_of_every_field_is_enforced_and_names_that_field_alone(world: &World) {
    let operator = world.core().run(&["operator-token"]);
    let cast = Cast::of(world, &operator).await;
    let ids = cast.ids().await;
    let mut tried = 0;
    for row in rows() {
        let raw = cast.raw(row.who);
        for field in fields(row.method) {
            let request = (row.request)(&ids);
            let Some(present) = at(&request, &field.path).filter(|value| !value.is_null()) else { continue };
            for (what, value, named) in breaches(&field, present) {
                let broken = with(&request, &field.path, value);
                let answer = call(&raw, row.method, &broken).await;
                let error =
                    answer.as_ref().expect_err(&format!("{} with {what} in {named}", row.method.path));
                assert_eq!(
                    error.reason(),
                    Some(Reason::FieldInvalid),
                    "{} with {what} in {named}: {error}",
                    row.method.path
                );
                invalid(answer, &[&named]);
                tried += 1;
            }
        }
    }
    assert!(tried > 250, "the test has teeth: {tried}");
}

async fn the_longest_that_is_allowed_is_taken(world: &World) {
    let visitor = world.visitor().await;
    let request = chats::StartChatRequest {
        name: "ä".repeat(100),
        email: format!("{}@{}.{}.example", "a".repeat(64), "b".repeat(63), "c".repeat(63)),
        text: "𝕏".repeat(8_000),
        page_url: "u".repeat(2_000),
        ..Default::default()
    };
    let chat = visitor.start(request.clone()).await.unwrap();
    let customer = chat.customer.unwrap();
    assert_eq!(
        (customer.name, customer.email, chat.page_url),
        (request.name, request.email, request.page_url)
    );
    let closed = visitor.close(&chat.chat_id, &"r".repeat(500)).await.unwrap();
    assert_eq!(closed.close_reason.len(), 500);
}

async fn every_violation_of_a_request_is_named_at_once_and_in_words(world: &World) {
    let visitor = world.visitor().await;
    let request = chats::StartChatRequest {
        request_id: "not-a-uuid".into(),
        name: "x".repeat(101),
        email: "not an address".into(),
        department_id: "department_x".into(),
        text: "x".repeat(8_001),
        page_url: "x".repeat(2_001),
    };
    let names = ["requestId", "name", "email", "departmentId", "text", "pageUrl"];
    let error = invalid(visitor.start(request).await, &names);
    let said: Vec<_> = error.fault().unwrap().violations.iter().map(|v| v.description.as_str()).collect();
    assert_eq!(
        said,
        [
            "is not a UUID of 36 characters",
            "has more than 100 characters",
            "is not an e-mail address",
            "is not an id of the form `department_…`",
            "has more than 8000 characters",
            "has more than 2000 characters",
        ]
    );
    let nested = tenants::CreateTenantRequest {
        request_id: request_id(),
        workspace: Some(tenants::Workspace { slug: "Acme!".into(), name: " ".into(), ..Default::default() }),
        owner: None,
    };
    invalid(world.operator().create_tenant(nested).await, &["workspace.slug", "workspace.name", "owner"]);
    let chat = visitor.start_chat("Hello").await.chat_id;
    let nowhere = chats::TransferChatRequest { chat_id: chat, to: None };
    invalid(world.owner.client.transfer_chat(nowhere).await, &["to"]);
    let types = (0..21).map(|_| events::EventType::MessageSent.into()).collect();
    let read = events::ReadRequest { types, ..Default::default() };
    invalid(visitor.client.read(read).await, &["types"]);
    let read = events::ReadRequest { types: vec![3, 0, 99], ..Default::default() };
    let error = visitor.client.read(read).await.unwrap_err();
    assert_eq!(error.reason(), Some(Reason::FieldInvalid));
    assert!(error.fault().unwrap().violations.iter().any(|v| v.field == "types[2]"), "{error:?}");
}

async fn what_is_no_request_is_malformed_and_what_is_no_rpc_is_unknown(world: &World) {
    let token = world.visitor().await.visit().await.access_token;
    let raw = world.raw(Some(&token));
    let send = "/rapport.chats.v1.ChatService/SendMessage";
    for body in [
        vec![0xff; 10],
        vec![0x0a, 0x05, b'a'],
        vec![0x1a, 0x02, 0xff, 0xfe],
        vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
    ] {
        refused(raw.call(send, body).await, Reason::MalformedRequest);
    }
    let unknown_field =
        [encode(method("AuthService.GetSelf"), &json!({})), vec![0xfa, 0x3e, 0x01, b'x']].concat();
    raw.call("/rapport.auth.v1.AuthService/GetSelf", unknown_field)
        .await
        .expect("a newer client's field is passed over");
    for path in [
        "/rapport.chats.v1.ChatService/DropAllTables",
        "/rapport.chats.v1.ChatService/sendMessage",
        "/rapport.chats.v1.ChatService/",
        "/rapport.chats.v2.ChatService/SendMessage",
        "/nothing.like.It/Exists",
        "/",
    ] {
        refused(raw.call(path, Vec::new()).await, Reason::MethodUnknown);
        refused(world.raw(None).call(path, Vec::new()).await, Reason::MethodUnknown);
    }
}

async fn a_request_over_256_kib_is_refused_unread(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    let raw = world.raw(Some(&visitor.visit().await.access_token));
    let send = method("ChatService.SendMessage");
    let of = |length: usize| {
        encode(send, &json!({"chatId": chat, "requestId": request_id(), "text": "x".repeat(length)}))
    };
    refused(raw.call(send.path, of(200 << 10)).await, Reason::FieldInvalid);
    refused(raw.call(send.path, of(256 << 10)).await, Reason::RequestTooLarge);
    refused(raw.call(send.path, of(8 << 20)).await, Reason::RequestTooLarge);
    visitor.send(&chat, "and the connection lives on").await.unwrap();
}

async fn a_request_id_stands_for_one_body(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let (one, two) = (visitor.start_chat("1").await.chat_id, visitor.start_chat("2").await.chat_id);
    let id = request_id();
    let sent = agent.send_as(&id, &one, "Hello").await.unwrap();
    assert_eq!(
        agent.send_as(&id.to_uppercase(), &one, "Hello").await.unwrap(),
        sent,
        "a UUID is compared as a number"
    );
    refused(agent.send_as(&id, &one, "Hello!").await, Reason::RequestIdReused);
    refused(agent.send_as(&id, &two, "Hello").await, Reason::RequestIdReused);
    let note = chats::SendMessageRequest {
        chat_id: one.clone(),
        request_id: id.clone(),
        text: "Hello".into(),
        internal: true,
    };
    refused(agent.client.send_message(note).await, Reason::RequestIdReused);
    assert_ne!(
        visitor.send_as(&id, &one, "Hello").await.unwrap().message_id,
        sent.message_id,
        "ids are the sender's own"
    );
    assert_eq!(agent.messages(&one).await.unwrap().len(), 3);

    let owner = &world.owner.client;
    let member = tenants::CreateMemberRequest {
        request_id: id.clone(),
        email: "new@acme.example".into(),
        name: "New".into(),
        role: tenants::Role::Agent.into(),
        password: "long enough".into(),
    };
    let made = owner.create_member(member.clone()).await.unwrap();
    assert_eq!(owner.create_member(member.clone()).await.unwrap(), made);
    let other = tenants::CreateMemberRequest { name: "Newer".into(), ..member };
    refused(owner.create_member(other).await, Reason::RequestIdReused);
    let department = tenants::CreateDepartmentRequest {
        request_id: request_id(),
        name: "Sales".into(),
        member_ids: vec![],
    };
    let made = owner.create_department(department.clone()).await.unwrap();
    assert_eq!(owner.create_department(department.clone()).await.unwrap(), made);
    let other = tenants::CreateDepartmentRequest { name: "Marketing".into(), ..department };
    refused(owner.create_department(other).await, Reason::RequestIdReused);
    let tenant = tenants::CreateTenantRequest {
        request_id: request_id(),
        workspace: Some(rapport_tests::world::workspace("initech")),
        owner: Some(rapport_tests::world::owner("initech")),
    };
    let operator = world.operator();
    let made = operator.create_tenant(tenant.clone()).await.unwrap();
    assert_eq!(operator.create_tenant(tenant.clone()).await.unwrap(), made);
    let other = tenants::CreateTenantRequest {
        workspace: Some(rapport_tests::world::workspace("initrode")),
        ..tenant
    };
    refused(operator.create_tenant(other).await, Reason::RequestIdReused);
}

async fn a_request_id_older_than_creates_are_remembered_is_refused_but_messages_take_any(world: &World) {
    let visitor = world.visitor().await;
    let old = uuid_of(Duration::from_hours(8 * 24));
    let young = uuid_of(Duration::from_hours(6 * 24));
    let start = |id: &str| chats::StartChatRequest { request_id: id.into(), ..Default::default() };
    refused(visitor.start(start(&old)).await, Reason::RequestIdExpired);
    let chat = visitor.start(start(&young)).await.unwrap().chat_id;
    visitor.start(start("8f14e45f-ceea-467f-9a8b-0123456789ab")).await.expect("a random UUID has no age");
    let member = tenants::CreateMemberRequest {
        request_id: old.clone(),
        email: "new@acme.example".into(),
        name: "New".into(),
        role: tenants::Role::Agent.into(),
        password: "long enough".into(),
    };
    refused(world.owner.client.create_member(member).await, Reason::RequestIdExpired);
    let sent = visitor.send_as(&old, &chat, "late").await.unwrap();
    assert_eq!(visitor.send_as(&old, &chat, "late").await.unwrap(), sent);
}

async fn a_changed_page_token_or_cursor_is_refused(world: &World) {
    let (ada, ben) = (world.agent("Ada").await, world.agent("Ben").await);
    let visitor = world.visitor().await;
    for number in 0..3 {
        visitor.start_chat(&number.to_string()).await;
    }
    let list = async |who: &rapport_tests::actors::Actor, request: chats::ListChatsRequest| {
        who.client.list_chats(request).await
    };
    let first = chats::ListChatsRequest { page_size: 1, ..Default::default() };
    let token = list(&ada, first.clone()).await.unwrap().next_page_token;
    let with = |token: &str| chats::ListChatsRequest { page_token: token.into(), ..first.clone() };
    assert_eq!(list(&ada, with(&token)).await.unwrap().chats.len(), 1);
    let larger = chats::ListChatsRequest { page_size: 2, ..with(&token) };
    assert_eq!(list(&ada, larger).await.unwrap().chats.len(), 2, "the size of a page is no filter");
    for changed in changes(&token) {
        refused(list(&ada, with(&changed)).await, Reason::PageTokenInvalid);
    }
    refused(list(&ben, with(&token)).await, Reason::PageTokenInvalid);
    refused(list(&visitor, with(&token)).await, Reason::PageTokenInvalid);
    let filtered = chats::ListChatsRequest { states: vec![1], ..with(&token) };
    refused(list(&ada, filtered).await, Reason::PageTokenInvalid);
    let members = tenants::ListMembersRequest { page_token: token.clone(), ..Default::default() };
    refused(ada.client.list_members(members).await, Reason::PageTokenInvalid);

    let cursor = visitor.log("").await.unwrap()[0].cursor.clone();
    let read = |cursor: &str| events::ReadRequest { cursor: cursor.into(), ..Default::default() };
    assert!(!visitor.client.read(read(&cursor)).await.unwrap().items.is_empty());
    for changed in changes(&cursor).into_iter().chain([token]) {
        refused(visitor.client.read(read(&changed)).await, Reason::CursorInvalid);
        let options = rapport_tests::client::SubscribeOptions { cursor: Some(changed), ..Default::default() };
        let mut ears = visitor.listen_to(options).await;
        refused(Err::<(), Error>(ears.end(rapport_tests::wait::PATIENCE).await), Reason::CursorInvalid);
    }
    let page = chats::ListChatsRequest { page_token: cursor, ..Default::default() };
    refused(list(&ada, page).await, Reason::PageTokenInvalid);
}

async fn an_id_that_is_well_formed_and_nobodys_is_not_found(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("Hello").await.chat_id;
    let nowhere = ids::random("chat");
    refused(agent.chat(&nowhere).await, Reason::NotFound);
    refused(agent.send(&nowhere, "x").await, Reason::NotFound);
    refused(agent.messages(&nowhere).await, Reason::NotFound);
    refused(agent.claim(&nowhere).await, Reason::NotFound);
    refused(agent.close(&nowhere, "").await, Reason::NotFound);
    refused(agent.mark_read(&nowhere, 1).await, Reason::NotFound);
    refused(agent.typing(&nowhere, true).await, Reason::NotFound);
    refused(agent.transfer_to_department(&chat, &ids::random("department")).await, Reason::NotFound);
    let to = chats::transfer_chat_request::To::MemberId(ids::random("member"));
    let transfer = chats::TransferChatRequest { chat_id: chat.clone(), to: Some(to) };
    refused(agent.client.transfer_chat(transfer).await, Reason::NotFound);
    let start = chats::StartChatRequest { department_id: ids::random("department"), ..Default::default() };
    refused(visitor.start(start).await, Reason::NotFound);
    assert_eq!(visitor.chats(0).await.unwrap().len(), 1, "nothing was started");
    let department = tenants::CreateDepartmentRequest {
        request_id: request_id(),
        name: "Ghosts".into(),
        member_ids: vec![ids::random("member")],
    };
    refused(world.owner.client.create_department(department).await, Reason::NotFound);
    let update = tenants::UpdateMemberRequest { member_id: ids::random("member"), ..Default::default() };
    refused(world.owner.client.update_member(update).await, Reason::NotFound);
    let nothing = tenants::UpdateDepartmentRequest::default();
    refused(world.owner.update_department(&ids::random("department"), nothing).await, Reason::NotFound);
}

/// The token with one character changed at several places, shortened, lengthened, or replaced.
fn changes(token: &str) -> Vec<String> {
    let mut all =
        vec![format!("{token}A"), token[..token.len() - 1].to_owned(), "x".to_owned(), "ä".to_owned()];
    for place in [0, 1, token.len() / 3, token.len() / 2, token.len() - 2] {
        let mut changed = token.as_bytes().to_vec();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        all.push(String::from_utf8(changed).unwrap());
    }
    all
}

/// A UUID of version 7 made this long ago.
#[expect(clippy::disallowed_methods, reason = "the age of an id is compared with the server's own clock")]
fn uuid_of(age: Duration) -> String {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().checked_sub(age).unwrap();
    let time = uuid::Timestamp::from_unix(uuid::NoContext, at.as_secs(), at.subsec_nanos());
    uuid::Uuid::new_v7(time).to_string()
}
