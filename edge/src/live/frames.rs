//! The frames as text, both ways: canonical JSON of `rapport.live.v1`. What goes to many is made once, as the bytes that go out.

use std::{fmt::Write as _, sync::LazyLock};

use prost::Message as _;
use prost_reflect::MessageDescriptor;
use rapport_proto::{
    errors::v1::Reason,
    events::v1::{Ephemeral, Event, ResetCause},
    fault::Fault,
};
use serde::Deserialize;
use serde_json::Value;

use super::frame::Frame;
use crate::rpc::{check::whole_digits, json, problem::Problem};

/// What a client says.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Incoming {
    /// Opens the session.
    #[serde(deserialize_with = "strict")]
    Hello(Hello),
    /// Asks for an rpc.
    #[serde(deserialize_with = "strict")]
    Call(Call),
    /// Ends a call before its answer.
    #[serde(deserialize_with = "strict")]
    Cancel(Cancel),
    /// Goes on with another token.
    #[serde(deserialize_with = "strict")]
    Reauth(Reauth),
    /// Asks for a pong.
    #[serde(deserialize_with = "strict")]
    Ping(Ping),
}

/// Opens the session.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Hello {
    /// An access token.
    #[serde(deserialize_with = "said")]
    pub token: String,
    /// The last cursor the client has.
    #[serde(deserialize_with = "said")]
    pub cursor: String,
}

/// Asks for an rpc.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Call {
    /// The client's own.
    #[serde(deserialize_with = "number")]
    pub id: u32,
    /// Full name of the rpc.
    #[serde(deserialize_with = "said")]
    pub method: String,
    /// The request.
    pub body: Value,
}

/// Ends a call.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Cancel {
    /// The call's.
    #[serde(deserialize_with = "number")]
    pub id: u32,
}

/// Goes on with another token.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Reauth {
    /// An access token.
    #[serde(deserialize_with = "said")]
    pub token: String,
}

/// Asks for a pong.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Ping {}

/// A message is an object: serde would take a list of its fields too.
fn strict<'de, D: serde::Deserializer<'de>, T: serde::de::DeserializeOwned>(from: D) -> Result<T, D::Error> {
    let value = Value::deserialize(from)?;
    if !value.is_object() {
        return Err(serde::de::Error::custom("is not an object"));
    }
    T::deserialize(value).map_err(serde::de::Error::custom)
}

/// A field that is `null` is one that is not said.
fn said<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A number in any form that JSON of the contract has for it: `7`, `7.0`, `"7"`.
fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let value = Value::deserialize(from)?;
    if value.is_null() {
        return Ok(0);
    }
    whole_digits(&value)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| serde::de::Error::custom("is not a whole number of 32 bits"))
}

/// Reads a frame; nothing where it is none.
#[must_use]
pub fn read(text: &[u8]) -> Option<Incoming> {
    let value = json::parse(text).ok()?;
    value.is_object().then(|| Incoming::deserialize(value).ok()).flatten()
}

/// `{"welcome":…}`
#[must_use]
pub(crate) fn welcome(session: &str, head: &str, epoch: &str) -> Frame {
    let (session, head, epoch) = (quoted(session), quoted(head), quoted(epoch));
    Frame::text(&format!(r#"{{"welcome":{{"session":{session},"head":{head},"epoch":{epoch}}}}}"#))
}

/// `{"reset":…}`
#[must_use]
pub(crate) fn reset(cause: ResetCause, cursor: &str) -> Frame {
    Frame::text(&format!(r#"{{"reset":{{"cause":"{}","cursor":{}}}}}"#, cause.as_str_name(), quoted(cursor)))
}

/// `{"checkpoint":…}`
#[must_use]
pub(crate) fn checkpoint(cursor: &str) -> Frame {
    Frame::text(&format!(r#"{{"checkpoint":{{"cursor":{}}}}}"#, quoted(cursor)))
}

/// `{"expiring":…}`
#[must_use]
pub(crate) fn expiring(in_ms: u32) -> Frame {
    Frame::text(&format!(r#"{{"expiring":{{"inMs":{in_ms}}}}}"#))
}

/// `{"reauthorized":…}`
#[must_use]
pub(crate) fn reauthorized(in_ms: u32) -> Frame {
    Frame::text(&format!(r#"{{"reauthorized":{{"inMs":{in_ms}}}}}"#))
}

/// `{"goodbye":…}`
#[must_use]
pub(crate) fn goodbye(retry_after_ms: u32) -> Frame {
    Frame::text(&format!(r#"{{"goodbye":{{"retryAfterMs":{retry_after_ms}}}}}"#))
}

/// `{"pong":{}}`
#[must_use]
pub(crate) fn pong() -> Frame {
    Frame::text(r#"{"pong":{}}"#)
}

/// `{"result":…}` with a problem.
#[must_use]
pub(crate) fn problem(id: u32, fault: Fault, request_id: &str) -> Frame {
    let problem = Problem::new(fault, request_id).to_json();
    Frame::text(&format!(r#"{{"result":{{"id":{id},"problem":{problem}}}}}"#))
}

/// `{"result":…}` with an answer.
pub(crate) fn result(id: u32, output: &MessageDescriptor, answer: &[u8]) -> Result<Frame, Fault> {
    body("result", id, output, answer)
}

/// `{"result":…}` of a stream that ended well.
#[must_use]
pub(crate) fn done(id: u32) -> Frame {
    Frame::text(&format!(r#"{{"result":{{"id":{id},"body":{{}}}}}}"#))
}

/// `{"item":…}`
pub(crate) fn item(id: u32, output: &MessageDescriptor, answer: &[u8]) -> Result<Frame, Fault> {
    body("item", id, output, answer)
}

fn body(frame: &str, id: u32, output: &MessageDescriptor, answer: &[u8]) -> Result<Frame, Fault> {
    let mut text = Vec::with_capacity(answer.len() * 2 + 64);
    text.extend_from_slice(format!(r#"{{"{frame}":{{"id":{id},"body":"#).as_bytes());
    json::write_into(&mut text, output, answer)?;
    text.extend_from_slice(b"}}");
    whole(&text)
}

/// `{"event":…}`
pub(crate) fn event(cursor: &str, event: &Event) -> Result<Frame, Fault> {
    static EVENT: LazyLock<Option<MessageDescriptor>> =
        LazyLock::new(|| json::message("rapport.events.v1.Event"));
    let mut head = String::with_capacity(512);
    let _ = write!(
        head,
        r#"{{"event":{{"cursor":{},"type":"{}","data":"#,
        quoted(cursor),
        event.r#type().as_str_name()
    );
    wrapped(head, EVENT.as_ref(), &event.encode_to_vec(), b"}}")
}

/// `{"ephemeral":…}`
pub(crate) fn ephemeral(ephemeral: &Ephemeral) -> Result<Frame, Fault> {
    static EPHEMERAL: LazyLock<Option<MessageDescriptor>> =
        LazyLock::new(|| json::message("rapport.events.v1.Ephemeral"));
    wrapped(r#"{"ephemeral":"#.to_owned(), EPHEMERAL.as_ref(), &ephemeral.encode_to_vec(), b"}")
}

fn wrapped(
    head: String,
    descriptor: Option<&MessageDescriptor>,
    message: &[u8],
    tail: &[u8],
) -> Result<Frame, Fault> {
    let Some(descriptor) = descriptor else { return Err(unreadable()) };
    let mut text = head.into_bytes();
    json::write_into(&mut text, descriptor, message)?;
    text.extend_from_slice(tail);
    whole(&text)
}

fn whole(text: &[u8]) -> Result<Frame, Fault> {
    std::str::from_utf8(text).map(Frame::text).map_err(|_| unreadable())
}

fn unreadable() -> Fault {
    Fault::new(Reason::Internal, "something went wrong on our side")
}

fn quoted(text: &str) -> String {
    // A text can always be written.
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use prost_reflect::{DeserializeOptions, DynamicMessage};
    use rapport_proto::{
        chats::v1::Message,
        events::v1::{EventType, MessageSent, Typing, ephemeral::Body as Fleeting, event::Body},
        live::v1 as pb,
    };

    use super::*;

    /// What a strict reader of the contract makes of a frame of ours.
    fn as_contract(text: &str) -> pb::ServerFrame {
        let mut reader = serde_json::Deserializer::from_str(text);
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        let frame = json::message("rapport.live.v1.ServerFrame").unwrap();
        let message = DynamicMessage::deserialize_with_options(frame, &mut reader, &options)
            .unwrap_or_else(|error| panic!("{error}: {text}"));
        reader.end().unwrap();
        message.transcode_to().unwrap()
    }

    #[test]
    fn what_goes_out_is_the_contract_to_the_letter() {
        use pb::server_frame::Frame;

        let odd = "a \"quoted\" \\ text\n\u{1f600}";
        let happened = Event {
            r#type: EventType::MessageSent.into(),
            at: None,
            body: Some(Body::MessageSent(MessageSent {
                message: Some(Message { text: odd.to_owned(), ..Default::default() }),
                request_id: "r".to_owned(),
            })),
        };
        let fleeting =
            Ephemeral { body: Some(Fleeting::Typing(Typing { typing: true, ..Default::default() })) };
        let output = json::message("rapport.events.v1.Typing").unwrap();
        let answer = Typing { chat_id: odd.to_owned(), ..Default::default() }.encode_to_vec();
        let fault = Fault::new(Reason::ChatTaken, odd).with_metadata("assignee", odd);
        let frames = [
            (welcome("s", odd, "e"), "welcome"),
            (reset(ResetCause::Restored, "c"), "reset"),
            (checkpoint("c"), "checkpoint"),
            (expiring(60_000), "expiring"),
            (reauthorized(u32::MAX), "reauthorized"),
            (goodbye(7), "goodbye"),
            (pong(), "pong"),
            (problem(3, fault, "id"), "result"),
            (result(4, &output, &answer).unwrap(), "result"),
            (done(5), "result"),
            (item(6, &output, &answer).unwrap(), "item"),
            (event("c", &happened).unwrap(), "event"),
            (ephemeral(&fleeting).unwrap(), "ephemeral"),
        ];
        for (frame, name) in &frames {
            let text = frame.as_str();
            let frame = as_contract(text).frame.unwrap_or_else(|| panic!("{text}"));
            assert!(text.starts_with(&format!("{{\"{name}\":")), "{text}");
            match frame {
                Frame::Event(told) => {
                    assert_eq!(
                        (told.r#type(), told.data, &*told.cursor),
                        (EventType::MessageSent, Some(happened.clone()), "c")
                    );
                }
                Frame::Ephemeral(told) => assert_eq!(told, fleeting),
                Frame::Welcome(told) => {
                    assert_eq!((&*told.session, &*told.head, &*told.epoch), ("s", odd, "e"));
                }
                Frame::Reset(told) => assert_eq!((told.cause(), &*told.cursor), (ResetCause::Restored, "c")),
                Frame::Reauthorized(told) => assert_eq!(told.in_ms, u32::MAX),
                _ => {}
            }
        }
    }

    #[test]
    fn what_comes_in_is_the_contract_and_nothing_else() {
        let hello = Hello { token: "t".to_owned(), cursor: "c".to_owned() };
        let call = |body| Incoming::Call(Call { id: 7, method: "a/B".to_owned(), body });
        for (text, frame) in [
            (r#"{"hello":{"token":"t","cursor":"c"}}"#, Incoming::Hello(hello)),
            (r#" { "ping" : { } } "#, Incoming::Ping(Ping {})),
            (r#"{"reauth":{"token":"t"}}"#, Incoming::Reauth(Reauth { token: "t".to_owned() })),
            (r#"{"cancel":{"id":7}}"#, Incoming::Cancel(Cancel { id: 7 })),
            (r#"{"call":{"id":7,"method":"a/B"}}"#, call(Value::Null)),
            (r#"{"call":{"id":"7","method":"a/B","body":null}}"#, call(Value::Null)),
            (r#"{"call":{"id":7.0,"method":"a/B"}}"#, call(Value::Null)),
            (r#"{"cancel":{"id":null}}"#, Incoming::Cancel(Cancel { id: 0 })),
            (r#"{"cancel":{"id":4294967295}}"#, Incoming::Cancel(Cancel { id: u32::MAX })),
            (
                r#"{"hello":{"token":"t","cursor":null}}"#,
                Incoming::Hello(Hello { token: "t".to_owned(), cursor: String::new() }),
            ),
            (r#"{"reauth":{"token":null}}"#, Incoming::Reauth(Reauth::default())),
            (
                r#"{"call":{"id":7,"method":"a/B","body":{"n":9007199254740993}}}"#,
                call(serde_json::json!({ "n": 9_007_199_254_740_993_u64 })),
            ),
        ] {
            assert_eq!(read(text.as_bytes()), Some(frame), "{text}");
        }
        for text in [
            "",
            "null",
            "7",
            "\"ping\"",
            "[]",
            "{}",
            r#"["ping",{}]"#,
            r#"{"ping":null}"#,
            r#"{"ping":[]}"#,
            r#"{"hello":["t","c"]}"#,
            r#"{"ping":{"a":1}}"#,
            r#"{"pong":{}}"#,
            r#"{"ping":{},"pong":{}}"#,
            r#"{"ping":{},"ping":{}}"#,
            r#"{"hello":{"token":"t","token":"t"}}"#,
            r#"{"hello":{"token":7}}"#,
            r#"{"cancel":{"id":-1}}"#,
            r#"{"cancel":{"id":4294967296}}"#,
            r#"{"cancel":{"id":1.5}}"#,
            r#"{"cancel":{"id":"4294967296"}}"#,
            r#"{"cancel":{"id":"-1"}}"#,
            r#"{"cancel":{"id":""}}"#,
            r#"{"cancel":{"id":" 7"}}"#,
            r#"{"cancel":{"id":true}}"#,
            r#"{"hello":{"token":"t","admin":null}}"#,
            r#"{"ping":{}}{"ping":{}}"#,
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
