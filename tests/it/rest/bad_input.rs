//! Whatever is wrong with a request has a named answer.

use rapport_tests::client::request_id;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::web::{Web, bytes, escaped};
use rapport_tests::world::World;
use serde_json::{Value, json};

on_both![
    what_is_no_json_is_malformed,
    what_does_not_fit_the_contract_is_malformed_with_its_place,
    paths_and_verbs_that_are_not_there_are_named,
    queries_are_read_strictly,
    other_content_is_not_read,
    what_is_too_much_or_too_slow_is_cut_off,
    a_token_in_the_address_is_refused_and_not_logged,
    nobody_else_says_who_calls,
];

async fn what_is_no_json_is_malformed(world: &World) {
    let web = Web::at(&world.edge_url());
    for body in [
        "{",
        "nonsense",
        "{\"workspace\":\"acme\"} {}",
        "{'workspace':'acme'}",
        "{\"workspace\":\"acme\",}",
        "\u{feff}{}",
        "[]",
        "null",
        "\"text\"",
        "7",
        "{\"workspace\":\"acme\",\"workspace\":\"acme\"}",
        "{\"workspace\":\"\\ud800\"}",
        "{\"workspace\":1e999}",
        "{\"workspace\":NaN}",
        "{\"workspace\":\"a\tb\"}",
    ] {
        web.text("POST", "/v1/visitors:start", body).await.refused(Reason::MalformedRequest);
    }
    let typed = web.with("content-type", "application/json");
    for body in
        [&b"{\"workspace\":\"\xff\"}"[..], b"\xff\xfe{\0}\0", b"{\"workspace\":\"\xed\xa0\x80\"}", b"\0"]
    {
        let answer = typed.send("POST", "/v1/visitors:start", Some(body.to_vec())).await;
        answer.refused(Reason::MalformedRequest);
    }
    let deep = format!("{{\"workspace\":{}{}}}", "[".repeat(40), "]".repeat(40));
    let problem = web.text("POST", "/v1/visitors:start", &deep).await.refused(Reason::MalformedRequest);
    assert!(problem["detail"].as_str().unwrap().contains("nested deeper than 32"), "{problem}");
    let deep = "[".repeat(200_000);
    web.text("POST", "/v1/visitors:start", &deep).await.refused(Reason::MalformedRequest);
    // No body is an empty object.
    let empty = web.send("POST", "/v1/visitors:start", None).await.refused(Reason::FieldInvalid);
    assert_eq!(empty["violations"], json!([{"field": "workspace", "description": "is required"}]));
    typed.send("POST", "/v1/visitors:start", Some(Vec::new())).await.refused(Reason::FieldInvalid);
}

async fn what_does_not_fit_the_contract_is_malformed_with_its_place(world: &World) {
    let owner = Web::at(&world.edge_url()).bearer(&world.owner.sign_in().await.access_token);
    let member = world.agent("Ada").await.member_id().to_owned();
    let path = format!("/v1/members/{member}");
    for (body, place) in [
        (json!({"name": 1}), "name"),
        (json!({"name": ["x"]}), "name"),
        (json!({"name": {"$ne": null}}), "name"),
        (json!({"role": "ROLE_KING"}), "role"),
        (json!({"role": 1.5}), "role"),
        (json!({"password": true}), "password"),
        (json!({"tenantId": "tenant_x"}), "tenantId"),
        (json!({"revision": 7}), "revision"),
        (json!({"createdAt": "2026-01-01T00:00:00Z"}), "createdAt"),
        (json!({"name": "x", "constructor": {}}), "constructor"),
        (json!({"memberId": member, "member_id": member}), "memberId"),
    ] {
        let problem = owner.json("PATCH", &path, &body).await.refused(Reason::MalformedRequest);
        assert!(problem["violations"][0]["field"].as_str().unwrap().starts_with(&place[..4]), "{problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(&place[..4]), "{problem}");
    }
    // What the path says, the body may repeat and not change.
    owner.json("PATCH", &path, &json!({"member_id": member, "name": "Ada A."})).await.good();
    let other = owner.json("PATCH", &path, &json!({"memberId": world.owner.member_id()})).await;
    assert!(other.refused(Reason::MalformedRequest)["detail"].as_str().unwrap().contains("is given twice"));
    // Both names of a field are good, null is none, a number may be a text.
    let body = json!({"name": null, "role": 4, "state": "MEMBER_STATE_ACTIVE"});
    owner.json("PATCH", &path, &body).await.good();
    let invalid =
        owner.json("PATCH", "/v1/members/x", &json!({"name": ""})).await.refused(Reason::FieldInvalid);
    let fields: Vec<_> =
        invalid["violations"].as_array().unwrap().iter().map(|found| &found["field"]).collect();
    assert_eq!(fields, ["memberId", "name"]);
}

async fn paths_and_verbs_that_are_not_there_are_named(world: &World) {
    let web = Web::at(&world.edge_url()).bearer(&world.visitor().await.visit().await.access_token);
    for path in [
        "/nothing",
        "/v1",
        "/v1/",
        "/v1/chats/",
        "/v1//chats",
        "/v2/chats",
        "/v1/chats/x:frobnicate",
        "/v1/chats:claim",
        "/favicon.ico",
        "/v1/chats/x/messages/",
        "/.env",
        "/docs/..%2f..%2fetc%2fpasswd",
        "/openapi.json/",
        "/V1/chats",
        "/rapport.chats.v1.ChatService/GetChat",
        "/health;x",
        "/v1/chats;x",
    ] {
        web.get(path).await.refused(Reason::RouteUnknown);
    }
    for (verb, path, allow) in [
        ("GET", "/v1/chats/x:claim", "POST, OPTIONS"),
        ("POST", "/v1/self", "GET, PATCH, HEAD, OPTIONS"),
        ("DELETE", "/v1/chats", "GET, POST, HEAD, OPTIONS"),
        ("PUT", "/v1/tenant", "GET, PATCH, HEAD, OPTIONS"),
        ("PROPFIND", "/v1/tenant", "GET, PATCH, HEAD, OPTIONS"),
        ("TRACE", "/v1/self", "GET, PATCH, HEAD, OPTIONS"),
        ("TRACE", "/health", "GET, HEAD, OPTIONS"),
        ("POST", "/docs", "GET, HEAD, OPTIONS"),
    ] {
        let answer = web.send(verb, path, None).await;
        answer.refused(Reason::VerbNotAllowed);
        assert_eq!(answer.header("allow"), Some(allow), "{verb} {path}");
        let options = web.send("OPTIONS", path, None).await;
        assert_eq!((options.status, options.header("allow")), (204, Some(allow)));
    }
    web.send("OPTIONS", "/v1/nothing", None).await.refused(Reason::RouteUnknown);
    // Another verb in a header is not another verb.
    let hidden = web.with("x-http-method-override", "POST").get("/v1/chats/x:claim").await;
    hidden.refused(Reason::VerbNotAllowed);
    let head = web.send("HEAD", "/v1/self", None).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length").unwrap(), web.get("/v1/self").await.body.len().to_string());

    for path in [
        "/v1/chats/%",
        "/v1/chats/%4",
        "/v1/chats/%zz",
        "/v1/chats/%00",
        "/v1/chats/a%00b",
        "/v1/chats/%ff",
        "/v1/chats/%C0%AF",
    ] {
        let url = world.edge_url();
        let said =
            bytes(&url, format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
                .await;
        assert!(
            said.starts_with("HTTP/1.1 400 ") && said.contains("\"reason\":\"MALFORMED_REQUEST\""),
            "{path}: {said}"
        );
    }
    for path in ["/%2e%2e/v1/chats", "/docs/../v1/self", "/v1/chats/../self"] {
        let url = world.edge_url();
        let said =
            bytes(&url, format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
                .await;
        assert!(said.contains("\"reason\":\"ROUTE_UNKNOWN\""), "dots lead nowhere: {path}: {said}");
    }
    // Decoded once and within its segment: an id, if a strange one.
    for strange in ["a/b", "../self", "x:claim", "%2e", "a b", "' OR 1=1", "é"] {
        let problem = web.get(&format!("/v1/chats/{}", escaped(strange))).await.refused(Reason::FieldInvalid);
        assert_eq!(problem["violations"][0]["field"], "chatId", "{strange}");
    }
}

async fn queries_are_read_strictly(world: &World) {
    let visitor = world.visitor().await;
    let chat = visitor.start_chat("Hello").await.chat_id;
    let web = Web::at(&world.edge_url()).bearer(&visitor.visit().await.access_token);
    let list = |query: &str| {
        let (web, path) = (web.clone(), format!("/v1/chats?{query}"));
        async move { web.get(&path).await }
    };
    for good in [
        "",
        "pageSize=1",
        "page_size=1",
        "pageSize=%31",
        "states=CHAT_STATE_WAITING&states=CHAT_STATE_ACTIVE",
        "states=1&states=2",
        "pageToken=",
        "&&",
        "pageSize=1&pageSize=1",
    ] {
        assert_eq!(list(good).await.good()["chats"].as_array().unwrap().len(), 1, "{good}");
    }
    for (bad, place) in [
        ("color=red", "color"),
        ("pageSize=x", "pageSize"),
        ("pageSize=-1", "pageSize"),
        ("pageSize=1.5", "pageSize"),
        ("pageSize=99999999999", "pageSize"),
        ("pageSize=", "pageSize"),
        ("pageSize", "pageSize"),
        ("pageSize=1&pageSize=2", "pageSize"),
        ("pageSize=1&page_size=2", "page_size"),
        ("states=LOUD", "states[0]"),
        ("states.x=1", "states.x"),
        ("states[]=1", "states[]"),
        ("customerId[$ne]=x", "customerId[$ne]"),
        ("__proto__=1", "__proto__"),
    ] {
        let problem = list(bad).await.refused(Reason::MalformedRequest);
        assert!(problem["detail"].as_str().unwrap().starts_with(place), "{bad}: {problem}");
    }
    for bad in ["pageToken=%", "pageToken=%zz", "pageToken=%00", "pageToken=%ff"] {
        list(bad).await.refused(Reason::MalformedRequest);
    }
    for injected in ["customerId=' OR 1=1 --", "customerId=%25", "pageToken=1;DROP TABLE chats"] {
        let answer = list(&injected.replace(' ', "+")).await;
        assert_eq!(answer.status, 400, "{injected}: {answer:?}");
    }
    // What the body holds has no second place.
    let body = json!({"requestId": request_id(), "text": "Hello"});
    let problem = web.json("POST", &format!("/v1/chats/{chat}/messages?internal=true"), &body).await;
    assert!(problem.refused(Reason::MalformedRequest)["detail"].as_str().unwrap().starts_with("internal "));
    web.get(&format!("/v1/chats/{chat}?chatId={chat}")).await.good();
    let twice = web.get(&format!("/v1/chats/{chat}?chatId=chat_x")).await;
    assert!(twice.refused(Reason::MalformedRequest)["detail"].as_str().unwrap().contains("is given twice"));
    assert_eq!(visitor.messages(&chat).await.unwrap().len(), 1);
}

async fn other_content_is_not_read(world: &World) {
    let web = Web::at(&world.edge_url());
    let body = json!({"workspace": world.slug}).to_string().into_bytes();
    let start = |web: Web| {
        let body = body.clone();
        async move { web.send("POST", "/v1/visitors:start", Some(body)).await }
    };
    for kind in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
    ] {
        start(web.with("content-type", kind)).await.good();
    }
    for kind in [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json; charset=latin-1",
        "application/json; x=y",
        "application/json, text/plain",
        "application/octet-stream",
        "*/*",
        "",
        "application/grpc",
        "application/grpc+proto",
        "application/grpc-web+json",
        "application/xml",
    ] {
        start(web.with("content-type", kind)).await.refused(Reason::ContentTypeUnsupported);
    }
    start(web.clone()).await.refused(Reason::ContentTypeUnsupported);
    for encoding in ["gzip", "br", "deflate", "identity, gzip"] {
        let web = web.with("content-type", "application/json").with("content-encoding", encoding);
        start(web).await.refused(Reason::ContentTypeUnsupported);
    }
    start(web.with("content-type", "application/json").with("content-encoding", "identity")).await.good();
    let reader = web.bearer(&world.owner.sign_in().await.access_token);
    reader
        .with("content-type", "application/json")
        .send("GET", "/v1/self", Some(b"{}".to_vec()))
        .await
        .refused(Reason::MalformedRequest);
}

async fn what_is_too_much_or_too_slow_is_cut_off(world: &World) {
    let url = world.edge_url();
    let web = Web::at(&url);
    let padded = |length: usize| {
        let frame = "{\"workspace\":\"\"}";
        format!("{{\"workspace\":\"{}\"}}", "x".repeat(length - frame.len()))
    };
    web.text("POST", "/v1/visitors:start", &padded(256 << 10)).await.refused(Reason::FieldInvalid);
    web.text("POST", "/v1/visitors:start", &padded((256 << 10) + 1)).await.refused(Reason::RequestTooLarge);
    // Who writes all of it before they read hears it as well.
    let head = "POST /v1/visitors:start HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    let whole = format!("{head}content-length: {}\r\n\r\n{}", 1 << 20, padded(1 << 20));
    let said = bytes(&url, whole.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    // Refused on the announcement, and in the middle where there was none.
    let announced = format!("{head}content-length: 99999999999\r\n\r\n{{");
    let said = bytes(&url, announced.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 413 ") && said.contains("\"reason\":\"REQUEST_TOO_LARGE\""), "{said}");
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(5));
    let said = bytes(&url, chunked.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 413 ") && said.contains("\r\nconnection: close\r\n"), "{said}");
    let slow = format!("{head}content-length: 20\r\n\r\n{{\"work");
    let said = bytes(&url, slow.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("\"reason\":\"REQUEST_TOO_SLOW\""), "{said}");
    assert!(said.contains("retry-after: 1\r\n"), "{said}");
    for (kibibytes, code) in [(15, "200 "), (20, "431 ")] {
        let text = "x".repeat(kibibytes << 10);
        for path in
            [format!("/health?x={text} HTTP/1.1\r\n"), format!("/health HTTP/1.1\r\nx-large: {text}\r\n")]
        {
            let said =
                bytes(&url, format!("GET {path}host: x\r\nconnection: close\r\n\r\n").as_bytes()).await;
            assert!(said.starts_with(&format!("HTTP/1.1 {code}")), "{said}");
            assert_eq!(said.contains("\"reason\":\"HEADERS_TOO_LARGE\""), kibibytes == 20, "{said}");
        }
    }
    // What is no HTTP at all the library answers, or nobody.
    let large = format!("GET /health HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "x".repeat(80 << 10));
    assert!(bytes(&url, large.as_bytes()).await.starts_with("HTTP/1.1 431 "));
    assert!(bytes(&url, b"GET /health HTTP/1.1\r\nbroken header\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    assert_eq!(
        bytes(&url, b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: 1").await,
        "",
        "headers must come soon"
    );
    web.get("/health").await.good();
}

async fn a_token_in_the_address_is_refused_and_not_logged(world: &World) {
    let token = world.owner.sign_in().await.access_token;
    let web = Web::at(&world.edge_url());
    for query in [
        format!("token={token}"),
        format!("access_token={token}"),
        format!("authorization=Bearer%20{token}"),
        format!("jwt={token}"),
        format!("TOKEN={token}"),
        format!("%74oken={token}"),
        format!("pageSize=1&access_token={token}"),
        "token".to_owned(),
    ] {
        for path in ["/v1/self", "/v1/chats", "/v1/events:subscribe", "/health", "/nothing", "/v1/live"] {
            web.get(&format!("{path}?{query}")).await.refused(Reason::TokenInUrl);
        }
        // Nor beside a good one.
        web.bearer(&token).get(&format!("/v1/self?{query}")).await.refused(Reason::TokenInUrl);
    }
    let logs = [Some(world.core().log()), world.edges().first().map(|edge| edge.log())];
    assert!(logs.iter().flatten().flatten().all(|line| !line.contains(&token)), "a token was logged");
}

async fn nobody_else_says_who_calls(world: &World) {
    let web = Web::at(&world.edge_url());
    let token = world.owner.sign_in().await.access_token;
    for (name, value) in [
        ("authorization", format!("Basic {token}")),
        ("authorization", token.clone()),
        ("authorization", "Bearer".to_owned()),
        ("x-forwarded-user", world.owner.member_id().to_owned()),
        ("x-rapport-principal", world.owner.member_id().to_owned()),
        ("cookie", format!("token={token}; authorization=Bearer {token}")),
    ] {
        web.with(name, &value).get("/v1/self").await.refused(Reason::TokenMissing);
    }
    web.bearer(&token).bearer(&token).get("/v1/self").await.refused(Reason::TokenMissing);
    web.with("authorization", &format!("bearer  {token}")).get("/v1/self").await.good();
    for bad in ["x", "a.b.c", "..", &token[1..], &token.replace('.', "")] {
        web.bearer(bad).get("/v1/self").await.refused(Reason::TokenInvalid);
    }
    // The workspace is the token's, whatever else is said.
    let elsewhere = world.another_workspace("globex").await;
    let said =
        web.bearer(&token).with("x-rapport-tenant", &elsewhere.tenant_id).get("/v1/tenant").await.good();
    assert_eq!(said["tenant"]["tenantId"], Value::from(world.tenant_id.clone()));
}
