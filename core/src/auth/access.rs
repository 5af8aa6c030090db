//! The access token that a session gives; it never lives longer than the session.

use prost_types::Timestamp;

use crate::{
    app::App,
    caller::{Caller, Principal},
    clock::Micros,
    db::TenantScope,
    error::Result,
    ids::{SessionId, VisitorId},
    tenants::entity::member,
};

/// An access token as it goes out.
pub(super) struct Access {
    pub(super) token: String,
    pub(super) expires_at: Timestamp,
}

/// For a member, with the rights of the row.
pub(super) fn of_member(
    app: &App,
    member: &member::Model,
    session: SessionId,
    session_end: Micros,
) -> Result<Access> {
    issue(
        app,
        &Caller {
            scope: TenantScope::verified(member.tenant_id),
            principal: Principal::Member(member.member_id, member.role()),
            session,
            generation: member.generation,
            name: member.public_name().to_owned(),
            expires_at: session_end.min(app.tokens.end()),
        },
    )
}

/// For a visitor, whose name is not known here: the customer of a chat has one.
pub(super) fn of_visitor(
    app: &App,
    scope: TenantScope,
    visitor: VisitorId,
    session: SessionId,
) -> Result<Access> {
    issue(
        app,
        &Caller {
            scope,
            principal: Principal::Visitor(visitor),
            session,
            generation: 0,
            name: String::new(),
            expires_at: app.tokens.end(),
        },
    )
}

fn issue(app: &App, caller: &Caller) -> Result<Access> {
    // A token tells its end in whole seconds; the answer says the same moment.
    let expires_at = Micros(caller.expires_at.seconds() * 1_000_000).timestamp();
    Ok(Access { token: app.tokens.issue(caller)?, expires_at })
}
