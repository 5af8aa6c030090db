//! What a workspace can refuse.

use crate::error::{Error, Reason};

/// Why something cannot be done with a workspace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenantError {
    /// Another workspace has the slug.
    #[error("another workspace has this slug")]
    SlugTaken,
    /// The address is a member already.
    #[error("this e-mail address is a member already")]
    MemberExists,
    /// The name is a department already.
    #[error("there is a department of this name already")]
    DepartmentExists,
    /// Owners are made, changed and unmade by owners.
    #[error("only an owner may do this to an owner")]
    OwnerOnly,
    /// A workspace is never without an owner who can sign in.
    #[error("the last active owner stays an active owner")]
    LastOwner,
    /// It changed since the caller read it.
    #[error("it changed meanwhile and has revision {now}")]
    RevisionMismatch {
        /// The revision it has.
        now: i32,
    },
}

impl From<TenantError> for Error {
    fn from(error: TenantError) -> Self {
        let text = error.to_string();
        match error {
            TenantError::SlugTaken => Self::new(Reason::SlugTaken, text),
            TenantError::MemberExists => Self::new(Reason::MemberExists, text),
            TenantError::DepartmentExists => Self::new(Reason::DepartmentExists, text),
            TenantError::OwnerOnly => Self::new(Reason::OwnerOnly, text),
            TenantError::LastOwner => Self::new(Reason::LastOwner, text),
            TenantError::RevisionMismatch { now } => {
                Self::new(Reason::RevisionMismatch, text).with("revision", now.to_string())
            }
        }
    }
}

/// Refuses a change of something that is not as the caller saw it; 0 does not compare.
pub(crate) fn check_revision(now: i32, seen: u32) -> Result<(), TenantError> {
    if seen == 0 || i64::from(now) == i64::from(seen) {
        Ok(())
    } else {
        Err(TenantError::RevisionMismatch { now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_refused_only_when_the_caller_saw_another_revision() {
        assert_eq!(check_revision(3, 0), Ok(()));
        assert_eq!(check_revision(3, 3), Ok(()));
        assert_eq!(check_revision(3, 2), Err(TenantError::RevisionMismatch { now: 3 }));
        assert_eq!(check_revision(3, u32::MAX), Err(TenantError::RevisionMismatch { now: 3 }));
    }
}
