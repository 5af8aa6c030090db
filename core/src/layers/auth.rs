//! Who calls, and whether the contract lets them. One policy for every transport: the permission that stands at the rpc.

use std::sync::Arc;

use http::{Extensions, header::AUTHORIZATION};
use rapport_proto::{contract, options::v1::Permission};
use tonic::Status;

use super::{Answer, Request};
use crate::{
    app::App,
    caller::{Caller, OPERATOR, Principal},
    error::{Error, Reason, Result},
    server::Peer,
    tokens::Identity,
};

pub(super) fn check(app: &App, req: &mut Request) -> Answer<()> {
    // What is not in the contract (health, reflection, unknown paths) holds no data and is answered by its own service.
    let Some(method) = contract::method(req.uri().path()) else { return Ok(()) };
    if method.permission == Permission::Public {
        return Ok(());
    }
    let identity = identify(app, req).inspect_err(|error| {
        tracing::info!(reason = ?error.reason, address = address(req.extensions()), "token refused");
    })?;
    let held = match &identity {
        Identity::Caller(caller) => caller.permissions(),
        Identity::Operator(_) => OPERATOR,
    };
    if !held.contains(&method.permission) {
        let permission = contract::permission_name(method.permission);
        let (tenant, actor, session) = who(&identity);
        tracing::info!(
            permission,
            tenant,
            actor,
            session,
            address = address(req.extensions()),
            "permission missing"
        );
        return Err(Error::new(Reason::PermissionMissing, format!("this needs the permission {permission}"))
            .with("permission", permission));
    }
    req.extensions_mut().insert(identity);
    Ok(())
}

fn identify(app: &App, req: &Request) -> Answer<Identity> {
    let mut values = req.headers().get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Error::new(Reason::TokenMissing, "send metadata authorization: Bearer <access token>"));
    };
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .and_then(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()));
    let Some(token) = token else {
        return Err(Error::new(Reason::TokenMissing, "send metadata authorization: Bearer <access token>"));
    };
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
        Identity::Caller(caller) => {
            (Some(caller.tenant().to_string()), actor(caller), Some(caller.session.to_string()))
        }
        Identity::Operator(_) => (None, "operator".to_owned(), None),
    }
}

/// The id of the member or the visitor, as the log names it.
pub(crate) fn actor(caller: &Caller) -> String {
    match caller.principal {
        Principal::Member(id, _) => id.to_string(),
        Principal::Visitor(id) => id.to_string(),
    }
}

/// Where a call comes from, for the log; a call within the process comes from nowhere.
pub(crate) fn address(extensions: &Extensions) -> Option<String> {
    extensions.get::<Peer>().map(|peer| peer.0.ip().to_string())
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
