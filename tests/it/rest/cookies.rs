//! The refresh token in a cookie: kept from scripts, taken from our own pages only, gone when the session is.

use rapport_tests::actors::PASSWORD;
use rapport_tests::client::request_id;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::web::{Answer, Web};
use rapport_tests::world::World;
use serde_json::json;

on_both![a_session_lives_in_a_cookie, pages_of_others_cannot_use_the_cookie];

const NAME: &str = "__Host-rapport-refresh";

/// The cookie an answer sets: its value and its age; its attributes must be these.
#[track_caller]
fn set(answer: &Answer) -> (String, u64) {
    let all: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(all.len(), 1, "{answer:?}");
    let text = all[0].to_str().unwrap();
    let (pair, attributes) = text.split_once("; ").unwrap();
    let (name, value) = pair.split_once('=').unwrap();
    assert_eq!(name, NAME);
    let age = attributes.strip_prefix("Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=").unwrap();
    (value.to_owned(), age.parse().unwrap())
}

async fn signed_in(world: &World, web: &Web) -> Answer {
    let email = &world.owner.member.email;
    let body = json!({"workspace": world.slug, "email": email, "password": PASSWORD});
    web.json("POST", "/v1/auth:signIn", &body).await
}

fn with_cookie(web: &Web, value: &str) -> Web {
    web.with("cookie", &format!("theme=dark; {NAME}={value}; other=1"))
}

async fn a_session_lives_in_a_cookie(world: &World) {
    let web = Web::at(&world.edge_url());
    let answer = signed_in(world, &web).await;
    let body = answer.good();
    let (first, age) = set(&answer);
    assert!(body.get("refreshToken").is_none() && !body.to_string().contains(&first), "{body}");
    assert!(body["accessToken"].is_string() && body["refreshExpiresAt"].is_string());
    let month = 30 * 24 * 3600;
    assert!((month - 60..=month).contains(&age), "{age}");

    let ask = || json!({"requestId": request_id()});
    let refreshed = with_cookie(&web, &first).json("POST", "/v1/auth:refresh", &ask()).await;
    let (second, _) = set(&refreshed);
    assert_ne!(first, second);
    let token = refreshed.good()["accessToken"].as_str().unwrap().to_owned();
    web.bearer(&token).get("/v1/self").await.good();

    // A program without cookies gives the field; what it gives goes before what a browser adds.
    let given = json!({"requestId": request_id(), "refreshToken": second});
    let (third, _) = set(&with_cookie(&web, "nonsense").json("POST", "/v1/auth:refresh", &given).await);
    let twice = with_cookie(&with_cookie(&web, &third), &third);
    twice.json("POST", "/v1/auth:refresh", &ask()).await.refused(Reason::MalformedRequest);
    let without = web.json("POST", "/v1/auth:refresh", &ask()).await;
    assert_eq!(without.refused(Reason::FieldInvalid)["violations"][0]["field"], "refreshToken");
    assert!(without.header("set-cookie").is_none());

    // Signing out takes the cookie away; so does a refusal of what was in it.
    let out = with_cookie(&web, &third).bearer(&token).json("POST", "/v1/auth:signOut", &json!({})).await;
    assert_eq!(out.good(), json!({}));
    assert_eq!(set(&out), (String::new(), 0));
    let spent = with_cookie(&web, &third).json("POST", "/v1/auth:refresh", &ask()).await;
    spent.refused(Reason::RefreshTokenInvalid);
    assert_eq!(set(&spent), (String::new(), 0));
    let in_body = json!({"requestId": request_id(), "refreshToken": third});
    let spent = web.json("POST", "/v1/auth:refresh", &in_body).await;
    spent.refused(Reason::RefreshTokenInvalid);
    assert!(spent.header("set-cookie").is_none(), "nothing came from a cookie");
    let nobody = web.json("POST", "/v1/auth:signOut", &json!({})).await;
    nobody.refused(Reason::TokenMissing);
    assert!(nobody.header("set-cookie").is_none());
}

async fn pages_of_others_cannot_use_the_cookie(world: &World) {
    let url = world.edge_url();
    let web = Web::at(&url);
    let (cookie, _) = set(&signed_in(world, &web).await);
    let holder = with_cookie(&web, &cookie);
    let ask = || json!({"requestId": request_id()});
    super::browsers::allow(world, &["https://shop.example"]).await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "https://shop.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let refused = holder.with(name, value).json("POST", "/v1/auth:refresh", &ask()).await;
        refused.refused(Reason::OriginRefused);
        assert!(refused.header("set-cookie").is_none());
    }
    // A form of another page sends no JSON.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let body = Some(ask().to_string().into_bytes());
        let form = holder.with("content-type", kind).send("POST", "/v1/auth:refresh", body).await;
        form.refused(Reason::ContentTypeUnsupported);
    }
    // The cookie was not spent by any of it.
    let own = holder.with("origin", &url).with("sec-fetch-site", "same-origin");
    set(&own.json("POST", "/v1/auth:refresh", &ask()).await);
}
