//! Core's messages as JSON, straight from their bytes: no message is built in between. It writes, to the byte, what prost-reflect would,
//! or it gives up and leaves the message to that: whatever is unusual on the wire, maps, and kinds of values no answer has today.

use std::{collections::HashMap, io::Write as _, sync::LazyLock};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use prost::encoding::{WireType, decode_key, decode_varint};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, prost_types::Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::json::POOL;

#[cfg(test)]
mod tests;

/// How deep messages are followed.
const DEPTH: usize = 32;

/// The seconds that have a text: the years 1 to 9999.
const MOMENTS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

static SHAPES: LazyLock<Shapes> = LazyLock::new(Shapes::of_contract);

/// Every message of the contract as it is written.
struct Shapes {
    places: HashMap<String, usize>,
    shapes: Vec<Shape>,
}

enum Shape {
    /// An object with these fields, by number.
    Object(Vec<Field>),
    Timestamp,
    /// A message whose JSON is no plain object.
    Special,
}

struct Field {
    number: u32,
    /// `,"name":`, and the bracket of a list.
    head: String,
    /// Nothing where its values are not written here.
    kind: Option<Kind>,
    /// Where the shape of the message in it is.
    inner: usize,
    is_list: bool,
    /// Whether it is written though it has its default.
    has_presence: bool,
    /// The bit of its oneof. Two oneofs that share one only make a message with both look unusual.
    oneof: u64,
}

/// A value on the wire.
#[derive(Clone, Copy)]
enum Wire<'a> {
    Varint(u64),
    Double(f64),
    Bytes(&'a [u8]),
}

/// Writes a message after what is there; where it gives up, what is there stays as it was.
pub(super) fn directly(text: &mut Vec<u8>, descriptor: &MessageDescriptor, message: &[u8]) -> Option<()> {
    if descriptor.parent_pool() != &*POOL {
        return None;
    }
    let place = *SHAPES.places.get(descriptor.full_name())?;
    let start = text.len();
    let written = SHAPES.message(text, place, message, DEPTH);
    if written.is_none() {
        text.truncate(start);
    }
    written
}

impl Shapes {
    fn of_contract() -> Self {
        let messages: Vec<_> = POOL.all_messages().collect();
        let places: HashMap<_, _> = messages
            .iter()
            .enumerate()
            .map(|(place, message)| (message.full_name().to_owned(), place))
            .collect();
        let shapes = messages.iter().map(|message| Shape::of(message, &places)).collect();
        Self { places, shapes }
    }

    fn message(&self, text: &mut Vec<u8>, place: usize, wire: &[u8], depth: usize) -> Option<()> {
        match self.shapes.get(place)? {
            Shape::Object(fields) => self.object(text, fields, wire, depth.checked_sub(1)?),
            Shape::Timestamp => timestamp(text, wire),
            Shape::Special => None,
        }
    }

    fn object(&self, text: &mut Vec<u8>, fields: &[Field], mut wire: &[u8], depth: usize) -> Option<()> {
        text.push(b'{');
        let start = text.len();
        let (mut last, mut oneofs, mut in_list) = (0, 0, false);
        while !wire.is_empty() {
            let (number, kind) = decode_key(&mut wire).ok()?;
            let value = value_of(kind, &mut wire)?;
            let Ok(at) = fields.binary_search_by_key(&number, |field| field.number) else { continue };
            let field = &fields[at];
            let goes_on = number == last && field.is_list;
            if !goes_on {
                // Fields are written by their numbers, each once; what comes later on the wire would have to go before or replace.
                if number <= last || oneofs & field.oneof != 0 {
                    return None;
                }
                if in_list {
                    text.push(b']');
                }
                (last, oneofs, in_list) = (number, oneofs | field.oneof, false);
            }
            // The first field has no comma before it.
            let head = &field.head.as_bytes()[usize::from(text.len() == start)..];
            if !field.is_list {
                let before = text.len();
                text.extend_from_slice(head);
                self.value(text, field, value, depth)?;
                if !field.has_presence && value.is_default() {
                    text.truncate(before);
                }
                continue;
            }
            let mut element = |text: &mut Vec<u8>, value| {
                text.extend_from_slice(if in_list { b"," } else { head });
                in_list = true;
                self.value(text, field, value, depth)
            };
            match (value, field.kind.as_ref()?.wire_type()) {
                (Wire::Bytes(mut packed), each @ (WireType::Varint | WireType::SixtyFourBit)) => {
                    while !packed.is_empty() {
                        element(text, value_of(each, &mut packed)?)?;
                    }
                }
                _ => element(text, value)?,
            }
        }
        if in_list {
            text.push(b']');
        }
        text.push(b'}');
        Some(())
    }

    fn value(&self, text: &mut Vec<u8>, field: &Field, value: Wire<'_>, depth: usize) -> Option<()> {
        match (field.kind.as_ref()?, value) {
            (Kind::String, Wire::Bytes(bytes)) => json(text, std::str::from_utf8(bytes).ok()?),
            (Kind::Bytes, Wire::Bytes(bytes)) => json(text, &BASE64_STANDARD.encode(bytes)),
            (Kind::Message(_), Wire::Bytes(bytes)) => self.message(text, field.inner, bytes, depth),
            (Kind::Bool, Wire::Varint(number)) => json(text, &(number != 0)),
            (Kind::Int32, Wire::Varint(number)) => json(text, &int32(number)?),
            (Kind::Uint32, Wire::Varint(number)) => json(text, &u32::try_from(number).ok()?),
            (Kind::Int64, Wire::Varint(number)) => write!(text, "\"{}\"", number.cast_signed()).ok(),
            (Kind::Uint64, Wire::Varint(number)) => write!(text, "\"{number}\"").ok(),
            (Kind::Double, Wire::Double(number)) if number.is_finite() => json(text, &number),
            (Kind::Double, Wire::Double(number)) if number.is_nan() => json(text, "NaN"),
            (Kind::Double, Wire::Double(number)) => {
                json(text, if number > 0.0 { "Infinity" } else { "-Infinity" })
            }
            (Kind::Enum(values), Wire::Varint(number)) => {
                let number = int32(number)?;
                match values.get_value(number) {
                    Some(value) => json(text, value.name()),
                    None => json(text, &number),
                }
            }
            _ => None,
        }
    }
}

impl Shape {
    fn of(message: &MessageDescriptor, places: &HashMap<String, usize>) -> Self {
        match message.full_name() {
            "google.protobuf.Timestamp" => Self::Timestamp,
            name if name.starts_with("google.protobuf.") => Self::Special,
            _ if message.extensions().len() > 0 => Self::Special,
            _ => Self::Object(message.fields().map(|field| Field::of(&field, places)).collect()),
        }
    }
}

impl Field {
    fn of(field: &FieldDescriptor, places: &HashMap<String, usize>) -> Self {
        let kind = field.kind();
        let is_null = kind.as_enum().is_some_and(|kind| kind.full_name() == "google.protobuf.NullValue");
        let inner = kind.as_message().and_then(|inner| places.get(inner.full_name()).copied());
        let oneof = field.containing_oneof();
        let oneof = oneof.and_then(|oneof| field.parent_message().oneofs().position(|each| each == oneof));
        let name = Value::from(field.json_name());
        Self {
            number: field.number(),
            head: format!(",{name}:{}", if field.is_list() { "[" } else { "" }),
            inner: inner.unwrap_or(usize::MAX),
            is_list: field.is_list(),
            has_presence: field.supports_presence(),
            oneof: oneof.map_or(0, |place| 1 << (place % 64)),
            kind: (!field.is_map() && !field.is_group() && !is_null).then_some(kind),
        }
    }
}

impl Wire<'_> {
    fn is_default(self) -> bool {
        match self {
            Wire::Varint(number) => number == 0,
            Wire::Double(number) => number == 0.0,
            Wire::Bytes(bytes) => bytes.is_empty(),
        }
    }
}

/// The next value, taken off the front.
fn value_of<'a>(kind: WireType, wire: &mut &'a [u8]) -> Option<Wire<'a>> {
    match kind {
        WireType::Varint => decode_varint(wire).ok().map(Wire::Varint),
        WireType::SixtyFourBit => {
            wire.split_off(..8)?.try_into().ok().map(f64::from_le_bytes).map(Wire::Double)
        }
        WireType::LengthDelimited => {
            let length = decode_varint(wire).ok()?;
            wire.split_off(..usize::try_from(length).ok()?).map(Wire::Bytes)
        }
        WireType::StartGroup | WireType::EndGroup | WireType::ThirtyTwoBit => None,
    }
}

fn int32(number: u64) -> Option<i32> {
    i32::try_from(number.cast_signed()).ok()
}

fn timestamp(text: &mut Vec<u8>, mut wire: &[u8]) -> Option<()> {
    let mut moment = Timestamp::default();
    while !wire.is_empty() {
        let (number, kind) = decode_key(&mut wire).ok()?;
        match (number, value_of(kind, &mut wire)?) {
            (1, Wire::Varint(seconds)) => moment.seconds = seconds.cast_signed(),
            (2, Wire::Varint(nanos)) => moment.nanos = int32(nanos)?,
            (1 | 2, _) => return None,
            _ => {}
        }
    }
    if MOMENTS.contains(&moment.seconds) { write!(text, "\"{moment}\"").ok() } else { None }
}

fn json<T: Serialize + ?Sized>(text: &mut Vec<u8>, value: &T) -> Option<()> {
    serde_json::to_writer(text, value).ok()
}
