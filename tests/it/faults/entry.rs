//! What was told: an event, and the message it tells of, as a session heard it and as the log has it.

use rapport_tests::proto::events::v1::event::Body;
use rapport_tests::proto::events::v1::{EventType, LoggedEvent};
use serde_json::Value;

/// An event as a session heard it, or as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) cursor: String,
    pub(super) kind: EventType,
    /// The message, where it is one that was sent.
    pub(super) message: Option<Told>,
}

/// A message as it was told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pub(super) chat: String,
    pub(super) seq: u32,
    pub(super) id: String,
    pub(super) internal: bool,
}

impl From<LoggedEvent> for Entry {
    fn from(logged: LoggedEvent) -> Self {
        let event = logged.event.expect("a place of the log has an event");
        let kind = event.r#type();
        let message = match event.body {
            Some(Body::MessageSent(sent)) => sent.message.map(|message| Told {
                chat: message.chat_id,
                seq: message.seq,
                id: message.message_id,
                internal: message.internal,
            }),
            _ => None,
        };
        Self { cursor: logged.cursor, kind, message }
    }
}

impl Entry {
    /// What an event's frame tells; nothing where it is not to the contract.
    pub(super) fn read(event: &Value) -> Option<Self> {
        let kind = EventType::from_str_name(event["type"].as_str()?)?;
        let sent = &event["data"]["messageSent"]["message"];
        let message = if kind == EventType::MessageSent {
            Some(Told {
                chat: sent["chatId"].as_str()?.to_owned(),
                seq: u32::try_from(sent["seq"].as_u64()?).ok()?,
                id: sent["messageId"].as_str()?.to_owned(),
                internal: sent["internal"] == true,
            })
        } else {
            None
        };
        Some(Self { cursor: event["cursor"].as_str()?.to_owned(), kind, message })
    }
}
