//! Every kind of rule with values that keep it and values that break it, and the exact violation.

use rapport_proto::auth::v1::SetUpRequest;
use rapport_proto::chats::v1::transfer_chat_request::To;
use rapport_proto::chats::v1::{
    Chat, ListChatsRequest, MarkReadRequest, SendMessageRequest, StartChatRequest, TransferChatRequest,
};
use rapport_proto::events::v1::SubscribeRequest;
use rapport_proto::tenants::v1::{
    CreateMemberRequest, Owner, Role, UpdateMemberRequest, UpdateTenantRequest, Workspace,
};
use rapport_proto::validate::rules::{self, Shape, Text};
use rapport_proto::validate::{MOST_VIOLATIONS, Path, Validate, Violations};

const CHAT: &str = "chat_01k0000000000000000000000z";
const MEMBER: &str = "member_01k0000000000000000000000z";
const REQUEST_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Violations as lines: field and description.
fn said(message: &impl Validate) -> Vec<String> {
    message.validate().err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn sound(message: &impl Validate) {
    assert_eq!(said(message), Vec::<String>::new());
}

/// What is said of one text, empty where nothing is.
fn said_of_text(value: &str, rule: Text) -> String {
    let mut out = Violations::default();
    rules::text(value, &rule, &Path::ROOT.field("text"), &mut out);
    out.into_inner().first().map(ToString::to_string).unwrap_or_default()
}

fn shaped(shape: Shape) -> Text {
    Text { required: false, min_len: 0, max_len: usize::MAX, shape }
}

fn check_shape(shape: Shape, good: &[&str], bad: &[&str], description: &str) {
    for value in good.iter().chain(&[""]) {
        assert_eq!(said_of_text(value, shaped(shape)), "", "{value:?}");
    }
    for value in bad {
        assert_eq!(said_of_text(value, shaped(shape)), format!("text {description}"), "{value:?}");
    }
}

#[test]
fn ids() {
    check_shape(
        Shape::Id("chat"),
        &[CHAT, "chat_00000000000000000000000000", "chat_7zzzzzzzzzzzzzzzzzzzzzzzzz"],
        &[
            "chat",
            "chat_",
            " ",
            MEMBER,
            "01k0000000000000000000000z",
            "chat_01k0000000000000000000000",
            "chat_01k0000000000000000000000zz",
            "chat_81k0000000000000000000000z",
            "chat_01K0000000000000000000000Z",
            "chat_01i0000000000000000000000z",
            "chat_01l0000000000000000000000z",
            "chat_01o0000000000000000000000z",
            "chat_01u0000000000000000000000z",
            "chat_01k000000000000000000000é",
            "chat-01k0000000000000000000000z",
            "chats_01k0000000000000000000000z",
        ],
        "is not an id of the form `chat_…`",
    );
}

#[test]
fn emails() {
    let long_local = format!("{}@example.org", "a".repeat(64));
    let too_long_local = format!("{}@example.org", "a".repeat(65));
    let label = "b".repeat(63);
    let longest = format!("a@{label}.{label}.{label}.{}", "b".repeat(60));
    let too_long = format!("{longest}b");
    assert_eq!(longest.len(), 254);
    check_shape(
        Shape::Email,
        &[
            "ada@example.org",
            "ada.l+tag@sub.example.org",
            "o'neil_x@localhost",
            "A@B.C",
            &long_local,
            &longest,
        ],
        &[
            "ada",
            "@example.org",
            "ada@",
            "ada@@example.org",
            "a@b@c",
            "ada @example.org",
            " ada@example.org",
            ".ada@example.org",
            "ada.@example.org",
            "a..b@example.org",
            "ada@example..org",
            "ada@.org",
            "ada@-example.org",
            "ada@example-.org",
            "ada@exa_mple.org",
            "Ada <ada@example.org>",
            "\"a b\"@example.org",
            "ada@[127.0.0.1]",
            "ädä@example.org",
            "ada@example.org\n",
            &too_long_local,
            &too_long,
        ],
        "is not an e-mail address",
    );
}

#[test]
fn uuids() {
    check_shape(
        Shape::Uuid,
        &[REQUEST_ID, "01890A5D-AC96-774B-BCCE-B302099A8057", "c9a646d3-9c61-4cb7-bfcd-ee2522c8f633"],
        &[
            "00000000-0000-0000-0000-000000000000",
            "01890a5dac96774bbcceb302099a8057",
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
            "01890a5d-ac96-774b-bcce-b302099a805",
            "01890a5d-ac96-774b-bcce-b302099a805g",
            "01890a5d0ac96-774b-bcce-b302099a8057",
        ],
        "is not a UUID of 36 characters",
    );
}

#[test]
fn slugs() {
    let longest = "a".repeat(40);
    let too_long = "a".repeat(41);
    check_shape(
        Shape::Slug,
        &["abc", "a-b", "a--b", "0rapport9", "123", &longest],
        &["ab", "-abc", "abc-", "Abc", "a b", "a_b", "äbc", "---", &too_long],
        "is not 3 to 40 of a-z, 0-9 and -, with no - at either end",
    );
}

#[test]
fn colors() {
    check_shape(
        Shape::Color,
        &["#2563eb", "#FFFFFF", "#00aAfF"],
        &["2563eb", "#fff", "#2563eb80", "#2563eg", "##2563e", "red", "#12345é"],
        "is not a color such as #2563eb",
    );
}

#[test]
fn locales() {
    check_shape(
        Shape::Locale,
        &["en", "pt-BR", "zh-Hant-TW", "es-419", "de-CH-1996", "EN-us"],
        &[
            "e",
            "en_US",
            "english!",
            "en-",
            "-en",
            "en--US",
            "en-US-u-hc-h12",
            "12",
            "e n",
            "en-abcdefgh-abcdefgi-abcdefgj-abcdefgk",
        ],
        "is not a BCP 47 language tag",
    );
}

#[test]
fn time_zones() {
    check_shape(
        Shape::TimeZone,
        &[
            "UTC",
            "Europe/Berlin",
            "America/Argentina/Buenos_Aires",
            "Etc/GMT+5",
            "Asia/Kolkata",
            "Asia/Calcutta",
        ],
        &["europe/berlin", "Europe/Bonn", "CEST+2", "+02:00", "../etc/passwd", "Europe", "Local"],
        "is not a name of the IANA time zone database",
    );
}

#[test]
fn lengths_count_characters() {
    let rule = Text { required: false, min_len: 3, max_len: 5, shape: Shape::Any };
    for good in ["", "abc", "abcde", "äöü", "äöüßé", "🙂🙂🙂🙂🙂", "     "] {
        assert_eq!(said_of_text(good, rule), "", "{good:?}");
    }
    for bad in ["ab", "äö", "🙂"] {
        assert_eq!(said_of_text(bad, rule), "text has fewer than 3 characters", "{bad:?}");
    }
    for bad in ["abcdef", "äöüßéè", "🙂🙂🙂🙂🙂🙂"] {
        assert_eq!(said_of_text(bad, rule), "text has more than 5 characters", "{bad:?}");
    }
}

#[test]
fn a_required_text_is_not_blank() {
    let rule = Text { required: true, ..shaped(Shape::Any) };
    for bad in ["", " ", "\t\r\n", "\u{a0}\u{2003}"] {
        assert_eq!(said_of_text(bad, rule), "text is required", "{bad:?}");
    }
    assert_eq!(said_of_text(" a ", rule), "");
}

#[test]
fn no_text_holds_nul() {
    for value in ["\0", "a\0b", "\0 "] {
        for required in [true, false] {
            assert_eq!(said_of_text(value, Text { required, ..shaped(Shape::Any) }), "text holds U+0000");
        }
    }
    let request = ListChatsRequest { page_token: "a\0".to_owned(), ..ListChatsRequest::default() };
    assert_eq!(said(&request), ["pageToken holds U+0000"]);
}

#[test]
fn numbers() {
    let check = |value, required, max| {
        let mut out = Violations::default();
        rules::unsigned(value, required, max, &Path::ROOT.field("count"), &mut out);
        out.into_inner().first().map(ToString::to_string).unwrap_or_default()
    };
    assert_eq!(check(0, false, 5), "");
    assert_eq!(check(5, true, 5), "");
    assert_eq!(check(6, false, 5), "count is more than 5");
    assert_eq!(check(0, true, 5), "count is required");
    let mut request = MarkReadRequest { chat_id: CHAT.to_owned(), seq: 0 };
    assert_eq!(said(&request), ["seq is required"]);
    request.seq = 1;
    sound(&request);
}

#[test]
fn enums_are_known_and_where_required_given() {
    let mut request = CreateMemberRequest {
        request_id: REQUEST_ID.to_owned(),
        email: "ada@example.org".to_owned(),
        name: "Ada".to_owned(),
        role: Role::Agent.into(),
        password: "correct horse".to_owned(),
    };
    sound(&request);
    request.role = 0;
    assert_eq!(said(&request), ["role is required"]);
    for unknown in [99, -1, i32::MAX, i32::MIN] {
        request.role = unknown;
        assert_eq!(said(&request), ["role is not a known value"]);
    }
}

#[test]
fn entries_of_a_list_are_known_and_given() {
    let mut request = ListChatsRequest { states: vec![1, 2, 3], ..ListChatsRequest::default() };
    sound(&request);
    request.states = vec![1, 0, 99];
    assert_eq!(said(&request), ["states[1] is required", "states[2] is not a known value"]);
    request.states = vec![1, 1, 1, 0];
    assert_eq!(said(&request), ["states has more than 3 entries"]);
    let request = SubscribeRequest {
        chat_ids: vec![CHAT.to_owned(), String::new(), MEMBER.to_owned()],
        ..SubscribeRequest::default()
    };
    assert_eq!(said(&request), ["chatIds[1] is required", "chatIds[2] is not an id of the form `chat_…`"]);
}

#[test]
fn an_optional_field_is_absent_or_sound() {
    sound(&UpdateTenantRequest::default());
    let request = UpdateTenantRequest {
        name: Some(" ".to_owned()),
        locale: Some("de".to_owned()),
        time_zone: Some(String::new()),
        if_revision: 0,
        allowed_origins: None,
    };
    assert_eq!(said(&request), ["name is required", "timeZone is required"]);
    let request = UpdateMemberRequest {
        member_id: MEMBER.to_owned(),
        role: Some(0),
        state: Some(9),
        password: Some("short".to_owned()),
        ..UpdateMemberRequest::default()
    };
    let expected = ["role is required", "state is not a known value", "password has fewer than 8 characters"];
    assert_eq!(said(&request), expected);
}

#[test]
fn messages_inside_are_required_and_checked() {
    assert_eq!(
        said(&SetUpRequest::default()),
        ["setupToken is required", "workspace is required", "owner is required"]
    );
    let request = SetUpRequest {
        setup_token: "token".to_owned(),
        workspace: Some(Workspace { slug: "No".to_owned(), name: "Acme".to_owned(), ..Workspace::default() }),
        owner: Some(Owner {
            email: "ada".to_owned(),
            name: "Ada".to_owned(),
            password: "correct horse".to_owned(),
        }),
    };
    let expected = [
        "workspace.slug is not 3 to 40 of a-z, 0-9 and -, with no - at either end",
        "owner.email is not an e-mail address",
    ];
    assert_eq!(said(&request), expected);
}

#[test]
fn one_of_the_two_targets_of_a_transfer() {
    let mut request = TransferChatRequest { chat_id: CHAT.to_owned(), to: None };
    assert_eq!(said(&request), ["to is required"]);
    request.to = Some(To::MemberId(MEMBER.to_owned()));
    sound(&request);
    request.to = Some(To::MemberId(String::new()));
    assert_eq!(said(&request), ["memberId is required"]);
    request.to = Some(To::DepartmentId(MEMBER.to_owned()));
    assert_eq!(said(&request), ["departmentId is not an id of the form `department_…`"]);
}

#[test]
fn a_message_of_8000_characters_is_the_longest() {
    let mut request = SendMessageRequest {
        chat_id: CHAT.to_owned(),
        request_id: REQUEST_ID.to_owned(),
        text: "ß".repeat(8000),
        internal: false,
    };
    sound(&request);
    request.text.push('!');
    assert_eq!(said(&request), ["text has more than 8000 characters"]);
}

#[test]
fn what_may_be_empty_may_be_empty() {
    sound(&StartChatRequest { request_id: REQUEST_ID.to_owned(), ..StartChatRequest::default() });
    sound(&ListChatsRequest::default());
    sound(&SubscribeRequest::default());
}

#[test]
fn at_most_twenty_violations_are_told() {
    let chat_ids = vec!["no".to_owned(); 100];
    let violations = SubscribeRequest { chat_ids, ..SubscribeRequest::default() }.validate().unwrap_err();
    assert_eq!(violations.len(), MOST_VIOLATIONS);
    assert_eq!(violations[19].field, "chatIds[19]");
}

#[test]
fn a_list_that_is_too_long_is_not_read() {
    let request = SubscribeRequest { chat_ids: vec![String::new(); 101], ..SubscribeRequest::default() };
    assert_eq!(said(&request), ["chatIds has more than 100 entries"]);
}

#[test]
fn requests_are_told_from_answers() {
    const { assert!(SetUpRequest::IS_REQUEST && !Chat::IS_REQUEST && !Workspace::IS_REQUEST) };
    sound(&Chat { state: 99, ..Chat::default() });
}

#[test]
fn paths_read_like_json() {
    let list = Path::ROOT.field("items");
    let entry = list.index(3);
    assert_eq!(entry.field("chatId").to_string(), "items[3].chatId");
    assert_eq!(Path::ROOT.to_string(), "");
}
