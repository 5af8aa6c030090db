//! The answers of a streaming rpc as server-sent events: each item is one event with the JSON as its data and the place to come back
//! with as its id. What goes wrong before the first item is a plain problem; later it is the event `problem`, and the end.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream::BoxStream};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost_reflect::{Kind, MessageDescriptor};
use rapport_proto::{contract::Method, errors::v1::Reason, fault::Fault};
use serde_json::{Map, Value};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use super::answer;
use crate::rpc::{json, problem::Problem};

/// The header a browser repeats the last id in.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How often a stream without items shows that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long the first item is waited for before the answer begins without it.
const PATIENCE: Duration = Duration::from_secs(1);

type Items = BoxStream<'static, Result<Bytes, Fault>>;

/// Begins where `Last-Event-ID` says, whatever the address says: a reader that comes back uses the address it began with.
pub(super) fn resume(
    method: &'static Method,
    input: &MessageDescriptor,
    headers: &HeaderMap,
    fields: &mut Map<String, Value>,
) -> Result<(), Fault> {
    let (Some(name), Some(last)) = (method.browser.resumes_at, headers.get(LAST_EVENT_ID)) else {
        return Ok(());
    };
    let Some(field) = input.get_field_by_json_name(name) else { return Ok(()) };
    fields.remove(field.name());
    let last = last.to_str().map_err(|_| Fault::new(Reason::MalformedRequest, "last-event-id is no text"))?;
    fields.insert(name.to_owned(), last.into());
    Ok(())
}

/// A stream under way.
struct Events {
    items: Items,
    first: Option<Result<Bytes, Fault>>,
    output: MessageDescriptor,
    place_in: Option<&'static str>,
    heartbeat: Interval,
    stopping: CancellationToken,
    request_id: String,
    ended: bool,
    _open: Open,
}

/// Counts streams that are open. The client's going away drops it with the stream, which ends the call in core.
struct Open;

impl Open {
    fn new() -> Self {
        metrics::gauge!("rapport_edge_streams_open").increment(1.0);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!("rapport_edge_streams_open").decrement(1.0);
    }
}

/// Begins to answer.
pub(super) async fn open(
    method: &'static Method,
    output: &MessageDescriptor,
    mut items: Items,
    stopping: CancellationToken,
    request_id: &str,
) -> Result<Response<Body>, Fault> {
    let first = match timeout(PATIENCE, items.next()).await {
        Ok(Some(Err(fault))) => return Err(fault),
        Ok(first) => first,
        Err(_still) => None,
    };
    let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = Events {
        items,
        first,
        output: output.clone(),
        place_in: method.browser.place_in,
        heartbeat,
        stopping,
        request_id: request_id.to_owned(),
        ended: false,
        _open: Open::new(),
    };
    let texts = futures_util::stream::unfold(events, |mut events| async move {
        events.next().await.map(|text| (Ok::<_, std::convert::Infallible>(text), events))
    });
    let mut response = answer::with_type("text/event-stream", Body::from_stream(texts));
    // A proxy that collects before it passes on would hold events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

impl Events {
    async fn next(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        if let Some(first) = self.first.take() {
            return Some(self.event(first));
        }
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => {
                Some(self.problem(Fault::new(Reason::ShuttingDown, "this server is shutting down")))
            }
            item = self.items.next() => {
                self.heartbeat.reset();
                item.map(|item| self.event(item))
            }
            _ = self.heartbeat.tick() => Some(b":\n\n".to_vec()),
        }
    }

    fn event(&mut self, item: Result<Bytes, Fault>) -> Vec<u8> {
        item.and_then(|item| self.item(&item)).unwrap_or_else(|fault| self.problem(fault))
    }

    fn item(&self, item: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut text = Vec::with_capacity(item.len() * 2);
        let place = self.place_in.and_then(|name| self.output.get_field_by_json_name(name));
        if let Some(place) = place
            && place.kind() == Kind::String
            && let Some(place) = text_in(item, place.number())
            // An id of several lines would be several fields.
            && !place.contains(['\n', '\r', '\0'])
        {
            text.extend_from_slice(format!("id: {place}\n").as_bytes());
        }
        text.extend_from_slice(b"data: ");
        json::write_into(&mut text, &self.output, item)?;
        text.extend_from_slice(b"\n\n");
        Ok(text)
    }

    fn problem(&mut self, fault: Fault) -> Vec<u8> {
        self.ended = true;
        tracing::info!(reason = ?fault.reason, request_id = self.request_id, "a stream ended");
        format!("event: problem\ndata: {}\n\n", Problem::new(fault, &self.request_id).to_json()).into_bytes()
    }
}

/// The text in a field of a message's bytes, empty where it is left out; nothing where the bytes are none of a message.
fn text_in(mut message: &[u8], field: u32) -> Option<&str> {
    let mut text = "";
    while !message.is_empty() {
        let (number, kind) = decode_key(&mut message).ok()?;
        if number == field && kind == WireType::LengthDelimited {
            let length = decode_varint(&mut message).ok()?;
            text = std::str::from_utf8(message.split_off(..usize::try_from(length).ok()?)?).ok()?;
        } else {
            skip_field(kind, number, &mut message, DecodeContext::default()).ok()?;
        }
    }
    Some(text)
}
