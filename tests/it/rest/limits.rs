//! How much one address or session may ask of the edge.

use rapport_tests::client::request_id;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::wait::{PATIENCE, soon};
use rapport_tests::web::{Web, bytes};
use rapport_tests::world::{Wishes, World};
use serde_json::json;
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::TcpSocket;

on_both![
    a_flood_from_one_address_is_refused_and_others_go_on with limits("ADDRESS_REQUESTS", "5"),
    a_refused_request_leaves_its_connection_to_the_next with limits("ADDRESS_REQUESTS", "5"),
    a_flood_of_one_session_is_refused_and_others_go_on with limits("SESSION_REQUESTS", "2"),
    guesses_are_few with limits("SIGN_INS", "3"),
    who_reads_nothing_is_cut_off with Wishes::default().env("RAPPORT_LIMITS__SLOW_READER_MS", "500"),
    only_a_proxy_of_ours_is_believed with Wishes::default().env("RAPPORT_LIMITS__ADDRESS_REQUESTS", "5"),
];

/// Behind a proxy of ours, so that tests can come from several addresses.
fn limits(name: &str, value: &str) -> Wishes {
    let wishes = Wishes::default().env("RAPPORT_TRUSTED_PROXIES", "127.0.0.0/8");
    wishes.env(&format!("RAPPORT_LIMITS__{name}"), value)
}

/// Asks for much and reads nothing: the connection is reset, with all that was on its way.
async fn who_reads_nothing_is_cut_off(world: &World) {
    let url = world.edge_url();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut greedy = socket.connect(url.strip_prefix("http://").unwrap().parse().unwrap()).await.unwrap();
    let ask = "GET /openapi.json HTTP/1.1\r\nHost: rapport.example\r\n\r\n".repeat(100);
    greedy.write_all(ask.as_bytes()).await.unwrap();
    let reset = async { greedy.ready(Interest::ERROR).await.unwrap() };
    soon("the connection is reset", PATIENCE, reset).await;
    assert_eq!(Web::at(&url).get("/health").await.status, 200, "others are served");
}

fn from(world: &World, address: &str) -> Web {
    Web::at(&world.edge_url()).with("x-forwarded-for", address)
}

/// Asks until it is refused; gives how often it was answered.
async fn flood(web: &Web, path: &str) -> usize {
    for answered in 0..1000 {
        let answer = web.get(path).await;
        if answer.status == 429 {
            let problem = answer.refused(Reason::RateLimited);
            let (exact, whole) =
                (problem["retryAfter"].as_f64().unwrap(), answer.header("retry-after").unwrap());
            assert!(exact > 0.0 && exact <= whole.parse().unwrap(), "{problem}");
            return answered;
        }
    }
    panic!("nobody stopped it");
}

async fn a_flood_from_one_address_is_refused_and_others_go_on(world: &World) {
    let answered = flood(&from(world, "198.51.100.1"), "/health").await;
    assert!(answered >= 10, "twice as many at once: {answered}");
    // Whoever asks by gRPC-Web is told in its own way.
    let web = from(world, "198.51.100.2");
    flood(&web, "/health").await;
    let refused = loop {
        match web.grpc_web_bytes("/rapport.auth.v1.AuthService/GetKeySet", &[]).await {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(refused.reason(), Some(Reason::RateLimited));
    assert!(refused.retry_after().is_some());
    assert_eq!(from(world, "198.51.100.3").get("/health").await.status, 200);
    // A network of IPv6 is one address.
    flood(&from(world, "2001:db8::1"), "/health").await;
    assert_eq!(from(world, "2001:db8:0:1::1").get("/health").await.status, 200);
}

async fn a_refused_request_leaves_its_connection_to_the_next(world: &World) {
    let refused_then_served = async |body: &str| {
        flood(&from(world, "198.51.100.1"), "/health").await;
        let length = body.len();
        let refused = "POST /v1/auth:signIn HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 198.51.100.1\r\n";
        let served =
            "GET /health HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 198.51.100.2\r\nconnection: close\r\n\r\n";
        let both = format!("{refused}content-length: {length}\r\n\r\n{body}{served}");
        bytes(&world.edge_url(), both.as_bytes()).await
    };
    let said = refused_then_served(&"x".repeat(64 << 10)).await;
    assert!(said.starts_with("HTTP/1.1 429 ") && said.contains("HTTP/1.1 200 "), "{said}");
    // To read much of what nobody wants costs more than a connection.
    let said = refused_then_served(&"x".repeat((64 << 10) + 1)).await;
    assert!(said.starts_with("HTTP/1.1 429 ") && said.contains("\r\nconnection: close\r\n"), "{said}");
    assert!(!said.contains("HTTP/1.1 200 "), "{said}");
}

async fn a_flood_of_one_session_is_refused_and_others_go_on(world: &World) {
    let (one, other) = (world.owner.sign_in().await.access_token, world.owner.sign_in().await.access_token);
    let answered = flood(&from(world, "198.51.100.1").bearer(&one), "/v1/self").await;
    assert!(answered >= 4, "{answered}");
    // Another address does not help it, and another session is not hurt.
    assert!(flood(&from(world, "198.51.100.2").bearer(&one), "/v1/self").await < 4);
    from(world, "198.51.100.1").bearer(&other).get("/v1/self").await.good();
}

async fn guesses_are_few(world: &World) {
    let guess = json!({"workspace": world.slug, "email": world.owner.member.email, "password": "a guess"});
    let web = from(world, "198.51.100.1");
    for _ in 0..3 {
        web.json("POST", "/v1/auth:signIn", &guess).await.refused(Reason::CredentialsWrong);
    }
    let problem = web.json("POST", "/v1/auth:signIn", &guess).await.refused(Reason::RateLimited);
    assert!(problem["retryAfter"].as_f64().unwrap() > 1.0, "{problem}");
    let visit = json!({"workspace": world.slug});
    let by_grpc_web = web.grpc_web(rapport_tests::dynamic::method("AuthService.StartVisit"), &visit).await;
    assert_eq!(by_grpc_web.unwrap_err().reason(), Some(Reason::RateLimited));
    let refresh = json!({"requestId": request_id(), "refreshToken": "rt_x"});
    web.json("POST", "/v1/auth:refresh", &refresh).await.refused(Reason::RateLimited);
    // A password that is tried from within counts like one that is tried at the door.
    let inside = web.bearer(&world.owner.sign_in().await.access_token);
    let change = json!({"currentPassword": "a guess", "newPassword": "long enough"});
    inside.json("POST", "/v1/self:changePassword", &change).await.refused(Reason::RateLimited);
    let elsewhere = from(world, "198.51.100.3").bearer(&world.owner.sign_in().await.access_token);
    for _ in 0..3 {
        elsewhere.json("POST", "/v1/self:changePassword", &change).await.refused(Reason::PasswordWrong);
    }
    elsewhere.json("POST", "/v1/self:changePassword", &change).await.refused(Reason::RateLimited);
    // Reading costs nothing of the kind.
    assert_eq!(web.get("/.well-known/jwks.json").await.status, 200);
    from(world, "198.51.100.2")
        .json("POST", "/v1/auth:signIn", &guess)
        .await
        .refused(Reason::CredentialsWrong);
}

async fn only_a_proxy_of_ours_is_believed(world: &World) {
    flood(&Web::at(&world.edge_url()), "/health").await;
    for name in ["x-forwarded-for", "x-real-ip", "forwarded", "x-rapport-client-address", "cf-connecting-ip"]
    {
        let mut refused = false;
        for number in 0..20 {
            let web = Web::at(&world.edge_url()).with(name, &format!("198.51.100.{number}"));
            refused |= web.get("/health").await.status == 429;
        }
        assert!(refused, "{name} was believed");
    }
}
