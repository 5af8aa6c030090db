//! The messages of the contract as JSON Schema, in the canonical JSON form of protobuf.
//!
//! A message of a request is closed and carries the rules of its fields; the same message in an answer carries none, so that
//! a client keeps working when a newer server says more.

use super::comments::Comments;
use super::constrain;
use super::read::{Contract, Method, Rule, is_deprecated, is_ours};
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The shared schemas, made as they are asked for.
pub(crate) struct Schemas<'a> {
    contract: &'a Contract,
    comments: &'a Comments,
    /// Full names of the messages that answers hold; a request's form of one of them needs a name of its own.
    answers: BTreeSet<String>,
    made: BTreeMap<String, Value>,
}

/// Which way a message travels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Answer,
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(contract: &'a Contract, comments: &'a Comments) -> Self {
        let mut answers = BTreeSet::new();
        let routed = contract.methods.iter().filter(|method| method.route.is_some());
        let mut open: Vec<_> = routed.map(Method::http_answer).collect();
        while let Some(message) = open.pop() {
            if answers.insert(message.full_name().to_owned()) {
                open.extend(message.fields().filter_map(|field| field.kind().as_message().cloned()));
            }
        }
        Self { contract, comments, answers, made: BTreeMap::new() }
    }

    /// Everything that was referred to, by name.
    pub(crate) fn into_components(self) -> Map<String, Value> {
        self.made.into_iter().collect()
    }

    /// A reference to a message, or its schema where JSON has a form of its own for it.
    pub(crate) fn message(&mut self, message: &MessageDescriptor, side: Side) -> Value {
        if let Some(schema) = well_known(message.full_name()) {
            return schema;
        }
        let mut name = short_name(message.full_name()).to_owned();
        if side == Side::Request && self.answers.contains(message.full_name()) {
            name.push_str("-request");
        }
        if !self.made.contains_key(&name) {
            // A message may hold itself: its name is taken before it is looked into.
            self.made.insert(name.clone(), Value::Null);
            let schema = self.object(message, side, &[]);
            self.made.insert(name.clone(), schema);
        }
        reference(&name)
    }

    /// The fields of a message but for some, as an object.
    pub(crate) fn object(&mut self, message: &MessageDescriptor, side: Side, left_out: &[&str]) -> Value {
        let is_here = |field: &FieldDescriptor| !left_out.contains(&field.name());
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in message.fields().filter(is_here) {
            if side == Side::Request && is_demanded(&field, &self.contract.rule(&field)) {
                required.push(json!(field.json_name()));
            }
            properties.insert(field.json_name().to_owned(), self.field(&field, side));
        }
        let mut said = vec![self.comments.message(message)];
        let mut bounds = Vec::new();
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            said.push(self.about_oneof(&oneof));
            if side == Side::Request {
                bounds.extend(self.bound_of_oneof(&oneof));
            }
        }
        let mut schema = json!({"type": "object", "title": message.name()});
        describe(&mut schema, &said.join("\n\n"), is_deprecated(&message.options()));
        schema["properties"] = Value::Object(properties);
        if !required.is_empty() {
            schema["required"] = Value::Array(required);
        }
        if side == Side::Request {
            schema["additionalProperties"] = json!(false);
        }
        match (bounds.pop(), schema.as_object_mut()) {
            (Some(Value::Object(bound)), Some(schema)) if bounds.is_empty() => schema.extend(bound),
            (Some(bound), Some(schema)) => {
                bounds.push(bound);
                schema.insert("allOf".to_owned(), Value::Array(bounds));
            }
            _ => {}
        }
        schema
    }

    /// The schema of a field, with its comment.
    pub(crate) fn field(&mut self, field: &FieldDescriptor, side: Side) -> Value {
        let mut rule = match side {
            Side::Request => self.contract.rule(field),
            Side::Answer => Rule::default(),
        };
        let mut schema = if field.is_map() {
            let entry = field.kind();
            let value = entry.as_message().map(MessageDescriptor::map_entry_value_field);
            let values = value.map_or(json!(true), |value| self.value(&value.kind(), &rule, side));
            json!({"type": "object", "additionalProperties": values})
        } else if field.is_list() {
            let is_demanded = rule.required;
            // An empty entry says nothing, so entries are never empty.
            rule.required = side == Side::Request;
            let mut list = json!({"type": "array", "items": self.value(&field.kind(), &rule, side)});
            if is_demanded {
                list["minItems"] = json!(1);
            }
            if rule.max_items > 0 {
                list["maxItems"] = json!(rule.max_items);
            }
            list
        } else {
            self.value(&field.kind(), &rule, side)
        };
        describe(&mut schema, &self.comments.field(field), is_deprecated(&field.options()));
        schema
    }

    /// Which of the oneof's members may be there, and the contract's words about it.
    pub(crate) fn about_oneof(&self, oneof: &OneofDescriptor) -> String {
        let members: Vec<_> = oneof.fields().map(|field| format!("`{}`", field.json_name())).collect();
        let many = if self.is_required(oneof) { "Exactly" } else { "At most" };
        let comment = self.comments.oneof(oneof);
        let gap = if comment.is_empty() { "" } else { " " };
        format!("{many} one of {}.{gap}{comment}", members.join(", "))
    }

    fn bound_of_oneof(&self, oneof: &OneofDescriptor) -> Option<Value> {
        let names: Vec<_> = oneof.fields().map(|field| field.json_name().to_owned()).collect();
        if self.is_required(oneof) {
            let each: Vec<_> = names.iter().map(|name| json!({"required": [name]})).collect();
            return Some(json!({"oneOf": each}));
        }
        let pairs = names.iter().enumerate().flat_map(|(index, one)| {
            names[index + 1..].iter().map(move |other| json!({"required": [one, other]}))
        });
        let pairs: Vec<_> = pairs.collect();
        (!pairs.is_empty()).then(|| json!({"not": {"anyOf": pairs}}))
    }

    fn is_required(&self, oneof: &OneofDescriptor) -> bool {
        oneof.fields().any(|field| self.contract.rule(&field).required)
    }

    fn value(&mut self, kind: &Kind, rule: &Rule, side: Side) -> Value {
        match kind {
            Kind::Double | Kind::Float => {
                json!({"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]})
            }
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX})
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": "string", "pattern": "^(?:0|-?[1-9][0-9]{0,18})$"})
            }
            Kind::Uint32 | Kind::Fixed32 => constrain::unsigned(rule),
            Kind::Uint64 | Kind::Fixed64 => constrain::unsigned_text(rule),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::String => constrain::text(rule),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Message(message) => self.message(message, side),
            Kind::Enum(kind) => self.choice(kind, rule),
        }
    }

    fn choice(&mut self, kind: &EnumDescriptor, rule: &Rule) -> Value {
        if kind.full_name() == "google.protobuf.NullValue" {
            return json!({"type": "null"});
        }
        let name = short_name(kind.full_name()).to_owned();
        if !self.made.contains_key(&name) {
            let values: Vec<_> = kind
                .values()
                .map(|value| format!("- `{}`: {}", value.name(), self.comments.value(&value)))
                .collect();
            let said = format!("{}\n\n{}", self.comments.kind(kind), values.join("\n"));
            let names: Vec<_> = kind.values().map(|value| value.name().to_owned()).collect();
            let mut schema = json!({"type": "string", "title": kind.name()});
            describe(&mut schema, &said, is_deprecated(&kind.options()));
            schema["enum"] = json!(names);
            self.made.insert(name.clone(), schema);
        }
        let mut schema = reference(&name);
        if rule.required {
            schema["not"] = json!({"const": kind.default_value().name()});
        }
        schema
    }
}

/// Whether a request without the field is refused. A scalar with presence may be absent, whatever its rule, and so may be what
/// travels in a cookie as well.
pub(crate) fn is_demanded(field: &FieldDescriptor, rule: &Rule) -> bool {
    let may_be_absent =
        rule.cookie.is_some() || (field.supports_presence() && field.kind().as_message().is_none());
    rule.required && !may_be_absent && field.containing_oneof().is_none_or(|oneof| oneof.is_synthetic())
}

/// `chats.v1.Chat`
pub(crate) fn short_name(full_name: &str) -> &str {
    if is_ours(full_name) { full_name.split_once('.').map_or(full_name, |(_, name)| name) } else { full_name }
}

/// The messages that JSON has a form of its own for.
pub(crate) fn well_known(full_name: &str) -> Option<Value> {
    Some(match full_name.strip_prefix("google.protobuf.")? {
        "Timestamp" => json!({"type": "string", "format": "date-time"}),
        "Duration" => json!({"type": "string", "pattern": r"^-?[0-9]+(?:\.[0-9]{1,9})?s$"}),
        "FieldMask" | "StringValue" => json!({"type": "string"}),
        "BytesValue" => json!({"type": "string", "contentEncoding": "base64"}),
        "BoolValue" => json!({"type": "boolean"}),
        "Int32Value" => json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX}),
        "UInt32Value" => json!({"type": "integer", "minimum": 0, "maximum": u32::MAX}),
        "Int64Value" | "UInt64Value" => json!({"type": "string", "pattern": "^-?[0-9]+$"}),
        "FloatValue" | "DoubleValue" => json!({"type": ["number", "string"]}),
        "Struct" => json!({"type": "object"}),
        "ListValue" => json!({"type": "array"}),
        "Value" => json!({}),
        "Empty" => json!({"type": "object", "maxProperties": 0}),
        "Any" => {
            json!({"type": "object", "properties": {"@type": {"type": "string"}}, "required": ["@type"]})
        }
        _ => return None,
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Adds a description, where there is one, and the mark of what is no longer to be used.
pub(crate) fn describe(schema: &mut Value, text: &str, is_deprecated: bool) {
    if !text.is_empty() {
        schema["description"] = json!(text);
    }
    if is_deprecated {
        schema["deprecated"] = json!(true);
    }
}
