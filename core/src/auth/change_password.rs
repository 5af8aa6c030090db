//! `ChangePassword`: a member who knows the old password gets a new one, and every other session of theirs ends.
//!
//! The old one is asked for again because a session that was left open is not the person. The new one ends the others because
//! somebody who changes a password may do so for having lost it.

use std::sync::Arc;

use rapport_proto::auth::v1 as pb;

use super::{end_sessions, error::AuthError};
use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::Result,
    ids::SessionId,
    tenants::{
        self, SelfChange,
        entity::member::{self, PasswordHash},
    },
};

pub(super) async fn run(
    app: &Arc<App>,
    address: Option<String>,
    caller: &Caller,
    req: pb::ChangePasswordRequest,
) -> Result<pb::ChangePasswordResponse> {
    let (tenant, actor, session) = (caller.tenant(), caller.principal, caller.session);
    match attempt(app, caller, &req).await {
        Ok(()) => {
            tracing::info!(%tenant, %actor, %session, address, "password changed");
            Ok(pb::ChangePasswordResponse {})
        }
        Err(error) => {
            let reason = error.reason;
            tracing::info!(%tenant, %actor, %session, ?reason, address, "password change refused");
            Err(error)
        }
    }
}

async fn attempt(app: &App, caller: &Caller, req: &pb::ChangePasswordRequest) -> Result<()> {
    let known = tenants::find_member(app.db.read(&caller.scope), caller.member()?.0).await?;
    let known = known.filter(member::Model::is_active);
    let hash = known.as_ref().map(|member| member.password_hash.0.as_str());
    let fits = app.passwords.verify(hash, &req.current_password).await?;
    let verified = known.filter(|_| fits).ok_or(AuthError::PasswordWrong)?;
    let new = PasswordHash(app.passwords.hash(&req.new_password).await?);
    app.db.write(&caller.scope, ChangePassword { verified, new, kept: caller.session }).await
}

struct ChangePassword {
    /// The member as the old password was verified against it.
    verified: member::Model,
    new: PasswordHash,
    kept: SessionId,
}

impl Unit for ChangePassword {
    type Out = ();

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
        // A suspension or a new password that was committed while the old one was verified wins.
        let now = tenants::find_member(tx.read(), self.verified.member_id).await?;
        let now = now.filter(|now| now.is_active() && now.password_hash == self.verified.password_hash);
        let now = now.ok_or(AuthError::PasswordWrong)?;
        let ends_tokens = end_sessions::others(tx, now.member_id, self.kept).await?;
        let change = SelfChange { password_hash: Some(self.new.clone()), ends_tokens, ..Default::default() };
        tenants::change_self(tx, &now, change).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rapport_proto::tenants::v1::Role;
    use sea_orm::{EntityTrait as _, Set};

    use super::{super::entity::session, *};
    use crate::{caller::Principal, error::Reason, ids::MemberId, testing::TestApp};

    /// Gives a member a password and sessions.
    struct Begin(MemberId, PasswordHash, Vec<SessionId>);

    impl Unit for Begin {
        type Out = ();

        async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
            let row = tenants::find_member(tx.read(), self.0).await?.unwrap();
            let change = SelfChange { password_hash: Some(self.1.clone()), ..Default::default() };
            tenants::change_self(tx, &row, change).await?;
            let session = |id: &SessionId| session::ActiveModel {
                session_id: Set(*id),
                member_id: Set(self.0),
                generation: Set(0),
                refresh_hash: Set(Vec::new()),
                spent_request_id: Set(None),
                user_agent: Set(String::new()),
                address: Set(String::new()),
                created_at: Set(tx.now().0),
                last_seen_at: Set(tx.now().0),
                expires_at: Set(i64::MAX),
                revoked_at: Set(None),
                ..Default::default()
            };
            tx.insert_many(self.2.iter().map(session).collect()).await
        }
    }

    #[tokio::test]
    async fn every_other_session_ends_however_many_there_are() {
        for (count, generation) in [(3, 0), (1_001, 1)] {
            let app = TestApp::start().await;
            let (scope, owner) = app.workspace().await;
            let caller = app.caller(scope, Principal::Member(owner, Role::Owner));
            let mut sessions: Vec<SessionId> = (1..count).map(|_| app.ids.make()).collect();
            sessions.push(caller.session);
            let old = PasswordHash(app.passwords.hash("old password").await.unwrap());
            app.db.write(&scope, Begin(owner, old, sessions)).await.unwrap();
            let change = |current: &str| pb::ChangePasswordRequest {
                current_password: current.to_owned(),
                new_password: "new password".to_owned(),
            };
            let wrong = run(&app, None, &caller, change("no password")).await.unwrap_err();
            assert_eq!(wrong.reason, Reason::PasswordWrong);
            let open = async || {
                let rows = app.db.read(&scope).all(session::Entity::find()).await.unwrap();
                let open = rows.into_iter().filter(|row| row.revoked_at.is_none());
                open.map(|row| row.session_id).collect::<Vec<_>>()
            };
            assert_eq!(open().await.len(), count, "a wrong password ends nothing");
            run(&app, None, &caller, change("old password")).await.unwrap();
            assert_eq!(open().await, [caller.session]);
            // Where not all could be named, the tokens of the rest are stale; the session that is left refreshes its own.
            let member = tenants::find_member(app.db.read(&scope), owner).await.unwrap().unwrap();
            assert_eq!(member.generation, generation, "of {count} sessions");
            let wrong = run(&app, None, &caller, change("old password")).await.unwrap_err();
            assert_eq!(wrong.reason, Reason::PasswordWrong, "it is the old one by now");
            assert!(app.passwords.verify(Some(&member.password_hash.0), "new password").await.unwrap());
        }
    }
}
