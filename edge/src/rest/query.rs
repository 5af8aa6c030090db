//! A query string as fields of a request: by their name in JSON or in the contract, with dots into nested messages, repeated keys for
//! repeated fields. Each value is turned into what its JSON form would be, by the descriptor.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use rapport_proto::{errors::v1::Reason, fault::Fault};
use serde_json::{Map, Value};

use super::routes::decode;
use crate::rpc::check::field_named;

/// The fields of a query, decoded.
pub(super) fn pairs(query: &str) -> Result<Vec<(String, String)>, Fault> {
    let read = |text: &str| decode(&text.replace('+', " "), "query");
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((read(name)?, read(value)?))
        })
        .collect()
}

/// Puts a text where its name says, below a message of this kind. What stands there already must say the same.
pub(super) fn put(
    fields: &mut Map<String, Value>,
    message: &MessageDescriptor,
    name: &str,
    text: String,
) -> Result<(), Fault> {
    place(fields, message, name, text)
        .map_err(|what| Fault::new(Reason::MalformedRequest, format!("{name} {what}")))
}

fn place(
    fields: &mut Map<String, Value>,
    message: &MessageDescriptor,
    name: &str,
    text: String,
) -> Result<(), &'static str> {
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let field = field_named(message, first).ok_or("is no field of this request")?;
    // A body may have used the other name of the field.
    let key = if fields.contains_key(field.name()) { field.name() } else { field.json_name() };
    match (rest, field.kind()) {
        (Some(rest), Kind::Message(inner)) if !field.is_list() && !field.is_map() => {
            let value = fields.entry(key).or_insert_with(|| Map::new().into());
            let inside = value.as_object_mut().ok_or("stands elsewhere as another value")?;
            return place(inside, &inner, rest, text);
        }
        (Some(_), _) => return Err("is no field of this request"),
        (None, _) => {}
    }
    let value = value(&field, text)?;
    if field.is_list() {
        let list = fields.entry(key).or_insert_with(|| Value::Array(Vec::new()));
        list.as_array_mut().ok_or("stands elsewhere as another value")?.push(value);
        return Ok(());
    }
    match fields.insert(key.to_owned(), value.clone()) {
        Some(other) if !other.is_null() && other != value => Err("is given twice"),
        _ => Ok(()),
    }
}

/// The JSON form of a text for a field: numbers and most else may be texts there.
fn value(field: &FieldDescriptor, text: String) -> Result<Value, &'static str> {
    if field.is_map() {
        return Err("cannot stand in a query");
    }
    match field.kind() {
        Kind::Bool => truth(&text),
        Kind::Enum(_) => Ok(text.parse::<i32>().map_or_else(|_| text.into(), Value::from)),
        Kind::Message(inner) => match inner.full_name() {
            "google.protobuf.BoolValue" => truth(&text),
            "google.protobuf.Timestamp"
            | "google.protobuf.Duration"
            | "google.protobuf.FieldMask"
            | "google.protobuf.BytesValue"
            | "google.protobuf.StringValue"
            | "google.protobuf.DoubleValue"
            | "google.protobuf.FloatValue"
            | "google.protobuf.Int32Value"
            | "google.protobuf.Int64Value"
            | "google.protobuf.UInt32Value"
            | "google.protobuf.UInt64Value" => Ok(text.into()),
            _ => Err("cannot stand in a query"),
        },
        _ => Ok(text.into()),
    }
}

fn truth(text: &str) -> Result<Value, &'static str> {
    match text {
        "true" => Ok(true.into()),
        "false" => Ok(false.into()),
        _ => Err("must be true or false"),
    }
}
