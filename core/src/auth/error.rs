//! What authentication can refuse. The texts say no more than the reasons do.

use crate::error::{Error, Reason};

/// Why nobody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Workspace, address or password; or the member is suspended.
    #[error("workspace, e-mail or password is wrong")]
    CredentialsWrong,
    /// Not the caller's.
    #[error("the current password is wrong")]
    PasswordWrong,
    /// Not one of ours, or its session is over.
    #[error("the refresh token is not valid")]
    RefreshTokenInvalid,
    /// Spent before; its session has been ended.
    #[error("the refresh token was spent before; its session has been ended")]
    RefreshTokenReused,
    /// Not what the server printed.
    #[error("the setup token is wrong")]
    SetupTokenWrong,
    /// There is an owner already.
    #[error("this installation has been set up already")]
    SetupDone,
    /// Changed, or of another workspace.
    #[error("the visitor secret is not one of this workspace")]
    VisitorSecretInvalid,
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        let reason = match error {
            AuthError::CredentialsWrong => Reason::CredentialsWrong,
            AuthError::PasswordWrong => Reason::PasswordWrong,
            AuthError::RefreshTokenInvalid => Reason::RefreshTokenInvalid,
            AuthError::RefreshTokenReused => Reason::RefreshTokenReused,
            AuthError::SetupTokenWrong => Reason::SetupTokenWrong,
            AuthError::SetupDone => Reason::SetupDone,
            AuthError::VisitorSecretInvalid => Reason::VisitorSecretInvalid,
        };
        Self::new(reason, error.to_string())
    }
}
