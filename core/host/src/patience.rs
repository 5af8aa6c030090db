//! A connection whose peer may stand still only so long: a write that does not go on for that time is an error, and the connection with
//! all it holds is gone. HTTP itself would wait for ever, and whatever is behind it would not even be asked.

use std::{
    future::Future as _,
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

/// A connection with a limit to what it waits for.
#[derive(Debug)]
pub struct Patient {
    tcp: TcpStream,
    patience: Duration,
    /// Runs while a write waits; made when one first does.
    stalled: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl Patient {
    /// A connection that waits this long for its peer to read.
    #[must_use]
    pub fn new(tcp: TcpStream, patience: Duration) -> Self {
        Self { tcp, patience, stalled: None, waiting: false }
    }

    /// The connection itself, for whoever has a limit of their own.
    #[must_use]
    pub fn into_inner(self) -> TcpStream {
        self.tcp
    }

    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = false;
            return written;
        }
        let until = Instant::now() + self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if !self.waiting {
            self.waiting = true;
            stalled.as_mut().reset(until);
        }
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => {
                // What is in the system's buffers goes too: closed in good order it would wait for the peer for many minutes more.
                let _ = self.tcp.set_zero_linger();
                metrics::counter!("rapport_connections_stalled_total").increment(1);
                Poll::Ready(Err(io::Error::new(ErrorKind::TimedOut, "the peer does not read")))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, into)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, from);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, from);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
