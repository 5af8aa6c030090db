//! `Authorize`: whose an access token is, what its session hears, and where it begins.

use std::sync::Arc;

use rapport_proto::{
    edge::v1::{AuthorizeRequest, AuthorizeResponse},
    events::v1::ResetCause,
    options::v1::Permission,
};

use crate::{
    app::App,
    caller::{Caller, Principal},
    clock::Micros,
    error::{Error, Reason, Result},
    events::{begin::begin, log},
    layers::auth::judge,
    tenants,
    tokens::Identity,
};

pub(super) async fn run(
    app: &Arc<App>,
    address: Option<&str>,
    req: AuthorizeRequest,
) -> Result<AuthorizeResponse> {
    // To open a session is to follow the log, and takes the same permission; an operator has none of a workspace.
    let identity = judge(app, &req.access_token, Permission::EventsRead, address)?;
    let Identity::Caller(caller) = identity else {
        return Err(Error::new(Reason::PermissionMissing, "this needs a caller of a workspace"));
    };
    let read = app.db.read(&caller.scope);
    if !req.origin.is_empty() && !tenants::allows_origin(read, &req.origin).await? {
        return Err(Error::new(Reason::OriginRefused, "this workspace does not allow pages of this origin"));
    }
    // The end first, the grants after it: a change of grants beyond this end is an event still to come. So it does no harm where the
    // end that is known here is not the newest, but for a reader who has been further already.
    let (end, at, place, reset) = match app.feeds.last(caller.tenant()) {
        Some((end, at)) => match begin(app, &caller.scope, &req.cursor, end).await? {
            (place, None) => (end, at, place, None),
            (_, Some(_)) => from_the_log(app, &caller, &req.cursor).await?,
        },
        None => from_the_log(app, &caller, &req.cursor).await?,
    };
    let grants = tenants::grants_of(app, &caller).await?;
    let left = app.clock.now().until(caller.expires_at);
    Ok(AuthorizeResponse {
        tenant_id: caller.tenant().to_string(),
        principal: caller.principal.to_string(),
        session_id: caller.session.to_string(),
        generation: u32::try_from(caller.generation).unwrap_or_default(),
        principals: grants.principals(),
        present: matches!(caller.principal, Principal::Member(..)),
        place,
        end,
        head: app.cursors.seal(caller.tenant(), end, at)?,
        epoch: app.installation.epoch.to_string(),
        reset: reset.unwrap_or_default().into(),
        expires_in_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
    })
}

/// The end of the log, when that was committed, and where the session begins, as the log says.
async fn from_the_log(
    app: &App,
    caller: &Caller,
    cursor: &str,
) -> Result<(i64, Micros, i64, Option<ResetCause>)> {
    let (end, at) = log::last(app.db.read(&caller.scope)).await?;
    app.feeds.ends_with(caller.tenant(), end, at);
    let (place, reset) = begin(app, &caller.scope, cursor, end).await?;
    Ok((end, at, place, reset))
}
