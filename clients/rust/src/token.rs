//! Where access tokens come from: made at the first call that needs one, renewed before they end or when they are refused.

use std::fmt;
use std::time::{Duration, SystemTime};

use prost_types::Timestamp;
use rapport_proto::auth::v1::auth_service_client::AuthServiceClient;
use rapport_proto::auth::v1::{RefreshRequest, RefreshResponse, SignInRequest, StartVisitRequest};
use rapport_proto::errors::v1::Reason;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::Error;

/// How long before its end a token is renewed, at most; a quarter of its life where that is less.
const AHEAD: Duration = Duration::from_mins(1);
/// What a token lives where its end cannot be told, because the clocks of the two machines disagree: refusal renews it.
const UNTOLD: Duration = Duration::from_mins(15);

/// Who calls.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Nobody: only the public rpcs answer.
    #[default]
    Nobody,
    /// The bearer of an access token got elsewhere, such as an operator's. It is never renewed.
    AccessToken(String),
    /// A member. Signed in at the first call, refreshed shortly before the access token ends or when it is refused; a refresh whose
    /// answer was lost is asked for again under the same request id. Once the session is over it stays over.
    Member {
        /// Slug of the workspace.
        workspace: String,
        /// Address to sign in with.
        email: String,
        /// Password.
        password: String,
    },
    /// A visitor. The visit is started at the first call and again, by the secret it gave, whenever its token ends.
    Visitor {
        /// Slug of the workspace.
        workspace: String,
        /// Secret of an earlier visit; `None` for a new visitor. [`crate::Client::visitor_secret`] gives the one to keep.
        secret: Option<String>,
    },
}

impl fmt::Debug for Credentials {
    /// Names the kind and the workspace, never a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("Nobody"),
            Self::AccessToken(_) => f.write_str("AccessToken"),
            Self::Member { workspace, email, .. } => f
                .debug_struct("Member")
                .field("workspace", workspace)
                .field("email", email)
                .finish_non_exhaustive(),
            Self::Visitor { workspace, .. } => {
                f.debug_struct("Visitor").field("workspace", workspace).finish_non_exhaustive()
            }
        }
    }
}

/// An access token as the header carries it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(MetadataValue<Ascii>);

impl Token {
    fn new(text: &str) -> Result<Self, Error> {
        let mut value: MetadataValue<Ascii> = format!("Bearer {text}")
            .parse()
            .map_err(|_| Status::invalid_argument("the access token is not a header value"))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    pub(crate) fn header(&self) -> MetadataValue<Ascii> {
        self.0.clone()
    }
}

/// The source of a client's access tokens, shared by its clones. One renewal at a time; the others wait for it.
pub(crate) struct Tokens(Mutex<Source>);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

enum Source {
    Nobody,
    Fixed(Token),
    Member { sign_in: SignInRequest, session: Option<Session> },
    Visitor { visit: StartVisitRequest, access: Option<Access> },
    Over(Error),
}

struct Access {
    token: Token,
    renew_at: Instant,
    ends_at: Instant,
}

struct Session {
    access: Access,
    refresh_token: String,
    /// The request id of a refresh whose answer never came. Asking under a new one would look like a stolen token.
    pending: Option<String>,
}

impl Access {
    fn new(token: &str, expires_at: Option<Timestamp>) -> Result<Self, Error> {
        let life = expires_at
            .and_then(|at| SystemTime::try_from(at).ok())
            .and_then(|at| at.duration_since(wall_clock()).ok())
            .map_or(UNTOLD, |life| life.min(UNTOLD));
        let now = Instant::now();
        Ok(Self {
            token: Token::new(token)?,
            renew_at: now + life.saturating_sub(AHEAD.min(life / 4)),
            ends_at: now + life,
        })
    }

    /// Whether the token serves without a thought of renewal.
    fn is_fresh(&self, refused: Option<&Token>) -> bool {
        refused != Some(&self.token) && Instant::now() < self.renew_at
    }

    /// Whether the token still serves where renewal fails.
    fn is_usable(&self, refused: Option<&Token>) -> bool {
        refused != Some(&self.token) && Instant::now() < self.ends_at
    }
}

impl Tokens {
    pub(crate) fn new(credentials: Credentials) -> Result<Self, Error> {
        Ok(Self(Mutex::new(match credentials {
            Credentials::Nobody => Source::Nobody,
            Credentials::AccessToken(token) => Source::Fixed(Token::new(&token)?),
            Credentials::Member { workspace, email, password } => {
                Source::Member { sign_in: SignInRequest { workspace, email, password }, session: None }
            }
            Credentials::Visitor { workspace, secret } => Source::Visitor {
                visit: StartVisitRequest { workspace, visitor_secret: secret.unwrap_or_default() },
                access: None,
            },
        })))
    }

    /// A token that is not `refused`, where there can be one; a source that has no other gives the refused one again.
    pub(crate) async fn get(
        &self,
        channel: &Channel,
        within: Duration,
        refused: Option<&Token>,
    ) -> Result<Option<Token>, Error> {
        let mut source = self.0.lock().await;
        let fresh = match &mut *source {
            Source::Nobody => return Ok(None),
            Source::Fixed(token) => return Ok(Some(token.clone())),
            Source::Over(error) => return Err(error.clone()),
            Source::Member { sign_in, session } => {
                member_token(sign_in, session, channel, within, refused).await
            }
            Source::Visitor { visit, access } => visitor_token(visit, access, channel, within, refused).await,
        };
        if let Err(error) = &fresh
            && matches!(error.reason(), Some(Reason::RefreshTokenInvalid | Reason::RefreshTokenReused))
        {
            *source = Source::Over(error.clone());
        }
        fresh.map(Some)
    }

    /// Gives no token any more.
    pub(crate) async fn end(&self) {
        *self.0.lock().await = Source::Over(Status::unauthenticated("this client has signed out").into());
    }

    pub(crate) async fn visitor_secret(&self) -> Option<String> {
        match &*self.0.lock().await {
            Source::Visitor { visit, .. } if !visit.visitor_secret.is_empty() => {
                Some(visit.visitor_secret.clone())
            }
            _ => None,
        }
    }
}

async fn member_token(
    sign_in: &SignInRequest,
    session: &mut Option<Session>,
    channel: &Channel,
    within: Duration,
    refused: Option<&Token>,
) -> Result<Token, Error> {
    let mut auth = AuthServiceClient::new(channel.clone());
    let Some(open) = session else {
        let answer = auth.sign_in(timed(sign_in.clone(), within)).await?.into_inner();
        let access = Access::new(&answer.access_token, answer.access_expires_at)?;
        let token = access.token.clone();
        *session = Some(Session { access, refresh_token: answer.refresh_token, pending: None });
        return Ok(token);
    };
    if open.access.is_fresh(refused) {
        return Ok(open.access.token.clone());
    }
    let request_id = open.pending.get_or_insert_with(crate::request_id).clone();
    let request = RefreshRequest { request_id, refresh_token: open.refresh_token.clone() };
    match auth.refresh(timed(request, within)).await {
        Ok(answer) => {
            let RefreshResponse { access_token, access_expires_at, refresh_token, .. } = answer.into_inner();
            open.access = Access::new(&access_token, access_expires_at)?;
            open.refresh_token = refresh_token;
            open.pending = None;
            Ok(open.access.token.clone())
        }
        Err(status) => {
            let error = Error::from(status);
            if error.is_transient() && open.access.is_usable(refused) {
                return Ok(open.access.token.clone());
            }
            Err(error)
        }
    }
}

async fn visitor_token(
    visit: &mut StartVisitRequest,
    access: &mut Option<Access>,
    channel: &Channel,
    within: Duration,
    refused: Option<&Token>,
) -> Result<Token, Error> {
    if let Some(access) = access
        && access.is_fresh(refused)
    {
        return Ok(access.token.clone());
    }
    match AuthServiceClient::new(channel.clone()).start_visit(timed(visit.clone(), within)).await {
        Ok(answer) => {
            let answer = answer.into_inner();
            visit.visitor_secret = answer.visitor_secret;
            let fresh = access.insert(Access::new(&answer.access_token, answer.access_expires_at)?);
            Ok(fresh.token.clone())
        }
        Err(status) => {
            let error = Error::from(status);
            match access {
                Some(access) if error.is_transient() && access.is_usable(refused) => Ok(access.token.clone()),
                _ => Err(error),
            }
        }
    }
}

fn timed<Q>(message: Q, within: Duration) -> Request<Q> {
    let mut request = Request::new(message);
    request.set_timeout(within);
    request
}

/// The end of a token is said in wall time, and this machine's is all there is to compare it with.
#[expect(
    clippy::disallowed_methods,
    reason = "a client has no injected clock; a wrong one costs a refused call, nothing else"
)]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}
