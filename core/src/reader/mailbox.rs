//! What is under way to one reader: bounded in items and bytes, and emptied the moment the stream is cut, so that a reader who
//! stands still neither holds memory nor gets anything more after its authority has ended.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use parking_lot::Mutex;
use prost::Message;
use tokio::sync::Notify;
use tonic::Status;

use crate::streams::StreamPermit;

/// How many items may be under way.
const ITEMS: usize = 64;
/// How many bytes may be under way; one item always may.
const BYTES: usize = 256 * 1024;

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    room: Notify,
    gone: Notify,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    end: Option<Status>,
    done: bool,
    waker: Option<Waker>,
}

impl<T> State<T> {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn has_room(&self) -> bool {
        self.items.is_empty() || (self.items.len() < ITEMS && self.bytes < BYTES)
    }

    fn put(&mut self, item: T)
    where
        T: Message,
    {
        let bytes = item.encoded_len();
        self.bytes += bytes;
        self.items.push_back((item, bytes));
        self.wake();
    }
}

/// The side of whoever has something to say.
#[derive(Debug)]
pub(super) struct Mailbox<T>(Arc<Shared<T>>);

/// The side of the transport. It holds the stream's place among the caller's streams until it is gone itself.
#[derive(Debug)]
pub(crate) struct Outgoing<T> {
    shared: Arc<Shared<T>>,
    _permit: StreamPermit,
}

/// The two sides of a new mailbox.
pub(super) fn mailbox<T>(permit: StreamPermit) -> (Mailbox<T>, Outgoing<T>) {
    let state = State { items: VecDeque::new(), bytes: 0, end: None, done: false, waker: None };
    let shared = Arc::new(Shared { state: Mutex::new(state), room: Notify::new(), gone: Notify::new() });
    (Mailbox(Arc::clone(&shared)), Outgoing { shared, _permit: permit })
}

impl<T> Mailbox<T> {
    /// Puts an item in where there is room, and gives it back where there is none.
    pub(super) fn try_put(&self, item: T) -> Result<(), T>
    where
        T: Message,
    {
        let mut state = self.0.state.lock();
        if !state.has_room() {
            return Err(item);
        }
        state.put(item);
        Ok(())
    }

    /// Returns when there may be room again.
    pub(super) async fn room(&self) {
        self.0.room.notified().await;
    }

    /// Returns when the reader has gone away.
    pub(super) async fn gone(&self) {
        self.0.gone.notified().await;
    }

    /// Ends the stream now: what is under way is dropped, the reader hears why.
    pub(super) fn cut(self, why: Status) {
        let mut state = self.0.state.lock();
        state.items = VecDeque::new();
        state.bytes = 0;
        state.end = Some(why);
        state.done = true;
        state.wake();
    }
}

impl<T> Drop for Mailbox<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.done = true;
        state.wake();
    }
}

impl<T> tokio_stream::Stream for Outgoing<T> {
    type Item = Result<T, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.shared.state.lock();
        if let Some((item, bytes)) = state.items.pop_front() {
            state.bytes -= bytes;
            drop(state);
            self.shared.room.notify_one();
            return Poll::Ready(Some(Ok(item)));
        }
        if let Some(why) = state.end.take() {
            return Poll::Ready(Some(Err(why)));
        }
        if state.done {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<T> Drop for Outgoing<T> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.items = VecDeque::new();
        drop(state);
        self.shared.gone.notify_one();
    }
}
