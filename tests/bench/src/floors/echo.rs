//! L7: a tonic service that answers a call with a message made beforehand: HTTP/2, framing and prost, nothing else.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use rapport_proto::chats::v1::{GetChatRequest, GetChatResponse};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{Grpc, NamedService, UnaryService},
    transport::{Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;
use tower_service::Service;

type Ready<T, E> = std::future::Ready<Result<T, E>>;

/// The service: under the name of the real one, so that the same client calls both.
#[derive(Clone, Debug)]
pub(crate) struct Echo(pub(crate) GetChatResponse);

impl NamedService for Echo {
    const NAME: &'static str = "rapport.chats.v1.ChatService";
}

impl UnaryService<GetChatRequest> for Echo {
    type Response = GetChatResponse;
    type Future = Ready<Response<GetChatResponse>, Status>;

    fn call(&mut self, _: Request<GetChatRequest>) -> Self::Future {
        std::future::ready(Ok(Response::new(self.0.clone())))
    }
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: http::Request<Body>) -> Self::Future {
        let echo = self.clone();
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).unary(echo, req).await) })
    }
}

/// Serves for as long as it is polled.
pub(crate) async fn serve(
    listener: TcpListener,
    answer: GetChatResponse,
) -> Result<(), tonic::transport::Error> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder().add_service(Echo(answer)).serve_with_incoming(incoming).await
}
