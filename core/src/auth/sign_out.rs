//! `SignOut`: ends the caller's session, on every node within a second.

use std::sync::Arc;

use rapport_proto::auth::v1 as pb;

use super::end_sessions;
use crate::{
    app::App,
    db::{TenantTx, Unit},
    error::Result,
    ids::SessionId,
    tokens::Identity,
};

pub(super) async fn run(
    app: &Arc<App>,
    address: Option<String>,
    identity: &Identity,
    _req: pb::SignOutRequest,
) -> Result<pb::SignOutResponse> {
    // An operator has no session: the token ends by itself.
    if let Identity::Caller(caller) = identity {
        app.db.write(&caller.scope, SignOut(caller.session)).await?;
        let (tenant, actor, session) = (caller.tenant(), caller.principal, caller.session);
        tracing::info!(%tenant, %actor, %session, address, "signed out");
    }
    Ok(pb::SignOutResponse {})
}

struct SignOut(SessionId);

impl Unit for SignOut {
    type Out = ();

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
        // A visit has no row; its access token is refused all the same.
        end_sessions::one(tx, self.0).await
    }
}
