//! One stream to each core: the logs of the tenants that have sessions here come in, once for the whole edge, and who is connected goes
//! out. Every core feeds the same hubs; a hub takes each event from whichever has it first.

mod orders;

use std::{sync::Arc, time::Duration};

use futures_util::stream;
pub(crate) use orders::Orders;
use rapport_proto::edge::v1::{
    Events, FollowRequest, FollowResponse, TenantEphemeral, TenantReset,
    edge_service_client::EdgeServiceClient, follow_response::Body,
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use tonic::{Request, Status, Streaming};

use crate::{
    live::{chance, close::Close, frames, hub::Heard, ring::Kept},
    rpc::invoke::{Caller, describe},
    server::Edge,
    upstream::Core,
};

/// How many orders may be under way to a core.
const UNDER_WAY: usize = 64;
/// How long a core may take to begin.
const BEGIN: Duration = Duration::from_secs(5);
/// How long nothing may be heard of a core; it says something every five seconds.
const SILENCE: Duration = Duration::from_secs(15);
/// The shortest and the longest wait before a core is tried again.
const AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// The greatest message that is taken; core cuts at a fraction of it.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// Follows every core until the edge stops.
pub(crate) fn start(edge: &Arc<Edge>) {
    let looking = Arc::clone(edge);
    tokio::spawn(async move { looking.stopping.run_until_cancelled(looking.upstream.keep_looking()).await });
    for (place, core) in edge.upstream.cores().iter().enumerate() {
        let (edge, core) = (Arc::clone(edge), Arc::clone(core));
        tokio::spawn(async move {
            edge.stopping.clone().run_until_cancelled(follow(&edge, &core, place)).await;
        });
    }
}

async fn follow(edge: &Arc<Edge>, core: &Core, place: usize) {
    let mut wait = AGAIN.0;
    loop {
        let mut stay = core.comes().await;
        let begun = Instant::now();
        let end = tokio::select! {
            end = attempt(edge, core, place) => end,
            () = stay.is_over() => "it is not among the addresses of its name any more".to_owned(),
        };
        core.note_up(false);
        edge.live.orders[place].end();
        edge.live.follow_ended(place);
        tracing::warn!(core = core.name, why = end, "a core is not followed");
        // One that stood for a while is tried again at once.
        wait = if begun.elapsed() > SILENCE { AGAIN.0 } else { (wait * 2).min(AGAIN.1) };
        tokio::time::sleep(wait.mul_f64(0.5 + chance() / 2.0)).await;
    }
}

/// One stream, from its beginning to its end; says why it ended.
async fn attempt(edge: &Arc<Edge>, core: &Core, place: usize) -> String {
    let orders = &edge.live.orders[place];
    let (send, mut receive) = mpsc::channel::<FollowRequest>(UNDER_WAY);
    let mut request = Request::new(stream::poll_fn(move |cx| receive.poll_recv(cx)));
    let caller = Caller { request_id: format!("follow-{}", edge.live.id), ..Caller::default() };
    if let Err(fault) = describe(request.metadata_mut(), &edge.upstream, &caller) {
        return fault.to_string();
    }
    if send.try_send(orders::hello(&edge.live.id)).is_err() {
        return "there is no room for the first order".to_owned();
    }
    let Some(carrier) = core.carrier() else { return "it is not there".to_owned() };
    let mut client = EdgeServiceClient::new(carrier).max_decoding_message_size(MAX_MESSAGE);
    let mut answers = match timeout(BEGIN, client.follow(request)).await {
        Ok(Ok(answers)) => answers.into_inner(),
        Ok(Err(status)) => return said(&status),
        Err(_) => return "it did not begin in time".to_owned(),
    };
    orders.begin(|| edge.live.hubs.tenants());
    let mut first = true;
    let mut silent = Instant::now() + SILENCE;
    loop {
        tokio::select! {
            answer = heard(&mut answers, silent) => match answer {
                Ok(body) => {
                    silent = Instant::now() + SILENCE;
                    if std::mem::take(&mut first) {
                        core.note_up(true);
                        edge.live.follow_began(place);
                    }
                    take(edge, orders, body);
                }
                Err(why) => return why,
            },
            permit = send.reserve(), if orders.wait() => match permit {
                Ok(permit) => {
                    if let Some(order) = orders.next(&edge.live) {
                        permit.send(order);
                    }
                }
                Err(_) => return "it takes no orders any more".to_owned(),
            },
            () = orders.changed() => {}
        }
    }
}

async fn heard(answers: &mut Streaming<FollowResponse>, silent: Instant) -> Result<Option<Body>, String> {
    match timeout_at(silent, answers.message()).await {
        Ok(Ok(Some(answer))) => Ok(answer.body),
        Ok(Ok(None)) => Err("it ended".to_owned()),
        Ok(Err(status)) => Err(said(&status)),
        Err(_) => Err("nothing was heard of it".to_owned()),
    }
}

fn said(status: &Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}

fn take(edge: &Edge, orders: &Orders, body: Option<Body>) {
    match body {
        Some(Body::Events(events)) => give(edge, orders, events),
        Some(Body::Ephemeral(ephemeral)) => tell(edge, ephemeral),
        Some(Body::Revoked(revoked)) => edge.live.attendance.revoke(revoked),
        Some(Body::Reset(reset)) => begin_anew(edge, &reset),
        Some(Body::Beat(_)) | None => {}
    }
}

fn give(edge: &Edge, orders: &Orders, events: Events) {
    let Some(hub) = edge.live.hubs.get(&events.tenant_id) else { return };
    for followed in events.events {
        let expected = match hub.expects(followed.number) {
            Heard::Again => continue,
            Heard::New => {
                let Some(event) = &followed.event else { continue };
                match frames::event(&followed.cursor, event) {
                    Ok(frame) => hub.dispatch(Arc::new(Kept {
                        number: followed.number,
                        cursor: followed.cursor.into(),
                        audience: followed.audience.into_iter().map(Box::from).collect(),
                        frame,
                        rescope: followed.rescope,
                    })),
                    Err(fault) => {
                        // An event that cannot be told must not be passed over in silence: its hearers come back and find it again.
                        tracing::error!(%fault, tenant = events.tenant_id, "an event cannot be made a frame");
                        edge.live.attendance.end_tenant(&events.tenant_id, Close::CoreUnavailable.into());
                        return;
                    }
                }
            }
            Heard::Gap => Heard::Gap,
        };
        if expected == Heard::Gap {
            metrics::counter!("rapport_live_gaps_total").increment(1);
            orders.attach(&hub.tenant);
            return;
        }
    }
}

fn tell(edge: &Edge, ephemeral: TenantEphemeral) {
    let Some(hub) = edge.live.hubs.get(&ephemeral.tenant_id) else { return };
    let Some(told) = &ephemeral.ephemeral else { return };
    // What is not kept is not missed.
    if let Ok(frame) = frames::ephemeral(told) {
        let audience: Vec<_> = ephemeral.audience.into_iter().map(Box::from).collect();
        hub.tell(&audience, &ephemeral.except, &frame);
    }
}

/// The store holds another history: every session of the tenant comes back with its cursor and is told so.
fn begin_anew(edge: &Edge, reset: &TenantReset) {
    tracing::warn!(tenant = reset.tenant_id, cause = ?reset.cause(), "a tenant's history is another one");
    edge.live.hubs.forget(&reset.tenant_id);
    edge.live.attendance.end_tenant(&reset.tenant_id, Close::HistoryChanged.into());
}
