//! One WebSocket connection: its limits, its small buffers, and what a breach of the protocol is called. It is read here; what goes out
//! goes by the [`Mailbox`], what the protocol itself has to say too.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use rapport_proto::errors::v1::Reason;
use rustix::net::{Shutdown, shutdown, sockopt::set_socket_send_buffer_size};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    net::{TcpStream, tcp::OwnedReadHalf},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        error::ProtocolError,
        protocol::{Role, WebSocketConfig},
    },
};

use super::{
    close::{Close, Ending},
    mailbox::Mailbox,
    pieces::{Pieces, Refused},
};

/// The longest message that is taken.
const MESSAGE: usize = 64 * 1024;
/// What is read at a time, and kept for it.
const READ: usize = 1024;
/// How many bytes may wait before there is a session.
const BEFORE: usize = 64 * 1024;
/// What the kernel keeps of what is sent, twice that with what it needs itself.
const KERNEL: usize = 128 * 1024;
/// How long the close frame may wait for its turn.
const LAST_WORDS: Duration = Duration::from_secs(8);
/// How long a closed connection is read on: what had not been read would take the close frame with it.
const LINGER: Duration = Duration::from_secs(2);
/// How much is read on.
const LINGERING: usize = 1024 * 1024;

/// The connection. In a box, because whatever a task moves through its calls it holds more than once.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Box<WebSocketStream<Line>>,
    mailbox: Arc<Mailbox>,
}

/// What the WebSocket library reads from and writes to.
#[derive(Debug)]
struct Line {
    incoming: Pieces<OwnedReadHalf>,
    outgoing: Arc<Mailbox>,
}

/// Something came.
#[derive(Debug)]
pub(crate) enum Received {
    /// A message.
    Text(Utf8Bytes),
    /// A ping, which is answered by itself, or a pong.
    Control,
}

/// The connection is over, or is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// The client has gone.
    Gone,
    /// It is to be told why.
    Told(Ending),
}

impl From<Ending> for Over {
    fn from(ending: Ending) -> Self {
        Self::Told(ending)
    }
}

impl From<Close> for Over {
    fn from(close: Close) -> Self {
        Self::Told(close.into())
    }
}

impl Socket {
    /// A connection after its handshake; `early` came with it.
    pub(crate) async fn open(tcp: TcpStream, early: Bytes) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_message_size(Some(MESSAGE))
            .max_frame_size(Some(MESSAGE));
        // The kernel says that there is room when a third of its buffer is free: from a great one a slow but steady reader would not be
        // told from one that stands still.
        let _ = set_socket_send_buffer_size(&tcp, KERNEL);
        let (incoming, outgoing) = tcp.into_split();
        let mailbox = Mailbox::new(Box::new(outgoing), BEFORE);
        let line = Line { incoming: Pieces::new(incoming, early), outgoing: Arc::clone(&mailbox) };
        let stream = WebSocketStream::from_raw_socket(line, Role::Server, Some(config)).await;
        Self { stream: Box::new(stream), mailbox }
    }

    /// What is to go out.
    pub(crate) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// What comes next. Nothing is lost where this is dropped.
    pub(crate) async fn next(&mut self) -> Result<Received, Over> {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => Ok(Received::Text(text)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Received::Control),
            Some(Ok(Message::Binary(_))) => Err(Close::Binary.into()),
            Some(Ok(Message::Close(_) | Message::Frame(_))) => {
                self.mailbox.hush();
                let _ = timeout(LAST_WORDS, self.stream.flush()).await;
                Err(Over::Gone)
            }
            Some(Err(error)) => Err(over(&error)),
            None => Err(Over::Gone),
        }
    }

    /// Since when something has been on its way that is not complete.
    pub(crate) fn begun(&self) -> Option<Instant> {
        self.stream.get_ref().incoming.begun()
    }

    /// Says why, and ends the connection.
    pub(crate) async fn close(mut self, ending: Ending) {
        metrics::counter!("rapport_live_closed_total", "code" => ending.close.code().to_string(), "reason" => ending.reason)
            .increment(1);
        let frame = Message::Close(Some(ending.frame()));
        if !matches!(timeout(LAST_WORDS, self.stream.send(frame)).await, Ok(Ok(()))) {
            return;
        }
        let mut tcp = self.stream.into_inner().incoming.into_inner();
        let _ = shutdown(tcp.as_ref(), Shutdown::Write);
        let _ = timeout(LINGER, async {
            let (mut dropped, mut read) = ([0; 512], 0);
            while let Ok(step) = tcp.read(&mut dropped).await
                && step > 0
                && read < LINGERING
            {
                read += step;
            }
        })
        .await;
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.incoming).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        // All of it: between the frames of others there is no place for half of one.
        self.outgoing.put_raw(Bytes::copy_from_slice(buf));
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.poll_written(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.poll_written(cx)
    }
}

fn over(error: &Error) -> Over {
    match error {
        Error::Capacity(_) => Close::TooLarge.into(),
        Error::Utf8(_) => Close::NotUtf8.into(),
        Error::Protocol(
            ProtocolError::ResetWithoutClosingHandshake
            | ProtocolError::SendAfterClosing
            | ProtocolError::ReceivedAfterClosing,
        ) => Over::Gone,
        Error::Protocol(_) => Close::Protocol.into(),
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()) {
            Some(Refused::TooMany) => Close::TooManyPieces.into(),
            Some(Refused::TooLargeNow) => Ending::because(Close::CoreUnavailable, Reason::Overloaded).into(),
            None => Over::Gone,
        },
        _ => Over::Gone,
    }
}
