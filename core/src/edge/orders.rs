//! `Follow`: what an edge orders, and the one stream that everything for the edge goes into.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rapport_proto::{
    edge::v1::{
        Beat, FollowRequest, FollowResponse, Live, LiveMember, Revoked, Stale, follow_request,
        follow_response::Body,
    },
    fault::Fault,
};
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    time::{Instant, interval_at, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::follow::{Attachment, Begin, Out, attach};
use crate::{
    app::App,
    db::TenantScope,
    error::{Error, Reason},
    ids::{MemberId, TenantId},
    layers::trace,
    presence,
    revocations::Refused,
};

/// How many messages may be under way to an edge, each of at most 256 KiB.
const UNDER_WAY: usize = 16;
/// How many tenants an edge may follow in one stream.
const TENANTS: usize = 10_000;
/// How many revocations one message holds.
const REVOKED: usize = 1_000;
/// How often an edge is told that the core is there.
const BEAT: Duration = Duration::from_secs(5);
/// How long the reason of an end waits for its place in the stream.
const LAST_WORD: Duration = Duration::from_secs(1);

/// What the service hands to tonic.
pub(super) type Stream = ReceiverStream<Result<FollowResponse, Status>>;

/// Answers at once and leaves the rest to a task of its own, which ends when the edge does, or the core.
pub(super) fn run(app: &Arc<App>, orders: Streaming<FollowRequest>) -> Stream {
    let (out, stream) = mpsc::channel(UNDER_WAY);
    let edge = Edge { app: Arc::clone(app), out, edge_id: Uuid::nil(), attached: HashMap::new(), kept: None };
    app.tasks.spawn(trace::carry(edge.serve(orders)));
    ReceiverStream::new(stream)
}

/// Why a stream ends.
enum End {
    /// The edge went away.
    Gone,
    /// The edge is told why.
    Told(Status),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Told(error.into())
    }
}

struct Edge {
    app: Arc<App>,
    out: Out,
    edge_id: Uuid,
    attached: HashMap<TenantId, Attachment>,
    kept: Option<presence::Kept>,
}

impl Edge {
    async fn serve(mut self, mut orders: Streaming<FollowRequest>) {
        let stopping = self.app.stopping.clone();
        let out = self.out.clone();
        let end = tokio::select! {
            biased;
            () = stopping.cancelled() => {
                Error::new(Reason::ShuttingDown, "this server is shutting down").into()
            }
            () = out.closed() => End::Gone,
            end = self.listen(&mut orders) => end,
        };
        // What is attached ends before the reason is given: nothing comes after it.
        self.attached.clear();
        if let End::Told(status) = end {
            let _ = timeout(LAST_WORD, self.out.send(Err(status))).await;
        }
    }

    async fn listen(&mut self, orders: &mut Streaming<FollowRequest>) -> End {
        match next(orders).await {
            Ok(Some(follow_request::Body::Hello(hello))) => {
                tracing::info!(edge = hello.edge_id, "an edge follows");
                // The contract has seen to it that it is one.
                self.edge_id = Uuid::parse_str(&hello.edge_id).unwrap_or_default();
            }
            Ok(Some(_)) => return malformed("the first order must be hello").into(),
            Ok(None) => return End::Gone,
            Err(status) => return End::Told(status),
        }
        let (app, out) = (Arc::clone(&self.app), self.out.clone());
        tokio::select! {
            end = self.obey(orders) => end,
            () = tell_revoked(&app, &out) => End::Gone,
            () = beat(&out) => End::Gone,
        }
    }

    async fn obey(&mut self, orders: &mut Streaming<FollowRequest>) -> End {
        loop {
            let order = match next(orders).await {
                Ok(Some(order)) => order,
                Ok(None) => return End::Gone,
                Err(status) => return End::Told(status),
            };
            if let Err(error) = self.follow_order(order) {
                return error.into();
            }
        }
    }

    fn report(&mut self, live: &Live, connected: bool) -> Result<(), Error> {
        for (tenant, member) in members(live)? {
            self.kept().set(tenant, member, connected);
        }
        Ok(())
    }

    /// The keeping of the edge's connections, from its first report on.
    fn kept(&mut self) -> &presence::Kept {
        let (app, edge) = (&self.app, self.edge_id);
        self.kept.get_or_insert_with(|| presence::keep_edge(app, edge))
    }

    fn follow_order(&mut self, order: follow_request::Body) -> Result<(), Error> {
        match order {
            follow_request::Body::Hello(_) => return Err(malformed("hello was said already")),
            follow_request::Body::Attach(order) => {
                let tenant: TenantId = order.tenant_id.parse()?;
                // Before the new one is made: nothing of the old one is sent after this.
                self.attached.remove(&tenant);
                if self.attached.len() >= TENANTS {
                    return Err(malformed("a stream follows at most 10000 tenants"));
                }
                let after = i64::try_from(order.after).unwrap_or(i64::MAX);
                let begin = Begin { after, cursor: order.cursor };
                let attachment = attach(&self.app, &self.out, TenantScope::verified(tenant), begin);
                self.attached.insert(tenant, attachment);
            }
            follow_request::Body::Detach(order) => {
                self.attached.remove(&order.tenant_id.parse()?);
            }
            follow_request::Body::Live(live) => {
                let members = members(&live)?;
                self.kept().live(members);
            }
            follow_request::Body::Arrived(live) => self.report(&live, true)?,
            follow_request::Body::Left(live) => self.report(&live, false)?,
        }
        Ok(())
    }
}

fn members(live: &Live) -> Result<Vec<(TenantId, MemberId)>, Error> {
    let member = |member: &LiveMember| Ok((member.tenant_id.parse()?, member.principal.parse()?));
    live.members.iter().map(member).collect()
}

/// The next order; a fault of one, such as a field that breaks its rule, ends the stream with its reason.
async fn next(orders: &mut Streaming<FollowRequest>) -> Result<Option<follow_request::Body>, Status> {
    match orders.message().await {
        Ok(order) => Ok(order.and_then(|order| order.body)),
        Err(status) => {
            let unread = || Fault::new(Reason::MalformedRequest, "the orders cannot be read");
            let mut fault = Fault::from_status(&status).unwrap_or_else(unread);
            fault.request_id = trace::request_id();
            Err(fault.into())
        }
    }
}

fn malformed(why: &str) -> Error {
    Error::new(Reason::MalformedRequest, why)
}

/// Tells everything that is refused, then each new refusal; everything anew to an edge that lags behind. Returns when it is gone.
async fn tell_revoked(app: &App, out: &Out) {
    loop {
        let (mut news, known) = app.revocations.follow();
        // A message even where there is nothing to refuse: the edge knows then that it was asked for.
        let mut first = true;
        let mut lots = known.chunks(REVOKED);
        while let Some(some) = lots.next().or_else(|| first.then_some(&[][..])) {
            first = false;
            if out.send(Ok(revoked(some))).await.is_err() {
                return;
            }
        }
        loop {
            match news.recv().await {
                Ok(refused) => {
                    for some in refused.chunks(REVOKED) {
                        if out.send(Ok(revoked(some))).await.is_err() {
                            return;
                        }
                    }
                }
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return,
            }
        }
    }
}

fn revoked(refused: &[Refused]) -> FollowResponse {
    let mut message = Revoked::default();
    for refused in refused {
        match refused {
            Refused::Session(session) => message.session_ids.push(session.to_string()),
            Refused::Before(tenant, member, generation) => message.stale.push(Stale {
                tenant_id: tenant.to_string(),
                principal: member.to_string(),
                generation: u32::try_from(*generation).unwrap_or_default(),
            }),
        }
    }
    FollowResponse { body: Some(Body::Revoked(message)) }
}

async fn beat(out: &Out) {
    let mut turn = interval_at(Instant::now() + BEAT, BEAT);
    loop {
        turn.tick().await;
        // Where there is no room, something else is under way.
        if let Err(mpsc::error::TrySendError::Closed(_)) =
            out.try_send(Ok(FollowResponse { body: Some(Body::Beat(Beat {})) }))
        {
            return;
        }
    }
}
