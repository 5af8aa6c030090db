//! `Refresh`: spends a refresh token for a new pair.
//!
//! A spent token that comes back under the request id that spent it is somebody who lost the answer, and gets it again. Under
//! another one two hold the same chain, and which of them is the thief cannot be told: the session ends for both.

use std::sync::Arc;

use rapport_proto::auth::v1 as pb;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, Unchanged};
use uuid::Uuid;

use super::{
    access, end_sessions,
    entity::session,
    error::AuthError,
    refresh_token::{self, Genuine, Link},
};
use crate::{
    app::App,
    clock::Micros,
    db::{TenantScope, TenantTx, Unit},
    error::Result,
    idempotency,
    ids::MemberId,
    keys::MasterKey,
    tenants::{self, entity::member},
};

pub(super) async fn run(
    app: &Arc<App>,
    address: Option<String>,
    req: pb::RefreshRequest,
) -> Result<pb::RefreshResponse> {
    let request_id = idempotency::parse(&req.request_id)?;
    let Some(token) = refresh_token::open(&app.master, &req.refresh_token) else {
        tracing::info!(address, "refresh refused: not a token of ours");
        return Err(AuthError::RefreshTokenInvalid.into());
    };
    // The token names the workspace, and only this installation can have made the token.
    let scope = TenantScope::verified(token.link.tenant);
    let (tenant, session) = (token.link.tenant, token.link.session);
    let unit = Refresh { master: app.master.clone(), token, request_id };
    let outcome = app.db.write(&scope, unit).await.inspect_err(|error| {
        tracing::info!(reason = ?error.reason, %tenant, %session, address, "refresh refused");
    })?;
    let pair = match outcome {
        Outcome::Pair(pair) => pair,
        Outcome::Reused(member) => {
            tracing::warn!(%tenant, %member, %session, address, "a spent refresh token came back; its session has been ended");
            return Err(AuthError::RefreshTokenReused.into());
        }
    };
    let access = access::of_member(app, &pair.member, session, pair.session_end)?;
    Ok(pb::RefreshResponse {
        access_token: access.token,
        access_expires_at: Some(access.expires_at),
        refresh_token: pair.refresh_token,
        refresh_expires_at: Some(pair.session_end.timestamp()),
    })
}

struct Refresh {
    master: MasterKey,
    token: Genuine,
    request_id: Uuid,
}

enum Outcome {
    Pair(Box<Pair>),
    /// The session was ended, which is to be committed: so it is no error of the unit.
    Reused(MemberId),
}

struct Pair {
    refresh_token: String,
    member: member::Model,
    session_end: Micros,
}

/// What a genuine token means to a session that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The token of the day: it is spent now.
    Rotate,
    /// Spent by this very request: the same answer again.
    Repeat,
    /// Spent by another request.
    Reused,
    /// Not a token this session had: the store is older than the token.
    Unknown,
}

fn judge(row: &session::Model, token: &Genuine, request_id: Uuid) -> Verdict {
    let generation = token.link.generation;
    if generation == row.generation && token.has_hash(&row.refresh_hash) {
        Verdict::Rotate
    } else if generation >= row.generation {
        Verdict::Unknown
    } else if generation == row.generation - 1 && row.spent_request_id == Some(request_id) {
        Verdict::Repeat
    } else {
        Verdict::Reused
    }
}

impl Unit for Refresh {
    type Out = Outcome;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Outcome> {
        let id = self.token.link.session;
        let row = tx.read().one(session::Entity::find().filter(session::Column::SessionId.eq(id))).await?;
        let open = row.filter(|row| row.revoked_at.is_none() && row.expires_at > tx.now().0);
        let row = open.ok_or(AuthError::RefreshTokenInvalid)?;
        let member = tenants::find_member(tx.read(), row.member_id).await?;
        let member = member.filter(member::Model::is_active).ok_or(AuthError::RefreshTokenInvalid)?;
        let session_end = Micros(row.expires_at);
        let link = |generation| Link { generation, ..self.token.link };
        let refresh_token = match judge(&row, &self.token, self.request_id) {
            Verdict::Unknown => return Err(AuthError::RefreshTokenInvalid.into()),
            Verdict::Reused => {
                end_sessions::one(tx, id).await?;
                return Ok(Outcome::Reused(row.member_id));
            }
            Verdict::Repeat => refresh_token::make(&self.master, link(row.generation), row.spent_request_id),
            Verdict::Rotate => {
                let next = link(row.generation + 1);
                let token = refresh_token::make(&self.master, next, Some(self.request_id));
                tx.update(session::ActiveModel {
                    session_id: Unchanged(id),
                    generation: Set(next.generation),
                    refresh_hash: Set(refresh_token::hash(&token).to_vec()),
                    spent_request_id: Set(Some(self.request_id)),
                    last_seen_at: Set(tx.now().0),
                    ..Default::default()
                })
                .await?;
                token
            }
        };
        Ok(Outcome::Pair(Box::new(Pair { refresh_token, member, session_end })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPENT_BY: Uuid = Uuid::from_u128(10);
    const OTHER: Uuid = Uuid::from_u128(11);

    fn master() -> MasterKey {
        MasterKey::from_bytes([7; 32])
    }

    fn link(generation: i32) -> Link {
        Link { session: Uuid::from_u128(1).into(), tenant: Uuid::from_u128(2).into(), generation }
    }

    fn token(generation: i32, made_by: Option<Uuid>) -> Genuine {
        let text = refresh_token::make(&master(), link(generation), made_by);
        refresh_token::open(&master(), &text).unwrap()
    }

    /// A session refreshed twice, the second time by `SPENT_BY`.
    fn row() -> session::Model {
        let current = refresh_token::make(&master(), link(2), Some(SPENT_BY));
        session::Model {
            tenant_id: link(2).tenant,
            session_id: link(2).session,
            member_id: Uuid::from_u128(3).into(),
            generation: 2,
            refresh_hash: refresh_token::hash(&current).to_vec(),
            spent_request_id: Some(SPENT_BY),
            user_agent: String::new(),
            address: String::new(),
            created_at: 0,
            last_seen_at: 0,
            expires_at: 1,
            revoked_at: None,
        }
    }

    #[test]
    fn a_token_is_spent_once_and_given_again_only_to_the_request_that_spent_it() {
        assert_eq!(judge(&row(), &token(2, Some(SPENT_BY)), OTHER), Verdict::Rotate);
        assert_eq!(judge(&row(), &token(1, Some(OTHER)), SPENT_BY), Verdict::Repeat);
        assert_eq!(judge(&row(), &token(1, Some(OTHER)), OTHER), Verdict::Reused);
        assert_eq!(
            judge(&row(), &token(0, None), SPENT_BY),
            Verdict::Reused,
            "two steps back is no lost answer"
        );
    }

    #[test]
    fn what_the_session_never_had_ends_nothing() {
        assert_eq!(judge(&row(), &token(2, Some(OTHER)), OTHER), Verdict::Unknown);
        assert_eq!(judge(&row(), &token(3, Some(OTHER)), OTHER), Verdict::Unknown);
    }
}
