//! The tenant as a value that cannot be made up.

use sea_orm::EntityTrait;

use crate::ids::TenantId;

/// The key to one tenant's data. No request holds one: it is made from a verified token, or for a tenant just made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TenantScope(TenantId);

impl TenantScope {
    /// The tenant was proved. A test lists every place that says so.
    pub(crate) fn verified(tenant: TenantId) -> Self {
        Self(tenant)
    }

    /// Which tenant it opens.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.0
    }
}

/// An entity whose rows belong to a tenant. An entity that is not cannot be read through a tenant handle.
pub trait TenantOwned: EntityTrait {
    /// The column that says whose row it is.
    const TENANT: Self::Column;
}
