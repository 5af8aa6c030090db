//! `GetSelf`: who the caller is and what the caller may do.

use std::sync::Arc;

use rapport_proto::{auth::v1 as pb, options::v1::Permission};

use crate::{
    app::App,
    caller::{OPERATOR, Principal},
    error::{Error, Result},
    tenants,
    tokens::Identity,
};

pub(super) async fn run(
    app: &Arc<App>,
    identity: &Identity,
    _req: pb::GetSelfRequest,
) -> Result<pb::GetSelfResponse> {
    let Identity::Caller(caller) = identity else {
        return Ok(pb::GetSelfResponse { permissions: numbers(OPERATOR), ..Default::default() });
    };
    let read = app.db.read(&caller.scope);
    let mut response = pb::GetSelfResponse {
        tenant: Some(tenants::show_tenant(read).await?),
        permissions: numbers(caller.permissions()),
        ..Default::default()
    };
    match caller.principal {
        Principal::Visitor(id) => response.visitor_id = id.to_string(),
        Principal::Member(id, _) => {
            let member = tenants::find_member(read, id).await?;
            response.member = Some((&member.ok_or_else(|| Error::not_found("member"))?).into());
        }
    }
    Ok(response)
}

fn numbers(permissions: &[Permission]) -> Vec<i32> {
    permissions.iter().map(|permission| (*permission).into()).collect()
}
