//! `SetUp`: the first workspace and its owner. There is no default account; whoever can read what the server printed at its
//! start is who may do this, and once.

use std::sync::Arc;

use rapport_proto::auth::v1 as pb;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::Expr};
use subtle::ConstantTimeEq as _;

use super::error::AuthError;
use crate::{
    app::App,
    db::{TenantScope, TenantTx, Unit, installation::entity as installation},
    error::{Error, Result},
    tenants::{self, NewTenant},
};

/// The text that opens this installation while it has no owner.
#[must_use]
pub fn setup_token(app: &App) -> String {
    let code = app.master.mac(b"setup-token", app.installation.epoch.as_bytes());
    hex::encode(&code[..16])
}

/// Whether the installation has no owner yet.
pub async fn needs_owner(app: &App) -> Result<bool> {
    let across = app.db.across_tenants("the installation belongs to no workspace");
    let row = across.one(installation::Entity::find()).await?;
    Ok(row.is_none_or(|row| row.set_up_at.is_none()))
}

pub(super) async fn run(
    app: &Arc<App>,
    address: Option<String>,
    req: pb::SetUpRequest,
) -> Result<pb::SetUpResponse> {
    match attempt(app, req).await {
        Ok(made) => {
            let tenant = made.tenant.as_ref().map(|tenant| tenant.tenant_id.as_str());
            let member = made.owner.as_ref().map(|owner| owner.member_id.as_str());
            tracing::info!(tenant, member, address, "set up");
            Ok(made)
        }
        Err(error) => {
            tracing::warn!(reason = ?error.reason, address, "setup refused");
            Err(error)
        }
    }
}

async fn attempt(app: &App, req: pb::SetUpRequest) -> Result<pb::SetUpResponse> {
    // Both before the password costs anything: this call needs no token of a caller.
    let right: bool = req.setup_token.as_bytes().ct_eq(setup_token(app).as_bytes()).into();
    if !right {
        return Err(AuthError::SetupTokenWrong.into());
    }
    if !needs_owner(app).await? {
        return Err(AuthError::SetupDone.into());
    }
    let workspace = req.workspace.ok_or_else(|| Error::field("workspace", "is required"))?;
    let owner = req.owner.ok_or_else(|| Error::field("owner", "is required"))?;
    let password_hash = app.passwords.hash(&owner.password).await?;
    let scope = TenantScope::verified(app.ids.make());
    let unit = SetUp(NewTenant::new(&app.ids, workspace, owner, password_hash));
    app.db.write(&scope, unit).await
}

struct SetUp(NewTenant);

impl Unit for SetUp {
    type Out = pb::SetUpResponse;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Self::Out> {
        // The row decides between two who set up at the same moment, on whatever core: one of them changes it.
        let claim = installation::Entity::update_many()
            .col_expr(installation::Column::SetUpAt, Expr::value(tx.now().0))
            .filter(installation::Column::SetUpAt.is_null());
        if tx.global("the installation belongs to no workspace").update_many(claim).await? == 0 {
            return Err(AuthError::SetupDone.into());
        }
        let (tenant, owner) = tenants::create(tx, &self.0).await?;
        Ok(pb::SetUpResponse { tenant: Some(tenant), owner: Some(owner) })
    }
}
