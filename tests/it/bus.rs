//! What cores and edges share by Redis, through the public doors: what one core does is heard at another without asking for it, and
//! nobody but the cores of the same store has a part in it.

use std::time::Duration;

use rapport_tests::client::Item;
use rapport_tests::core::Core;
use rapport_tests::edge::Edge;
use rapport_tests::metrics::{counted, ready};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::redis::PrivateRedis;
use rapport_tests::socket::Socket;
use rapport_tests::wait::{PATIENCE, soon, until};
use rapport_tests::web::Web;
use rapport_tests::world::{Shape, Wishes, World};
use serde_json::json;

/// So seldom do cores ask for the ends of logs here that nobody would wait for it.
fn seldom(wishes: Wishes) -> Wishes {
    wishes.env("RAPPORT_EVENTS__POLL_MS", "600000")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_core_does_is_heard_at_the_other_without_asking() {
    let world = World::with(Shape::ManyNodes, seldom(Wishes::default())).await;
    let [here, there] = [world.cores()[0].endpoint(), world.cores()[1].endpoint()];
    let (ada, visitor) = (world.agent("Ada").await, world.visitor().await);
    let mut ears = ada.through(&there).listen().await;
    let mut own = ada.through(&here).listen().await;
    let visitor = visitor.through(&here).await;
    let chat = visitor.start_chat("over there").await.chat_id;
    ears.message("over there").await;
    for number in 0..50 {
        visitor.send(&chat, &number.to_string()).await.unwrap();
    }
    for number in 0..50 {
        ears.message(&number.to_string()).await;
    }
    // The other way round, and for somebody who came when the core had listened for long.
    let mut late = world.owner.through(&here).listen().await;
    ada.through(&there).send(&chat, "and back").await.unwrap();
    late.message("and back").await;
    let mut sockets = Vec::new();
    for url in world.deployment().edge_urls() {
        sockets.push(Socket::open(&url, &ada.sign_in().await.access_token, "").await);
    }
    // Each edge listens at each core, beside those who do so themselves.
    for (core, listeners) in world.cores().iter().zip([2.0 + 2.0, 1.0 + 2.0]) {
        until("the edges listen", PATIENCE, || async {
            (counted(core.admin(), "rapport_event_listeners").await >= listeners).then_some(())
        })
        .await;
    }
    // What is not kept is heard once on either core, and not by who caused it.
    visitor.typing(&chat, true).await.unwrap();
    assert_eq!(ears.typing().await.chat_id, chat);
    assert_eq!(own.typing().await.chat_id, chat);
    visitor.send(&chat, "the last word").await.unwrap();
    for ears in [&mut ears, &mut own] {
        ears.message("the last word").await;
        let signs = ears.items().iter().filter(|item| matches!(item, Item::Ephemeral(_))).count();
        assert_eq!(signs, 1);
    }
    // So it is by an edge, which follows both cores: what the other core says after it comes after it.
    ada.through(&there).send(&chat, "from there too").await.unwrap();
    for socket in &mut sockets {
        socket.message("the last word").await;
        socket.message("from there too").await;
        let signs = socket.frames().iter().filter(|frame| frame.get("ephemeral").is_some()).count();
        assert_eq!(signs, 1);
    }
    ears.message("from there too").await;
    let texts: Vec<_> = ears.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(texts.len(), 54, "each once: {texts:?}");
    for core in world.cores() {
        assert!(counted(core.admin(), "rapport_bus_published_total").await >= 1.0);
        assert!(counted(core.admin(), "rapport_bus_lag_seconds_count").await >= 1.0);
        assert!(counted(core.admin(), "rapport_bus_refused_total").await < 1.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_installations_on_one_redis_hear_nothing_of_each_other() {
    let redis = PrivateRedis::start().await;
    let wishes = || seldom(Wishes::default().redis(&redis.url()));
    let (one, other) =
        (World::with(Shape::ManyNodes, wishes()).await, World::with(Shape::ManyNodes, wishes()).await);
    let mut strangers = other.owner.through(&other.cores()[1].endpoint()).listen().await;
    let mut ears = one.owner.through(&one.cores()[1].endpoint()).listen().await;
    let visitor = one.visitor().await.through(&one.cores()[0].endpoint()).await;
    let chat = visitor.start_chat("SECRET").await.chat_id;
    // What is not kept is not repeated: first a sign that the other core listens.
    ears.message("SECRET").await;
    visitor.typing(&chat, true).await.unwrap();
    ears.typing().await;
    // A change of the other's own comes after all of that.
    let end = other.visitor().await.through(&other.cores()[0].endpoint()).await;
    end.start_chat("the last word").await;
    strangers.message("the last word").await;
    let transcript = strangers.transcript();
    assert!(!transcript.contains("SECRET") && !transcript.contains("Typing"), "{transcript}");
    for core in other.cores() {
        assert!(counted(core.admin(), "rapport_bus_refused_total").await < 1.0, "nor does it reach them");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_a_dependency_that_can_be_done_without() {
    let redis = PrivateRedis::start().await;
    let world = World::with(Shape::ManyNodes, Wishes::default().redis(&redis.url())).await;
    let admins = || {
        let cores = world.cores().iter().map(Core::admin);
        cores.chain(world.edges().iter().map(Edge::admin)).collect::<Vec<_>>()
    };
    let say = async |up: bool| {
        for admin in admins() {
            until("every process says so, and is ready", PATIENCE, || async {
                let (is_ready, said) = ready(admin, "redis").await;
                assert!(is_ready, "{said}");
                let state = if up { "up" } else { "away" };
                (said["ok"] == up && said.to_string().contains(state)).then_some(())
            })
            .await;
        }
    };
    say(true).await;
    redis.kill9();
    say(false).await;
    redis.restart().await;
    say(true).await;
    let back = counted(world.core().admin(), "rapport_redis_reconnects_total").await;
    assert!(back >= 2.0, "{back}");
}

/// How many guesses an address has a minute here.
const GUESSES: u32 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_edges_let_through_what_one_would() {
    let wishes = Wishes::default()
        .env("RAPPORT_TRUSTED_PROXIES", "127.0.0.0/8")
        .env("RAPPORT_LIMITS__SIGN_INS", &GUESSES.to_string());
    let world = World::with(Shape::ManyNodes, wishes).await;
    for edge in world.edges() {
        until("the edge has Redis", PATIENCE, || async {
            (ready(edge.admin(), "redis").await.1["ok"] == true).then_some(())
        })
        .await;
    }
    let guess = async |edge: usize, from: &str| {
        let web = Web::at(&world.deployment().edge_urls()[edge]).with("x-forwarded-for", from);
        let wrong =
            json!({ "workspace": world.slug, "email": "olga@acme.example", "password": "a wrong one" });
        web.json("POST", "/v1/auth:signIn", &wrong).await
    };
    let mut answered = 0;
    for turn in 0..2 * GUESSES {
        let answer = guess(usize::from(turn % 2 == 1), "198.51.100.1").await;
        match answer.status {
            401 => answered += 1,
            _ => drop(answer.refused(Reason::RateLimited)),
        }
    }
    // An edge that got no answer in its few milliseconds let somebody through, and counted that.
    let mut alone = 0.0;
    for edge in world.edges() {
        alone += counted(edge.admin(), "rapport_limits_alone_total").await;
    }
    assert!(answered >= GUESSES, "{answered}");
    assert!(
        f64::from(answered) <= f64::from(GUESSES) + alone,
        "{answered} answered, {alone} of them unasked"
    );
    assert_eq!(guess(0, "198.51.100.2").await.status, 401, "others have their own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_whose_redis_stalls_goes_on_by_its_own_count() {
    let redis = PrivateRedis::start().await;
    let wishes = Wishes::default()
        .redis(&redis.url())
        .env("RAPPORT_TRUSTED_PROXIES", "127.0.0.0/8")
        .env("RAPPORT_LIMITS__SIGN_INS", "3");
    let world = World::with(Shape::ManyNodes, wishes).await;
    redis.pause();
    let url = &world.deployment().edge_urls()[0];
    let web = Web::at(url).with("x-forwarded-for", "198.51.100.1");
    let asking = async {
        for _ in 0..50 {
            assert_eq!(web.get("/v1/self").await.status, 401);
        }
        let mut answered = 0;
        while web.json("POST", "/v1/visitors:start", &json!({ "workspace": world.slug })).await.status == 200
        {
            answered += 1;
        }
        answered
    };
    // Fifty requests that waited for Redis each would take longer.
    let answered = soon("nobody waits", Duration::from_secs(5), asking).await;
    assert_eq!(answered, 3, "the edge's own limit holds");
    redis.resume();
}
