//! `GetTenant`: the caller's workspace.

use std::sync::Arc;

use rapport_proto::tenants::v1 as pb;

use super::queries;
use crate::{app::App, caller::Caller, error::Result};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    _req: pb::GetTenantRequest,
) -> Result<pb::GetTenantResponse> {
    Ok(pb::GetTenantResponse { tenant: Some(queries::show_tenant(app.db.read(&caller.scope)).await?) })
}
