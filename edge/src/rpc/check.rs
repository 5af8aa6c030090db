//! What a JSON value must be to stand for a message. The library that converts takes a field under both its names, takes numbers
//! it cannot hold, and cannot say where a value is wrong; here all of that is refused first, with the place.

use std::{borrow::Cow, collections::BTreeMap};

use prost_reflect::{Cardinality, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Number, Value};

/// 2 to the 63, the first number above every signed one of 64 bits.
const SIGNED_END: f64 = 9_223_372_036_854_775_808.0;
/// 2 to the 64, the first number above every unsigned one of 64 bits.
const UNSIGNED_END: f64 = 18_446_744_073_709_551_616.0;

/// What is wrong, and where: the steps from the inside out.
#[derive(Debug)]
pub(super) struct Wrong {
    steps: Vec<String>,
    /// To be read after the field's name.
    pub(super) what: String,
}

impl Wrong {
    fn new(what: impl Into<String>) -> Self {
        Self { steps: Vec::new(), what: what.into() }
    }

    fn within(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// The place as violations write it: `owner.email`, `types[2]`; empty for the whole.
    pub(super) fn place(&self) -> String {
        let mut place = String::new();
        for step in self.steps.iter().rev() {
            if !place.is_empty() && !step.starts_with('[') {
                place.push('.');
            }
            place.push_str(step);
        }
        place
    }
}

/// Whether a value stands for a message.
pub(super) fn message(descriptor: &MessageDescriptor, value: &Value) -> Result<(), Wrong> {
    match descriptor.full_name() {
        "google.protobuf.Value" => Ok(()),
        // The form of these is their text: what converts it knows it best.
        "google.protobuf.Timestamp"
        | "google.protobuf.Duration"
        | "google.protobuf.FieldMask"
        | "google.protobuf.Struct"
        | "google.protobuf.ListValue"
        | "google.protobuf.Empty"
        | "google.protobuf.Any" => DynamicMessage::deserialize(descriptor.clone(), value.clone())
            .map(|_| ())
            .map_err(|error| Wrong::new(error.to_string())),
        "google.protobuf.BoolValue"
        | "google.protobuf.BytesValue"
        | "google.protobuf.StringValue"
        | "google.protobuf.DoubleValue"
        | "google.protobuf.FloatValue"
        | "google.protobuf.Int32Value"
        | "google.protobuf.Int64Value"
        | "google.protobuf.UInt32Value"
        | "google.protobuf.UInt64Value" => match descriptor.get_field(1) {
            Some(inner) => single(&inner.kind(), value),
            None => Ok(()),
        },
        _ => fields(descriptor, value),
    }
}

fn fields(descriptor: &MessageDescriptor, value: &Value) -> Result<(), Wrong> {
    let Value::Object(entries) = value else { return Err(Wrong::new("must be an object")) };
    let mut named = BTreeMap::new();
    let mut chosen = BTreeMap::new();
    for (key, value) in entries {
        let Some(field) = field_named(descriptor, key) else {
            return Err(Wrong::new("is no field of this request").within(key));
        };
        if let Some(other) = named.insert(field.number(), key) {
            return Err(Wrong::new(format!("stands twice, also as {other}")).within(key));
        }
        if value.is_null() && !takes_null(&field) {
            continue;
        }
        if let Some(oneof) = field.containing_oneof()
            && let Some(other) = chosen.insert(oneof.full_name().to_owned(), key)
        {
            return Err(Wrong::new(format!("cannot stand beside {other}")).within(key));
        }
        whole(&field, value).map_err(|wrong| wrong.within(key))?;
    }
    Ok(())
}

/// The field of this name: in JSON both the name of the contract and its form in camel case are good.
pub(crate) fn field_named(descriptor: &MessageDescriptor, key: &str) -> Option<FieldDescriptor> {
    descriptor.get_field_by_json_name(key).or_else(|| descriptor.get_field_by_name(key))
}

/// Whether null is a value here and not a field left out.
fn takes_null(field: &FieldDescriptor) -> bool {
    let kind = field.kind();
    let name = match &kind {
        Kind::Message(kind) => kind.full_name(),
        Kind::Enum(kind) => kind.full_name(),
        _ => return false,
    };
    field.cardinality() != Cardinality::Repeated
        && matches!(name, "google.protobuf.Value" | "google.protobuf.NullValue")
}

fn whole(field: &FieldDescriptor, value: &Value) -> Result<(), Wrong> {
    if field.is_list() {
        let Value::Array(values) = value else { return Err(Wrong::new("must be a list")) };
        return values.iter().enumerate().try_for_each(|(index, value)| {
            single(&field.kind(), value).map_err(|wrong| wrong.within(format!("[{index}]")))
        });
    }
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let Value::Object(entries) = value else { return Err(Wrong::new("must be an object")) };
        let kind = entry.map_entry_value_field().kind();
        return entries
            .iter()
            .try_for_each(|(key, value)| single(&kind, value).map_err(|wrong| wrong.within(key)));
    }
    single(&field.kind(), value)
}

fn single(kind: &Kind, value: &Value) -> Result<(), Wrong> {
    let is_good = match kind {
        Kind::Message(descriptor) => return message(descriptor, value),
        Kind::Enum(descriptor) => return choice(descriptor, value),
        Kind::Bool => {
            return if value.is_boolean() { Ok(()) } else { Err(Wrong::new("must be true or false")) };
        }
        Kind::String | Kind::Bytes => {
            return if value.is_string() { Ok(()) } else { Err(Wrong::new("must be a text")) };
        }
        Kind::Double => is_float(value, f64::MAX),
        Kind::Float => is_float(value, f64::from(f32::MAX)),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => is_whole(value, |text| text.parse::<i32>().is_ok()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => is_whole(value, |text| text.parse::<i64>().is_ok()),
        Kind::Uint32 | Kind::Fixed32 => is_whole(value, |text| text.parse::<u32>().is_ok()),
        Kind::Uint64 | Kind::Fixed64 => is_whole(value, |text| text.parse::<u64>().is_ok()),
    };
    if is_good { Ok(()) } else { Err(Wrong::new(format!("must be {}", number(kind)))) }
}

fn number(kind: &Kind) -> &'static str {
    match kind {
        Kind::Double | Kind::Float => "a number",
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "a whole number of 32 bits",
        Kind::Uint32 | Kind::Fixed32 => "a whole number of 32 bits, not negative",
        Kind::Uint64 | Kind::Fixed64 => "a whole number of 64 bits, not negative",
        _ => "a whole number of 64 bits",
    }
}

fn is_whole(value: &Value, fits: impl Fn(&str) -> bool) -> bool {
    whole_digits(value).is_some_and(|digits| fits(&digits))
}

/// What a number or a text says as a whole number.
pub(crate) fn whole_digits(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => whole_text(number).map(Cow::from),
        _ => None,
    }
}

/// A number without a fraction as its digits. A number beyond 64 bits reaches us rounded to a float and would pass for the last
/// one that fits.
fn whole_text(number: &Number) -> Option<String> {
    if number.is_i64() || number.is_u64() {
        return Some(number.to_string());
    }
    let float = number.as_f64()?;
    (float.fract() == 0.0 && float > -SIGNED_END && float < UNSIGNED_END)
        .then(|| format!("{float:.0}"))
        // The minus of zero is no digit.
        .map(|text| if text == "-0" { "0".to_owned() } else { text })
}

fn is_float(value: &Value, most: f64) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|float| float.abs() <= most),
        Value::String(text) => match text.as_str() {
            "NaN" | "Infinity" | "-Infinity" => true,
            // Rust also reads words such as `inf` that JSON does not know.
            _ => {
                text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
                    && text.parse::<f64>().is_ok_and(|float| float.abs() <= most)
            }
        },
        _ => false,
    }
}

fn choice(descriptor: &EnumDescriptor, value: &Value) -> Result<(), Wrong> {
    let is_good = match value {
        Value::Null => descriptor.full_name() == "google.protobuf.NullValue",
        Value::String(name) => descriptor.get_value_by_name(name).is_some(),
        Value::Number(number) => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        _ => false,
    };
    if is_good { Ok(()) } else { Err(Wrong::new(format!("must be a {}", descriptor.name()))) }
}
