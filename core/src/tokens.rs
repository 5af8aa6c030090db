//! Access tokens: JWTs signed with EdDSA that live a quarter of an hour, or as long as is set. Everything a request needs is in the token, so checking one
//! reads nothing; what ended since is in [`crate::revocations`].
//!
//! The private keys are derived from the master key and the key's id; the database holds the ids only.

use std::{collections::HashMap, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use moka::sync::Cache;
use rapport_proto::{auth::v1::JsonWebKey, tenants::v1::Role};
use serde::{Deserialize, Serialize};

use crate::{
    caller::{Caller, Principal},
    clock::{Clock, Micros},
    db::TenantScope,
    error::{Error, Reason, Result},
    ids::{MemberId, SessionId, TenantId, VisitorId},
    keys::MasterKey,
};

/// The most seconds that an access token may be set to live: what has been revoked is remembered for longer.
pub const LONGEST_LIFE: u32 = 3_600;
/// A token is far below this; longer ones are not looked at.
const LONGEST: usize = 4096;
const ISSUER: &str = "rapport";
const TYPE: &str = "at+jwt";
const OPERATOR: &str = "operator";

/// Who a token speaks for.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A member or a visitor of a workspace.
    Caller(Arc<Caller>),
    /// An operator of the installation.
    Operator(Micros),
}

impl Identity {
    fn expires_at(&self) -> Micros {
        match self {
            Self::Caller(caller) => caller.expires_at,
            Self::Operator(at) => *at,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(default)]
    r#gen: i32,
    #[serde(default)]
    role: i32,
    #[serde(default)]
    name: String,
}

/// Makes and checks access tokens.
pub struct Tokens {
    current: (String, EncodingKey),
    verifying: HashMap<String, DecodingKey>,
    public: Vec<JsonWebKey>,
    clock: Clock,
    life: Duration,
    seen: Cache<String, Identity>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// Tokens under these keys that live so long; the last key signs, all verify.
    pub fn new(master: &MasterKey, kids: &[String], clock: Clock, life: Duration) -> Result<Self> {
        let mut verifying = HashMap::new();
        let mut public = Vec::new();
        let mut current = None;
        for kid in kids {
            let key = SigningKey::from_bytes(&master.derive(format!("access-token/{kid}").as_bytes()));
            let x = BASE64_URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
            let decoding = DecodingKey::from_ed_components(&x).map_err(Error::internal)?;
            verifying.insert(kid.clone(), decoding);
            let der = key.to_pkcs8_der().map_err(|e| Error::internal(e.to_string()))?;
            current = Some((kid.clone(), EncodingKey::from_ed_der(der.as_bytes())));
            public.push(JsonWebKey {
                kty: "OKP".to_owned(),
                crv: "Ed25519".to_owned(),
                kid: kid.clone(),
                alg: "EdDSA".to_owned(),
                r#use: "sig".to_owned(),
                x,
            });
        }
        let current = current.ok_or_else(|| Error::internal("the installation has no signing key"))?;
        Ok(Self { current, verifying, public, clock, life, seen: Cache::new(20_000) })
    }

    /// The public keys.
    #[must_use]
    pub fn public_keys(&self) -> Vec<JsonWebKey> {
        self.public.clone()
    }

    /// When a token made now ends.
    #[must_use]
    pub fn end(&self) -> Micros {
        self.clock.now().plus(self.life)
    }

    /// A token for a caller; `expires_at` of the caller is when it ends.
    pub fn issue(&self, caller: &Caller) -> Result<String> {
        let (sub, role) = match caller.principal {
            Principal::Member(id, role) => (id.to_string(), role.into()),
            Principal::Visitor(id) => (id.to_string(), 0),
        };
        self.sign(&Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub,
            iat: self.clock.now().seconds(),
            exp: caller.expires_at.seconds(),
            tid: Some(caller.tenant().to_string()),
            sid: Some(caller.session.to_string()),
            r#gen: caller.generation,
            role,
            name: caller.name.clone(),
        })
    }

    /// A token for an operator.
    pub fn issue_operator(&self) -> Result<String> {
        self.sign(&Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: OPERATOR.to_owned(),
            iat: self.clock.now().seconds(),
            exp: self.end().seconds(),
            tid: None,
            sid: None,
            r#gen: 0,
            role: 0,
            name: String::new(),
        })
    }

    fn sign(&self, claims: &Claims) -> Result<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.current.0.clone());
        encode(&header, claims, &self.current.1).map_err(Error::internal)
    }

    /// Who a token speaks for, if it is one of ours and its time is not over.
    pub fn verify(&self, token: &str) -> Result<Identity> {
        let identity = if let Some(seen) = self.seen.get(token) {
            seen
        } else {
            let identity = self.check(token).map_err(|why| {
                tracing::info!(why, "access token refused");
                Error::new(Reason::TokenInvalid, "the access token is not valid")
            })?;
            self.seen.insert(token.to_owned(), identity.clone());
            identity
        };
        if identity.expires_at() <= self.clock.now() {
            return Err(Error::new(Reason::TokenExpired, "the access token has expired"));
        }
        Ok(identity)
    }

    fn check(&self, token: &str) -> Result<Identity, &'static str> {
        if token.len() > LONGEST {
            return Err("too long");
        }
        let header = decode_header(token).map_err(|_| "no header of ours")?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err("not an access token");
        }
        if header.alg != Algorithm::EdDSA {
            return Err("another algorithm");
        }
        let key = header.kid.as_ref().and_then(|kid| self.verifying.get(kid)).ok_or("unknown key")?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The time is ours to compare: by the clock that tests can set.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, key, &validation).map_err(|_| "signature or claims")?.claims;
        let expires_at = Micros(claims.exp.checked_mul(1_000_000).ok_or("expiry out of range")?);
        if claims.sub == OPERATOR && claims.tid.is_none() {
            return Ok(Identity::Operator(expires_at));
        }
        identity_of(claims, expires_at).ok_or("claims do not fit together")
    }
}

fn identity_of(claims: Claims, expires_at: Micros) -> Option<Identity> {
    let tenant: TenantId = claims.tid?.parse().ok()?;
    let session: SessionId = claims.sid?.parse().ok()?;
    let principal = match (claims.sub.parse::<MemberId>(), claims.sub.parse::<VisitorId>()) {
        (Ok(member), _) => Principal::Member(member, Role::try_from(claims.role).ok()?),
        (_, Ok(visitor)) => Principal::Visitor(visitor),
        _ => return None,
    };
    Some(Identity::Caller(Arc::new(Caller {
        scope: TenantScope::verified(tenant),
        principal,
        session,
        generation: claims.r#gen,
        name: claims.name,
        expires_at,
    })))
}
