//! `CustomerService` as tonic calls it: each rpc is its use case.

use std::sync::Arc;

use rapport_proto::customers::v1::{
    GetCustomerRequest, GetCustomerResponse, UpdateCustomerRequest, UpdateCustomerResponse,
    customer_service_server::{CustomerService, CustomerServiceServer},
};
use tonic::{Request, Response, Status};

use super::{get_customer, update_customer};
use crate::{app::App, layers::auth::admit};

/// The service, ready to be served.
#[must_use]
pub fn service(app: &Arc<App>) -> CustomerServiceServer<impl CustomerService + use<>> {
    CustomerServiceServer::new(Service(Arc::clone(app)))
}

struct Service(Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CustomerService for Service {
    async fn get_customer(&self, req: Request<GetCustomerRequest>) -> Answer<GetCustomerResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(get_customer::run(&self.0, &caller, req).await?))
    }

    async fn update_customer(&self, req: Request<UpdateCustomerRequest>) -> Answer<UpdateCustomerResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(update_customer::run(&self.0, &caller, req).await?))
    }
}
