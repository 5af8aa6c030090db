//! `CreateTenant`: an operator makes a workspace.
//!
//! The new workspace's id follows from the request id, so that the same request meets the answer it got before in the
//! workspace it made before.

use std::sync::Arc;

use rapport_proto::tenants::v1 as pb;
use uuid::Uuid;

use super::{
    blind::blind,
    create::{NewTenant, create},
};
use crate::{
    app::App,
    db::{TenantScope, TenantTx, Unit},
    error::{Error, Reason, Result},
    idempotency::Once,
    ids::TenantId,
    keys::MasterKey,
    tokens::Identity,
};

pub(super) async fn run(
    app: &Arc<App>,
    identity: &Identity,
    mut req: pb::CreateTenantRequest,
) -> Result<pb::CreateTenantResponse> {
    if !matches!(identity, Identity::Operator(_)) {
        return Err(Error::new(Reason::PermissionMissing, "operators only"));
    }
    let workspace = req.workspace.clone().ok_or_else(|| Error::field("workspace", "is required"))?;
    let owner = req.owner.clone().ok_or_else(|| Error::field("owner", "is required"))?;
    if let Some(owner) = &mut req.owner {
        blind(&app.master, &mut owner.password);
    }
    // Operators are one caller: whoever of them asks again gets the answer.
    let once = Once::new("CreateTenant", Uuid::nil(), &req.request_id, &req)?;
    let password_hash = app.passwords.hash(&owner.password).await?;
    let scope = TenantScope::verified(id_for(&app.master, once.request_id()));
    let new = NewTenant::new(&app.ids, workspace, owner, password_hash);
    app.db.write(&scope, CreateTenant { once, new }).await
}

/// Of version 8, where made ids are of version 7: the two cannot meet.
fn id_for(master: &MasterKey, request_id: Uuid) -> TenantId {
    let code = master.mac(b"create-tenant", request_id.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&code[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().into()
}

struct CreateTenant {
    once: Once,
    new: NewTenant,
}

impl Unit for CreateTenant {
    type Out = pb::CreateTenantResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Self::Out> {
        if let Some(earlier) = self.once.earlier(tx).await? {
            return Ok(earlier);
        }
        let (tenant, owner) = create(tx, &self.new).await?;
        let response = pb::CreateTenantResponse { tenant: Some(tenant), owner: Some(owner) };
        self.once.keep(tx, &response).await?;
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_always_means_the_same_workspace() {
        let master = MasterKey::from_bytes([7; 32]);
        let id = id_for(&master, Uuid::from_u128(1));
        assert_eq!(id, id_for(&master, Uuid::from_u128(1)));
        assert_ne!(id, id_for(&master, Uuid::from_u128(2)));
        assert_eq!(id.uuid().get_version_num(), 8);
    }
}
