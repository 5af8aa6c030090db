//! `PresenceService` as tonic calls it: each rpc is its use case.

use std::sync::Arc;

use rapport_proto::presence::v1::{
    GetWorkloadRequest, GetWorkloadResponse, ListOnlineAgentsRequest, ListOnlineAgentsResponse,
    SetStatusRequest, SetStatusResponse, WatchPresenceRequest,
    presence_service_server::{PresenceService, PresenceServiceServer},
};
use tonic::{Request, Response, Status};

use super::{get_workload, list_online_agents, set_status, watch_presence};
use crate::{app::App, layers::auth::admit};

/// The service, ready to be served.
#[must_use]
pub fn service(app: &Arc<App>) -> PresenceServiceServer<impl PresenceService + use<>> {
    PresenceServiceServer::new(Service(Arc::clone(app)))
}

struct Service(Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl PresenceService for Service {
    type WatchPresenceStream = watch_presence::Stream;

    async fn set_status(&self, req: Request<SetStatusRequest>) -> Answer<SetStatusResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(set_status::run(&self.0, &caller, req).await?))
    }

    async fn list_online_agents(
        &self,
        req: Request<ListOnlineAgentsRequest>,
    ) -> Answer<ListOnlineAgentsResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(list_online_agents::run(&self.0, &caller, req).await?))
    }

    async fn get_workload(&self, req: Request<GetWorkloadRequest>) -> Answer<GetWorkloadResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(get_workload::run(&self.0, &caller, req).await?))
    }

    async fn watch_presence(&self, req: Request<WatchPresenceRequest>) -> Answer<Self::WatchPresenceStream> {
        let (caller, _) = admit(req)?;
        Ok(Response::new(watch_presence::run(&self.0, &caller).await?))
    }
}
