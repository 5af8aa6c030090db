//! Who calls, and what they may do. A `Caller` is made by the auth layer from a verified token and by nothing else.

use rapport_proto::{
    options::v1::Permission,
    tenants::v1::{MemberState, Role},
};

use crate::{
    clock::Micros,
    db::TenantScope,
    error::{Error, Reason, Result},
    ids::{MemberId, SessionId, TenantId, VisitorId},
};

/// The one who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A member of the workspace.
    Member(MemberId, Role),
    /// A customer.
    Visitor(VisitorId),
}

impl Principal {
    /// The bare id.
    #[must_use]
    pub fn id(self) -> uuid::Uuid {
        match self {
            Self::Member(id, _) => id.uuid(),
            Self::Visitor(id) => id.uuid(),
        }
    }
}

/// The id of the member or the visitor, as the wire and the log name it.
impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Member(id, _) => id.fmt(f),
            Self::Visitor(id) => id.fmt(f),
        }
    }
}

/// A verified caller within a workspace.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The workspace; the key to its data.
    pub scope: TenantScope,
    /// The one who acts.
    pub principal: Principal,
    /// The session the token was made for.
    pub session: SessionId,
    /// The member's rights at the time the token was made; a later change makes the token stale.
    pub generation: i32,
    /// What to show as the sender's name: of a member the public one.
    pub name: String,
    /// When the token ends.
    pub expires_at: Micros,
}

impl Caller {
    /// The workspace's id.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.scope.tenant()
    }

    /// The id of the member or the visitor: the sender of messages, the owner of request ids.
    #[must_use]
    pub fn id(&self) -> uuid::Uuid {
        self.principal.id()
    }

    /// The member who calls; visitors hold no permission that leads to a use case which asks.
    pub fn member(&self) -> Result<(MemberId, Role)> {
        match self.principal {
            Principal::Member(id, role) => Ok((id, role)),
            Principal::Visitor(_) => Err(Error::new(Reason::PermissionMissing, "members only")),
        }
    }

    /// The visitor who calls.
    pub fn visitor(&self) -> Result<VisitorId> {
        match self.principal {
            Principal::Visitor(id) => Ok(id),
            Principal::Member(..) => Err(Error::new(Reason::PermissionMissing, "visitors only")),
        }
    }

    /// What the caller may do.
    #[must_use]
    pub fn permissions(&self) -> &'static [Permission] {
        match self.principal {
            Principal::Member(_, role) => role_permissions(role),
            Principal::Visitor(_) => VISITOR,
        }
    }
}

/// Which side looks: a visitor is shown nothing internal, and no number that counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A member.
    Staff,
    /// A visitor.
    Customer,
}

impl Side {
    /// The side of a caller.
    #[must_use]
    pub fn of(caller: &Caller) -> Self {
        match caller.principal {
            Principal::Member(..) => Self::Staff,
            Principal::Visitor(_) => Self::Customer,
        }
    }
}

/// What an operator of the installation may do; an operator belongs to no workspace.
pub const OPERATOR: &[Permission] = &[Permission::SignedIn, Permission::TenantsCreate];

const VISITOR: &[Permission] = &[
    Permission::SignedIn,
    Permission::ChatsStart,
    Permission::ChatsRead,
    Permission::ChatsSend,
    Permission::ChatsClose,
    Permission::EventsRead,
    Permission::TicketsCreate,
    Permission::TicketsRead,
    Permission::TicketsComment,
];

const VIEWER: &[Permission] = &[
    Permission::SignedIn,
    Permission::TenantRead,
    Permission::MembersRead,
    Permission::DepartmentsRead,
    Permission::ChatsRead,
    Permission::EventsRead,
    Permission::PresenceRead,
    Permission::TicketsRead,
    Permission::CustomersRead,
    Permission::ProfileManage,
];

const AGENT: &[Permission] = &[
    Permission::SignedIn,
    Permission::TenantRead,
    Permission::MembersRead,
    Permission::DepartmentsRead,
    Permission::ChatsRead,
    Permission::ChatsSend,
    Permission::ChatsHandle,
    Permission::ChatsClose,
    Permission::EventsRead,
    Permission::PresenceRead,
    Permission::PresenceSet,
    Permission::TicketsCreate,
    Permission::TicketsRead,
    Permission::TicketsHandle,
    Permission::TicketsComment,
    Permission::CustomersRead,
    Permission::ProfileManage,
    Permission::CustomersManage,
];

const ADMIN: &[Permission] = &[
    Permission::SignedIn,
    Permission::TenantRead,
    Permission::TenantManage,
    Permission::MembersRead,
    Permission::MembersManage,
    Permission::DepartmentsRead,
    Permission::DepartmentsManage,
    Permission::ChatsRead,
    Permission::ChatsSend,
    Permission::ChatsHandle,
    Permission::ChatsClose,
    Permission::EventsRead,
    Permission::PresenceRead,
    Permission::PresenceSet,
    Permission::TicketsCreate,
    Permission::TicketsRead,
    Permission::TicketsHandle,
    Permission::TicketsComment,
    Permission::CustomersRead,
    Permission::ProfileManage,
    Permission::CustomersManage,
];

fn role_permissions(role: Role) -> &'static [Permission] {
    match role {
        Role::Owner | Role::Admin => ADMIN,
        Role::Agent => AGENT,
        Role::Viewer => VIEWER,
        Role::Unspecified => &[],
    }
}

/// Whether a role hears and sees every chat and ticket of the workspace.
#[must_use]
pub fn sees_every_chat(role: Role) -> bool {
    match role {
        Role::Owner | Role::Admin | Role::Viewer => true,
        Role::Agent | Role::Unspecified => false,
    }
}

/// Whether a member can be given a chat or a ticket.
#[must_use]
pub fn answers_chats(role: Role, state: MemberState) -> bool {
    state == MemberState::Active && role_permissions(role).contains(&Permission::ChatsHandle)
}
