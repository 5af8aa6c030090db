//! Typed ids: UUIDs of version 7 behind one newtype per idea, so that mixing two kinds does not compile.
//!
//! On the wire an id is `prefix_` and the 128 bits in lower-case Crockford base32 (26 characters), sortable by time and
//! self-describing in a log. In the database it is the bare UUID.

use std::{fmt, str::FromStr};

use parking_lot::Mutex;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use uuid::Uuid;

use crate::clock::{Clock, Micros};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Writes 128 bits as 26 characters of Crockford base32.
fn encode(id: Uuid, out: &mut String) {
    let bits = id.as_u128();
    for place in (0..26u32).rev() {
        let digit = (bits >> (place * 5)) & 31;
        out.push(char::from(ALPHABET[usize::try_from(digit).unwrap_or(0)]));
    }
}

fn decode(text: &str) -> Option<Uuid> {
    let bytes = text.as_bytes();
    if bytes.len() != 26 || bytes[0] > b'7' {
        return None;
    }
    let mut bits = 0u128;
    for byte in bytes {
        let digit = ALPHABET.iter().position(|c| c == byte)?;
        bits = (bits << 5) | u128::try_from(digit).ok()?;
    }
    Some(Uuid::from_u128(bits))
}

/// The text is not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct MalformedId;

/// The id in a text, or nothing where the text is empty.
pub fn given<I: FromStr<Err = MalformedId>>(text: &str) -> Result<Option<I>, MalformedId> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sea_orm::DeriveValueType)]
        pub struct $name(pub(crate) Uuid);

        impl $name {
            /// The bare UUID, for the database and for hashing.
            #[must_use]
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = String::with_capacity($prefix.len() + 27);
                text.push_str(concat!($prefix, "_"));
                encode(self.0, &mut text);
                f.write_str(&text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                let body = text.strip_prefix(concat!($prefix, "_")).ok_or(MalformedId)?;
                decode(body).map(Self).ok_or(MalformedId)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        // sea-orm asks this of every primary key; a UUID is never made from a counter.
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    };
}

id!(/// A workspace.
    TenantId, "tenant");
id!(/// A person, over all workspaces.
    IdentityId, "identity");
id!(/// A person in one workspace.
    MemberId, "member");
id!(/// A signed-in device of a member, or one visit of a visitor.
    SessionId, "session");
id!(/// A part of a workspace.
    DepartmentId, "department");
id!(/// A browser that visits.
    VisitorId, "visitor");
id!(/// The person a visitor turned out to be.
    CustomerId, "customer");
id!(/// A conversation.
    ChatId, "chat");
id!(/// One entry of a conversation.
    MessageId, "message");
id!(/// A matter of a customer that is worked on.
    TicketId, "ticket");
id!(/// One entry of a ticket.
    CommentId, "comment");

/// The source of ids and of every other random byte.
pub struct Ids {
    clock: Clock,
    rng: Mutex<ChaCha20Rng>,
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ids")
    }
}

impl Ids {
    /// Ids seeded by the operating system.
    #[must_use]
    pub fn system(clock: Clock) -> Self {
        Self { clock, rng: Mutex::new(ChaCha20Rng::from_rng(&mut rand::rng())) }
    }

    /// The same ids in the same order each time.
    #[must_use]
    pub fn seeded(clock: Clock, seed: u64) -> Self {
        Self { clock, rng: Mutex::new(ChaCha20Rng::seed_from_u64(seed)) }
    }

    /// A new id of the wanted kind, ordered by time to the millisecond.
    #[must_use]
    pub fn make<I: From<Uuid>>(&self) -> I {
        let millis = u64::try_from(self.clock.now().0 / 1_000).unwrap_or(0);
        let random: [u8; 10] = self.random();
        I::from(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Random bytes fit for secrets.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.lock().fill(&mut bytes[..]);
        bytes
    }
}

/// When a UUID of version 7 was made; other versions do not say.
#[must_use]
pub fn made_at(id: Uuid) -> Option<Micros> {
    if id.get_version_num() != 7 {
        return None;
    }
    i64::try_from(id.as_u128() >> 80).ok().map(|millis| Micros(millis * 1_000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_form_round_trips_and_keeps_the_order(a: u128, b: u128) {
            let (a, b) = (ChatId(Uuid::from_u128(a)), ChatId(Uuid::from_u128(b)));
            prop_assert_eq!(a.to_string().parse(), Ok(a));
            prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
        }
    }

    #[test]
    fn another_kind_or_a_changed_text_is_refused() {
        let id = ChatId(Uuid::from_u128(7)).to_string();
        assert_eq!(id, "chat_00000000000000000000000007");
        assert_eq!(id.parse::<MemberId>(), Err(MalformedId));
        assert_eq!("chat_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<ChatId>(), Err(MalformedId));
        assert_eq!("chat_0000000000000000000000000U".parse::<ChatId>(), Err(MalformedId));
        assert_eq!("chat_".parse::<ChatId>(), Err(MalformedId));
    }

    #[test]
    fn made_ids_carry_their_time() {
        let clock = Clock::mock(Micros(1_700_000_000_123_000));
        let id: ChatId = Ids::seeded(clock, 1).make();
        assert_eq!(made_at(id.0), Some(Micros(1_700_000_000_123_000)));
    }
}
