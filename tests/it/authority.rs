//! Authority that ends, or changes, ends or changes whatever is open on it, wherever that is open and wherever it was done: sockets and
//! server-sent events at every edge, streams at every core, within a second.

use futures_util::future::join_all;
use rapport_tests::client::{Client, Credentials, SubscribeOptions};
use rapport_tests::expect::refused;
use rapport_tests::listener::Listener;
use rapport_tests::proto::contract::{reason_name, reason_rule};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::event::Body;
use rapport_tests::proto::tenants::v1::{MemberState, Role, UpdateDepartmentRequest, UpdateMemberRequest};
use rapport_tests::socket::Socket;
use rapport_tests::wait::{AT_ONCE, soon};
use rapport_tests::web::Web;
use rapport_tests::world::World;
use serde_json::json;

use crate::rest::streams::{Ear, SUBSCRIBE};

on_every![
    ended_authority_ends_everything_that_is_open_on_it_and_nothing_else,
    whoever_leaves_a_department_hears_nothing_more_of_it,
];

/// All that somebody can listen by under one token: a socket and server-sent events at every edge, a stream at every core.
struct Ears {
    sockets: Vec<Socket>,
    events: Vec<Ear>,
    streams: Vec<Listener>,
}

impl Ears {
    async fn open(world: &World, token: &str) -> Self {
        let (mut sockets, mut events, mut streams) = (Vec::new(), Vec::new(), Vec::new());
        for url in world.deployment().edge_urls() {
            sockets.push(Socket::open(&url, token, "").await);
            let mut ear = Ear::open(&Web::at(&url).bearer(token), SUBSCRIBE).await;
            ear.next().await.expect("a stream begins with an item");
            events.push(ear);
        }
        for core in world.cores() {
            let credentials = Credentials::AccessToken(token.to_owned());
            let client = Client::connect(core.endpoint()).credentials(credentials).open().unwrap();
            streams.push(Listener::start(&client, SubscribeOptions::default()).await);
        }
        Self { sockets, events, streams }
    }

    /// All of them end at once, and each says why.
    async fn end(&mut self, what: &str, code: u16, reason: Reason) {
        let sockets = join_all(self.sockets.iter().map(|socket| socket.closed(AT_ONCE)));
        let events = self.events.iter_mut().map(|ear| soon("the events end", AT_ONCE, ear.problem()));
        let streams = self.streams.iter_mut().map(|stream| stream.end(AT_ONCE));
        let (sockets, events, streams) = tokio::join!(sockets, join_all(events), join_all(streams));
        let name = reason_name(reason);
        for closed in sockets {
            assert_eq!(closed, (code, name.to_owned()), "{what}");
        }
        for problem in events {
            let status = reason_rule(reason).http;
            assert_eq!((&problem["reason"], &problem["status"]), (&json!(name), &json!(status)), "{what}");
        }
        for error in streams {
            refused(Err::<(), _>(error), reason);
        }
    }

    /// All of them hear a message; gives the texts that server-sent events brought up to it.
    async fn hear(&mut self, text: &str) -> Vec<String> {
        for socket in &mut self.sockets {
            socket.message(text).await;
        }
        for stream in &mut self.streams {
            stream.message(text).await;
        }
        let texts = join_all(self.events.iter_mut().map(|ear| ear.until(text))).await;
        texts.into_iter().flat_map(|(texts, _)| texts).collect()
    }

    /// All of them are told at once that what they hear has changed.
    async fn change(&mut self) {
        let sockets = self.sockets.iter_mut().map(|socket| {
            let told =
                socket.frame("the change", |frame| frame["event"]["data"].get("grantsChanged").cloned());
            soon("the socket is told", AT_ONCE, told)
        });
        let events = self.events.iter_mut().map(|ear| {
            soon("the events are told", AT_ONCE, async {
                while ear.next().await.expect("the stream goes on").data["event"]
                    .get("grantsChanged")
                    .is_none()
                {}
            })
        });
        let streams = self.streams.iter_mut().map(|stream| {
            let told =
                stream.event("the change", |body| matches!(body, Body::GrantsChanged(_)).then_some(()));
            soon("the stream is told", AT_ONCE, told)
        });
        tokio::join!(join_all(sockets), join_all(events), join_all(streams));
    }
}

/// What ends authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    SignOut,
    SignOutByRest,
    Suspend,
    Role,
    Password,
}

async fn ended_authority_ends_everything_that_is_open_on_it_and_nothing_else(world: &World) {
    let neighbour = world.agent("Nina").await;
    let mut untouched = Ears::open(world, &neighbour.sign_in().await.access_token).await;
    let urls = world.deployment().edge_urls();
    for (core, url) in world.cores().iter().zip(&urls) {
        let owner = world.owner.through(&core.endpoint());
        for (act, code, reason) in [
            (Act::SignOut, 4501, Reason::SessionEnded),
            (Act::SignOutByRest, 4501, Reason::SessionEnded),
            (Act::Suspend, 4501, Reason::SessionEnded),
            (Act::Role, 4401, Reason::TokenStale),
            (Act::Password, 4501, Reason::SessionEnded),
        ] {
            let what = format!("{act:?} at {}", core.endpoint());
            let ada = world.agent("Ada").await.through(&core.endpoint());
            let token = ada.sign_in().await.access_token;
            let mut ears = Ears::open(world, &token).await;
            let mut other = Ears::open(world, &ada.sign_in().await.access_token).await;
            let sign_out = Web::at(url).bearer(&token);
            match act {
                Act::SignOut => ada.bearing(&token).client.sign_out().await.unwrap(),
                Act::SignOutByRest => {
                    sign_out.json("POST", "/v1/auth:signOut", &json!({})).await.good();
                }
                Act::Suspend => drop(owner.set_state(&ada, MemberState::Suspended).await.unwrap()),
                Act::Role => drop(owner.set_role(&ada, Role::Viewer).await.unwrap()),
                Act::Password => {
                    let change =
                        UpdateMemberRequest { password: Some("another one".into()), ..Default::default() };
                    owner.update(&ada, change).await.unwrap();
                }
            }
            ears.end(&what, code, reason).await;
            // The same token opens nothing any more, anywhere.
            for url in &urls {
                let back = Socket::try_open(url, &token, "").await.map(|_| ());
                assert_eq!(back, Err((code, reason_name(reason).to_owned())), "{what}");
                Web::at(url).bearer(&token).get(SUBSCRIBE).await.refused(reason);
            }
            if matches!(act, Act::SignOut | Act::SignOutByRest) {
                // Another session of the same member is another session.
                world.visitor().await.start_chat(&what).await;
                other.hear(&what).await;
            } else {
                other.end(&what, code, reason).await;
            }
        }
        let visitor = world.visitor().await.through(&core.endpoint()).await;
        let token = visitor.visit().await.access_token;
        let mut ears = Ears::open(world, &token).await;
        visitor.bearing(&token).client.sign_out().await.unwrap();
        ears.end("a visitor leaves", 4501, Reason::SessionEnded).await;
    }
    world.visitor().await.start_chat("the end").await;
    untouched.hear("the end").await;
}

async fn whoever_leaves_a_department_hears_nothing_more_of_it(world: &World) {
    let (ada, visitor) = (world.agent("Ada").await, world.visitor().await);
    let sales = world.department("Sales", &[&ada]).await.department_id;
    let chat = visitor.start_chat_with(&sales, "Hello").await.chat_id;
    let mut ears = Ears::open(world, &ada.sign_in().await.access_token).await;
    let ids = || vec![ada.member_id().to_owned()];
    for core in world.cores() {
        let (owner, at) = (world.owner.through(&core.endpoint()), core.endpoint());
        visitor.send(&chat, &format!("inside, {at}")).await.unwrap();
        ears.hear(&format!("inside, {at}")).await;
        let leave = UpdateDepartmentRequest { remove_member_ids: ids(), ..Default::default() };
        owner.update_department(&sales, leave).await.unwrap();
        ears.change().await;
        visitor.send(&chat, "SECRET").await.unwrap();
        // What the whole staff hears, after it.
        visitor.start_chat(&format!("for everybody, {at}")).await;
        let texts = ears.hear(&format!("for everybody, {at}")).await;
        assert!(!texts.contains(&"SECRET".to_owned()), "{texts:?}");
        for heard in
            ears.sockets.iter().map(Socket::transcript).chain(ears.streams.iter().map(Listener::transcript))
        {
            assert!(!heard.contains("SECRET"), "{heard}");
        }
        let join = UpdateDepartmentRequest { add_member_ids: ids(), ..Default::default() };
        owner.update_department(&sales, join).await.unwrap();
        ears.change().await;
    }
}
