//! What goes over a bus that belongs to somebody else: sealed under the master key and bound to this store, its epoch and the tenant.
//! Whoever runs the bus, or shares it, can neither read a message nor make one; only hold it back or repeat it. An end that is
//! repeated is one that is known; of what is not kept, each is taken once, while it is new, and nothing that is older than the last.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use prost::Message as _;
use rapport_proto::{events::v1::Typing, tenants::v1::Role};
use uuid::Uuid;

use super::outbox::Word;
use crate::{
    caller::Principal,
    clock::{Clock, Micros},
    error::Result,
    events::{Audience, feed::Ephemeral},
    ids::TenantId,
    seal::{Purpose, Sealer},
};

/// How long what is not kept is worth hearing: its readers forget it after this time. Clocks of cores are compared here.
const NEW: Duration = Duration::from_secs(6);
/// How many senders' last signs are remembered.
const SENDERS: u64 = 50_000;
/// The longest text that is looked at; what is said here is far shorter.
const LONGEST: usize = 16 * 1024;

#[derive(Clone, PartialEq, prost::Message)]
struct Letter {
    /// The core that says it.
    #[prost(bytes = "vec", tag = "1")]
    from: Vec<u8>,
    #[prost(int64, tag = "2")]
    at: i64,
    #[prost(int64, tag = "3")]
    end: i64,
    #[prost(message, optional, tag = "4")]
    told: Option<Told>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Told {
    #[prost(bytes = "vec", tag = "1")]
    visitor: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    staff: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    except_member: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    except_visitor: Vec<u8>,
    #[prost(message, optional, tag = "5")]
    typing: Option<Typing>,
}

/// What a message from the bus comes to.
#[derive(Debug)]
pub(super) enum Heard {
    /// It is to be taken; and how long it was under way.
    Word(Word, Duration),
    /// This core said it.
    Own,
    /// It is too old, or heard already.
    Stale,
    /// Nobody who holds the key has said it, to this tenant of this store.
    Forged,
}

/// Seals what this core says, and opens what it hears.
#[derive(Debug)]
pub(super) struct Envelopes {
    sealer: Arc<Sealer>,
    clock: Clock,
    epoch: Uuid,
    core: Uuid,
    /// When the last sign was given that was heard: of whom, about what, to whom.
    last: Cache<(TenantId, String, Vec<u8>), Micros>,
}

impl Envelopes {
    /// Those of a core of a store.
    pub(super) fn new(sealer: Arc<Sealer>, clock: Clock, epoch: Uuid, core: Uuid) -> Self {
        let last = Cache::builder().max_capacity(SENDERS).time_to_live(NEW * 3).build();
        Self { sealer, clock, epoch, core, last }
    }

    pub(super) fn seal(&self, tenant: TenantId, word: Word, at: Micros) -> Result<String> {
        let mut letter = Letter { from: self.core.as_bytes().to_vec(), at: at.0, ..Letter::default() };
        match word {
            Word::End(end) => letter.end = end,
            Word::Told(ephemeral) => letter.told = Some(Told::from(&*ephemeral)),
        }
        let mut content = self.bound_to(tenant).to_vec();
        letter.encode_raw(&mut content);
        self.sealer.seal(Purpose::Bus, &content)
    }

    pub(super) fn open(&self, tenant: TenantId, text: &str) -> Heard {
        let Some(letter) = self.letter(tenant, text) else { return Heard::Forged };
        if letter.from == self.core.as_bytes() {
            return Heard::Own;
        }
        let (now, at) = (self.clock.now(), Micros(letter.at));
        let under_way = at.until(now);
        let Some(told) = letter.told else { return Heard::Word(Word::End(letter.end), under_way) };
        let who = [&told.staff[..], &told.visitor, &told.except_member, &told.except_visitor].concat();
        let Some(ephemeral) = told.ephemeral() else { return Heard::Forged };
        if under_way > NEW || now.until(at) > NEW {
            return Heard::Stale;
        }
        let key = (tenant, ephemeral.typing.chat_id.clone(), who);
        if self.last.get(&key).is_some_and(|last| at <= last) {
            return Heard::Stale;
        }
        self.last.insert(key, at);
        Heard::Word(Word::Told(Arc::new(ephemeral)), under_way)
    }

    fn letter(&self, tenant: TenantId, text: &str) -> Option<Letter> {
        if text.len() > LONGEST {
            return None;
        }
        let content = self.sealer.open(Purpose::Bus, text)?;
        Letter::decode(content.strip_prefix(&self.bound_to(tenant)[..])?).ok()
    }

    fn bound_to(&self, tenant: TenantId) -> [u8; 32] {
        let mut bound = [0; 32];
        bound[..16].copy_from_slice(self.epoch.as_bytes());
        bound[16..].copy_from_slice(tenant.uuid().as_bytes());
        bound
    }
}

impl From<&Ephemeral> for Told {
    fn from(ephemeral: &Ephemeral) -> Self {
        let (mut except_member, mut except_visitor) = (Vec::new(), Vec::new());
        match ephemeral.except {
            Some(Principal::Member(id, _)) => except_member = id.uuid().as_bytes().to_vec(),
            Some(Principal::Visitor(id)) => except_visitor = id.uuid().as_bytes().to_vec(),
            None => {}
        }
        let visitor = ephemeral.audience.visitor.map(|id| id.uuid().as_bytes().to_vec());
        Self {
            visitor: visitor.unwrap_or_default(),
            staff: ephemeral.audience.staff_bytes(),
            except_member,
            except_visitor,
            typing: Some(ephemeral.typing.clone()),
        }
    }
}

impl Told {
    fn ephemeral(self) -> Option<Ephemeral> {
        // Nobody's id is empty.
        fn id<I: From<Uuid>>(bytes: &[u8]) -> Result<Option<I>, uuid::Error> {
            if bytes.is_empty() { Ok(None) } else { Ok(Some(Uuid::from_slice(bytes)?.into())) }
        }
        let audience = Audience::from_columns(id(&self.visitor).ok()?, &self.staff).ok()?;
        // Who is left out is known by the id; the role has no part in it.
        let member = id(&self.except_member).ok()?.map(|id| Principal::Member(id, Role::Unspecified));
        let except = member.or(id(&self.except_visitor).ok()?.map(Principal::Visitor));
        Some(Ephemeral { audience, except, typing: self.typing?, from_afar: true })
    }
}

#[cfg(test)]
mod tests {
    use rapport_proto::chats::v1::Sender;

    use super::*;
    use crate::keys::MasterKey;

    const START: Micros = Micros(1_800_000_000_000_000);

    fn id<I: From<Uuid>>(n: u128) -> I {
        Uuid::from_u128(n).into()
    }

    fn envelopes(key: u8, epoch: u128, core: u128, clock: &Clock) -> Envelopes {
        let sealer = Arc::new(Sealer::new(&MasterKey::from_bytes([key; 32])));
        Envelopes::new(sealer, clock.clone(), id(epoch), id(core))
    }

    fn typing(except: Option<Principal>, audience: Audience) -> Word {
        let sender = Some(Sender { name: "Vera".to_owned(), ..Sender::default() });
        let typing = Typing { chat_id: "chat_1".to_owned(), sender, typing: true };
        Word::Told(Arc::new(Ephemeral { audience, except, typing, from_afar: false }))
    }

    #[test]
    fn a_letter_is_read_by_the_tenant_store_and_epoch_it_was_sealed_for() {
        let clock = Clock::mock(START);
        let here = envelopes(1, 7, 1, &clock);
        let text = here.seal(id(5), Word::End(42), START).unwrap();
        clock.advance(Duration::from_millis(3));
        let heard = envelopes(1, 7, 2, &clock).open(id(5), &text);
        assert!(
            matches!(heard, Heard::Word(Word::End(42), lag) if lag == Duration::from_millis(3)),
            "{heard:?}"
        );
        assert!(matches!(here.open(id(5), &text), Heard::Own));
        let others = [(1, 7, 6), (1, 8, 5), (2, 7, 5)];
        for (key, epoch, tenant) in others {
            let heard = envelopes(key, epoch, 2, &clock).open(id(tenant), &text);
            assert!(matches!(heard, Heard::Forged), "{key} {epoch} {tenant}: {heard:?}");
        }
        for text in ["", "42", &text[1..], &format!("{text}A"), &"A".repeat(LONGEST + 1)] {
            assert!(matches!(envelopes(1, 7, 2, &clock).open(id(5), text), Heard::Forged), "{text}");
        }
    }

    #[test]
    fn a_sign_arrives_whole_once_in_order_and_not_late() {
        let clock = Clock::mock(START);
        let (here, there) = (envelopes(1, 7, 1, &clock), envelopes(1, 7, 2, &clock));
        let member = Some(Principal::Member(id(3), Role::Agent));
        let cases = [
            (member, Audience::chat_staff(Some(id(4)), Some(id(3))).and_visitor(id(9))),
            (Some(Principal::Visitor(id(9))), Audience::everyone()),
            (None, Audience::visitor(id(9))),
        ];
        for (except, audience) in cases {
            let text = here.seal(id(5), typing(except, audience.clone()), START).unwrap();
            let Heard::Word(Word::Told(heard), _) = there.open(id(5), &text) else { panic!("{audience:?}") };
            assert_eq!(heard.audience, audience);
            assert_eq!(heard.except.map(|who| who.to_string()), except.map(|who| who.to_string()));
            assert_eq!(heard.typing.sender.as_ref().map(|sender| &*sender.name), Some("Vera"));
            assert!(matches!(there.open(id(5), &text), Heard::Stale), "repeated");
        }
        let sign = |at: Micros| here.seal(id(5), typing(member, Audience::everyone()), at).unwrap();
        let at = |millis: u64| START.plus(Duration::from_millis(millis));
        let (first, second) = (sign(at(1)), sign(at(2)));
        assert!(matches!(there.open(id(5), &second), Heard::Word(..)));
        assert!(matches!(there.open(id(5), &first), Heard::Stale), "overtaken");
        let (late, early) = (sign(at(3)), sign(at(20_000)));
        assert!(matches!(there.open(id(5), &early), Heard::Stale), "of a time to come");
        clock.advance(NEW + Duration::from_millis(4));
        assert!(matches!(there.open(id(5), &late), Heard::Stale), "of a time long past");
    }
}
