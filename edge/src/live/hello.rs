//! The first frame, and what becomes of it: whose token it is, the session's seat, and the way to the end of the log.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rapport_proto::{
    edge::v1::{AuthorizeRequest, AuthorizeResponse, edge_service_client::EdgeServiceClient},
    errors::v1::Reason,
    events::v1::ResetCause,
    fault::Fault,
};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tonic::Request;

use super::{
    bucket::{Bucket, Verdict},
    close::{Close, Ending, HELLO},
    frames::{self, Hello, Incoming},
    hub::{Hub, Reader, Step},
    mailbox::Mailbox,
    replay::catch_up,
    seat::{Seat, Who},
    socket::{Over, Received, Socket},
};
use crate::{
    limits::Permit,
    rpc::invoke::{Caller, describe, fault},
    server::Edge,
};

/// How many bytes may wait for somebody who is reported as connected, and for anybody else.
const MAILBOX: (usize, usize) = (1024 * 1024, 256 * 1024);
/// How long core may take to say what a token is worth.
const AUTHORIZE: Duration = Duration::from_secs(10);

/// A socket before its session.
#[derive(Debug)]
pub(crate) struct Visit {
    /// The edge it came to.
    pub(crate) edge: Arc<Edge>,
    /// Where it comes from; its token is not known yet.
    pub(crate) caller: Caller,
    /// The page it comes from, where that is not one of ours.
    pub(crate) origin: String,
}

/// A session that has begun.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Its seat.
    pub(crate) seat: Arc<Seat>,
    /// Its tenant.
    pub(crate) hub: Arc<Hub>,
    /// When the token ends.
    pub(crate) expires: Instant,
    /// What is under way to bring it to the end of the log.
    _replay: Option<AbortOnDropHandle<()>>,
    /// Its place among those of its member or visitor.
    _held: Permit<String>,
}

/// Waits for hello and opens the session.
pub(crate) async fn open(
    visit: &mut Visit,
    socket: &mut Socket,
    bucket: &mut Bucket,
) -> Result<Opened, Over> {
    let edge = Arc::clone(&visit.edge);
    let hello = tokio::select! {
        hello = timeout(HELLO, first(socket, bucket)) => hello.unwrap_or_else(|_| Err(Close::TooSlow.into()))?,
        () = edge.stopping.cancelled() => return Err(Close::ShuttingDown.into()),
    };
    if hello.token.is_empty() {
        return Err(Ending::because(Close::Unauthorized, Reason::TokenMissing).into());
    }
    visit.caller.token = Some(hello.token);
    let authorized = authorize(&edge, &visit.caller, &hello.cursor, &visit.origin).await;
    let authorized = authorized.map_err(|fault| Ending::of(&fault))?;
    Ok(seat(&edge, socket.mailbox(), &hello.cursor, authorized)?)
}

async fn first(socket: &mut Socket, bucket: &mut Bucket) -> Result<Hello, Over> {
    loop {
        let received = socket.next().await?;
        if bucket.take(Instant::now()) == Verdict::Flood {
            return Err(Close::Flood.into());
        }
        match received {
            Received::Control => {}
            Received::Text(text) => match frames::read(text.as_bytes()) {
                Some(Incoming::Hello(hello)) => return Ok(hello),
                _ => return Err(Close::FrameMalformed.into()),
            },
        }
    }
}

/// Asks core what a token is worth.
pub(crate) async fn authorize(
    edge: &Edge,
    caller: &Caller,
    cursor: &str,
    origin: &str,
) -> Result<AuthorizeResponse, Fault> {
    // Never closed.
    let _turn = edge.live.opening.acquire().await;
    let mut request = Request::new(AuthorizeRequest {
        access_token: caller.token.clone().unwrap_or_default(),
        cursor: cursor.to_owned(),
        origin: origin.to_owned(),
    });
    let bare = Caller { token: None, ..caller.clone() };
    describe(request.metadata_mut(), &edge.upstream, &bare)?;
    request.set_timeout(AUTHORIZE);
    let mut core = EdgeServiceClient::new(edge.upstream.carrier());
    match timeout(AUTHORIZE, core.authorize(request)).await {
        Ok(answer) => answer.map(tonic::Response::into_inner).map_err(|status| fault(&status)),
        Err(_) => Err(Fault::new(Reason::CoreUnavailable, "the services did not answer in time")),
    }
}

/// Takes the session in: from here on nothing that happens is missed, and its end is noticed.
fn seat(
    edge: &Arc<Edge>,
    mailbox: &Arc<Mailbox>,
    cursor: &str,
    authorized: AuthorizeResponse,
) -> Result<Opened, Ending> {
    let live = &edge.live;
    let cause = authorized.reset();
    let principal: Arc<str> = authorized.principal.into();
    let principals = authorized.principals.into_iter();
    let principals =
        principals.map(|name| if *name == *principal { Arc::clone(&principal) } else { name.into() });
    let principals: Vec<Arc<str>> = principals.collect();
    // The tenant's name is shared by all its sessions.
    let tenant = live.hubs.get(&authorized.tenant_id).map(|hub| Arc::clone(&hub.tenant));
    let who = Who {
        tenant: tenant.unwrap_or_else(|| authorized.tenant_id.into()),
        principal,
        session: authorized.session_id.into(),
        generation: authorized.generation,
        present: authorized.present,
    };
    mailbox.set_limit(if who.present { MAILBOX.0 } else { MAILBOX.1 });
    let seat = Seat::new(who, Arc::clone(mailbox));
    let held =
        edge.limits.hold_socket(&seat.who.principal).map_err(|_too_many| Ending::from(Close::Flood))?;
    let change = live.attendance.arrive(&seat)?;
    live.report(change, &seat);
    seat.put(&frames::welcome(&seat.who.session, &authorized.head, &authorized.epoch));
    if cause != ResetCause::Unspecified {
        seat.put(&frames::reset(cause, &authorized.head));
    }
    let hub = live.join(&seat.who.tenant, authorized.end, &authorized.head);
    let anew = cursor.is_empty() || cause != ResetCause::Unspecified;
    let mut reader = Reader {
        seat: Arc::clone(&seat),
        principals,
        as_of: authorized.end,
        place: authorized.place,
        cursor: if anew { authorized.head.into() } else { cursor.into() },
    };
    // Most are at the end, or nearly: they need no task of their own.
    let first = match hub.step(&mut reader) {
        Step::Live => None,
        Step::Next(frames) => Some(frames),
        Step::Behind(_) => Some(Vec::new()),
    };
    let replay = first.map(|first| {
        let replay = catch_up(Arc::clone(edge), Arc::clone(&hub), reader, first);
        AbortOnDropHandle::new(tokio::spawn(replay))
    });
    let expires = Instant::now() + Duration::from_millis(authorized.expires_in_ms);
    Ok(Opened { seat, hub, expires, _replay: replay, _held: held })
}
