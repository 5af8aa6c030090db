//! Who calls over gRPC: connections, requests that bear a token, and the stream of events read as cheaply as can be.

use std::net::SocketAddr;

use bytes::{Buf as _, Bytes};
use rapport_proto::events::v1::SubscribeRequest;
use tonic::{
    Request, Status, Streaming,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder},
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstEncoder;

use crate::Fallible;

/// So many connections to one place.
pub(crate) async fn connect(to: SocketAddr, many: usize) -> Fallible<Vec<Channel>> {
    let mut channels = Vec::new();
    for _ in 0..many {
        channels.push(Endpoint::from_shared(format!("http://{to}"))?.tcp_nodelay(true).connect().await?);
    }
    Ok(channels)
}

/// A request of whoever the token speaks for.
pub(crate) fn bearing<T>(message: T, token: &str) -> Fallible<Request<T>> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    Ok(request)
}

/// The events of whoever the token speaks for, from now on; the first answer, which is a checkpoint, has been read. They are given as they
/// come: a reader that takes them apart would be measured with them.
pub(crate) async fn follow(channel: Channel, token: &str) -> Fallible<Streaming<Bytes>> {
    let mut client = Grpc::new(channel);
    client.ready().await?;
    let path = http::uri::PathAndQuery::from_static("/rapport.events.v1.EventService/Subscribe");
    let request = bearing(SubscribeRequest::default(), token)?;
    let mut stream = client.server_streaming(request, path, Untouched).await?.into_inner();
    stream.message().await?.ok_or("a stream ended")?;
    Ok(stream)
}

/// Answers are left as they are.
#[derive(Clone, Copy, Debug)]
struct Untouched;

impl Codec for Untouched {
    type Encode = SubscribeRequest;
    type Decode = Bytes;
    type Encoder = ProstEncoder<SubscribeRequest>;
    type Decoder = Self;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        Self
    }
}

impl Decoder for Untouched {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, answer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(answer.copy_to_bytes(answer.remaining())))
    }
}
