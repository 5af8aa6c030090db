//! `EventService` as tonic calls it: each rpc is its use case.

use std::sync::Arc;

use rapport_proto::events::v1::{
    ReadRequest, ReadResponse, SubscribeRequest,
    event_service_server::{EventService, EventServiceServer},
};
use tonic::{Request, Response, Status};

use super::{read, subscribe};
use crate::{app::App, layers::auth::admit};

/// The service, ready to be served.
#[must_use]
pub fn service(app: &Arc<App>) -> EventServiceServer<impl EventService + use<>> {
    EventServiceServer::new(Service(Arc::clone(app)))
}

struct Service(Arc<App>);

#[tonic::async_trait]
impl EventService for Service {
    type SubscribeStream = subscribe::Stream;

    async fn subscribe(
        &self,
        req: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(subscribe::run(&self.0, &caller, req).await?))
    }

    async fn read(&self, req: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(read::run(&self.0, &caller, req).await?))
    }
}
