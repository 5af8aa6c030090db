//! The calls of one socket: each in a task of its own, what changes something one at a time in the order it came, what only reads
//! beside one another. Whatever becomes of a call, the socket goes on; when the socket ends, its calls do.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::HeaderMap;
use rapport_host::spans;
use rapport_proto::{
    contract::Method, edge::v1::AuthorizeResponse, errors::v1::Reason, fault::Fault, validate::Violation,
};
use serde_json::Value;
use tokio::task::{AbortHandle, Id, JoinSet};
use tracing::{Instrument as _, field::Empty};

use super::{
    frame::Frame,
    frames::{self, Call},
    hello::authorize,
    seat::Seat,
};
use crate::{
    rest::{self, callable},
    rpc::{
        invoke::{Answer, Caller, invoke},
        json,
    },
    server::Edge,
};

/// How many calls may be under way, those that wait among them.
const IN_FLIGHT: usize = 16;
/// How many of them run at once, streams aside: as many answers may wait for a reader.
const RUNNING: usize = 4;

/// The calls of a socket.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    tasks: JoinSet<Option<Renewed>>,
    running: Vec<Running>,
    waiting: VecDeque<Asked>,
    renewing: Option<AbortHandle>,
}

/// What core said of a new token.
#[derive(Debug)]
pub(crate) struct Renewed {
    /// The token.
    pub(crate) token: String,
    /// What it is worth.
    pub(crate) worth: Result<AuthorizeResponse, Fault>,
}

#[derive(Debug)]
struct Running {
    id: u32,
    task: Id,
    abort: AbortHandle,
    changes: bool,
    streams: bool,
    /// Whether its answer is wanted no more.
    cancelled: Arc<AtomicBool>,
}

/// A call that was understood.
#[derive(Debug)]
struct Asked {
    id: u32,
    method: &'static Method,
    message: Bytes,
    caller: Caller,
}

impl Calls {
    /// Whether none is under way.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// Begins a call, now or when those before it are done. `caller` has a request id of the call's own.
    pub(crate) fn begin(
        &mut self,
        edge: &Arc<Edge>,
        seat: &Arc<Seat>,
        call: Call,
        caller: Caller,
    ) -> Result<(), Fault> {
        let asked = self.understand(call, caller)?;
        if let (true, Some(address)) = (rest::is_costly(asked.method), asked.caller.address) {
            edge.limits.sign_in(address)?;
        }
        self.waiting.push_back(asked);
        self.go_on(edge, seat);
        Ok(())
    }

    fn understand(&self, call: Call, caller: Caller) -> Result<Asked, Fault> {
        let Call { id, method, body } = call;
        if id == 0 || self.has(id) {
            let what = if id == 0 { "must not be 0" } else { "is that of a call under way" };
            return Err(Fault::invalid(vec![Violation::new("id", what)]));
        }
        if self.running.len() + self.waiting.len() >= IN_FLIGHT {
            return Err(Fault::new(Reason::CallsInFlight, "too many calls of this socket are under way"));
        }
        let method = find(&method)?;
        let Some(input) = json::message(method.input) else { return Err(unknown()) };
        let body = if body.is_null() { Value::Object(serde_json::Map::new()) } else { body };
        Ok(Asked { id, method, message: json::read(&input, body)?, caller })
    }

    /// Asks what a new token is worth; the one before it does not matter any more.
    pub(crate) fn renew(&mut self, edge: &Arc<Edge>, token: String, origin: &str, mut caller: Caller) {
        if let Some(before) = self.renewing.take() {
            before.abort();
        }
        let (edge, origin) = (Arc::clone(edge), origin.to_owned());
        caller.token = Some(token.clone());
        self.renewing = Some(self.tasks.spawn(async move {
            let worth = authorize(&edge, &caller, "", &origin).await;
            Some(Renewed { token, worth })
        }));
    }

    /// Ends a call; its answer does not come any more. One that changes something runs to its end all the same: core has it, and what
    /// comes after it must not overtake it.
    pub(crate) fn cancel(&mut self, edge: &Arc<Edge>, seat: &Arc<Seat>, id: u32) {
        self.waiting.retain(|asked| asked.id != id);
        if let Some(place) = self.running.iter().position(|call| call.id == id) {
            let call = &mut self.running[place];
            call.cancelled.store(true, Ordering::Relaxed);
            if call.changes {
                // The id is the client's again; 0 is nobody's.
                call.id = 0;
            } else {
                self.running.swap_remove(place).abort.abort();
                self.go_on(edge, seat);
            }
        }
    }

    /// Waits for the next thing that is done; for ever where there is nothing to do.
    pub(crate) async fn done(&mut self, edge: &Arc<Edge>, seat: &Arc<Seat>) -> Option<Renewed> {
        let Some(done) = self.tasks.join_next_with_id().await else { return std::future::pending().await };
        let (task, renewed) = match done {
            Ok((task, renewed)) => (task, renewed),
            Err(failed) => {
                let call = self.running.iter().find(|call| call.task == failed.id());
                if let Some(call) = call.filter(|_| failed.is_panic()) {
                    tracing::error!(call = call.id, "a call of a socket failed");
                    let fault = Fault::new(Reason::Internal, "something went wrong on our side");
                    seat.put(&frames::problem(call.id, fault, ""));
                }
                (failed.id(), None)
            }
        };
        self.running.retain(|call| call.task != task);
        if renewed.is_some() {
            self.renewing = None;
        }
        self.go_on(edge, seat);
        if self.is_empty() && self.running.capacity() > 0 {
            (self.running, self.waiting) = (Vec::new(), VecDeque::new());
        }
        renewed
    }

    /// Runs what may run now: the first change where none is under way, what only reads, and every stream.
    fn go_on(&mut self, edge: &Arc<Edge>, seat: &Arc<Seat>) {
        loop {
            let is_changing = self.running.iter().any(|call| call.changes);
            let is_full = self.running.iter().filter(|call| !call.streams).count() >= RUNNING;
            let may_run = |asked: &Asked| {
                asked.method.server_streaming || !is_full && (asked.method.read_only || !is_changing)
            };
            let next = self.waiting.iter().position(may_run);
            let Some(asked) = next.and_then(|place| self.waiting.remove(place)) else { return };
            self.run(edge, seat, asked);
        }
    }

    fn run(&mut self, edge: &Arc<Edge>, seat: &Arc<Seat>, asked: Asked) {
        let (id, changes, streams) = (asked.id, !asked.method.read_only, asked.method.server_streaming);
        let (edge, seat, cancelled) = (Arc::clone(edge), Arc::clone(seat), Arc::<AtomicBool>::default());
        let unwanted = Arc::clone(&cancelled);
        let span = tracing::info_span!(
            "call",
            request_id = asked.caller.request_id,
            otel.name = Empty,
            otel.kind = Empty
        );
        spans::describe(&span, asked.method.path, &HeaderMap::new());
        let called = async move {
            run(&edge, &seat, asked, &unwanted).await;
            None
        };
        let abort = self.tasks.spawn(called.instrument(span));
        self.running.push(Running { id, task: abort.id(), abort, changes, streams, cancelled });
    }

    fn has(&self, id: u32) -> bool {
        self.running.iter().any(|call| call.id == id) || self.waiting.iter().any(|asked| asked.id == id)
    }
}

/// The rpc of this name, where sockets have it: what is not for browsers, takes a stream, or travels in cookies they have not.
fn find(name: &str) -> Result<&'static Method, Fault> {
    let method = callable(&format!("/{name}"))?;
    if method.route.is_none() {
        return Err(unknown());
    }
    Ok(method)
}

fn unknown() -> Fault {
    Fault::new(Reason::MethodUnknown, "there is no such rpc")
}

async fn run(edge: &Edge, seat: &Seat, asked: Asked, unwanted: &AtomicBool) {
    // Who does not read is asked nothing more of core: its answers would only wait here.
    if !seat.wait_for_room().await {
        return;
    }
    let Asked { id, method, message, caller } = asked;
    let last = match answer(edge, seat, id, method, message, &caller).await {
        Ok(Some(last)) => last,
        // The socket has gone.
        Ok(None) => return,
        Err(fault) => frames::problem(id, fault, &caller.request_id),
    };
    if !unwanted.load(Ordering::Relaxed) {
        seat.put_in_turn(vec![last]).await;
    }
}

/// The frame that ends the call; a stream's items go out before, as fast as the client reads.
async fn answer(
    edge: &Edge,
    seat: &Seat,
    id: u32,
    method: &'static Method,
    message: Bytes,
    caller: &Caller,
) -> Result<Option<Frame>, Fault> {
    if let (true, Some(address)) = (rest::is_costly(method), caller.address) {
        // This edge has counted it when it came.
        edge.limits.sign_in_anywhere(address).await?;
    }
    let output = json::message(method.output).ok_or_else(unknown)?;
    match invoke(&edge.upstream, method, message, caller).await? {
        Answer::One(answer) => frames::result(id, &output, &answer).map(Some),
        Answer::Many(mut items) => {
            while let Some(item) = items.next().await {
                if !seat.put_in_turn(vec![frames::item(id, &output, &item?)?]).await {
                    return Ok(None);
                }
            }
            Ok(Some(frames::done(id)))
        }
    }
}
