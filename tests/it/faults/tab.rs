//! A browser's tab: a live socket that comes back. Wherever its connection ends it goes on from its cursor, at one edge or another, and
//! asks again for what it had not been answered.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use rapport_tests::world::World;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::draft::{Draft, Ledger, Patience};
use super::entry::Entry;

/// How long it may take from the first byte to the welcome.
const OPENS: Duration = Duration::from_secs(20);
/// How many calls it has under way; an edge takes 16.
const UNDER_WAY: usize = 8;
/// How long it waits with a call that an edge could not answer.
const AGAIN: Duration = Duration::from_millis(200);

/// Where a deployment's tabs connect to.
pub(super) fn edges(world: &World) -> Arc<[SocketAddr]> {
    let urls = world.deployment().edge_urls();
    urls.iter().map(|url| url["http://".len()..].parse().expect("an address")).collect()
}

/// How many orders may wait for a tab; while it is away nobody takes them.
const ORDERS: usize = 100_000;

/// What sends over REST.
pub(super) fn browser() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// The tab; it is closed when dropped.
#[derive(Debug)]
pub(super) struct Tab {
    pub(super) name: String,
    record: Arc<Record>,
    ledger: Arc<Ledger>,
    orders: mpsc::Sender<Order>,
    cuts: watch::Sender<u64>,
    stands_still: watch::Sender<bool>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Record {
    kept: Mutex<Kept>,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Kept {
    begun: String,
    entries: Vec<(Entry, Instant)>,
    /// How its sessions ended, by code; 0 where the connection just broke.
    ends: BTreeMap<u16, usize>,
    sessions: usize,
}

impl Record {
    /// A session is over; gives how many there were.
    fn end(&self, code: u16) -> usize {
        let mut kept = self.kept.lock();
        *kept.ends.entry(code).or_default() += 1;
        kept.sessions
    }
}

#[derive(Debug)]
enum Order {
    Send(Draft),
    Ping(oneshot::Sender<()>),
}

/// Why a session is over.
#[derive(Debug)]
enum End {
    Broken,
    Closed(u16, String),
    Wrong(String),
}

impl Tab {
    /// Opens one: on any of the edges, with `buffer` bytes for what it has not read where that is given.
    pub(super) fn open(
        name: &str,
        edges: &Arc<[SocketAddr]>,
        token: &str,
        buffer: Option<u32>,
        ledger: &Arc<Ledger>,
    ) -> Self {
        let (orders, receive) = mpsc::channel(ORDERS);
        let (cuts, cut) = watch::channel(0);
        let (stands_still, standing) = watch::channel(false);
        let record = Arc::new(Record::default());
        let life = Life {
            name: name.to_owned(),
            edges: Arc::clone(edges),
            token: token.to_owned(),
            buffer,
            cursor: String::new(),
            record: Arc::clone(&record),
            ledger: Arc::clone(ledger),
            orders: receive,
            standing,
            waiting: VecDeque::new(),
            under_way: BTreeMap::new(),
            not_before: Instant::now(),
            called: 0,
            pong: None,
        };
        let task = tokio::spawn(life.live(cut));
        let ledger = Arc::clone(ledger);
        Self { name: name.to_owned(), record, ledger, orders, cuts, stands_still, task }
    }

    /// Sends a message, at once or when the connection stands again.
    pub(super) fn send(&self, draft: Draft) {
        self.orders.try_send(Order::Send(draft)).expect("the tab is open and takes orders");
    }

    /// Breaks the connection with a reset.
    pub(super) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Reads nothing any more, or reads again.
    pub(super) fn stand_still(&self, stands_still: bool) {
        self.stands_still.send_replace(stands_still);
    }

    /// Waits until it has heard so many events; its first welcome is one, too.
    async fn counted(&self, count: usize, within: Duration) {
        let mut counted = self.record.count.subscribe();
        let all = async {
            loop {
                self.ledger.check();
                if *counted.borrow_and_update() >= count {
                    return;
                }
                counted.changed().await.expect("the record is here");
            }
        };
        if timeout(within, all).await.is_err() {
            let kept = self.record.kept.lock();
            let (heard, sessions, ends) = (kept.entries.len(), kept.sessions, &kept.ends);
            panic!(
                "{} heard {heard} events within {within:?}, not {}; {sessions} sessions, which ended {ends:?}",
                self.name,
                count - 1
            );
        }
    }

    /// Waits for the first welcome; gives the cursor it begins with.
    pub(super) async fn begun(&self, within: Duration) -> String {
        self.counted(1, within).await;
        self.record.kept.lock().begun.clone()
    }

    /// Waits until it has heard so many events, and until nothing more is under way to it.
    pub(super) async fn heard(&self, count: usize, within: Duration) {
        self.counted(count + 1, within).await;
        let (pong, came) = oneshot::channel();
        self.orders.try_send(Order::Ping(pong)).expect("the tab is open and takes orders");
        let came = timeout(within, came).await;
        assert!(matches!(came, Ok(Ok(()))), "{} has no answer to its ping", self.name);
    }

    /// Everything heard, in order, with the moment.
    pub(super) fn entries(&self) -> Vec<(Entry, Instant)> {
        self.record.kept.lock().entries.clone()
    }

    /// How many sessions it has had.
    pub(super) fn sessions(&self) -> usize {
        self.record.kept.lock().sessions
    }

    /// How its sessions ended, by code; 0 where the connection just broke.
    pub(super) fn ends(&self) -> BTreeMap<u16, usize> {
        self.record.kept.lock().ends.clone()
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Life {
    name: String,
    edges: Arc<[SocketAddr]>,
    token: String,
    buffer: Option<u32>,
    cursor: String,
    record: Arc<Record>,
    ledger: Arc<Ledger>,
    orders: mpsc::Receiver<Order>,
    standing: watch::Receiver<bool>,
    waiting: VecDeque<Draft>,
    under_way: BTreeMap<u32, Draft>,
    not_before: Instant,
    called: u32,
    pong: Option<oneshot::Sender<()>>,
}

impl Life {
    async fn live(mut self, mut cut: watch::Receiver<u64>) {
        let mut patience = Patience::default();
        loop {
            let before = self.record.kept.lock().sessions;
            let end = tokio::select! {
                end = self.session() => end,
                _ = cut.changed() => End::Broken,
            };
            // Nobody knows what became of what was under way.
            for draft in std::mem::take(&mut self.under_way).into_values() {
                self.ledger.repeat();
                self.waiting.push_back(draft);
            }
            let code = match end {
                End::Broken => 0,
                End::Closed(code @ 4000..4500, _) => code,
                End::Closed(code, reason) => {
                    return self.ledger.fail(&format!("{} was closed: {code} {reason}", self.name));
                }
                End::Wrong(why) => return self.ledger.fail(&format!("{}: {why}", self.name)),
            };
            if self.record.end(code) > before {
                patience = Patience::default();
            }
            patience.wait().await;
        }
    }

    /// One session, from the connection to its end.
    async fn session(&mut self) -> End {
        let mut stream = match timeout(OPENS, self.open()).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(end)) => return end,
            Err(_) => return End::Broken,
        };
        if self.pong.is_some() && stream.send(Message::text(json!({ "ping": {} }).to_string())).await.is_err()
        {
            return End::Broken;
        }
        loop {
            let reads = !*self.standing.borrow_and_update();
            let sends = !self.waiting.is_empty() && self.under_way.len() < UNDER_WAY;
            let frame = tokio::select! {
                next = stream.next(), if reads => {
                    match self.take(next) {
                        Ok(()) => continue,
                        Err(end) => return end,
                    }
                }
                Some(order) = self.orders.recv() => match order {
                    Order::Send(draft) => {
                        self.waiting.push_back(draft);
                        continue;
                    }
                    Order::Ping(pong) => {
                        self.pong = Some(pong);
                        json!({ "ping": {} })
                    }
                },
                () = sleep_until(self.not_before.into()), if sends => match self.waiting.pop_front() {
                    Some(draft) => self.call(draft),
                    None => continue,
                },
                Ok(()) = self.standing.changed() => continue,
            };
            if stream.send(Message::text(frame.to_string())).await.is_err() {
                return End::Broken;
            }
        }
    }

    /// Connects and is welcomed.
    async fn open(&mut self) -> Result<WebSocketStream<TcpStream>, End> {
        let edge = self.edges[rand::random_range(0..self.edges.len())];
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(buffer) = self.buffer {
            socket.set_recv_buffer_size(buffer).expect("a socket has a buffer");
        }
        let tcp = socket.connect(edge).await.map_err(|_| End::Broken)?;
        tcp.set_nodelay(true).map_err(|_| End::Broken)?;
        // A connection that is let go is reset, as a broken path does it.
        tcp.set_zero_linger().map_err(|_| End::Broken)?;
        let mut request = format!("ws://{edge}/v1/live").into_client_request().expect("an address");
        let protocol = HeaderValue::from_static("rapport.v1.json");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let (mut stream, _) = client_async(request, tcp).await.map_err(|error| match error {
            Error::Http(answer) if answer.status() != 503 => {
                End::Wrong(format!("the handshake was answered with {}", answer.status()))
            }
            _ => End::Broken,
        })?;
        let hello = json!({ "hello": { "token": self.token, "cursor": self.cursor } });
        stream.send(Message::text(hello.to_string())).await.map_err(|_| End::Broken)?;
        let frame = loop {
            if let Some(frame) = frame(stream.next().await)? {
                break frame;
            }
        };
        let Some(head) = frame["welcome"]["head"].as_str() else {
            return Err(End::Wrong(format!("the first frame is {frame}")));
        };
        let mut kept = self.record.kept.lock();
        kept.sessions += 1;
        if self.cursor.is_empty() {
            head.clone_into(&mut self.cursor);
            head.clone_into(&mut kept.begun);
            self.record.count.send_modify(|count| *count += 1);
        }
        drop(kept);
        Ok(stream)
    }

    fn call(&mut self, draft: Draft) -> Value {
        self.called += 1;
        let mut body = draft.body();
        body["chatId"] = draft.chat.as_str().into();
        self.under_way.insert(self.called, draft);
        let method = "rapport.chats.v1.ChatService/SendMessage";
        json!({ "call": { "id": self.called, "method": method, "body": body } })
    }

    fn take(&mut self, next: Option<Result<Message, Error>>) -> Result<(), End> {
        let Some(frame) = frame(next)? else { return Ok(()) };
        if let Some(event) = frame.get("event") {
            let entry =
                Entry::read(event).ok_or_else(|| End::Wrong(format!("an event is told as {frame}")))?;
            self.cursor.clone_from(&entry.cursor);
            self.record.kept.lock().entries.push((entry, Instant::now()));
            self.record.count.send_modify(|count| *count += 1);
        } else if let Some(checkpoint) = frame.get("checkpoint") {
            checkpoint["cursor"].as_str().expect("a checkpoint has a cursor").clone_into(&mut self.cursor);
        } else if let Some(result) = frame.get("result") {
            self.settle(result)?;
        } else if frame.get("pong").is_some() {
            if let Some(pong) = self.pong.take() {
                let _ = pong.send(());
            }
        } else if frame.get("goodbye").is_none() && frame.get("ephemeral").is_none() {
            // Nothing of the log is gone, and no token ends so soon.
            return Err(End::Wrong(format!("it is told {frame}")));
        }
        Ok(())
    }

    fn settle(&mut self, result: &Value) -> Result<(), End> {
        let id = result["id"].as_u64().and_then(|id| u32::try_from(id).ok());
        let Some(draft) = id.and_then(|id| self.under_way.remove(&id)) else {
            return Err(End::Wrong(format!("nobody asked for {result}")));
        };
        match result.get("problem") {
            None => self.ledger.settle(draft, &result["body"]),
            Some(problem) if problem["retryable"] == true => {
                self.ledger.repeat();
                self.waiting.push_back(draft);
                self.not_before = Instant::now() + AGAIN.mul_f64(rand::random_range(0.5..1.0));
            }
            Some(problem) => return Err(End::Wrong(format!("{draft:?} was refused: {problem}"))),
        }
        Ok(())
    }
}

/// A frame of the contract; nothing where it is one of the protocol's own.
fn frame(next: Option<Result<Message, Error>>) -> Result<Option<Value>, End> {
    match next {
        Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
            Ok(frame) => Ok(Some(frame)),
            Err(_) => Err(End::Wrong(format!("no JSON: {text}"))),
        },
        Some(Ok(Message::Close(Some(close)))) => {
            Err(End::Closed(close.code.into(), close.reason.to_string()))
        }
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(other)) => Err(End::Wrong(format!("a message that is no text: {other:?}"))),
        // The path broke, or the server without a word.
        Some(Err(
            Error::Io(_)
            | Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
        ))
        | None => Err(End::Broken),
        Some(Err(error)) => Err(End::Wrong(error.to_string())),
    }
}
