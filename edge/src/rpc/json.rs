//! Canonical proto3 JSON, both ways, by the contract's descriptors.

use std::{fmt, sync::LazyLock};

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, ReflectMessage as _,
    SerializeOptions,
};
use rapport_proto::{errors::v1::Reason, fault::Fault, validate::Violation};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{check, write};

/// How deep a body may be nested.
const DEPTH: usize = 32;

pub(super) static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    // The build made these bytes; that they are sound is tested with the contract.
    DescriptorPool::decode(rapport_proto::FILE_DESCRIPTOR_SET).unwrap_or_default()
});

/// The descriptor of a message of the contract.
#[must_use]
pub fn message(full_name: &str) -> Option<MessageDescriptor> {
    POOL.get_message_by_name(full_name)
}

/// Reads a text strictly: a key that stands twice is refused, and so is what is nested too deep.
pub fn parse(text: &[u8]) -> Result<Value, Fault> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: DEPTH }.deserialize(&mut reader).map_err(|error| malformed(&error))?;
    reader.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// The message a JSON value stands for, as bytes. A field nobody knows, one given under both its names, a wrong type and a number
/// that does not fit are refused, with the place.
pub fn read(descriptor: &MessageDescriptor, value: Value) -> Result<Bytes, Fault> {
    check::message(descriptor, &value).map_err(|wrong| misplaced(&wrong))?;
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let message = DynamicMessage::deserialize_with_options(descriptor.clone(), value, &options)
        .map_err(|error| malformed(&error))?;
    Ok(message.encode_to_vec().into())
}

/// A message of core's.
pub fn decode(descriptor: &MessageDescriptor, message: &[u8]) -> Result<DynamicMessage, Fault> {
    DynamicMessage::decode(descriptor.clone(), message).map_err(|error| unreadable(descriptor, &error))
}

/// A message of core's as JSON text.
pub fn text(message: &DynamicMessage) -> Result<Vec<u8>, Fault> {
    let mut text = Vec::new();
    text_into(&mut text, message)?;
    Ok(text)
}

/// A message as JSON text.
pub fn write(descriptor: &MessageDescriptor, message: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut text = Vec::with_capacity(message.len() * 2);
    write_into(&mut text, descriptor, message)?;
    Ok(text)
}

/// A message as JSON text, after what is there.
pub fn write_into(text: &mut Vec<u8>, descriptor: &MessageDescriptor, message: &[u8]) -> Result<(), Fault> {
    match write::directly(text, descriptor, message) {
        Some(()) => Ok(()),
        None => text_into(text, &decode(descriptor, message)?),
    }
}

fn text_into(text: &mut Vec<u8>, message: &DynamicMessage) -> Result<(), Fault> {
    let mut writer = serde_json::Serializer::new(text);
    message
        .serialize_with_options(&mut writer, &SerializeOptions::new())
        .map_err(|error| unreadable(&message.descriptor(), &error))
}

fn unreadable(descriptor: &MessageDescriptor, error: &dyn std::error::Error) -> Fault {
    tracing::error!(%error, message = descriptor.full_name(), "core's answer cannot be read");
    Fault::new(Reason::Internal, "something went wrong on our side")
}

fn malformed(error: &serde_json::Error) -> Fault {
    Fault::new(Reason::MalformedRequest, error.to_string())
}

fn misplaced(wrong: &check::Wrong) -> Fault {
    let place = wrong.place();
    if place.is_empty() {
        return Fault::new(Reason::MalformedRequest, format!("the request {}", wrong.what));
    }
    let violation = Violation::new(place, &*wrong.what);
    let fault = Fault::new(Reason::MalformedRequest, violation.to_string());
    Fault { violations: vec![violation], ..fault }
}

/// A value whose objects name each key once.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        let depth =
            self.depth.checked_sub(1).ok_or_else(|| E::custom(format!("nested deeper than {DEPTH}")))?;
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        Value::deserialize(from)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = from.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut fields = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            if fields.contains_key(&key) {
                return Err(de::Error::custom(format!("the key {key:?} stands twice")));
            }
            let value = from.next_value_seed(inner)?;
            fields.insert(key, value);
        }
        Ok(fields.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let fault = parse(text.as_bytes()).unwrap_err();
        assert_eq!(fault.reason, Reason::MalformedRequest);
        fault.message
    }

    #[test]
    fn only_json_is_json() {
        for bad in [
            "",
            " ",
            "{",
            "{}{}",
            "{} x",
            "{'a':1}",
            "{a:1}",
            "{\"a\":1,}",
            "[1,]",
            "01",
            "1.",
            ".5",
            "+1",
            "NaN",
            "Infinity",
            "-Infinity",
            "1e999",
            "-1e999",
            "tru",
            "\"\\ud800\"",
            "\"\\udc00\\ud800\"",
            "\"\u{1}\"",
            "\"\\x41\"",
            "// no\n1",
            "\u{feff}{}",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(parse(b"\"\xff\"").is_err());
        assert!(parse(b"\"\xed\xa0\x80\"").is_err());
        assert_eq!(
            parse(b" {\"a\":[1,\"\\ud83d\\ude00\",null]} ").unwrap().to_string(),
            "{\"a\":[1,\"😀\",null]}"
        );
    }

    #[test]
    fn a_key_stands_once_however_deep_it_lies() {
        assert!(refused("{\"a\":1,\"a\":1}").contains("the key \"a\" stands twice"));
        assert!(refused("[{\"b\":{\"a\":1,\"\\u0061\":2}}]").contains("the key \"a\" stands twice"));
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        parse(nested(DEPTH).as_bytes()).unwrap();
        assert!(refused(&nested(DEPTH + 1)).contains("nested deeper than 32"));
        // Deep enough to end a reader that does not count.
        assert!(refused(&"[".repeat(100_000)).contains("nested deeper than 32"));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        let cases = [
            ("rapport.chats.v1.ListChatsRequest", "[]", "the request must be an object"),
            ("rapport.chats.v1.ListChatsRequest", "{\"color\":1}", "color is no field of this request"),
            ("rapport.chats.v1.ListChatsRequest", "{\"pageSize\":\"x\"}", "pageSize must be a whole number"),
            ("rapport.chats.v1.ListChatsRequest", "{\"pageSize\":-1}", "pageSize must be a whole number"),
            (
                "rapport.chats.v1.ListChatsRequest",
                "{\"pageSize\":4294967296}",
                "pageSize must be a whole number",
            ),
            ("rapport.chats.v1.ListChatsRequest", "{\"pageSize\":1.5}", "pageSize must be a whole number"),
            (
                "rapport.chats.v1.ListChatsRequest",
                "{\"pageSize\":1,\"page_size\":1}",
                "stands twice, also as",
            ),
            (
                "rapport.chats.v1.ListChatsRequest",
                "{\"states\":\"CHAT_STATE_WAITING\"}",
                "states must be a list",
            ),
            (
                "rapport.chats.v1.ListChatsRequest",
                "{\"states\":[1,\"LOUD\"]}",
                "states[1] must be a ChatState",
            ),
            ("rapport.chats.v1.ListChatsRequest", "{\"states\":[null]}", "states[0] must be a ChatState"),
            ("rapport.chats.v1.GetChatRequest", "{\"chatId\":{\"$ne\":null}}", "chatId must be a text"),
            ("rapport.chats.v1.GetChatRequest", "{\"chatId\":7}", "chatId must be a text"),
            ("rapport.auth.v1.SetUpRequest", "{\"owner\":{\"name\":[\"x\"]}}", "owner.name must be a text"),
            (
                "rapport.chats.v1.TransferChatRequest",
                "{\"memberId\":\"a\",\"departmentId\":\"b\"}",
                "cannot stand beside",
            ),
            (
                "rapport.edge.v1.ReplayRequest",
                "{\"after\":18446744073709551616}",
                "after must be a whole number of 64 bits",
            ),
            (
                "rapport.edge.v1.ReplayRequest",
                "{\"after\":\"18446744073709551616\"}",
                "after must be a whole number",
            ),
            (
                "rapport.edge.v1.ReplayResponse",
                "{\"upto\":-9223372036854775809}",
                "upto must be a whole number of 64 bits",
            ),
            ("rapport.live.v1.Problem", "{\"retryAfter\":\"inf\"}", "retryAfter must be a number"),
            ("rapport.live.v1.Problem", "{\"retryAfter\":\"1e999\"}", "retryAfter must be a number"),
            ("rapport.live.v1.Problem", "{\"metadata\":{\"a\":null}}", "metadata.a must be a text"),
            ("rapport.events.v1.Event", "{\"at\":\"2026-02-30T00:00:00Z\"}", "at "),
        ];
        for (name, text, expected) in cases {
            let fault = read(&message(name).unwrap(), parse(text.as_bytes()).unwrap()).unwrap_err();
            assert_eq!(fault.reason, Reason::MalformedRequest, "{text}");
            assert!(fault.message.contains(expected), "{text}: {}", fault.message);
        }
        for (name, text) in [
            (
                "rapport.chats.v1.ListChatsRequest",
                "{\"page_size\":1e2,\"states\":[1,\"CHAT_STATE_WAITING\",99]}",
            ),
            ("rapport.chats.v1.TransferChatRequest", "{\"memberId\":\"a\",\"departmentId\":null}"),
            (
                "rapport.edge.v1.ReplayRequest",
                "{\"after\":\"18446744073709551615\",\"upto\":18446744073709551615}",
            ),
            ("rapport.edge.v1.ReplayResponse", "{\"upto\":-9223372036854775808}"),
            ("rapport.live.v1.Problem", "{\"retryAfter\":\"-Infinity\",\"metadata\":{\"a\":\"\"}}"),
        ] {
            read(&message(name).unwrap(), parse(text.as_bytes()).unwrap())
                .unwrap_or_else(|fault| panic!("{text}: {fault}"));
        }
    }
}
