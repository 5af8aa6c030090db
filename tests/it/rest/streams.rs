//! Server-sent events: replayed, live, resumed, ended with a reason.

use rapport_tests::actors::Visitor;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::web::Web;
use rapport_tests::world::World;
use reqwest::Response;
use serde_json::{Value, json};
use tokio::time::timeout;

on_both![
    a_stream_is_resumed_where_it_was_left,
    a_stream_that_ends_says_why,
    a_reader_who_goes_away_ends_the_stream,
];

/// One event.
#[derive(Debug)]
pub(crate) struct Heard {
    name: String,
    id: String,
    pub(crate) data: Value,
}

/// A reader of server-sent events.
pub(crate) struct Ear {
    response: Response,
    text: String,
}

impl Ear {
    pub(crate) async fn open(web: &Web, path: &str) -> Self {
        let response = web.begin("GET", path, None).await;
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, text: String::new() }
    }

    /// The next event; nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.unwrap_or_default().to_owned()
                };
                let heard = (!event.starts_with(':')).then(|| Heard {
                    name: field("event"),
                    id: field("id"),
                    data: serde_json::from_str(&field("data")).unwrap(),
                });
                self.text = String::from(rest);
                if heard.is_some() {
                    return heard;
                }
                continue;
            }
            let more = timeout(PATIENCE, self.response.chunk()).await.expect("the next event").ok()??;
            self.text.push_str(std::str::from_utf8(&more).unwrap());
        }
    }

    /// Why it ends; what comes before is passed over, and nothing comes after.
    pub(crate) async fn problem(&mut self) -> Value {
        loop {
            let heard = self.next().await.expect("a stream says why it ends");
            if heard.name == "problem" {
                assert!(heard.id.is_empty() && heard.data["requestId"].is_string(), "{heard:?}");
                assert!(self.next().await.is_none(), "the reason is the last of it");
                return heard.data;
            }
        }
    }

    /// Texts of messages up to and with this one, and the id of its event.
    pub(crate) async fn until(&mut self, last: &str) -> (Vec<String>, String) {
        let mut texts = Vec::new();
        loop {
            let heard = self.next().await.expect("the stream goes on");
            assert_eq!((heard.name.as_str(), heard.data["cursor"].as_str()), ("", Some(heard.id.as_str())));
            if let Some(text) = heard.data["event"]["messageSent"]["message"]["text"].as_str() {
                texts.push(text.to_owned());
                if text == last {
                    return (texts, heard.id);
                }
            }
        }
    }
}

async fn browser(world: &World, visitor: &Visitor) -> Web {
    Web::at(&world.edge_url()).bearer(&visitor.visit().await.access_token)
}

pub(crate) const SUBSCRIBE: &str = "/v1/events:subscribe";

async fn a_stream_is_resumed_where_it_was_left(world: &World) {
    let visitor = world.visitor().await;
    let web = browser(world, &visitor).await;
    let mut ear = Ear::open(&web, SUBSCRIBE).await;
    let first = ear.next().await.unwrap();
    assert!(first.data["checkpoint"].is_object() && !first.id.is_empty(), "{first:?}");
    let chat = visitor.start_chat("one").await.chat_id;
    for text in ["two", "three \u{2028} \"<b>\n\n"] {
        visitor.send(&chat, text).await.unwrap();
    }
    let (texts, _) = ear.until("two").await;
    assert_eq!(texts, ["one", "two"]);
    let (_, left) = ear.until("three \u{2028} \"<b>\n\n").await;
    drop(ear);
    visitor.send(&chat, "four").await.unwrap();
    visitor.send(&chat, "five").await.unwrap();
    // As a browser comes back by itself.
    let mut ear = Ear::open(&web.with("last-event-id", &left), SUBSCRIBE).await;
    assert_eq!(ear.until("five").await.0, ["four", "five"]);
    // A browser that began with a cursor comes back to the same address: what it remembers is the newer place.
    let begin = format!("{SUBSCRIBE}?cursor={}", first.id);
    assert_eq!(Ear::open(&web, &begin).await.until("five").await.0.len(), 5);
    let mut ear = Ear::open(&web.with("last-event-id", &left), &begin).await;
    assert_eq!(ear.until("five").await.0, ["four", "five"]);
    let filtered = format!("{begin}&types=EVENT_TYPE_CHAT_UPDATED&types=3&chatIds={chat}");
    assert_eq!(Ear::open(&web, &filtered).await.until("five").await.0.len(), 5);
    visitor.send(&chat, "six").await.unwrap();
    assert_eq!(ear.until("six").await.0, ["six"], "and goes on live");

    web.with("last-event-id", "nonsense").get(SUBSCRIBE).await.refused(Reason::CursorInvalid);
    web.get(&format!("{SUBSCRIBE}?types=EVENT_TYPE_NOTHING")).await.refused(Reason::MalformedRequest);
    Web::at(&world.edge_url()).get(SUBSCRIBE).await.refused(Reason::TokenMissing);
}

async fn a_stream_that_ends_says_why(world: &World) {
    let agent = world.agent("Ada").await;
    let session = agent.sign_in().await;
    let web = Web::at(&world.edge_url()).bearer(&session.access_token);
    let mut ear = Ear::open(&web, SUBSCRIBE).await;
    ear.next().await.unwrap();
    web.json("POST", "/v1/auth:signOut", &json!({})).await.good();
    let last = ear.problem().await;
    assert_eq!((&last["reason"], &last["status"]), (&json!("SESSION_ENDED"), &json!(401)));

    // The edge goes: told at once, not at the end of its patience.
    let web = Web::at(&world.edge_url()).bearer(&agent.sign_in().await.access_token);
    let mut ear = Ear::open(&web, SUBSCRIBE).await;
    ear.next().await.unwrap();
    match world.edges().first() {
        Some(edge) => edge.ask_to_go(),
        None => world.core().ask_to_go(),
    }
    let last = ear.problem().await;
    assert_eq!((&last["reason"], &last["retryable"]), (&json!("SHUTTING_DOWN"), &json!(true)));
}

async fn a_reader_who_goes_away_ends_the_stream(world: &World) {
    let visitor = world.visitor().await;
    let web = browser(world, &visitor).await;
    let place = world.edges().first().map_or_else(|| world.core().admin(), rapport_tests::edge::Edge::admin);
    let admin = Web::at(&format!("http://{place}"));
    let open = async || {
        let metrics = String::from_utf8(admin.get("/metrics").await.body).unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix("rapport_edge_streams_open "));
        line.map_or(0.0, |number| number.parse::<f64>().unwrap())
    };
    // As many as one may hold.
    let mut ears = Vec::new();
    for _ in 0..32 {
        ears.push(Ear::open(&web, SUBSCRIBE).await);
    }
    web.get(SUBSCRIBE).await.refused(Reason::TooManyStreams);
    assert!((open().await - 32.0).abs() < f64::EPSILON);
    drop(ears);
    until("the streams end", PATIENCE, || async { (open().await == 0.0).then_some(()) }).await;
    // Core has let go too.
    until("there is room again", PATIENCE, || async {
        let response = web.begin("GET", SUBSCRIBE, None).await;
        (response.status().as_u16() == 200).then_some(())
    })
    .await;
}
