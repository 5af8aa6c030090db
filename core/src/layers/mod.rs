//! What stands around every rpc, on every transport and in process alike. Read from the outside in:
//!
//! 1. [`trace`]: a request id, a span, counters; first, so that everything below is told of.
//! 2. [`panic`]: a fault in one call costs that call.
//! 3. [`reason`]: a refusal by the gRPC library gets its row of the error table like our own.
//! 4. [`deadline`]: what nobody waits for any more is dropped; what the writer has taken is finished all the same.
//! 5. [`auth`]: who calls, and whether the contract lets them: before anything is read of what they send.
//! 6. [`body`]: the whole request, within its size and soon; a caller who keeps it back holds no place.
//! 7. [`limit`]: sheds load before any work is done for it.
//!
//! Around all of it, where edges call, stands the [`door`].
//!
//! Validation is not here: the contract's codec refuses a body that breaks its rules while decoding it.

pub mod auth;
pub mod body;
pub mod deadline;
pub mod door;
pub mod limit;
pub mod panic;
pub mod reason;
pub mod trace;

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tonic::{Status, body::Body};
use tower_service::Service;

use crate::{app::App, error::Error};

type Request = http::Request<Body>;
type Response = http::Response<Body>;

/// The layers around an inner service.
#[derive(Clone, Debug)]
pub struct Layered<S> {
    app: Arc<App>,
    inner: S,
}

impl<S> Layered<S> {
    /// Puts the layers around a service.
    #[must_use]
    pub fn new(app: Arc<App>, inner: S) -> Self {
        Self { app, inner }
    }
}

impl<S> Service<Request> for Layered<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request) -> Self::Future {
        let app = Arc::clone(&self.app);
        // The clone that was polled ready is the one to call.
        let spare = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, spare);
        let call = trace::Call::of(&app, &req);
        let path = req.uri().path().to_owned();
        Box::pin(trace::around(call, async move {
            let answered = panic::contain(async {
                let deadline = deadline::of(req.headers())?;
                deadline::within(deadline, async {
                    door::check(req.extensions())?;
                    auth::check(&app, &mut req)?;
                    let req = body::whole(req).await?;
                    let _permit = limit::enter(&app)?;
                    let Ok(response) = inner.call(req).await;
                    Ok(response)
                })
                .await
            });
            let response = answered.await.unwrap_or_else(|error| Status::from(error).into_http());
            Ok(reason::explained(&path, response))
        }))
    }
}

/// What a layer answers with when it refuses.
type Answer<T> = Result<T, Error>;
