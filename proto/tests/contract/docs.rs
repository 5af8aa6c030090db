//! The page for people is whole: every rpc, reason and type is on it, every link leads somewhere, and nothing on it runs or is fetched.

use crate::built::{comments::Comments, docs, read::Contract};
use crate::probe;
use rapport_proto::contract::{self, METHODS};
use rapport_proto::errors::v1::Reason;
use rapport_proto::{DOCS, DOCS_CSS};
use std::collections::BTreeSet;

/// What stands in this attribute, wherever it stands.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!(" {name}=\"");
    page.split(&*begin).skip(1).map(|rest| rest.split_once('"').unwrap().0).collect()
}

/// Names of the elements in the order of their tags; an ending one begins with `/`.
fn tags(page: &str) -> Vec<&str> {
    let inside = page.split('<').skip(1).map(|rest| rest.split_once('>').unwrap().0);
    inside
        .filter(|tag| !tag.starts_with('!'))
        .map(|tag| tag.split_ascii_whitespace().next().unwrap())
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let ids = attributes(DOCS, "id");
    let known: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(known.len(), ids.len(), "an id stands twice");
    let links = attributes(DOCS, "href");
    assert!(links.len() > 200);
    for link in links {
        let leads = link.strip_prefix('#').is_some_and(|id| known.contains(id));
        assert!(leads || ["/docs.css", "/openapi.json"].contains(&link), "{link}");
    }
}

#[test]
fn elements_are_closed_in_order() {
    let mut open = Vec::new();
    for tag in tags(DOCS) {
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if ["meta", "link"].contains(&tag) => {}
            None => open.push(tag),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn nothing_runs_and_nothing_is_fetched_from_elsewhere() {
    // An address may be told of, not led to: the rules of origins have some.
    let words =
        ["<script", "<style", "<img", "<iframe", " style=", " src=", "=\"http:", "=\"https:", "javascript:"];
    for word in words {
        assert!(!DOCS.contains(word), "{word}");
    }
    assert!(!DOCS_CSS.contains("url(") && !DOCS_CSS.contains("@import"));
}

#[test]
fn everything_of_the_contract_is_there() {
    let ids: BTreeSet<_> = attributes(DOCS, "id").into_iter().collect();
    for method in METHODS {
        let service = method.service.rsplit('.').next().unwrap();
        assert!(ids.contains(&*format!("{service}_{}", method.name)), "{}", method.path);
        assert!(DOCS.contains(&method.path[1..]), "{}", method.path);
    }
    for number in 1..=200 {
        let Ok(reason) = Reason::try_from(number) else { continue };
        assert!(ids.contains(&*format!("reason-{}", contract::reason_name(reason))), "{reason:?}");
    }
    assert!(ids.contains("reason-TOO_MANY_STREAMS") && !ids.contains("reason-UNSPECIFIED"));
    for name in ["chats.v1.Chat", "events.v1.Event", "tenants.v1.Role", "permission-CHATS_READ", "live"] {
        assert!(ids.contains(name), "{name}");
    }
    assert_eq!(DOCS.matches("<!--live-->").count(), 1);
}

#[test]
fn a_call_shows_its_route_its_fields_and_their_rules() {
    let (_, rest) = DOCS.split_once("<article id=\"ChatService_SendMessage\">").unwrap();
    let call = rest.split_once("</article>").unwrap().0;
    for part in [
        "<span class=\"verb post\">POST</span> <code>/v1/chats/{chatId}/messages</code>",
        "<code>rapport.chats.v1.ChatService/SendMessage</code>",
        "<a href=\"#permission-CHATS_SEND\"><code>CHATS_SEND</code></a>",
        "<a href=\"#reason-CHAT_CLOSED\"><code>CHAT_CLOSED</code></a>",
        "<code>chatId</code> <span class=\"type\">text</span> <span class=\"rules\">path · required · <code>chat_…</code></span>",
        "<code>requestId</code> <span class=\"type\">text</span> <span class=\"rules\">body · required · UUID</span>",
        "<span class=\"rules\">body · required · 1 to 8,000 characters</span></dt><dd>text is 1 to 8,000 characters, not all blank.</dd>",
        "<code>internal</code> <span class=\"type\">true or false</span> <span class=\"rules\">body</span>",
        "<span class=\"type\"><a href=\"#chats.v1.Message\">Message</a></span>",
    ] {
        assert!(call.contains(part), "{part}\n{call}");
    }
    assert!(DOCS.contains(
        "<span class=\"rules\">body · or <code>departmentId</code> · <code>member_…</code></span>"
    ));
}

#[test]
fn a_call_without_route_says_why_and_text_is_no_markup() {
    let pool = probe::compile(
        "probe",
        "// ProbeService is for 1 < 2 & \"3\".\nservice ProbeService {\n\
         // Hide hides.\nrpc Hide(HideRequest) returns (HideResponse) {\n\
         option (rapport.options.v1.method) = {permission: PERMISSION_SIGNED_IN grpc_only: \"it is <b>wide</b>\"}; }\n\
         // Keep keeps.\nrpc Keep(KeepRequest) returns (KeepResponse) {\n\
         option (rapport.options.v1.method) = {permission: PERMISSION_SIGNED_IN internal: \"for the edge\"}; }\n\
         // Fetch fetches.\nrpc Fetch(FetchRequest) returns (google.api.HttpBody) {\n\
         option (rapport.options.v1.method) = {permission: PERMISSION_SIGNED_IN}; option deprecated = true; }\n}\n\
         message FetchRequest { int64 size = 1 [deprecated = true]; map<string, bool> flags = 2; }\n\
         message HideRequest {}\nmessage HideResponse { Shown shown = 1; }\nmessage Shown {}\n\
         message KeepRequest {}\nmessage KeepResponse { Hidden hidden = 1; }\nmessage Hidden {}\n",
    );
    let page = docs::page(&Contract::read(&pool), &Comments::read(&pool));
    assert!(page.contains("<p>ProbeService is for 1 &lt; 2 &amp; &quot;3&quot;.</p>"));
    assert!(
        page.contains("<p class=\"route\"><strong>gRPC only:</strong> it is &lt;b&gt;wide&lt;/b&gt;</p>")
    );
    assert!(page.contains("<p class=\"route\"><strong>Internal:</strong> for the edge</p>"));
    let (_, fetch) = page.split_once("<article id=\"ProbeService_Fetch\">").unwrap();
    for part in [
        "<dt>Deprecated</dt>",
        "<code>size</code> <span class=\"type\">whole number as text</span> <span class=\"rules\">deprecated</span>",
        "<code>flags</code> <span class=\"type\">map to true or false</span>",
        "<h4>Answer</h4>\n<p>The content itself, not JSON; <code>content-type</code> says what it is.</p>\n</article>",
    ] {
        assert!(fetch.contains(part), "{part}\n{fetch}");
    }
    assert!(page.contains("<article id=\"probe.v1.Shown\">") && !page.contains("Hidden"));
}
