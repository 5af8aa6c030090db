//! Ends sessions: no refresh token of theirs is good any more, and access tokens and streams end within a second.

use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};

use super::entity::session;
use crate::{
    db::TenantTx,
    error::Result,
    ids::{MemberId, SessionId},
    revocations::Revoke,
};

/// How many sessions of a member are revoked by name. Nobody has so many devices; the tokens of sessions beyond it are refused
/// by the member's new generation, and the work stays within one statement's bounds however often somebody signed in.
const BY_NAME: u64 = 1_000;

/// Ends every session of a member whose generation the caller has just raised.
pub(crate) async fn run(tx: &mut TenantTx<'_>, member: MemberId) -> Result<()> {
    end(tx, Condition::all().add(session::Column::MemberId.eq(member))).await?;
    Ok(())
}

/// Ends every session of a member but one. Says whether tokens of more of them may live on, beyond those revoked by name: then the
/// member's generation must be raised, which the session that is left answers with a refresh.
pub(super) async fn others(tx: &mut TenantTx<'_>, member: MemberId, kept: SessionId) -> Result<bool> {
    let others =
        Condition::all().add(session::Column::MemberId.eq(member)).add(session::Column::SessionId.ne(kept));
    Ok(end(tx, others).await? == BY_NAME)
}

/// Ends the sessions of this kind, the last used ones by name; says how many these are.
async fn end(tx: &mut TenantTx<'_>, sessions: Condition) -> Result<u64> {
    let open = session::Entity::find()
        .filter(sessions.clone())
        .filter(session::Column::RevokedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(tx.now().0))
        .order_by_desc(session::Column::LastSeenAt)
        .limit(BY_NAME);
    let named = tx.read().all(open).await?;
    if named.is_empty() {
        return Ok(0);
    }
    let update = session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::value(tx.now().0))
        .filter(sessions)
        .filter(session::Column::RevokedAt.is_null());
    tx.update_many(update).await?;
    for row in &named {
        tx.revoke(Revoke::Session(row.session_id));
    }
    Ok(named.len() as u64)
}

/// Ends one session; one that has ended already stays as it is.
pub(super) async fn one(tx: &mut TenantTx<'_>, session: SessionId) -> Result<()> {
    let update = session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::value(tx.now().0))
        .filter(session::Column::SessionId.eq(session))
        .filter(session::Column::RevokedAt.is_null());
    tx.update_many(update).await?;
    tx.revoke(Revoke::Session(session));
    Ok(())
}
