//! Sockets as callers hold them: to the product, where they open a session, and to floors, where they do not.

use std::net::{Ipv4Addr, SocketAddr};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{ClientRequestBuilder, Message, Utf8Bytes, protocol::WebSocketConfig},
};

use crate::Fallible;

/// Where socket.io is, without the requests it begins with elsewhere.
const PEER_PATH: &str = "/socket.io/?EIO=4&transport=websocket";
/// What a socket reads at a time: some frames of a message, and ten thousand of them are no burden.
const READ: usize = 4 * 1024;

/// Where sockets are opened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    /// The product's edge.
    Ours(SocketAddr),
    /// A floor.
    Floor(SocketAddr),
    /// What the product replaces, which speaks socket.io's protocol.
    Peer(SocketAddr),
}

impl Door {
    /// Whether whoever comes has to say who they are.
    pub(crate) fn asks_who(self) -> bool {
        !matches!(self, Self::Floor(_))
    }
}

/// An open socket.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    door: Door,
}

impl Socket {
    /// Connects and upgrades.
    pub(crate) async fn connect(door: Door) -> Fallible<Self> {
        Self::connect_from(door, Ipv4Addr::LOCALHOST).await
    }

    /// The same from another address: one has some 28,000 ports to one place.
    pub(crate) async fn connect_from(door: Door, source: Ipv4Addr) -> Fallible<Self> {
        Self::connect_with(door, source, None).await
    }

    /// The same where the kernel is to keep only so many bytes of what was not read yet.
    pub(crate) async fn connect_with(door: Door, source: Ipv4Addr, kept: Option<u32>) -> Fallible<Self> {
        let (Door::Ours(address) | Door::Floor(address) | Door::Peer(address)) = door;
        let from = TcpSocket::new_v4()?;
        if let Some(kept) = kept {
            from.set_recv_buffer_size(kept)?;
        }
        from.bind(SocketAddr::from((source, 0)))?;
        let stream = from.connect(address).await?;
        stream.set_nodelay(true)?;
        // Ports that wait for their time to be over would soon be all there are.
        stream.set_zero_linger()?;
        let path = if let Door::Peer(_) = door { PEER_PATH } else { "/v1/live" };
        let mut request = ClientRequestBuilder::new(format!("ws://{address}{path}").parse()?);
        if let Door::Ours(_) = door {
            request = request.with_sub_protocol("rapport.v1.json");
        }
        let config = WebSocketConfig::default().read_buffer_size(READ);
        let (stream, _) = client_async_with_config(request, stream, Some(config)).await?;
        Ok(Self { stream, door })
    }

    /// Opens a session; returns with the welcome, which holds the cursor of the log's end.
    pub(crate) async fn greet(&mut self, token: &str, cursor: &str) -> Fallible<Utf8Bytes> {
        self.say(format!(r#"{{"hello":{{"token":"{token}","cursor":"{cursor}"}}}}"#)).await?;
        let welcome = self.next().await?;
        if welcome.starts_with(r#"{"welcome":"#) {
            Ok(welcome)
        } else {
            Err(format!("not a welcome: {welcome}").into())
        }
    }

    /// Opens a session and waits until it hears what happens from now on.
    pub(crate) async fn follow(&mut self, token: &str) -> Fallible {
        if let Door::Peer(_) = self.door {
            // Engine.IO opens with a text that begins with 0; 40 asks for socket.io's own session, and 40 is the answer.
            self.next().await?;
            self.say(format!(r#"40{{"token":"{token}"}}"#)).await?;
            let answer = self.next().await?;
            return if answer.starts_with("40") {
                Ok(())
            } else {
                Err(format!("not let in: {answer}").into())
            };
        }
        self.greet(token, "").await?;
        self.settle().await
    }

    /// Waits until a session that was opened without a cursor hears what happens from now on.
    pub(crate) async fn settle(&mut self) -> Fallible {
        while !self.next().await?.starts_with(r#"{"checkpoint":"#) {}
        Ok(())
    }

    /// Joins a group of the floor that passes on.
    pub(crate) async fn join(&mut self, group: usize) -> Fallible {
        self.say(group.to_string()).await?;
        self.next().await?;
        Ok(())
    }

    /// Sends a text.
    pub(crate) async fn say(&mut self, text: impl Into<Utf8Bytes>) -> Fallible {
        Ok(self.stream.send(Message::Text(text.into())).await?)
    }

    /// The next text. That the socket was closed is an error.
    pub(crate) async fn next(&mut self) -> Fallible<Utf8Bytes> {
        loop {
            match self.stream.next().await.ok_or("a socket ended")?? {
                // Engine.IO has pings of its own.
                Message::Text(text) if text == "2" => self.say("3").await?,
                Message::Text(text) => return Ok(text),
                Message::Close(close) => return Err(format!("a socket was closed: {close:?}").into()),
                _ => {}
            }
        }
    }
}

/// A text of a frame, found by its name: `"cursor":"…"`. No name here is one that could stand in a text before it.
pub(crate) fn field<'a>(frame: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = frame.split_once(&format!(r#""{name}":""#))?;
    Some(rest.split_once('"')?.0)
}

/// A call that sends a message.
pub(crate) fn call(id: u32, chat: &str, request: uuid::Uuid, text: &str) -> String {
    format!(
        r#"{{"call":{{"id":{id},"method":"rapport.chats.v1.ChatService/SendMessage","body":{{"chatId":"{chat}","requestId":"{request}","text":"{text}"}}}}}}"#
    )
}

/// A call that sends a message to the peer, which knows the chat from the token.
pub(crate) fn call_of_peer(id: u32, request: uuid::Uuid, text: &str) -> String {
    format!(r#"42{id}["send",{{"requestId":"{request}","text":"{text}"}}]"#)
}

/// A text of `TEXT` bytes that bears a number and needs no escapes in JSON.
pub(crate) fn numbered(number: usize) -> String {
    let mut text = format!("{MARK}{number:08}{MARK} said hello and went on: ");
    while text.len() < crate::load::TEXT {
        text.push_str("a line of a chat that is neither short nor long, ");
    }
    text.truncate(crate::load::TEXT);
    text
}

/// The number of the text in a frame, whatever else is in it.
pub(crate) fn number(frame: &(impl AsRef<[u8]> + ?Sized)) -> Option<usize> {
    let marked = frame.as_ref().windows(10).find(|ten| [ten[0], ten[9]] == [MARK as u8; 2])?;
    str::from_utf8(&marked[1..9]).ok()?.parse().ok()
}

/// Stands before and after the number of a text, and in nothing else that is sent.
pub(crate) const MARK: char = '~';
