//! `StartVisit`: an access token for a visitor. Nothing is written: who the visitor is stands in the sealed secret that the
//! browser keeps, so a crowd of passers-by costs no row.

use std::sync::Arc;

use rapport_proto::auth::v1 as pb;
use uuid::Uuid;

use super::{access, error::AuthError};
use crate::{
    app::App,
    db::TenantScope,
    error::{Error, Result},
    ids::{TenantId, VisitorId},
    seal::{Purpose, Sealer},
    tenants,
};

pub(super) async fn run(app: &Arc<App>, req: pb::StartVisitRequest) -> Result<pb::StartVisitResponse> {
    let tenant = tenants::find_by_slug(app, &req.workspace).await?;
    let tenant = tenant.ok_or_else(|| Error::not_found("workspace"))?.tenant_id;
    let visitor = if req.visitor_secret.is_empty() {
        app.ids.make()
    } else {
        open(&app.sealer, tenant, &req.visitor_secret).ok_or(AuthError::VisitorSecretInvalid)?
    };
    // Each visit is a session of its own: signing out of one leaves the others.
    let access = access::of_visitor(app, TenantScope::verified(tenant), visitor, app.ids.make())?;
    Ok(pb::StartVisitResponse {
        visitor_id: visitor.to_string(),
        access_token: access.token,
        access_expires_at: Some(access.expires_at),
        visitor_secret: seal(&app.sealer, tenant, visitor)?,
    })
}

fn seal(sealer: &Sealer, tenant: TenantId, visitor: VisitorId) -> Result<String> {
    let mut content = [0; 32];
    content[..16].copy_from_slice(tenant.uuid().as_bytes());
    content[16..].copy_from_slice(visitor.uuid().as_bytes());
    sealer.seal(Purpose::VisitorSecret, &content)
}

/// The visitor a secret of this workspace speaks for.
fn open(sealer: &Sealer, tenant: TenantId, secret: &str) -> Option<VisitorId> {
    let content: [u8; 32] = sealer.open(Purpose::VisitorSecret, secret)?.try_into().ok()?;
    if content[..16] != tenant.uuid().as_bytes()[..] {
        return None;
    }
    Uuid::from_slice(&content[16..]).ok().map(VisitorId::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;

    #[test]
    fn a_secret_is_the_visitor_in_its_own_workspace_only() {
        let sealer = Sealer::new(&MasterKey::from_bytes([7; 32]));
        let (here, there) = (TenantId::from(Uuid::from_u128(1)), TenantId::from(Uuid::from_u128(2)));
        let visitor = VisitorId::from(Uuid::from_u128(3));
        let secret = seal(&sealer, here, visitor).unwrap();
        assert_eq!(open(&sealer, here, &secret), Some(visitor));
        assert_eq!(open(&sealer, there, &secret), None);
        assert_eq!(open(&sealer, here, "nonsense"), None);
        let cursor = sealer.seal(Purpose::Cursor, &[1; 32]).unwrap();
        assert_eq!(open(&sealer, here, &cursor), None);
    }
}
