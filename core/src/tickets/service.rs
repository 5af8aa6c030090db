//! `TicketService` as tonic calls it: each rpc is its use case.

use std::sync::Arc;

use rapport_proto::tickets::v1::{
    self as pb,
    ticket_service_server::{TicketService, TicketServiceServer},
};
use tonic::{Request, Response, Status};

use super::{add_comment, create_ticket, get_ticket, list_comments, list_tickets, update_ticket};
use crate::{app::App, layers::auth::admit};

/// The service, ready to be served.
#[must_use]
pub fn service(app: &Arc<App>) -> TicketServiceServer<impl TicketService + use<>> {
    TicketServiceServer::new(Service(Arc::clone(app)))
}

struct Service(Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl TicketService for Service {
    async fn create_ticket(&self, req: Request<pb::CreateTicketRequest>) -> Answer<pb::CreateTicketResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(create_ticket::run(&self.0, &caller, req).await?))
    }

    async fn get_ticket(&self, req: Request<pb::GetTicketRequest>) -> Answer<pb::GetTicketResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(get_ticket::run(&self.0, &caller, req).await?))
    }

    async fn list_tickets(&self, req: Request<pb::ListTicketsRequest>) -> Answer<pb::ListTicketsResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(list_tickets::run(&self.0, &caller, req).await?))
    }

    async fn update_ticket(&self, req: Request<pb::UpdateTicketRequest>) -> Answer<pb::UpdateTicketResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(update_ticket::run(&self.0, &caller, req).await?))
    }

    async fn add_comment(&self, req: Request<pb::AddCommentRequest>) -> Answer<pb::AddCommentResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(add_comment::run(&self.0, &caller, req).await?))
    }

    async fn list_comments(&self, req: Request<pb::ListCommentsRequest>) -> Answer<pb::ListCommentsResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(list_comments::run(&self.0, &caller, req).await?))
    }
}
