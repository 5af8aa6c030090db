//! The event log: every durable change, numbered 1, 2, 3… for each tenant, written in the transaction of the change itself.
//!
//! A slice makes a [`NewEvent`] and emits it; the writer numbers it, commits it and hands the [`LoggedEvent`] to the
//! [`feed`]s of this core; [`follow`] finds what other cores committed, sooner where the [`bus`] says so. A subscriber pulls from its feed at its own pace, so
//! nobody waits for a slow reader; the log is the truth and the feed's ring only spares the database.

pub mod audience;
pub(crate) mod begin;
pub mod bus;
pub(crate) mod clear;
pub mod cursor;
pub mod entity;
pub mod feed;
pub mod follow;
pub(crate) mod log;
mod read;
mod service;
mod subscribe;
pub(crate) mod tail;

use std::sync::{Arc, OnceLock};

pub use audience::{Audience, Grants};
use prost::Message as _;
use rapport_proto::events::v1::{self as pb, EventType, event::Body};
pub use service::service;

use crate::{
    clock::Micros,
    db::hot::EventRow,
    error::{Error, Result},
    ids::{ChatId, TenantId},
};

/// A change that is to be told, not yet numbered.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Who hears it.
    pub audience: Audience,
    /// The chat it is about.
    pub chat: Option<ChatId>,
    /// What changed.
    pub body: Body,
}

impl NewEvent {
    pub(crate) fn at(self, number: i64, at: Micros) -> LoggedEvent {
        let kind = kind_of(&self.body);
        let event = pb::Event { r#type: kind.into(), at: Some(at.timestamp()), body: Some(self.body) };
        LoggedEvent {
            number,
            at,
            kind,
            chat: self.chat,
            audience: self.audience,
            event,
            cursor: OnceLock::new(),
        }
    }
}

/// An event at its place in a tenant's log.
#[derive(Debug)]
pub struct LoggedEvent {
    /// Its number, without gaps within the tenant.
    pub number: i64,
    /// The moment of its batch.
    pub at: Micros,
    /// What it is.
    pub kind: EventType,
    /// The chat it is about.
    pub chat: Option<ChatId>,
    /// Who hears it.
    pub audience: Audience,
    /// How it goes out.
    pub event: pb::Event,
    cursor: OnceLock<Arc<str>>,
}

impl LoggedEvent {
    pub(crate) fn row(&self, tenant: TenantId) -> EventRow {
        EventRow {
            tenant_id: tenant,
            number: self.number,
            kind: i16::try_from(i32::from(self.kind)).unwrap_or_default(),
            chat_id: self.chat,
            visitor_id: self.audience.visitor,
            audience: self.audience.staff_bytes(),
            payload: self.event.encode_to_vec(),
            at: self.at.0,
        }
    }

    pub(crate) fn from_row(row: &entity::Model) -> Result<Self> {
        let event = pb::Event::decode(&row.payload[..]).map_err(Error::internal)?;
        Ok(Self {
            number: row.number,
            at: Micros(row.at),
            kind: event.r#type(),
            chat: row.chat_id,
            audience: Audience::from_columns(row.visitor_id, &row.audience)?,
            event,
            cursor: OnceLock::new(),
        })
    }

    /// The place as readers know it: sealed once, the same text for all.
    pub(crate) fn cursor(&self, cursors: &cursor::Cursors, tenant: TenantId) -> Result<Arc<str>> {
        if let Some(sealed) = self.cursor.get() {
            return Ok(Arc::clone(sealed));
        }
        let sealed: Arc<str> = cursors.seal(tenant, self.number, self.at)?.into();
        Ok(Arc::clone(self.cursor.get_or_init(|| sealed)))
    }
}

fn kind_of(body: &Body) -> EventType {
    match body {
        Body::ChatUpdated(_) => EventType::ChatUpdated,
        Body::ChatLeft(_) => EventType::ChatLeft,
        Body::MessageSent(_) => EventType::MessageSent,
        Body::MessagesRead(_) => EventType::MessagesRead,
        Body::MemberUpdated(_) => EventType::MemberUpdated,
        Body::DepartmentUpdated(_) => EventType::DepartmentUpdated,
        Body::TenantUpdated(_) => EventType::TenantUpdated,
        Body::GrantsChanged(_) => EventType::GrantsChanged,
        Body::TicketUpdated(_) => EventType::TicketUpdated,
        Body::TicketLeft(_) => EventType::TicketLeft,
        Body::TicketCommented(_) => EventType::TicketCommented,
    }
}
