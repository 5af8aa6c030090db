//! Messages that are to be sent: each is asked for again under the same request id until it is certain what became of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rapport_tests::client::request_id;
use serde_json::{Value, json};
use tokio::sync::watch;

/// How long one attempt over REST may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The shortest and the longest wait before something is tried again.
const AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// A message that is not settled yet.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) chat: String,
    pub(super) text: String,
    pub(super) internal: bool,
    request_id: String,
    asked: Instant,
}

/// A message and its answer.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    pub(super) draft: Draft,
    /// The id of the message.
    pub(super) id: String,
    /// Its number in the chat.
    pub(super) seq: u32,
    /// From the first time it was asked for to the answer.
    pub(super) took: Duration,
}

impl Draft {
    pub(super) fn new(chat: &str, text: String, internal: bool) -> Self {
        Self { chat: chat.to_owned(), text, internal, request_id: request_id(), asked: Instant::now() }
    }

    /// When it was asked for first.
    pub(super) fn asked(&self) -> Instant {
        self.asked
    }

    /// The request but for the chat, which REST has in the path.
    pub(super) fn body(&self) -> Value {
        json!({ "requestId": self.request_id, "text": self.text, "internal": self.internal })
    }
}

/// What was settled, and what went wrong for good. Shared by everybody who sends or listens in a test.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    settled: Mutex<Vec<Settled>>,
    trouble: Mutex<Option<String>>,
    repeated: AtomicUsize,
    adopted: AtomicUsize,
    count: watch::Sender<usize>,
}

impl Ledger {
    /// Takes the answer of a send.
    pub(super) fn settle(&self, draft: Draft, answer: &Value) {
        let message = &answer["message"];
        let seq = message["seq"].as_u64().and_then(|seq| u32::try_from(seq).ok());
        let (Some(id), Some(seq)) = (message["messageId"].as_str(), seq) else {
            return self.fail(&format!("no message was answered: {answer}"));
        };
        let settled = Settled { id: id.to_owned(), seq, took: draft.asked.elapsed(), draft };
        self.settled.lock().push(settled);
        self.count.send_modify(|count| *count += 1);
    }

    /// Everything settled so far.
    pub(super) fn settled(&self) -> Vec<Settled> {
        self.settled.lock().clone()
    }

    /// Takes over what another ledger settled.
    pub(super) fn adopt(&self, other: &Self) {
        let settled = other.settled();
        let many = settled.len();
        self.adopted.fetch_add(many, Ordering::Relaxed);
        self.settled.lock().extend(settled);
        self.count.send_modify(|count| *count += many);
    }

    /// How many were taken over.
    pub(super) fn adopted(&self) -> usize {
        self.adopted.load(Ordering::Relaxed)
    }

    /// Something is asked for once more.
    pub(super) fn repeat(&self) {
        self.repeated.fetch_add(1, Ordering::Relaxed);
    }

    /// How often something was asked for once more.
    pub(super) fn repeated(&self) -> usize {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Something happened that must not.
    pub(super) fn fail(&self, why: &str) {
        self.trouble.lock().get_or_insert_with(|| why.to_owned());
        self.count.send_modify(|_| {});
    }

    /// Ends the test where something happened that must not.
    pub(super) fn check(&self) {
        let trouble = self.trouble.lock().clone();
        assert!(trouble.is_none(), "{}", trouble.unwrap_or_default());
    }

    /// Waits until so many messages are settled.
    pub(super) async fn reached(&self, count: usize, within: Duration) {
        let mut reached = self.count.subscribe();
        let all = async {
            loop {
                self.check();
                if *reached.borrow_and_update() >= count {
                    return;
                }
                reached.changed().await.expect("the ledger is here");
            }
        };
        let settled = tokio::time::timeout(within, all).await;
        assert!(
            settled.is_ok(),
            "{} of {count} messages were settled within {within:?}",
            *self.count.borrow()
        );
    }
}

/// Waits a growing, random time: what failed everywhere at once is not to come back everywhere at once.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
}

impl Patience {
    pub(super) async fn wait(&mut self) {
        let wait = AGAIN.0.saturating_mul(1 << self.tries.min(8)).min(AGAIN.1);
        self.tries += 1;
        tokio::time::sleep(wait.mul_f64(rand::random_range(0.5..1.0))).await;
    }
}

/// Sends over REST until it is settled, at one edge or another.
pub(super) async fn send_over_rest(
    browser: reqwest::Client,
    edges: Arc<[SocketAddr]>,
    token: String,
    draft: Draft,
    ledger: Arc<Ledger>,
) {
    let mut patience = Patience::default();
    loop {
        let edge = edges[rand::random_range(0..edges.len())];
        let url = format!("http://{edge}/v1/chats/{}/messages", draft.chat);
        let asked = browser.post(url).bearer_auth(&token).json(&draft.body()).timeout(ATTEMPT).send();
        if let Ok(answer) = asked.await {
            let status = answer.status();
            match answer.json::<Value>().await {
                Ok(body) if status == 200 => return ledger.settle(draft, &body),
                Ok(problem) if problem["retryable"] != true => {
                    return ledger.fail(&format!("{draft:?} was refused: {status}: {problem}"));
                }
                // The connection broke, or this server cannot answer now.
                Ok(_) | Err(_) => {}
            }
        }
        ledger.repeat();
        patience.wait().await;
    }
}
