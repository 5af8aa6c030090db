//! L8: a tonic service that streams one message, made beforehand, again and again, as fast as whoever reads it: HTTP/2, framing and prost,
//! nothing else. Nobody is asked who they are; nothing is waited for.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::stream::{Repeat, repeat};
use prost::Message as _;
use rapport_proto::events::v1::{SubscribeRequest, SubscribeResponse};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{Grpc, NamedService, ServerStreamingService},
    transport::{Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;
use tower_service::Service;

use crate::Fallible;

/// The service: under the name of the real one, so that the same client reads both.
#[derive(Clone, Debug)]
struct Stream(SubscribeResponse);

impl NamedService for Stream {
    const NAME: &'static str = "rapport.events.v1.EventService";
}

impl ServerStreamingService<SubscribeRequest> for Stream {
    type Response = SubscribeResponse;
    type ResponseStream = Repeat<Result<SubscribeResponse, Status>>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<SubscribeRequest>) -> Self::Future {
        std::future::ready(Ok(Response::new(repeat(Ok(self.0.clone())))))
    }
}

impl Service<http::Request<Body>> for Stream {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: http::Request<Body>) -> Self::Future {
        let stream = self.clone();
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).server_streaming(stream, req).await) })
    }
}

/// Serves; `model` is an answer of the product's stream.
pub(crate) async fn serve(listener: TcpListener, model: &[u8]) -> Fallible {
    let stream = Stream(SubscribeResponse::decode(model)?);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Ok(Server::builder().add_service(stream).serve_with_incoming(incoming).await?)
}
