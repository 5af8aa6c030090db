//! `SignIn`: opens a session for a member. An unknown address, a suspended member and a wrong password look and cost the same.

use std::{sync::Arc, time::Duration};

use rapport_proto::auth::v1 as pb;
use sea_orm::Set;

use super::{
    access,
    entity::session,
    error::AuthError,
    refresh_token::{self, Link},
};
use crate::{
    app::App,
    clock::Micros,
    db::{TenantScope, TenantTx, Unit},
    error::Result,
    ids::{MemberId, SessionId},
    layers::auth::address,
    tenants::{self, entity::member},
};

/// How long a session lasts, however often it is refreshed.
const SESSION: Duration = Duration::from_hours(30 * 24);
/// How much of a workspace's name is logged, which may be anything.
const WORKSPACE: usize = 100;
/// How much of what a browser calls itself is kept.
const USER_AGENT: usize = 300;

/// From where somebody signs in, for the list of sessions.
#[derive(Clone, Debug)]
pub(super) struct Device {
    user_agent: String,
    address: Option<String>,
}

impl Device {
    pub(super) fn of<T>(req: &tonic::Request<T>) -> Self {
        let agent =
            req.metadata().get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self { user_agent: agent.chars().take(USER_AGENT).collect(), address: address(req.extensions()) }
    }
}

pub(super) async fn run(
    app: &Arc<App>,
    device: Device,
    req: pb::SignInRequest,
) -> Result<pb::SignInResponse> {
    // What stands as the e-mail may be a password typed into the wrong field: the log names the member instead.
    let workspace: String = req.workspace.chars().take(WORKSPACE).collect();
    let address = device.address.clone();
    let found = find_member(app, &req.workspace, &req.email).await?;
    let member = found.as_ref().map(|member| member.member_id.to_string());
    match attempt(app, device, found, &req.password).await {
        Ok((session, response)) => {
            tracing::info!(workspace, member, %session, address, "signed in");
            Ok(response)
        }
        Err(error) => {
            tracing::info!(workspace, member, reason = ?error.reason, address, "sign-in refused");
            Err(error)
        }
    }
}

async fn attempt(
    app: &App,
    device: Device,
    found: Option<member::Model>,
    password: &str,
) -> Result<(SessionId, pb::SignInResponse)> {
    let known = found.filter(member::Model::is_active);
    let hash = known.as_ref().map(|member| member.password_hash.0.as_str());
    let fits = app.passwords.verify(hash, password).await?;
    let Some(known) = known.filter(|_| fits) else { return Err(AuthError::CredentialsWrong.into()) };
    let link = Link { session: app.ids.make(), tenant: known.tenant_id, generation: 0 };
    let refresh_token = refresh_token::make(&app.master, link, None);
    let unit = OpenSession {
        session: link.session,
        verified: known,
        refresh_hash: refresh_token::hash(&refresh_token),
        device,
    };
    let opened = app.db.write(&TenantScope::verified(link.tenant), unit).await?;
    let access = access::of_member(app, &opened.member, link.session, opened.expires_at)?;
    let response = pb::SignInResponse {
        access_token: access.token,
        access_expires_at: Some(access.expires_at),
        refresh_token,
        refresh_expires_at: Some(opened.expires_at.timestamp()),
        member: Some((&opened.member).into()),
    };
    Ok((link.session, response))
}

/// The member with this address, who may be suspended.
async fn find_member(app: &App, workspace: &str, email: &str) -> Result<Option<member::Model>> {
    let Some(tenant) = tenants::find_by_slug(app, workspace).await? else { return Ok(None) };
    let read = app.db.read(&TenantScope::verified(tenant.tenant_id));
    tenants::find_member_by_email(app, read, email).await
}

struct OpenSession {
    session: SessionId,
    /// The member as the password was verified against it.
    verified: member::Model,
    refresh_hash: [u8; 32],
    device: Device,
}

struct Opened {
    member: member::Model,
    expires_at: Micros,
}

impl Unit for OpenSession {
    type Out = Opened;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Opened> {
        let member = self.still_verified(tx, self.verified.member_id).await?;
        let expires_at = tx.now().plus(SESSION);
        tx.insert(session::ActiveModel {
            session_id: Set(self.session),
            member_id: Set(member.member_id),
            generation: Set(0),
            refresh_hash: Set(self.refresh_hash.to_vec()),
            spent_request_id: Set(None),
            user_agent: Set(self.device.user_agent.clone()),
            address: Set(self.device.address.clone().unwrap_or_default()),
            created_at: Set(tx.now().0),
            last_seen_at: Set(tx.now().0),
            expires_at: Set(expires_at.0),
            revoked_at: Set(None),
            ..Default::default()
        })
        .await?;
        Ok(Opened { member, expires_at })
    }
}

impl OpenSession {
    /// A suspension or a new password that was committed while the old one was verified ended every session: this one as well.
    async fn still_verified(&self, tx: &TenantTx<'_>, id: MemberId) -> Result<member::Model> {
        let now = tenants::find_member(tx.read(), id).await?;
        let now = now.filter(|now| now.is_active() && now.password_hash == self.verified.password_hash);
        Ok(now.ok_or(AuthError::CredentialsWrong)?)
    }
}
