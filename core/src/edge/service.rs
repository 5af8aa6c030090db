//! `EdgeService` as tonic calls it: each rpc is its use case.

use std::sync::Arc;

use rapport_proto::edge::v1::{
    AuthorizeRequest, AuthorizeResponse, FollowRequest, ListWidgetOriginsRequest, ListWidgetOriginsResponse,
    ReplayRequest, ReplayResponse, ResolveOriginRequest, ResolveOriginResponse,
    edge_service_server::{EdgeService, EdgeServiceServer},
};
use tonic::{Request, Response, Status, Streaming};

use super::{authorize, list_widget_origins, orders, replay, resolve_origin::Origins};
use crate::{app::App, layers::auth::address};

/// The service, ready to be served.
#[must_use]
pub fn service(app: &Arc<App>) -> EdgeServiceServer<impl EdgeService + use<>> {
    EdgeServiceServer::new(Service { app: Arc::clone(app), origins: Origins::default() })
}

struct Service {
    app: Arc<App>,
    origins: Origins,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl EdgeService for Service {
    type FollowStream = orders::Stream;

    async fn authorize(&self, req: Request<AuthorizeRequest>) -> Answer<AuthorizeResponse> {
        let address = address(req.extensions());
        Ok(Response::new(authorize::run(&self.app, address.as_deref(), req.into_inner()).await?))
    }

    async fn follow(&self, req: Request<Streaming<FollowRequest>>) -> Answer<Self::FollowStream> {
        Ok(Response::new(orders::run(&self.app, req.into_inner())))
    }

    async fn replay(&self, req: Request<ReplayRequest>) -> Answer<ReplayResponse> {
        Ok(Response::new(replay::run(&self.app, req.into_inner()).await?))
    }

    async fn resolve_origin(&self, req: Request<ResolveOriginRequest>) -> Answer<ResolveOriginResponse> {
        let allowed = self.origins.allow(&self.app, req.into_inner().origin).await?;
        Ok(Response::new(ResolveOriginResponse { allowed }))
    }

    async fn list_widget_origins(
        &self,
        req: Request<ListWidgetOriginsRequest>,
    ) -> Answer<ListWidgetOriginsResponse> {
        Ok(Response::new(list_widget_origins::run(&self.app, req.into_inner()).await?))
    }
}
