//! `TenantService` as tonic calls it: each rpc is its use case.

use std::sync::Arc;

use rapport_proto::tenants::v1::{
    CreateDepartmentRequest, CreateDepartmentResponse, CreateMemberRequest, CreateMemberResponse,
    CreateTenantRequest, CreateTenantResponse, GetTenantRequest, GetTenantResponse, GetWidgetRequest,
    GetWidgetResponse, ListDepartmentsRequest, ListDepartmentsResponse, ListMembersRequest,
    ListMembersResponse, UpdateDepartmentRequest, UpdateDepartmentResponse, UpdateMemberRequest,
    UpdateMemberResponse, UpdateTenantRequest, UpdateTenantResponse, UpdateWidgetRequest,
    UpdateWidgetResponse,
    tenant_service_server::{TenantService, TenantServiceServer},
};
use tonic::{Request, Response, Status};

use super::{
    create_department, create_member, create_tenant, get_tenant, get_widget, list_departments, list_members,
    update_department, update_member, update_tenant, update_widget,
};
use crate::{
    app::App,
    layers::auth::{admit, admit_any},
};

/// The service, ready to be served.
#[must_use]
pub fn service(app: &Arc<App>) -> TenantServiceServer<impl TenantService + use<>> {
    TenantServiceServer::new(Service(Arc::clone(app)))
}

struct Service(Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl TenantService for Service {
    async fn create_tenant(&self, req: Request<CreateTenantRequest>) -> Answer<CreateTenantResponse> {
        let (identity, req) = admit_any(req)?;
        Ok(Response::new(create_tenant::run(&self.0, &identity, req).await?))
    }

    async fn get_tenant(&self, req: Request<GetTenantRequest>) -> Answer<GetTenantResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(get_tenant::run(&self.0, &caller, req).await?))
    }

    async fn update_tenant(&self, req: Request<UpdateTenantRequest>) -> Answer<UpdateTenantResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(update_tenant::run(&self.0, &caller, req).await?))
    }

    async fn get_widget(&self, req: Request<GetWidgetRequest>) -> Answer<GetWidgetResponse> {
        Ok(Response::new(get_widget::run(&self.0, req.into_inner()).await?))
    }

    async fn update_widget(&self, req: Request<UpdateWidgetRequest>) -> Answer<UpdateWidgetResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(update_widget::run(&self.0, &caller, req).await?))
    }

    async fn create_member(&self, req: Request<CreateMemberRequest>) -> Answer<CreateMemberResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(create_member::run(&self.0, &caller, req).await?))
    }

    async fn list_members(&self, req: Request<ListMembersRequest>) -> Answer<ListMembersResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(list_members::run(&self.0, &caller, req).await?))
    }

    async fn update_member(&self, req: Request<UpdateMemberRequest>) -> Answer<UpdateMemberResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(update_member::run(&self.0, &caller, req).await?))
    }

    async fn create_department(
        &self,
        req: Request<CreateDepartmentRequest>,
    ) -> Answer<CreateDepartmentResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(create_department::run(&self.0, &caller, req).await?))
    }

    async fn list_departments(
        &self,
        req: Request<ListDepartmentsRequest>,
    ) -> Answer<ListDepartmentsResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(list_departments::run(&self.0, &caller, req).await?))
    }

    async fn update_department(
        &self,
        req: Request<UpdateDepartmentRequest>,
    ) -> Answer<UpdateDepartmentResponse> {
        let (caller, req) = admit(req)?;
        Ok(Response::new(update_department::run(&self.0, &caller, req).await?))
    }
}
