//! Access tokens: what a good one looks like, and that every other is refused.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL;
use ed25519_dalek::{Signature, SigningKey, Verifier as _, VerifyingKey};
use rapport_tests::actors::PASSWORD;
use rapport_tests::client::{Error, request_id};
use rapport_tests::expect::refused;
use rapport_tests::proto::auth::v1 as auth;
use rapport_tests::proto::auth::v1::auth_service_client::AuthServiceClient;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::socket::Socket;
use rapport_tests::world::{Wishes, World};
use serde_json::{Value, json};

use crate::forge::{Jwt, signing_key};
use crate::sign_in::refresh;

on_both![
    access_tokens_are_signed_by_a_published_key_and_live_a_quarter_of_an_hour_at_most,
    every_refresh_token_of_a_session_is_told_from_the_tokens_of_other_kinds,
    a_token_is_refused_for_everything_that_is_wrong_with_it,
    a_stream_ends_when_its_token_does,
    an_access_token_lives_as_long_as_is_set_and_its_session_goes_on with Wishes::default().env("RAPPORT_ACCESS_TOKEN_SECONDS", "10"),
];

async fn access_tokens_are_signed_by_a_published_key_and_live_a_quarter_of_an_hour_at_most(world: &World) {
    let session = world.owner.sign_in().await;
    let keys = world.nobody().get_key_set(auth::GetKeySetRequest {}).await.unwrap().keys;
    let visit = world.visitor().await.visit().await;
    for token in [&session.access_token, &visit.access_token] {
        let jwt = Jwt::parse(token);
        let key = keys.iter().find(|key| jwt.header["kid"] == json!(key.kid)).expect("the key is published");
        assert_eq!(
            (key.kty.as_str(), key.crv.as_str(), key.alg.as_str(), key.r#use.as_str()),
            ("OKP", "Ed25519", "EdDSA", "sig")
        );
        assert_eq!((&jwt.header["alg"], &jwt.header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
        let bytes: [u8; 32] = URL.decode(&key.x).unwrap().try_into().unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = Signature::from_slice(&URL.decode(signature).unwrap()).unwrap();
        VerifyingKey::from_bytes(&bytes).unwrap().verify(signed.as_bytes(), &signature).unwrap();
        let life = jwt.claims["exp"].as_i64().unwrap() - jwt.claims["iat"].as_i64().unwrap();
        assert!((1..=900).contains(&life), "{life} seconds");
        for claim in ["iss", "aud", "sub"] {
            assert!(jwt.claims[claim].is_string(), "{claim} in {}", jwt.claims);
        }
    }
    assert!(session.access_expires_at.unwrap().seconds <= session.refresh_expires_at.unwrap().seconds);
}

async fn every_refresh_token_of_a_session_is_told_from_the_tokens_of_other_kinds(world: &World) {
    let session = world.owner.sign_in().await;
    let visitor = world.visitor().await;
    let secret = visitor.secret().await;
    let nobody = world.nobody();
    refused(nobody.refresh(refresh(&secret, &request_id())).await, Reason::RefreshTokenInvalid);
    for other in [session.refresh_token.as_str(), &secret] {
        let bearer = world.owner.bearing(other);
        refused(bearer.client.get_self(auth::GetSelfRequest {}).await, Reason::TokenInvalid);
    }
    let visit =
        auth::StartVisitRequest { workspace: world.slug.clone(), visitor_secret: session.refresh_token };
    refused(nobody.start_visit(visit).await, Reason::VisitorSecretInvalid);
}

async fn a_token_is_refused_for_everything_that_is_wrong_with_it(world: &World) {
    let session = world.owner.sign_in().await;
    let jwt = Jwt::parse(&session.access_token);
    let key = signing_key(world.deployment(), jwt.header["kid"].as_str().unwrap());
    let get_self = async |header: Option<&str>| get_self(world, header).await;
    let control = jwt.clone().claim("iat", json!(jwt.claims["iat"].as_i64().unwrap() - 1)).signed(&key);
    get_self(Some(&format!("Bearer {control}")))
        .await
        .expect("the forge makes tokens that are right in all else");
    get_self(Some(&format!("bearer {control}"))).await.expect("the scheme is case-insensitive");

    let mut said = Vec::new();
    for (what, token) in forgeries(world, &session.access_token, &key) {
        let answer = get_self(Some(&format!("Bearer {token}"))).await;
        assert_eq!(
            answer.as_ref().err().and_then(Error::reason),
            Some(Reason::TokenInvalid),
            "{what}: {answer:?}"
        );
        said.push(refused(answer, Reason::TokenInvalid).status().message().to_owned());
    }
    assert!(
        said.iter().all(|message| *message == said[0]),
        "what is wrong stands in the log, not in the answer: {said:?}"
    );

    let expired = jwt.clone().claim("exp", json!(jwt.claims["iat"].as_i64().unwrap() - 1)).signed(&key);
    refused(get_self(Some(&format!("Bearer {expired}"))).await, Reason::TokenExpired);
    for header in [
        None,
        Some(""),
        Some("Bearer"),
        Some("Basic b3duZXI6cGFzc3dvcmQ="),
        Some(session.access_token.as_str()),
    ] {
        let error = get_self(header).await.unwrap_err();
        assert!(
            matches!(error.reason(), Some(Reason::TokenMissing | Reason::TokenInvalid)),
            "{header:?}: {error}"
        );
        assert_eq!(error.code(), tonic::Code::Unauthenticated);
    }
    let log = world.core().log().join("\n");
    for secret in [&session.access_token, &session.refresh_token, &control] {
        assert!(!log.contains(secret.as_str()), "a token is never logged");
    }
    assert!(!log.contains(PASSWORD), "a password is never logged");
}

async fn a_stream_ends_when_its_token_does(world: &World) {
    let session = world.owner.sign_in().await;
    let jwt = Jwt::parse(&session.access_token);
    let key = signing_key(world.deployment(), jwt.header["kid"].as_str().unwrap());
    let now = jwt.claims["iat"].as_i64().unwrap();
    let soon = jwt.claim("exp", json!(now + 3)).signed(&key);
    let mut ears = world.owner.bearing(&soon).listen().await;
    refused(Err::<(), _>(ears.end(Duration::from_secs(6)).await), Reason::TokenExpired);
}

async fn an_access_token_lives_as_long_as_is_set_and_its_session_goes_on(world: &World) {
    let vera = world.visitor().await;
    let (session, visit) = (world.owner.sign_in().await, vera.visit().await);
    for token in [&session.access_token, &visit.access_token] {
        let claims = Jwt::parse(token).claims;
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 10);
    }
    let bearer = world.owner.bearing(&session.access_token);
    bearer.client.get_self(auth::GetSelfRequest {}).await.unwrap();
    let mut socket = Socket::open(&world.edge_url(), &visit.access_token, "").await;
    let left = socket.named("expiring").await["inMs"].as_u64().unwrap();
    assert!((1..=10_000).contains(&left), "{left} ms");
    let mut ears = bearer.listen().await;
    refused(Err::<(), _>(ears.end(Duration::from_secs(13)).await), Reason::TokenExpired);
    refused(bearer.client.get_self(auth::GetSelfRequest {}).await, Reason::TokenExpired);
    assert_eq!(socket.closed(Duration::from_secs(13)).await, (4401, "TOKEN_EXPIRED".to_owned()));
    // What ended is the token and not the session.
    let renewed = world.nobody().refresh(refresh(&session.refresh_token, &request_id())).await.unwrap();
    let bearer = world.owner.bearing(&renewed.access_token);
    bearer.client.get_self(auth::GetSelfRequest {}).await.unwrap();
    vera.start_chat("by a client that renews its token").await;
}

/// Asks who the bearer of this header is.
async fn get_self(world: &World, header: Option<&str>) -> Result<auth::GetSelfResponse, Error> {
    let raw = world.raw(None).with_authorization(header);
    let answer = AuthServiceClient::new(raw.channel()).get_self(raw.request(auth::GetSelfRequest {})).await;
    Ok(answer?.into_inner())
}

/// Tokens made from a good one, each with one thing wrong. Those under `key` bear a true signature: only what they say is wrong.
fn forgeries(world: &World, token: &str, key: &SigningKey) -> Vec<(&'static str, String)> {
    let jwt = Jwt::parse(token);
    let public = key.verifying_key().to_bytes();
    let published = URL.encode(public);
    let foreign = SigningKey::from_bytes(&[7; 32]);
    let hs256 = jwt.clone().header("alg", json!("HS256"));
    let none = Jwt { signature: String::new(), ..jwt.clone() };
    let mut flipped = token.as_bytes().to_vec();
    let last = flipped.len() - 10;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL.encode(foreign.verifying_key().to_bytes())});
    vec![
        ("no algorithm", none.clone().header("alg", json!("none")).unsigned()),
        ("no algorithm, in capitals", none.clone().header("alg", json!("NONE")).unsigned()),
        ("no signature", none.unsigned()),
        ("HMAC under the public key", hs256.hmac(&public)),
        ("HMAC under the public key as published", hs256.hmac(published.as_bytes())),
        ("HMAC under nothing", hs256.hmac(b"")),
        ("another key", jwt.signed(&foreign)),
        ("another key that the header brings along", jwt.clone().header("jwk", jwk).signed(&foreign)),
        (
            "a key to be fetched",
            jwt.clone().header("jku", json!("http://127.0.0.1:1/jwks.json")).signed(&foreign),
        ),
        ("a changed role", jwt.clone().claim("role", json!(1)).claim("name", json!("x")).unsigned()),
        ("a flipped bit", String::from_utf8(flipped).unwrap()),
        ("an unknown key id", jwt.clone().header("kid", json!("unknown")).signed(key)),
        ("a key id that is a path", jwt.clone().header("kid", json!("../../dev/null")).signed(key)),
        ("no key id", jwt.clone().header("kid", Value::Null).signed(key)),
        ("another type", jwt.clone().header("typ", json!("JWT")).signed(key)),
        ("no type", jwt.clone().header("typ", Value::Null).signed(key)),
        ("another issuer", jwt.clone().claim("iss", json!("somebody else")).signed(key)),
        ("no issuer", jwt.clone().claim("iss", Value::Null).signed(key)),
        ("another audience", jwt.clone().claim("aud", json!("something else")).signed(key)),
        ("no audience", jwt.clone().claim("aud", Value::Null).signed(key)),
        ("no end", jwt.clone().claim("exp", Value::Null).signed(key)),
        ("an end that is no number", jwt.clone().claim("exp", json!("tomorrow")).signed(key)),
        ("an end beyond all numbers", jwt.clone().claim("exp", json!(i64::MAX)).signed(key)),
        ("no subject", jwt.clone().claim("sub", Value::Null).signed(key)),
        ("a subject of another kind", jwt.clone().claim("sub", json!(world.tenant_id)).signed(key)),
        ("no workspace", jwt.clone().claim("tid", Value::Null).signed(key)),
        ("no session", jwt.clone().claim("sid", Value::Null).signed(key)),
        ("a role that does not exist", jwt.claim("role", json!(99)).signed(key)),
        ("garbage", "garbage".to_owned()),
        ("dots", "...".to_owned()),
        ("four parts", format!("{token}.x")),
        ("a long one", "A".repeat(6_000)),
    ]
}
