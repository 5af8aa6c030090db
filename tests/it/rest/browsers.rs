//! Pages of other origins: asked for, told, refused.

use rapport_tests::client::request_id;
use rapport_tests::proto::chats::v1::SendMessageRequest;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::tenants::v1 as tenants;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::web::{Answer, Web};
use rapport_tests::world::{Wishes, Workspace, World};
use serde_json::json;

on_both![
    a_page_on_a_workspaces_list_may_call_and_read,
    every_other_page_is_refused_before_anything_is_done with Wishes::default().env("RAPPORT_PUBLIC_ORIGINS", "https://support.example"),
];

pub(super) async fn allow(workspace: &Workspace, origins: &[&str]) {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    let request = tenants::UpdateTenantRequest {
        allowed_origins: Some(tenants::AllowedOrigins { origins }),
        ..Default::default()
    };
    workspace.owner.client.update_tenant(request).await.unwrap();
}

async fn ask(web: &Web, path: &str) -> Answer {
    web.with("access-control-request-method", "POST").send("OPTIONS", path, None).await
}

async fn a_page_on_a_workspaces_list_may_call_and_read(world: &World) {
    let shop = "https://shop.example";
    allow(world, &[shop]).await;
    let web = Web::at(&world.edge_url()).with("origin", shop);
    // Nobody asked for this origin before, so nothing old is remembered.
    let asked = ask(&web, "/v1/chats").await;
    assert_eq!((asked.status, asked.body.len()), (204, 0));
    assert_eq!(asked.header("access-control-allow-origin"), Some(shop));
    assert_eq!(asked.header("access-control-allow-methods"), Some("GET, POST, HEAD, OPTIONS"));
    let headers = asked.header("access-control-allow-headers").unwrap();
    for name in
        ["authorization", "content-type", "x-request-id", "last-event-id", "x-grpc-web", "grpc-timeout"]
    {
        assert!(headers.split(", ").any(|allowed| allowed == name), "{headers}");
    }
    assert_eq!(asked.header("access-control-max-age"), Some("600"));
    let by_grpc_web = ask(&web, "/rapport.chats.v1.ChatService/GetChat").await;
    assert_eq!(by_grpc_web.header("access-control-allow-methods"), Some("POST, OPTIONS"));
    ask(&web, "/v1/nothing").await.refused(Reason::RouteUnknown);

    let visit = web.json("POST", "/v1/visitors:start", &json!({"workspace": world.slug})).await;
    let token = visit.good()["accessToken"].as_str().unwrap().to_owned();
    let answers = [
        visit,
        web.bearer(&token).get("/v1/self").await,
        web.get("/v1/self").await,
        web.get("/v1/nothing").await,
        web.get("/health").await,
        web.json("POST", "/v1/visitors:start", &json!([])).await,
    ];
    for answer in &answers {
        assert_eq!(answer.header("access-control-allow-origin"), Some(shop), "{answer:?}");
        assert!(answer.header("access-control-allow-credentials").is_none());
        assert!(
            answer.header("access-control-expose-headers").unwrap().starts_with("x-request-id, retry-after")
        );
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"));
        assert_eq!(answer.header("vary"), Some("origin"));
    }
    let grpc_web = web.bearer(&token).with("content-type", "application/grpc-web+proto");
    let answer = grpc_web.send("POST", "/rapport.auth.v1.AuthService/GetSelf", Some(vec![0; 5])).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(shop)));

    // What the list no longer has is refused as soon as what is remembered is old.
    allow(world, &[]).await;
    until("the origin is refused", PATIENCE, || async {
        (web.get("/health").await.status == 403).then_some(())
    })
    .await;
}

async fn every_other_page_is_refused_before_anything_is_done(world: &World) {
    allow(world, &["https://shop.example"]).await;
    let (url, visitor) = (world.edge_url(), world.visitor().await);
    let chat = visitor.start_chat("Hello").await.chat_id;
    let token = visitor.visit().await.access_token;
    let host = url.strip_prefix("http://").unwrap();
    let send = |web: Web, text: &'static str| {
        let (path, token) = (format!("/v1/chats/{chat}/messages"), token.clone());
        async move {
            let body = json!({"requestId": request_id(), "text": text});
            web.bearer(&token).json("POST", &path, &body).await
        }
    };
    let port = host.rsplit_once(':').unwrap().1;
    for origin in [
        "null",
        "",
        "*",
        "https://shop.example.evil.io",
        "https://evilshop.example",
        "https://sub.shop.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://SHOP.example",
        "https://shop.example/",
        "https://shop.example https://evil.example",
        "file://",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        &format!("http://localhost:{port}"),
        &format!("http://{host}.evil.io"),
        &format!("http://evil.io@{host}"),
        "https://support.example.evil.io",
        &format!("https://{}.example", "x".repeat(300)),
    ] {
        let web = Web::at(&url).with("origin", origin);
        let asked = ask(&web, "/v1/chats").await;
        asked.refused(Reason::OriginRefused);
        let called = send(web, "from elsewhere").await;
        called.refused(Reason::OriginRefused);
        for answer in [asked, called] {
            let allows = |name: &&str| name.starts_with("access-control-");
            assert_eq!(
                answer.headers.keys().map(reqwest::header::HeaderName::as_str).find(allows),
                None,
                "{origin}: {answer:?}"
            );
        }
    }
    let two = Web::at(&url).with("origin", "https://shop.example").with("origin", "https://evil.example");
    send(two, "from two places").await.refused(Reason::OriginRefused);
    // Own pages: by the host they came from, and by what the operator calls this installation's.
    for own in [url.as_str(), &format!("https://{host}"), "https://support.example"] {
        let answer = send(Web::at(&url).with("origin", own), "from home").await;
        answer.good();
        assert!(answer.header("access-control-allow-origin").is_none());
    }
    let texts: Vec<_> =
        visitor.messages(&chat).await.unwrap().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["Hello", "from home", "from home", "from home"]);
    // Without a page there is nothing to refuse.
    let program = SendMessageRequest {
        chat_id: chat.clone(),
        request_id: request_id(),
        text: "x".into(),
        ..Default::default()
    };
    visitor.client.send_message(program).await.unwrap();
    assert_eq!(ask(&Web::at(&url), "/v1/chats").await.header("allow"), Some("GET, POST, HEAD, OPTIONS"));
}
