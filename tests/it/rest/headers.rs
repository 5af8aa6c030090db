//! What every answer carries, and what the pages of the edge itself are.

use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::web::{Answer, Web};
use rapport_tests::world::World;
use serde_json::{Value, json};

on_both![every_answer_is_fully_dressed, the_edge_tells_how_it_is, one_id_goes_through_edge_and_core_and_back,];

#[track_caller]
fn dressed(what: &str, answer: &Answer) {
    for (name, value) in [
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("vary", "origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{what}: {name}");
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{what}: {name}");
    }
    let policy = answer.header("content-security-policy").unwrap_or_default();
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"] {
        assert!(policy.split("; ").any(|found| found == part), "{what}: {policy}");
    }
    assert!(answer.header("permissions-policy").is_some_and(|policy| policy.contains("camera=()")), "{what}");
    assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 24), "{what}");
    for name in ["server", "x-powered-by", "access-control-allow-origin", "access-control-allow-credentials"]
    {
        assert_eq!(answer.header(name), None, "{what}");
    }
}

async fn every_answer_is_fully_dressed(world: &World) {
    let web = Web::at(&world.edge_url());
    let owner = web.bearer(&world.owner.sign_in().await.access_token);
    let sign_in = json!({"workspace": world.slug, "email": "x@y.example", "password": "wrong one"});
    let mut private = vec![
        ("an answer", owner.get("/v1/self").await),
        ("a change", owner.json("PATCH", "/v1/tenant", &json!({"name": "Acme"})).await),
        ("no token", web.get("/v1/self").await),
        ("no rights", owner.json("POST", "/v1/chats", &json!({})).await),
        ("no route", web.get("/nothing").await),
        ("another verb", web.send("DELETE", "/v1/self", None).await),
        ("trace", web.send("TRACE", "/v1/self", None).await),
        ("options", web.send("OPTIONS", "/v1/self", None).await),
        ("head", owner.send("HEAD", "/v1/self", None).await),
        ("bad json", owner.text("PATCH", "/v1/tenant", "{").await),
        ("a bad field", owner.json("PATCH", "/v1/tenant", &json!({"name": ""})).await),
        ("a bad path", web.get("/v1/chats/%00").await),
        ("wrong type", web.with("content-type", "text/plain").send("POST", "/v1/chats", Some(vec![1])).await),
        ("too large", owner.text("PATCH", "/v1/tenant", &"x".repeat(300 << 10)).await),
        ("a token in the address", web.get("/v1/self?token=x").await),
        ("a wrong password", web.json("POST", "/v1/auth:signIn", &sign_in).await),
        ("a foreign page", web.with("origin", "null").get("/v1/self").await),
        ("health", web.get("/health").await),
        ("readiness", web.get("/readyz").await),
    ];
    let grpc_web = web.with("content-type", "application/grpc-web+proto");
    let path = "/rapport.auth.v1.AuthService/GetSelf";
    private.push(("gRPC-Web", grpc_web.send("POST", path, Some(vec![0; 5])).await));
    for (what, answer) in &private {
        dressed(what, answer);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    }
    for path in ["/.well-known/jwks.json", "/openapi.json", "/docs", "/docs.css"] {
        let answer = web.get(path).await;
        assert_eq!(answer.status, 200);
        dressed(path, &answer);
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"), "{path}");
        let head = web.send("HEAD", path, None).await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-length"), Some(answer.body.len().to_string().as_str()), "{path}");
    }
    let docs = web.get("/docs").await;
    let policy = docs.header("content-security-policy").unwrap();
    assert!(policy.contains("style-src 'self'") && !policy.contains("script-src"), "{policy}");
    let docs = String::from_utf8(docs.body).unwrap();
    assert!(!docs.contains("<script") && !docs.contains("style=\"") && !docs.contains("src=\"http"));
}

async fn the_edge_tells_how_it_is(world: &World) {
    let web = Web::at(&world.edge_url());
    assert_eq!(web.get("/livez").await.body, b"ok");
    // In one process the edge is ready as far as what core depends on.
    let ready = if world.edges().is_empty() {
        json!({"core": {"ok": true}, "database": {"ok": true}, "writer": {"ok": true}})
    } else {
        json!({"core": {"ok": true}})
    };
    // An edge that has just begun to follow its core, on a busy machine, may have lost it for a moment, and says so.
    until("the edge is ready", PATIENCE, || async {
        let answer = web.get("/readyz").await;
        (answer.status == 200).then(|| assert_eq!(answer.good(), ready))
    })
    .await;
    assert_eq!(web.get("/health").await.body, br#"{"status":"healthy","service":"rapport"}"#);
    web.json("POST", "/health", &json!({})).await.refused(Reason::VerbNotAllowed);

    let admin = Web::at(&format!("http://{}", world.core().admin()));
    let ready = until("core is ready", PATIENCE, || async {
        let answer = admin.get("/readyz").await;
        (answer.status == 200).then(|| answer.good())
    })
    .await;
    assert_eq!(ready["database"]["ok"], true, "{ready}");
    assert!(ready["database"]["millis"].is_u64() && ready["writer"]["backlogMillis"].is_u64(), "{ready}");
    assert_eq!(ready["writer"]["ok"], true, "{ready}");

    web.get("/v1/self").await.refused(Reason::TokenMissing);
    let place = world.edges().first().map_or_else(|| world.core().admin(), rapport_tests::edge::Edge::admin);
    let metrics = String::from_utf8(Web::at(&format!("http://{place}")).get("/metrics").await.body).unwrap();
    let counted =
        r#"rapport_edge_requests_total{method="/rapport.auth.v1.AuthService/GetSelf",status="401"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    assert!(metrics.contains("rapport_edge_request_seconds_bucket"));
    // They are looked at now and then.
    until("core tells of its queues and pools", PATIENCE, || async {
        let metrics = String::from_utf8(admin.get("/metrics").await.body).unwrap();
        let gauges = [
            "rapport_writer_backlog_seconds ",
            "rapport_calls_free ",
            r#"rapport_pool_connections{pool="read"} "#,
            r#"rapport_pool_idle{pool="write"} "#,
        ];
        gauges.iter().all(|gauge| metrics.contains(gauge)).then_some(())
    })
    .await;
    assert_eq!(web.get("/metrics").await.status, 404, "not for everybody");
}

async fn one_id_goes_through_edge_and_core_and_back(world: &World) {
    let web = Web::at(&world.edge_url()).with("x-request-id", "trace-me.1");
    let problem = web.get("/v1/self?pageSize=secret-in-the-query").await;
    assert_eq!(problem.header("x-request-id"), Some("trace-me.1"));
    let problem = web.bearer("not-a-token").get("/v1/self").await.refused(Reason::TokenInvalid);
    assert_eq!(problem["requestId"], "trace-me.1");

    let lines = |log: Vec<String>| -> Vec<Value> {
        log.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    // Each line names the call it belongs to, the innermost span it was written in last.
    let tells = |lines: &[Value], message: &str| {
        lines.iter().any(|line| line["message"] == message && line["span"]["request_id"] == "trace-me.1")
    };
    // What a process logs is read by a thread of its own.
    let edge = until("both logs tell of it", PATIENCE, || async {
        let core = lines(world.core().log());
        let edge = world.edges().first().map_or_else(|| core.clone(), |edge| lines(edge.log()));
        (tells(&core, "token refused") && tells(&edge, "refused")).then_some(edge)
    })
    .await;
    let said =
        edge.iter().find(|line| line["message"] == "refused" && line["reason"] == "TOKEN_INVALID").unwrap();
    assert_eq!((said["status"].as_u64(), said["address"].as_str()), (Some(401), Some("127.0.0.1")));
    for log in [world.core().log(), world.edges().first().map(|edge| edge.log()).unwrap_or_default()] {
        assert!(!log.iter().any(|line| line.contains("secret-in-the-query") || line.contains("not-a-token")));
    }
    // An id that is not fit to stand in a log is replaced.
    let web = Web::at(&world.edge_url()).with("x-request-id", "a b;c");
    assert_eq!(web.get("/health").await.header("x-request-id").unwrap().len(), 24);
}
