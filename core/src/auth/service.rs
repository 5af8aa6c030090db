//! `AuthService` as tonic calls it: each rpc is its use case.

use std::sync::Arc;

use rapport_proto::auth::v1::{
    ChangePasswordRequest, ChangePasswordResponse, GetKeySetRequest, GetKeySetResponse, GetSelfRequest,
    GetSelfResponse, RefreshRequest, RefreshResponse, SetUpRequest, SetUpResponse, SignInRequest,
    SignInResponse, SignOutRequest, SignOutResponse, StartVisitRequest, StartVisitResponse,
    UpdateSelfRequest, UpdateSelfResponse,
    auth_service_server::{AuthService, AuthServiceServer},
};
use tonic::{Request, Response, Status};

use super::{
    change_password, get_key_set, get_self, refresh, set_up, sign_in, sign_in::Device, sign_out, start_visit,
    update_self,
};
use crate::{
    app::App,
    layers::auth::{address, admit, admit_any},
};

/// The service, ready to be served.
#[must_use]
pub fn service(app: &Arc<App>) -> AuthServiceServer<impl AuthService + use<>> {
    AuthServiceServer::new(Service(Arc::clone(app)))
}

struct Service(Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl AuthService for Service {
    async fn set_up(&self, req: Request<SetUpRequest>) -> Answer<SetUpResponse> {
        let address = address(req.extensions());
        Ok(Response::new(set_up::run(&self.0, address, req.into_inner()).await?))
    }

    async fn sign_in(&self, req: Request<SignInRequest>) -> Answer<SignInResponse> {
        let device = Device::of(&req);
        Ok(Response::new(sign_in::run(&self.0, device, req.into_inner()).await?))
    }

    async fn refresh(&self, req: Request<RefreshRequest>) -> Answer<RefreshResponse> {
        let address = address(req.extensions());
        Ok(Response::new(refresh::run(&self.0, address, req.into_inner()).await?))
    }

    async fn sign_out(&self, req: Request<SignOutRequest>) -> Answer<SignOutResponse> {
        let address = address(req.extensions());
        let (identity, req) = admit_any(req)?;
        Ok(Response::new(sign_out::run(&self.0, address, &identity, req).await?))
    }

    async fn get_self(&self, req: Request<GetSelfRequest>) -> Answer<GetSelfResponse> {
        let (identity, req) = admit_any(req)?;
        Ok(Response::new(get_self::run(&self.0, &identity, req).await?))
    }

    async fn update_self(&self, req: Request<UpdateSelfRequest>) -> Answer<UpdateSelfResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(update_self::run(&self.0, &caller, req).await?))
    }

    async fn change_password(&self, req: Request<ChangePasswordRequest>) -> Answer<ChangePasswordResponse> {
        let address = address(req.extensions());
        let (caller, req) = admit(req)?;
        Ok(Response::new(change_password::run(&self.0, address, &caller, req).await?))
    }

    async fn start_visit(&self, req: Request<StartVisitRequest>) -> Answer<StartVisitResponse> {
        Ok(Response::new(start_visit::run(&self.0, req.into_inner()).await?))
    }

    async fn get_key_set(&self, req: Request<GetKeySetRequest>) -> Answer<GetKeySetResponse> {
        Ok(Response::new(get_key_set::run(&self.0, req.into_inner())))
    }
}
