//! What waits to be sent to one socket, bounded in bytes, and the few other things its task is to notice: that it is to close, that a
//! moment of its own has come, that the server goes. Nobody who puts something in ever waits, but for answers to calls, which do.
//!
//! Whoever puts something in also writes it, as far as the connection takes it at once: the socket's task sleeps on. Only where the
//! connection is full does the task take over, and waits with the rest until the client has read.

use std::{
    collections::VecDeque,
    fmt,
    io::{self, IoSlice},
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use tokio::{net::tcp::OwnedWriteHalf, sync::Notify};

use super::{
    close::{Close, Ending},
    frame::Frame,
    lock::Mutex,
};

/// What a frame costs besides its bytes.
const OVERHEAD: usize = 64;
/// How many frames are written at once.
const AT_ONCE: usize = 16;
/// How many places an empty queue keeps.
const KEPT: usize = 4;

/// What frames are written to.
pub(crate) trait Wire: fmt::Debug + Send + Sync {
    /// Writes as much as there is room for, or says that there is none.
    fn try_write(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize>;
    /// Ready when there may be room again; the socket's task alone asks.
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Wire for OwnedWriteHalf {
    fn try_write(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        match bytes {
            [one] => Self::try_write(self, one),
            many => self.try_write_vectored(many),
        }
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.as_ref().poll_write_ready(cx)
    }
}

/// One socket's.
#[derive(Debug)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
    wire: Box<dyn Wire>,
    task: AtomicWaker,
    room: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    limit: usize,
    frames: VecDeque<Bytes>,
    /// How much of the first one is written.
    written: usize,
    bytes: usize,
    writer: Writer,
    /// Whether anything has gone out since this was asked.
    moved: bool,
    /// Nothing is put in any more.
    hushed: bool,
    ending: Option<Ending>,
    ticked: bool,
    goodbye: Option<u32>,
}

/// Who is to write what waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Writer {
    /// Nothing waits.
    #[default]
    Nobody,
    /// Whoever put in the first of it.
    Giver,
    /// The socket's task, as soon as there is room.
    Task,
}

/// What the socket's task is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Close.
    End(Ending),
    /// Write what waits.
    Write,
    /// See to what has become due.
    Tick,
    /// Say goodbye: the client comes back after so many milliseconds.
    Goodbye(u32),
}

impl Mailbox {
    /// An empty one that holds at most `limit` bytes.
    #[must_use]
    pub(crate) fn new(wire: Box<dyn Wire>, limit: usize) -> Arc<Self> {
        let inner = Mutex::new(Inner { limit, ..Inner::default() });
        Arc::new(Self { inner, wire, task: AtomicWaker::new(), room: Notify::new() })
    }

    /// Sets how many bytes it holds.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.inner.lock().limit = limit;
    }

    /// Puts in an event, which is never left out: a reader that has no room for it is cut off. True where the caller is now the one to
    /// [`Self::write`].
    #[must_use]
    pub(crate) fn leave(&self, frame: &Frame) -> bool {
        let mut inner = self.inner.lock();
        if inner.hushed {
            return false;
        }
        if !inner.has_room(frame, inner.limit) {
            drop(inner);
            self.end(Close::SlowReader.into());
            return false;
        }
        inner.push(frame.bytes().clone())
    }

    /// Puts in what may be left out, and is where the mailbox is over half full. True where the caller is now the one to
    /// [`Self::write`].
    #[must_use]
    pub(crate) fn offer(&self, frame: &Frame) -> bool {
        let mut inner = self.inner.lock();
        if inner.hushed {
            return false;
        }
        if !inner.has_room(frame, inner.limit / 2) {
            metrics::counter!("rapport_live_ephemerals_dropped_total").increment(1);
            return false;
        }
        inner.push(frame.bytes().clone())
    }

    /// Puts in what is never left out, and writes it.
    pub(crate) fn put(&self, frame: &Frame) {
        if self.leave(frame) {
            self.write();
        }
    }

    /// Puts in what the protocol itself has to say, and writes it. It is bounded by what the client may say in its turn.
    pub(crate) fn put_raw(&self, bytes: Bytes) {
        let is_to_write = self.inner.lock().push(bytes);
        if is_to_write {
            self.write();
        }
    }

    /// Puts in what can wait for its turn: an answer, a stretch of a replay. It waits until the mailbox is less than half full, or
    /// empty where it alone is more than that. False where the socket closes.
    pub(crate) async fn put_in_turn(&self, frames: Vec<Frame>) -> bool {
        for frame in frames {
            let is_to_write = loop {
                let room = self.room.notified();
                {
                    let mut inner = self.inner.lock();
                    if inner.hushed {
                        return false;
                    }
                    if inner.frames.is_empty() || inner.has_room(&frame, inner.limit / 2) {
                        break inner.push(frame.bytes().clone());
                    }
                }
                room.await;
            };
            if is_to_write {
                self.write();
            }
        }
        true
    }

    /// Waits until the mailbox is less than half full. False where the socket closes.
    pub(crate) async fn wait_for_room(&self) -> bool {
        loop {
            let room = self.room.notified();
            {
                let inner = self.inner.lock();
                if inner.hushed || inner.bytes <= inner.limit / 2 {
                    return !inner.hushed;
                }
            }
            room.await;
        }
    }

    /// Whether so much could be put in and leave half of the mailbox free.
    #[must_use]
    pub(crate) fn has_room(&self, frames: &[Frame]) -> bool {
        let bytes: usize = frames.iter().map(|frame| cost(frame.len())).sum();
        let inner = self.inner.lock();
        inner.bytes + bytes <= inner.limit / 2
    }

    /// Writes what waits, as far as there is room; the rest is for the socket's task.
    pub(crate) fn write(&self) {
        let mut inner = self.inner.lock();
        let written = inner.write(&*self.wire);
        inner.writer = if written.is_ok() { Writer::Nobody } else { Writer::Task };
        drop(inner);
        self.room.notify_waiters();
        if written.is_err() {
            self.task.wake();
        }
    }

    /// Ready when nothing waits any more; its task alone asks.
    pub(crate) fn poll_written(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut inner = self.inner.lock();
            let written = inner.write(&*self.wire);
            // Whoever else was to write finds nothing left to do.
            inner.writer = if written.is_ok() { Writer::Nobody } else { Writer::Task };
            drop(inner);
            self.room.notify_waiters();
            match written {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(self.wire.poll_room(cx))?,
                done => return Poll::Ready(done),
            }
        }
    }

    /// Whether anything has gone out since this was asked last.
    pub(crate) fn has_moved(&self) -> bool {
        std::mem::take(&mut self.inner.lock().moved)
    }

    /// Has the socket closed. What waits is thrown away but for a frame that has begun: nothing is heard after authority has ended, and
    /// nobody keeps memory for a reader that stands still.
    pub(crate) fn end(&self, ending: Ending) {
        let mut inner = self.inner.lock();
        if inner.ending.is_none() {
            inner.ending = Some(ending);
            inner.hushed = true;
            inner.keep_begun();
        }
        drop(inner);
        self.task.wake();
        self.room.notify_waiters();
    }

    /// Lets nothing follow what waits: the client has closed.
    pub(crate) fn hush(&self) {
        self.inner.lock().hushed = true;
        self.room.notify_waiters();
    }

    /// Whether it is to close.
    #[must_use]
    pub(crate) fn has_ended(&self) -> bool {
        self.inner.lock().ending.is_some()
    }

    /// Says that a moment of its own has come.
    pub(crate) fn tick(&self) {
        self.inner.lock().ticked = true;
        self.task.wake();
    }

    /// Says that the server goes.
    pub(crate) fn say_goodbye(&self, retry_after_ms: u32) {
        self.inner.lock().goodbye = Some(retry_after_ms);
        self.task.wake();
    }

    /// What is to be done next; its task alone asks.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<Signal> {
        self.task.register(cx.waker());
        let mut inner = self.inner.lock();
        if let Some(ending) = inner.ending {
            return Poll::Ready(Signal::End(ending));
        }
        if std::mem::take(&mut inner.ticked) {
            return Poll::Ready(Signal::Tick);
        }
        if inner.writer == Writer::Task {
            return Poll::Ready(Signal::Write);
        }
        match inner.goodbye.take() {
            Some(after) => Poll::Ready(Signal::Goodbye(after)),
            None => Poll::Pending,
        }
    }

    /// Ready when it is to close; its task alone asks.
    pub(crate) fn poll_end(&self, cx: &Context<'_>) -> Poll<Ending> {
        self.task.register(cx.waker());
        match self.inner.lock().ending {
            Some(ending) => Poll::Ready(ending),
            None => Poll::Pending,
        }
    }
}

impl Inner {
    fn has_room(&self, frame: &Frame, limit: usize) -> bool {
        self.bytes + cost(frame.len()) <= limit
    }

    /// True where nobody was to write yet.
    fn push(&mut self, frame: Bytes) -> bool {
        self.bytes += cost(frame.len());
        self.frames.push_back(frame);
        let is_first = self.writer == Writer::Nobody;
        if is_first {
            self.writer = Writer::Giver;
        }
        is_first
    }

    fn write(&mut self, wire: &dyn Wire) -> io::Result<()> {
        while let Some(first) = self.frames.front() {
            let mut slices = [IoSlice::new(&[]); AT_ONCE];
            slices[0] = IoSlice::new(&first[self.written..]);
            let mut many = 1;
            for (slice, frame) in slices[1..].iter_mut().zip(self.frames.iter().skip(1)) {
                *slice = IoSlice::new(frame);
                many += 1;
            }
            match wire.try_write(&slices[..many])? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                step => self.pass(step),
            }
        }
        if self.frames.capacity() > KEPT {
            self.frames = VecDeque::new();
        }
        Ok(())
    }

    /// So many bytes more have gone out.
    fn pass(&mut self, step: usize) {
        self.moved = true;
        self.written += step;
        while let Some(first) = self.frames.front()
            && self.written >= first.len()
        {
            self.written -= first.len();
            self.bytes -= cost(first.len());
            self.frames.pop_front();
        }
    }

    fn keep_begun(&mut self) {
        let begun = self.frames.pop_front().filter(|_| self.written > 0);
        self.bytes = begun.as_ref().map_or(0, |frame| cost(frame.len()));
        self.frames = begun.into_iter().collect();
    }
}

fn cost(len: usize) -> usize {
    len + OVERHEAD
}

/// Mailboxes whose client reads when the test says so.
#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;
