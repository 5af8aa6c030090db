//! Calls that no typed client would make: any path, any bytes, any token.

use std::time::Duration;

use prost::bytes::{Buf as _, BufMut as _};
use rapport_client::Error;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

/// A connection that sends what it is told.
#[derive(Debug, Clone)]
pub struct Raw {
    channel: Channel,
    authorization: Option<String>,
}

impl Raw {
    /// A connection to a server, under the access token given.
    #[must_use]
    pub fn connect(endpoint: &str, token: Option<&str>) -> Self {
        let channel = Endpoint::from_shared(endpoint.to_owned())
            .expect("an endpoint is a URI")
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(5))
            .connect_lazy();
        Self { channel, authorization: token.map(|token| format!("Bearer {token}")) }
    }

    /// The same connection with another `authorization` header, word for word.
    #[must_use]
    pub fn with_authorization(&self, header: Option<&str>) -> Self {
        Self { channel: self.channel.clone(), authorization: header.map(str::to_owned) }
    }

    /// The access token of its header.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.authorization.as_deref()?.strip_prefix("Bearer ")
    }

    /// The channel, for the generated clients.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// A request as this connection sends it.
    #[must_use]
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(header) = &self.authorization {
            request.metadata_mut().insert("authorization", header.parse().expect("a header value"));
        }
        request
    }

    /// A unary call.
    pub async fn call(&self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, Error> {
        let mut request = self.request(body);
        request.set_timeout(Duration::from_secs(30));
        let mut grpc = tonic::client::Grpc::new(self.channel.clone()).max_decoding_message_size(64 << 20);
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(grpc.unary(request, path_of(path), Bytes).await?.into_inner())
    }

    /// A call answered by a stream.
    pub async fn stream(&self, path: &str, body: Vec<u8>) -> Result<Streaming<Vec<u8>>, Error> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(grpc.server_streaming(self.request(body), path_of(path), Bytes).await?.into_inner())
    }
}

fn path_of(path: &str) -> PathAndQuery {
    path.parse().expect("a path")
}

/// Bytes as they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; from.remaining()];
        from.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}
