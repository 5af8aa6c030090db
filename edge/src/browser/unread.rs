//! Whether a request's body was read to its end. Over HTTP/1 a connection whose last body was not cannot be used again, and a client
//! that is not told so would send its next request into nothing. Where a request is refused, a small body is read all the same: a
//! connection costs both sides more.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes};
use http::{Request, header};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

/// The largest body that is read though nobody wants it, and how long it may take to come.
const SMALL: u64 = 64 * 1024;
const COMES: Duration = Duration::from_secs(1);

/// Set once the body has ended.
#[derive(Clone, Debug)]
pub(super) struct Ended(Arc<AtomicBool>);

impl Ended {
    /// Whether something of the body is still to come.
    pub(super) fn is_not(&self) -> bool {
        !self.0.load(Ordering::Relaxed)
    }
}

/// Reads what nobody wants, where it is small. A client that waits to be told to send its body is not told so.
pub(super) async fn pass_over(req: Request<Body>) {
    let is_small = req.body().size_hint().upper().is_some_and(|most| most <= SMALL);
    if !is_small || req.headers().contains_key(header::EXPECT) {
        return;
    }
    let mut body = req.into_body();
    let read = async { while let Some(Ok(_)) = body.frame().await {} };
    // What does not come in time ends with its connection.
    let _ = timeout(COMES, read).await;
}

struct Watched {
    body: Body,
    ended: Ended,
}

/// The request, and word of its body's end.
pub(super) fn watched(req: Request<Body>) -> (Request<Body>, Ended) {
    let ended = Ended(Arc::new(AtomicBool::new(req.body().is_end_stream())));
    let watch = ended.clone();
    (req.map(|body| if watch.is_not() { Body::new(Watched { body, ended: watch }) } else { body }), ended)
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.ended.0.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
