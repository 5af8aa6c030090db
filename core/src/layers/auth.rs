//! Who calls, and whether the contract lets them. One policy for every transport: the permission that stands at the rpc.

use std::sync::Arc;

use http::{Extensions, header::AUTHORIZATION};
use rapport_proto::{contract, options::v1::Permission};
use tonic::Status;

use super::{Answer, Request, door::FromEdge};
use crate::{
    app::App,
    caller::{Caller, OPERATOR},
    error::{Error, Reason, Result},
    server::Peer,
    tokens::Identity,
};

pub(super) fn check(app: &App, req: &mut Request) -> Answer<()> {
    // What is not in the contract (health, reflection, unknown paths) holds no data and is answered by its own service.
    let Some(method) = contract::method(req.uri().path()) else { return Ok(()) };
    match method.permission {
        Permission::Public => return Ok(()),
        // No person holds it and no token gives it: to whoever is not an edge there is no such rpc.
        Permission::Edge if req.extensions().get::<FromEdge>().is_some() => return Ok(()),
        Permission::Edge => return Err(Error::new(Reason::MethodUnknown, "there is no such rpc")),
        _ => {}
    }
    let address = address(req.extensions());
    let refused = |error: &Error| tracing::info!(reason = ?error.reason, address, "token refused");
    let token = bearer(req).inspect_err(refused)?;
    let identity = judge(app, token, method.permission, address.as_deref())?;
    req.extensions_mut().insert(identity);
    Ok(())
}

fn bearer(req: &Request) -> Answer<&str> {
    let mut values = req.headers().get_all(AUTHORIZATION).iter();
    let token = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().and_then(|value| value.split_once(' ')),
        _ => None,
    };
    let token = token.and_then(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()));
    token.ok_or_else(|| Error::new(Reason::TokenMissing, "send authorization: Bearer <access token>"))
}

/// Whom a token speaks for, if it still does and the one it speaks for holds the permission; the log has every refusal.
pub(crate) fn judge(
    app: &App,
    token: &str,
    permission: Permission,
    address: Option<&str>,
) -> Result<Identity> {
    let identity = verify(app, token)
        .inspect_err(|error| tracing::info!(reason = ?error.reason, address, "token refused"))?;
    let held = match &identity {
        Identity::Caller(caller) => caller.permissions(),
        Identity::Operator(_) => OPERATOR,
    };
    if held.contains(&permission) {
        return Ok(identity);
    }
    let permission = contract::permission_name(permission);
    let (tenant, actor, session) = who(&identity);
    tracing::info!(permission, tenant, actor, session, address, "permission missing");
    Err(Error::new(Reason::PermissionMissing, format!("this needs the permission {permission}"))
        .with("permission", permission))
}

fn verify(app: &App, token: &str) -> Result<Identity> {
    let identity = app.tokens.verify(token)?;
    if let Identity::Caller(caller) = &identity
        && let Some(reason) = app.revocations.verdict(caller)
    {
        let (tenant, actor, session) = who(&identity);
        tracing::info!(?reason, tenant, actor, session, "the token's session or rights have ended");
        return Err(Error::new(reason, "this session or its rights have ended"));
    }
    Ok(identity)
}

/// Tenant, actor and session as the log names them; an operator has none of them but the name.
fn who(identity: &Identity) -> (Option<String>, String, Option<String>) {
    match identity {
        Identity::Caller(caller) => (
            Some(caller.tenant().to_string()),
            caller.principal.to_string(),
            Some(caller.session.to_string()),
        ),
        Identity::Operator(_) => (None, "operator".to_owned(), None),
    }
}

/// Where a call comes from, for the log: what the edge said, or the other end of the connection; a call within the process that
/// no edge vouches for comes from nowhere.
pub(crate) fn address(extensions: &Extensions) -> Option<String> {
    let told = extensions.get::<FromEdge>().and_then(|edge| edge.address);
    told.or_else(|| extensions.get::<Peer>().map(|peer| peer.0.ip())).map(|address| address.to_string())
}

/// The caller this layer put there, and the checked message. The first line of every rpc of a workspace.
pub fn admit<T>(req: tonic::Request<T>) -> Result<(Arc<Caller>, T), Status> {
    match req.extensions().get::<Identity>() {
        Some(Identity::Caller(caller)) => Ok((Arc::clone(caller), req.into_inner())),
        Some(Identity::Operator(_)) | None => {
            Err(Error::new(Reason::PermissionMissing, "this needs a caller of a workspace").into())
        }
    }
}

/// Whoever this layer let through, and the checked message.
pub fn admit_any<T>(req: tonic::Request<T>) -> Result<(Identity, T), Status> {
    match req.extensions().get::<Identity>().cloned() {
        Some(identity) => Ok((identity, req.into_inner())),
        None => Err(Error::new(Reason::TokenMissing, "this needs a token").into()),
    }
}
