//! Coming back: from a session's place to the end of the log, out of the hub's ring where it reaches back so far, else out of the log.
//! It goes at the reader's pace, and takes the step into the live stream under the hub's lock.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rapport_proto::{
    edge::v1::{FollowedEvent, ReplayRequest, ReplayResponse, edge_service_client::EdgeServiceClient},
    fault::Fault,
};
use tonic::Request;

use super::{
    chance,
    close::{Close, Ending},
    frame::Frame,
    frames,
    hub::{Hub, Reader, Step},
};
use crate::{
    rpc::invoke::{Caller, describe, fault},
    server::Edge,
};

/// How long core may take for a page.
const PAGE: Duration = Duration::from_secs(10);
/// The greatest page that is taken; core cuts at a fraction of it.
const MAX_PAGE: usize = 4 * 1024 * 1024;
/// The shortest and the longest wait after a page that could not be read.
const AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How long pages may fail until the session is closed; it comes back by itself.
const PATIENCE: Duration = Duration::from_secs(15);

/// Brings a reader to the end and into the live stream, or closes its socket; `first` comes before everything else.
pub(crate) async fn catch_up(edge: Arc<Edge>, hub: Arc<Hub>, mut reader: Reader, first: Vec<Frame>) {
    let mut frames = first;
    while let Some(upto) = go_on(&hub, &mut reader, frames).await {
        frames = match read(&edge, &hub, &mut reader, upto).await {
            Ok(frames) => frames,
            Err(ending) => return reader.seat.end(ending),
        };
    }
}

/// Gives a reader these frames and what follows, as the client makes room for it. Gives the number up to which the log is to be read, or
/// nothing where the reader hears everything by itself now or its socket closes.
pub(super) async fn go_on(hub: &Hub, reader: &mut Reader, mut frames: Vec<Frame>) -> Option<i64> {
    let seat = Arc::clone(&reader.seat);
    // Room is waited for although nothing is to be put in: what fills the mailbox may be another's, and a reader that is at the end
    // would be told so again and again.
    while seat.put_in_turn(frames).await && seat.wait_for_room().await {
        frames = match hub.step(reader) {
            Step::Live => return None,
            Step::Next(frames) => frames,
            Step::Behind(upto) => return Some(upto),
        };
    }
    None
}

/// The next page of the log, as far as the reader may hear it.
async fn read(edge: &Edge, hub: &Hub, reader: &mut Reader, upto: i64) -> Result<Vec<Frame>, Ending> {
    let begun = Instant::now();
    let mut wait = AGAIN.0;
    loop {
        let asked = ask(edge, hub, reader, upto).await;
        let failure = match asked {
            Ok(page) => match pass(reader, page) {
                Some(frames) => return Ok(frames),
                None => "the page does not go on".to_owned(),
            },
            Err(fault) if begun.elapsed() > PATIENCE => return Err(Ending::of(&fault)),
            Err(fault) => fault.to_string(),
        };
        tracing::warn!(why = failure, tenant = &*hub.tenant, "a replay has to wait");
        if begun.elapsed() > PATIENCE {
            return Err(Close::CoreUnavailable.into());
        }
        tokio::time::sleep(wait.mul_f64(0.5 + chance() / 2.0)).await;
        wait = (wait * 2).min(AGAIN.1);
    }
}

async fn ask(edge: &Edge, hub: &Hub, reader: &Reader, upto: i64) -> Result<ReplayResponse, Fault> {
    // Never closed.
    let _turn = edge.live.replaying.acquire().await;
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    let mut request = Request::new(ReplayRequest {
        tenant_id: hub.tenant.as_ref().to_owned(),
        principals: reader.principals.iter().map(|name| name.as_ref().to_owned()).collect(),
        after: number(reader.place),
        upto: number(upto),
    });
    let caller = Caller { request_id: format!("replay-{}", edge.live.id), ..Caller::default() };
    describe(request.metadata_mut(), &edge.upstream, &caller)?;
    request.set_timeout(PAGE);
    let mut core = EdgeServiceClient::new(edge.upstream.carrier()).max_decoding_message_size(MAX_PAGE);
    let answer = tokio::time::timeout(PAGE, core.replay(request)).await;
    let late = |_| Fault::new(rapport_proto::errors::v1::Reason::CoreUnavailable, "no page came in time");
    answer.map_err(late)?.map(tonic::Response::into_inner).map_err(|status| fault(&status))
}

/// Takes a page in; nothing where it does not lead further. It was read for the principals of before: where it changes them, the rest
/// of it is asked for anew.
pub(super) fn pass(reader: &mut Reader, page: ReplayResponse) -> Option<Vec<Frame>> {
    let before = reader.place;
    let mut frames = Vec::with_capacity(page.events.len());
    for followed in page.events {
        if followed.number <= reader.place {
            continue;
        }
        let FollowedEvent { number, cursor, event, rescope, .. } = followed;
        frames.push(frames::event(&cursor, &event?).ok()?);
        if reader.pass(number, rescope.as_ref()) {
            return Some(frames);
        }
    }
    reader.place = reader.place.max(page.upto);
    (reader.place > before).then_some(frames)
}
