//! The one way from the edge into core: a message in bytes to the rpc of a contract row, and its answer or answers back.

use std::{net::IpAddr, time::Duration};

use bytes::{Buf as _, BufMut as _, Bytes};
use futures_util::{StreamExt as _, stream::BoxStream};
use rapport_host::spans;
use rapport_proto::{contract::Method, errors::v1::Reason, fault::Fault};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
};

use crate::upstream::{Carrier, Unreachable, Upstream};

/// The greatest answer that is taken from core.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// How long a call may take.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The metadata that tells core where a call comes from.
pub const CLIENT_ADDRESS: &str = "x-rapport-client-address";
/// The metadata by which core knows its edges.
pub const EDGE_KEY: &str = "x-rapport-edge-key";

/// Who calls, from where, as core is told. The token is passed on unseen: core judges it.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The access token, where there is one.
    pub token: Option<String>,
    /// The address the call comes from.
    pub address: Option<IpAddr>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// The id the call is known by in logs and errors.
    pub request_id: String,
}

/// What an rpc answers.
pub enum Answer {
    /// One message.
    One(Bytes),
    /// One after the other.
    Many(BoxStream<'static, Result<Bytes, Fault>>),
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::One(_) => "One",
            Self::Many(_) => "Many",
        })
    }
}

/// Calls an rpc. Dropping the future, or the stream of answers, cancels the call; what core has begun to store is stored.
pub async fn invoke(
    upstream: &Upstream,
    method: &'static Method,
    message: Bytes,
    caller: &Caller,
) -> Result<Answer, Fault> {
    let mut request = Request::new(message);
    describe(request.metadata_mut(), upstream, caller)?;
    let mut client = client(upstream.carrier());
    client.ready().await.map_err(|error| unreachable_core(&error))?;
    let path = http::uri::PathAndQuery::from_static(method.path);
    if method.server_streaming {
        let answer = client.server_streaming(request, path, Raw).await.map_err(|status| fault(&status))?;
        Ok(Answer::Many(answer.into_inner().map(|item| item.map_err(|status| fault(&status))).boxed()))
    } else {
        request.set_timeout(DEADLINE);
        let answer = client.unary(request, path, Raw).await.map_err(|status| fault(&status))?;
        Ok(Answer::One(answer.into_inner()))
    }
}

fn client(carrier: Carrier) -> Grpc<Carrier> {
    Grpc::new(carrier).max_decoding_message_size(MAX_ANSWER)
}

/// Tells core who calls; the same for every call of the edge, its own included.
pub fn describe(metadata: &mut MetadataMap, upstream: &Upstream, caller: &Caller) -> Result<(), Fault> {
    let refused = |_| Fault::new(Reason::TokenInvalid, "the access token is not one of ours");
    if let Some(token) = &caller.token {
        metadata.insert("authorization", format!("Bearer {token}").parse().map_err(refused)?);
    }
    if let Some(key) = upstream.key() {
        metadata.insert(EDGE_KEY, key.clone());
    }
    if let Some(address) = caller.address.and_then(|address| address.to_string().parse().ok()) {
        metadata.insert(CLIENT_ADDRESS, address);
    }
    if let Some(agent) = caller.user_agent.as_ref().and_then(|agent| agent.parse().ok()) {
        metadata.insert("user-agent", agent);
    }
    if let Some(parent) = spans::parent().and_then(|parent| parent.parse().ok()) {
        metadata.insert(spans::TRACEPARENT, parent);
    }
    if let Ok(id) = caller.request_id.parse() {
        metadata.insert("x-request-id", id);
    }
    Ok(())
}

/// What a status says; one that core did not make is the transport's.
#[must_use]
pub fn fault(status: &Status) -> Fault {
    if let Some(fault) = Fault::from_status(status) {
        return fault;
    }
    let (reason, message) = match status.code() {
        // INTERNAL too: core's own has a reason, so this one is a connection that broke in the midst of an answer. And
        // RESOURCE_EXHAUSTED is how tonic says that the other end wanted calm: after a stall the calls that were given up meanwhile all
        // reach core at once, and it ends the connection.
        Code::Unavailable | Code::Cancelled | Code::Unknown | Code::Internal | Code::ResourceExhausted => {
            (Reason::CoreUnavailable, "the services cannot be reached")
        }
        Code::DeadlineExceeded => {
            (Reason::DeadlineExceeded, "the deadline passed before there was an answer")
        }
        Code::Unimplemented => (Reason::MethodUnknown, "there is no such rpc"),
        _ => (Reason::Internal, "something went wrong on our side"),
    };
    tracing::warn!(code = ?status.code(), message = status.message(), "core's answer has no reason");
    Fault::new(reason, message)
}

fn unreachable_core(error: &Unreachable) -> Fault {
    tracing::warn!(%error, "core cannot be reached");
    Fault::new(Reason::CoreUnavailable, "the services cannot be reached")
}

/// Messages as bytes, whatever they are.
#[derive(Clone, Copy, Debug, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use rapport_proto::contract::reason_rule;

    use super::*;

    #[test]
    fn a_connection_that_broke_may_be_asked_again_however_it_broke() {
        let broken =
            [Code::Unavailable, Code::Cancelled, Code::Unknown, Code::Internal, Code::ResourceExhausted];
        for code in broken {
            let fault = fault(&Status::new(code, "h2 protocol error"));
            assert_eq!(fault.reason, Reason::CoreUnavailable, "{code:?}");
            assert!(reason_rule(fault.reason).retryable);
        }
        let own = Status::from(Fault::new(Reason::Internal, "something went wrong on our side"));
        assert_eq!(fault(&own).reason, Reason::Internal, "what core itself says stays");
        assert_eq!(fault(&Status::out_of_range("too long")).reason, Reason::Internal);
    }
}
