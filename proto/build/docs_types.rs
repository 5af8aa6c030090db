//! The page's part about data: fields with their types and rules, messages, enums.

use super::comments::Comments;
use super::docs::{Markup, escape};
use super::openapi::template;
use super::read::{Contract, Method, Rule, is_deprecated, is_ours};
use super::schema::{is_demanded, short_name};
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What the fields of calls are made of, by full name. Calls for other parts of the installation do not count.
pub(crate) struct Types {
    messages: BTreeMap<String, MessageDescriptor>,
    enums: BTreeMap<String, EnumDescriptor>,
}

impl Types {
    pub(crate) fn new(contract: &Contract) -> Self {
        let mut types = Self { messages: BTreeMap::new(), enums: BTreeMap::new() };
        let shown = contract.methods.iter().filter(|method| method.internal.is_empty());
        let mut open: Vec<_> =
            shown.flat_map(|method| [method.input.clone(), method.output.clone()]).collect();
        while let Some(message) = open.pop() {
            for field in message.fields() {
                match field.kind() {
                    Kind::Message(inner) if inner.is_map_entry() => open.push(inner),
                    Kind::Message(inner) if is_ours(inner.full_name()) => {
                        let known = types.messages.insert(inner.full_name().to_owned(), inner.clone());
                        open.extend(known.is_none().then_some(inner));
                    }
                    Kind::Enum(kind) if is_ours(kind.full_name()) => {
                        types.enums.insert(kind.full_name().to_owned(), kind);
                    }
                    _ => {}
                }
            }
        }
        types
    }
}

/// Every message that a field holds.
pub(crate) fn messages(
    types: &Types,
    contract: &Contract,
    comments: &Comments,
    markup: &Markup<'_>,
) -> String {
    let requests = contract.request_messages();
    let mut out = String::new();
    for message in types.messages.values() {
        let name = short_name(message.full_name());
        let _ = writeln!(out, "<article id=\"{name}\">\n<h3><a href=\"#{name}\">{name}</a></h3>");
        out.push_str(&markup.paragraphs(&comments.message(message)));
        let fields = message.fields().map(|field| {
            let rule = if requests.contains(message) { contract.rule(&field) } else { Rule::default() };
            entry(&field, &rules(&field, &rule), comments, markup)
        });
        out.push_str(&list("entries", fields.collect()));
        out.push_str("</article>\n");
    }
    out
}

/// Every enum that a field holds.
pub(crate) fn enums(types: &Types, comments: &Comments, markup: &Markup<'_>) -> String {
    let mut out = String::new();
    for kind in types.enums.values() {
        let name = short_name(kind.full_name());
        let _ = writeln!(out, "<article id=\"{name}\">\n<h3><a href=\"#{name}\">{name}</a></h3>");
        out.push_str(&markup.paragraphs(&comments.kind(kind)));
        let values = kind.values().map(|value| {
            format!(
                "<div><dt><code>{}</code></dt><dd>{}</dd></div>\n",
                value.name(),
                markup.line(&comments.value(&value))
            )
        });
        out.push_str(&list("entries names", values.collect()));
        out.push_str("</article>\n");
    }
    out
}

/// The fields of a message; with their places and rules where it is the request of a call.
pub(crate) fn fields(
    message: &MessageDescriptor,
    request_of: Option<&Method>,
    contract: &Contract,
    comments: &Comments,
    markup: &Markup<'_>,
) -> String {
    let entries = message.fields().map(|field| {
        let Some(method) = request_of else {
            return entry(&field, &rules(&field, &Rule::default()), comments, markup);
        };
        let mut said: Vec<_> = place(&field, method).map(str::to_owned).into_iter().collect();
        said.extend(rules(&field, &contract.rule(&field)));
        entry(&field, &said, comments, markup)
    });
    let entries: String = entries.collect();
    if entries.is_empty() { "<p>No fields.</p>\n".to_owned() } else { list("entries", entries) }
}

fn list(class: &str, entries: String) -> String {
    if entries.is_empty() { entries } else { format!("<dl class=\"{class}\">\n{entries}</dl>\n") }
}

fn entry(field: &FieldDescriptor, rules: &[String], comments: &Comments, markup: &Markup<'_>) -> String {
    let rules = if rules.is_empty() {
        String::new()
    } else {
        format!(" <span class=\"rules\">{}</span>", markup.line(&rules.join(" · ")))
    };
    format!(
        "<div><dt><code>{}</code> <span class=\"type\">{}</span>{rules}</dt><dd>{}</dd></div>\n",
        field.json_name(),
        type_of(field),
        markup.line(&comments.field(field)),
    )
}

/// Where a routed call takes a field from.
fn place(field: &FieldDescriptor, method: &Method) -> Option<&'static str> {
    let route = method.route.as_ref()?;
    let is_in_path = template(route, &method.input).1.contains(field);
    Some(match route.body.as_str() {
        _ if is_in_path => "path",
        "*" => "body",
        body if body == field.name() => "the body",
        _ => "query",
    })
}

fn type_of(field: &FieldDescriptor) -> String {
    if field.is_map() {
        let entry = field.kind();
        let value = entry.as_message().map(MessageDescriptor::map_entry_value_field);
        return format!("map to {}", value.map(|value| kind(&value.kind())).unwrap_or_default());
    }
    let kind = kind(&field.kind());
    if field.is_list() { format!("list of {kind}") } else { kind }
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => named(message.full_name()),
        Kind::Enum(kind) => named(kind.full_name()),
        Kind::String => "text".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        Kind::Bool => "true or false".to_owned(),
        Kind::Double | Kind::Float => "number".to_owned(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
            "whole number as text".to_owned()
        }
        _ => "whole number".to_owned(),
    }
}

fn named(full_name: &str) -> String {
    match full_name {
        "google.protobuf.Timestamp" => "time".to_owned(),
        "google.protobuf.Duration" => "duration".to_owned(),
        _ if is_ours(full_name) => {
            let name = short_name(full_name);
            format!("<a href=\"#{name}\">{}</a>", name.rsplit('.').next().unwrap_or(name))
        }
        _ => escape(full_name),
    }
}

/// The rule of a field in words.
fn rules(field: &FieldDescriptor, rule: &Rule) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(oneof) = field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
        let names: Vec<_> = oneof
            .fields()
            .filter(|other| other != field)
            .map(|other| format!("`{}`", other.json_name()))
            .collect();
        // Of a long list of alternatives the message's own comment says enough.
        if (1..=2).contains(&names.len()) {
            said.push(format!("or {}", names.join(" or ")));
        }
    }
    if is_demanded(field, rule) {
        said.push("required".to_owned());
    } else if rule.required && field.containing_oneof().is_none_or(|oneof| oneof.is_synthetic()) {
        said.push("where given, not empty".to_owned());
    }
    if !rule.id.is_empty() {
        said.push(format!("`{}_…`", rule.id));
    }
    said.extend(format_of(&rule.format).map(str::to_owned));
    match (rule.min_len.max(u32::from(rule.required)), rule.max_len) {
        (_, 0) if rule.min_len == 0 => {}
        (min, 0) => said.push(format!("at least {} characters", thousands(min.into()))),
        (0, max) => said.push(format!("at most {} characters", thousands(max.into()))),
        (min, max) => said.push(format!("{} to {} characters", thousands(min.into()), thousands(max.into()))),
    }
    if rule.max > 0 {
        said.push(format!("at most {}", thousands(rule.max)));
    }
    if rule.max_items > 0 {
        said.push(format!("at most {} entries", thousands(rule.max_items.into())));
    }
    if is_deprecated(&field.options()) {
        said.push("deprecated".to_owned());
    }
    said
}

fn format_of(format: &str) -> Option<&'static str> {
    Some(match format {
        "EMAIL" => "e-mail address",
        "UUID" => "UUID",
        "SLUG" => "3 to 40 of `a-z`, `0-9`, `-`",
        "LOCALE" => "language tag",
        "TIME_ZONE" => "IANA time zone",
        "ORIGIN" => "origin of a web page",
        _ => return None,
    })
}

/// `8,000`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> =
        digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    groups.join(",")
}
