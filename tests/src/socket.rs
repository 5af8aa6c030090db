//! A browser's live socket: [`Wire`] sends any bytes and reads frame by frame, [`Socket`] holds a session and collects what it hears.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use rapport_proto::events::v1::LoggedEvent;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::wait::{PATIENCE, soon};

/// The subprotocol.
pub const PROTOCOL: &str = "rapport.v1.json";

/// How a socket was closed: code and reason; 1006 where the connection just ended.
pub type Closed = (u16, String);

/// A connection after its handshake.
#[derive(Debug)]
pub struct Wire {
    stream: WebSocketStream<TcpStream>,
}

/// A refused handshake: status and body.
#[derive(Debug)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// The problem's reason; empty where the body is none.
    pub reason: String,
}

impl Wire {
    /// Shakes hands with an edge as a program does that is no browser.
    pub async fn connect(url: &str) -> Self {
        Self::try_connect(url, "/v1/live", &[("sec-websocket-protocol", PROTOCOL)])
            .await
            .expect("the edge shakes hands")
    }

    /// Shakes hands as one that takes little at a time: what it does not read stays with the edge.
    pub async fn narrow(url: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a socket has a buffer");
        let tcp = socket.connect(place(url).parse().expect("an address")).await.expect("the edge listens");
        Self::on(tcp, url, "/v1/live", &[("sec-websocket-protocol", PROTOCOL)]).await.expect("a handshake")
    }

    /// Shakes hands, or is refused.
    pub async fn try_connect(
        url: &str,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Refused> {
        let tcp = TcpStream::connect(place(url)).await.expect("the edge listens");
        Self::on(tcp, url, path, headers).await
    }

    async fn on(
        tcp: TcpStream,
        url: &str,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Refused> {
        let place = place(url);
        let mut request = format!("ws://{place}{path}").into_client_request().expect("an address");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        tcp.set_nodelay(true).expect("a connection");
        match client_async(request, tcp).await {
            Ok((stream, response)) => {
                let agreed = response.headers().get("sec-websocket-protocol");
                assert_eq!(agreed.and_then(|agreed| agreed.to_str().ok()), Some(PROTOCOL));
                Ok(Self { stream })
            }
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                let problem: Value = serde_json::from_slice(body).unwrap_or_default();
                let reason = problem["reason"].as_str().unwrap_or_default().to_owned();
                Err(Refused { status: response.status().as_u16(), reason })
            }
            Err(error) => panic!("the handshake failed: {error}"),
        }
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Message) {
        // An edge that has closed already says why in what it sent before.
        let _ = self.stream.send(message).await;
    }

    /// Sends a frame of the contract.
    pub async fn say(&mut self, frame: Value) {
        self.send(Message::text(frame.to_string())).await;
    }

    /// Sends bytes as they are.
    pub async fn bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes).await;
    }

    /// The next frame of the contract, or how the socket was closed.
    pub async fn next(&mut self) -> Result<Value, Closed> {
        soon("a frame or the end", PATIENCE, read(&mut self.stream)).await
    }

    /// Takes as many bytes as have come, at most so many, whatever they are; none where the connection has ended. What follows is no
    /// whole frame any more.
    pub async fn take(&mut self, most: usize) -> usize {
        let mut bytes = vec![0; most];
        self.stream.get_mut().read(&mut bytes).await.unwrap_or_default()
    }

    /// How the socket is closed; what comes before is passed over.
    pub async fn closed(&mut self) -> Closed {
        loop {
            if let Err(closed) = self.next().await {
                return closed;
            }
        }
    }
}

fn place(url: &str) -> &str {
    url.strip_prefix("http://").expect("edges speak plain HTTP in tests")
}

/// A frame as a client makes it.
#[must_use]
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | u8::try_from(len).expect("short")),
        len @ 126..65536 => {
            bytes.push(0xfe);
            bytes.extend(u16::try_from(len).expect("short").to_be_bytes());
        }
        len => {
            bytes.push(0xff);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    let mask = [7, 1, 9, 3];
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

async fn read<S>(stream: &mut S) -> Result<Value, Closed>
where
    S: futures_util::Stream<Item = Result<Message, Error>> + Unpin,
{
    loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) => {
                return Ok(serde_json::from_str(&text).expect("every frame is JSON"));
            }
            Some(Ok(Message::Close(Some(close)))) => {
                return Err((close.code.into(), close.reason.to_string()));
            }
            Some(Ok(Message::Binary(_))) => panic!("a binary message"),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err((1006, String::new())),
        }
    }
}

/// A session on a socket that is read all the time, unless it is held.
#[derive(Debug)]
pub struct Socket {
    /// What welcome said.
    pub welcome: Value,
    sink: SplitSink<WebSocketStream<TcpStream>, Message>,
    heard: Arc<Mutex<Heard>>,
    news: watch::Receiver<usize>,
    hold: watch::Sender<bool>,
    ids: AtomicU32,
    /// How far the test has looked.
    read: usize,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Heard {
    frames: Vec<Value>,
    closed: Option<Closed>,
}

impl Socket {
    /// Opens a session after a cursor; an empty one begins now.
    ///
    /// # Panics
    /// Shows how it was closed where it was.
    pub async fn open(url: &str, token: &str, cursor: &str) -> Self {
        Self::try_open(url, token, cursor).await.unwrap_or_else(|closed| panic!("closed: {closed:?}"))
    }

    /// Opens a session, or is told why not.
    pub async fn try_open(url: &str, token: &str, cursor: &str) -> Result<Self, Closed> {
        Self::over(Wire::connect(url).await, token, cursor).await
    }

    /// Opens a session on a connection.
    pub async fn over(mut wire: Wire, token: &str, cursor: &str) -> Result<Self, Closed> {
        wire.say(json!({ "hello": { "token": token, "cursor": cursor } })).await;
        let first = wire.next().await?;
        let welcome = first.get("welcome").unwrap_or_else(|| panic!("the first frame is {first}")).clone();
        let (sink, stream) = wire.stream.split();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (tell, news) = watch::channel(0);
        let (hold, held) = watch::channel(false);
        let task = tokio::spawn(listen(stream, Arc::clone(&heard), tell, held));
        Ok(Self { welcome, sink, heard, news, hold, ids: AtomicU32::new(1), read: 0, task })
    }

    /// Reads nothing any more until it is let go.
    pub fn hold(&self) {
        self.hold.send_replace(true);
    }

    /// Reads again.
    pub fn let_go(&self) {
        self.hold.send_replace(false);
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Message) {
        let _ = self.sink.send(message).await;
    }

    /// Sends a frame.
    pub async fn say(&mut self, frame: Value) {
        self.send(Message::text(frame.to_string())).await;
    }

    /// Asks for an rpc and does not wait; gives the id.
    pub async fn ask(&mut self, method: &str, body: Value) -> u32 {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        self.say(json!({ "call": { "id": id, "method": format!("rapport.{method}"), "body": body } })).await;
        id
    }

    /// How a call ends: its answer, or the problem.
    pub async fn result(&self, id: u32) -> Result<Value, Value> {
        let what = format!("the result of call {id}");
        self.changed(&what, PATIENCE, |heard| {
            let of = |frame: &Value| (frame["result"]["id"] == id).then(|| frame["result"].clone());
            let result = heard.frames.iter().find_map(of)?;
            Some(match result.get("problem") {
                Some(problem) => Err(problem.clone()),
                None => Ok(result["body"].clone()),
            })
        })
        .await
    }

    /// Calls an rpc.
    pub async fn call(&mut self, method: &str, body: Value) -> Result<Value, Value> {
        let id = self.ask(method, body).await;
        self.result(id).await
    }

    /// The reason of a call that must be refused.
    pub async fn refused(&mut self, method: &str, body: Value) -> String {
        let problem = self.call(method, body).await.expect_err("the call is refused");
        assert!(problem["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{problem}");
        problem["reason"].as_str().expect("a problem has a reason").to_owned()
    }

    async fn changed<T>(&self, what: &str, within: Duration, mut look: impl FnMut(&Heard) -> Option<T>) -> T {
        let mut news = self.news.clone();
        let found = async {
            loop {
                news.borrow_and_update();
                if let Some(found) = look(&self.heard.lock()) {
                    return Some(found);
                }
                // The sender goes with the task, after it has told the last thing it heard.
                if news.changed().await.is_err() {
                    return look(&self.heard.lock());
                }
            }
        };
        match tokio::time::timeout(within, found).await {
            Ok(Some(found)) => found,
            Ok(None) => panic!("{what}: the socket was closed before: {:?}", self.heard.lock().closed),
            Err(late) => panic!("waited {within:?} in vain ({late}): {what}"),
        }
    }

    /// The next frame that `select` takes, from where the last one was found on; what it passes over is passed over for good.
    pub async fn frame<T>(&mut self, what: &str, mut select: impl FnMut(&Value) -> Option<T>) -> T {
        let from = self.read;
        let look = |heard: &Heard| {
            heard.frames.iter().enumerate().skip(from).find_map(|(n, frame)| Some((n, select(frame)?)))
        };
        // Replays of a loaded machine, and checkpoints that come every 25 seconds.
        let (place, found) = self.changed(what, 2 * PATIENCE, look).await;
        self.read = place + 1;
        found
    }

    /// A frame that `select` takes, heard already or still to come; nothing is passed over.
    pub async fn any<T>(&self, select: impl Fn(&Value) -> Option<T> + Send + Sync) -> T {
        self.changed("a frame", PATIENCE, |heard| heard.frames.iter().find_map(&select)).await
    }

    /// The next frame of this name.
    pub async fn named(&mut self, name: &str) -> Value {
        self.frame(name, |frame| frame.get(name).cloned()).await
    }

    /// The next message of this text.
    pub async fn message(&mut self, text: &str) -> Value {
        self.frame(&format!("the message {text:?}"), |frame| {
            let message = &frame["event"]["data"]["messageSent"]["message"];
            (message["text"] == text).then(|| message.clone())
        })
        .await
    }

    /// How the socket is closed, within the time given.
    pub async fn closed(&self, within: Duration) -> Closed {
        self.changed("the socket is closed", within, |heard| heard.closed.clone()).await
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.heard.lock().closed.is_none()
    }

    /// Everything heard so far, in order, without welcome.
    #[must_use]
    pub fn frames(&self) -> Vec<Value> {
        self.heard.lock().frames.clone()
    }

    /// Every event heard so far, in order: cursor and data.
    #[must_use]
    pub fn events(&self) -> Vec<(String, Value)> {
        let event = |frame: Value| {
            let event = frame.get("event")?;
            assert_eq!(event["type"], event["data"]["type"], "the type is the event's");
            Some((event["cursor"].as_str()?.to_owned(), event["data"].clone()))
        };
        self.frames().into_iter().filter_map(event).collect()
    }

    /// The last place it knows.
    #[must_use]
    pub fn cursor(&self) -> String {
        let cursor = |frame: &Value| {
            let place = ["event", "checkpoint", "reset"].iter().find_map(|name| frame.get(*name))?;
            place["cursor"].as_str().map(str::to_owned)
        };
        let last = self.heard.lock().frames.iter().rev().find_map(cursor);
        last.unwrap_or_else(|| self.welcome["head"].as_str().expect("welcome has the head").to_owned())
    }

    /// Everything heard so far as text, to look for what must not be in it.
    #[must_use]
    pub fn transcript(&self) -> String {
        format!("{:?}", self.frames())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    mut stream: SplitStream<WebSocketStream<TcpStream>>,
    heard: Arc<Mutex<Heard>>,
    tell: watch::Sender<usize>,
    mut held: watch::Receiver<bool>,
) {
    loop {
        if held.wait_for(|held| !held).await.is_err() {
            return;
        }
        let next = tokio::select! {
            next = read(&mut stream) => next,
            _ = held.wait_for(|held| *held) => continue,
        };
        let over = next.is_err();
        {
            let mut heard = heard.lock();
            match next {
                Ok(frame) => heard.frames.push(frame),
                Err(closed) => heard.closed = Some(closed),
            }
        }
        tell.send_modify(|count| *count += 1);
        if over {
            return;
        }
    }
}

/// The places of a log.
#[must_use]
pub fn places(log: &[LoggedEvent]) -> Vec<String> {
    log.iter().map(|item| item.cursor.clone()).collect()
}
