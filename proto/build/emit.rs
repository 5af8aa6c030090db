//! Writes the Rust that follows from the annotations: `impl Validate` of every message, the table of methods, the table
//! of reasons. What the calls mean is said in `src/validate/rules.rs` and `src/contract.rs`.

use super::read::{Contract, Method, Reason, Rule, is_ours};
use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_reflect::{
    DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor,
};
use std::fmt::Write;

/// `impl Validate` for every message of the contract. Only what a request can hold is checked.
pub(crate) fn validation(contract: &Contract, pool: &DescriptorPool) -> String {
    let checked = contract.request_messages();
    let mut out = String::from("// Generated from the annotations of the contract.\n");
    for message in
        pool.all_messages().filter(|message| is_ours(message.full_name()) && !message.is_map_entry())
    {
        let body =
            if checked.contains(&message) { message_checks(contract, &message) } else { String::new() };
        let is_request = contract.methods.iter().any(|method| method.input == message);
        let (path, violations) = if body.is_empty() { ("_path", "_out") } else { ("path", "out") };
        let _ = write!(
            out,
            "impl Validate for {} {{\n    const IS_REQUEST: bool = {is_request};\n    \
             fn check(&self, {path}: &Path<'_>, {violations}: &mut Violations) {{\n{body}    }}\n}}\n",
            rust_path(message.full_name(), message.parent_message().is_some()),
        );
    }
    out
}

/// `METHODS` and `row`.
pub(crate) fn tables(contract: &Contract) -> String {
    let mut out =
        String::from("/// Every rpc of the contract, ordered by path.\npub static METHODS: &[Method] = &[\n");
    for method in &contract.methods {
        method_row(&mut out, contract, method);
    }
    out.push_str("];\n\n#[expect(clippy::match_same_arms, reason = \"one line for each reason\")]\nconst fn row(reason: Reason) -> ReasonRule {\n    match reason {\n");
    for reason in &contract.reasons {
        reason_row(&mut out, reason);
    }
    out.push_str("    }\n}\n");
    out
}

fn method_row(out: &mut String, contract: &Contract, method: &Method) {
    let route = method.route.as_ref().map_or_else(
        || "None".to_owned(),
        |route| {
            format!(
                "Some(Route {{ verb: {:?}, path: {:?}, body: {:?}, answer: {:?} }})",
                route.verb, route.path, route.body, route.answer
            )
        },
    );
    let _ = writeln!(
        out,
        "    Method {{ path: {:?}, service: {:?}, name: {:?}, input: {:?}, output: {:?}, permission: Permission::{}, route: {route}, \
         read_only: {}, client_streaming: {}, server_streaming: {}, browser: Browser {{ takes: {}, gives: {}, ends: {}, resumes_at: {}, \
         place_in: {}, cache_seconds: {}, tries_secret: {} }} }},",
        method.path(),
        method.service,
        method.name,
        method.input.full_name(),
        method.output.full_name(),
        variant("Permission", &method.permission),
        method.read_only,
        method.client_streaming,
        method.server_streaming,
        cookie(contract, &method.input),
        cookie(contract, &method.output),
        some_text(&method.ends_cookie),
        some_text(&resumes(contract, &method.input)),
        some_text(&resumes(contract, &method.output)),
        method.cache_seconds,
        method.tries_secret,
    );
}

/// The field of a message that travels in a cookie.
fn cookie(contract: &Contract, message: &MessageDescriptor) -> String {
    let found = message.fields().find_map(|field| Some((contract.rule(&field).cookie?, field)));
    let Some((cookie, field)) = found else { return "None".to_owned() };
    let expires = message.get_field_by_name(&cookie.expires);
    let expires = expires.map(|field| field.json_name().to_owned()).unwrap_or_default();
    format!(
        "Some(Cookie {{ name: {:?}, field: {:?}, expires: {expires:?} }})",
        cookie.name,
        field.json_name()
    )
}

/// The field of a message that is a place in a stream; empty where there is none.
fn resumes(contract: &Contract, message: &MessageDescriptor) -> String {
    let found = message.fields().find(|field| contract.rule(field).resumes);
    found.map(|field| field.json_name().to_owned()).unwrap_or_default()
}

fn some_text(text: &str) -> String {
    if text.is_empty() { "None".to_owned() } else { format!("Some({text:?})") }
}

fn reason_row(out: &mut String, reason: &Reason) {
    let name = variant("Reason", &reason.name);
    let _ = match &reason.row {
        Some(row) => writeln!(
            out,
            "        Reason::{name} => ReasonRule {{ code: Code::{}, http: {}, retryable: {} }},",
            row.code.to_upper_camel_case(),
            row.http,
            row.retryable
        ),
        // A fault made without a reason is a fault of ours.
        None => writeln!(out, "        Reason::{name} => row(Reason::Internal),"),
    };
}

fn message_checks(contract: &Contract, message: &MessageDescriptor) -> String {
    let mut out = String::new();
    for field in message.fields() {
        if field.containing_oneof().is_some_and(|oneof| !is_synthetic(&oneof)) {
            continue;
        }
        field_checks(&mut out, contract, &field);
    }
    for oneof in message.oneofs().filter(|oneof| !is_synthetic(oneof)) {
        oneof_checks(&mut out, contract, message, &oneof);
    }
    out
}

/// The oneof that protobuf makes up for an `optional` field.
fn is_synthetic(oneof: &OneofDescriptor) -> bool {
    oneof.fields().all(|field| field.field_descriptor_proto().proto3_optional())
}

fn field_checks(out: &mut String, contract: &Contract, field: &FieldDescriptor) {
    let rule = contract.rule(field);
    let name = rust_field(field.name());
    let at = format!("&path.field({:?})", field.json_name());
    if field.is_list() {
        // An empty entry says nothing, so entries are never empty.
        let entry = Rule { required: true, ..contract.rule(field) };
        let entries = value_check(field, ["entry", "*entry"], &entry, "&at.index(index)");
        let _ = write!(
            out,
            "        let at = {at};\n        if rules::items(self.{name}.len(), {}, {}, at, out) {{\n",
            rule.required, rule.max_items
        );
        if let Some(check) = entries {
            let _ = write!(
                out,
                "            for (index, entry) in self.{name}.iter().enumerate() {{\n                {check}\n            }}\n"
            );
        }
        out.push_str("        }\n");
    } else if let Kind::Message(message) = field.kind() {
        let _ = match (is_ours(message.full_name()), rule.required) {
            (true, required) => {
                writeln!(out, "        rules::message(self.{name}.as_ref(), {required}, {at}, out);")
            }
            (false, true) => {
                writeln!(out, "        rules::present(self.{name}.is_some(), {at}, out);")
            }
            (false, false) => Ok(()),
        };
    } else if field.supports_presence() {
        if let Some(check) = value_check(field, ["value", "*value"], &rule, &at) {
            let _ = write!(
                out,
                "        if let Some(value) = &self.{name} {{\n            {check}\n        }}\n"
            );
        }
    } else if let Some(check) =
        value_check(field, [&format!("&self.{name}"), &format!("self.{name}")], &rule, &at)
    {
        let _ = writeln!(out, "        {check}");
    }
}

fn oneof_checks(out: &mut String, contract: &Contract, message: &MessageDescriptor, oneof: &OneofDescriptor) {
    let name = rust_field(oneof.name());
    let module = rust_path(message.full_name(), message.parent_message().is_some());
    let (parent, own) = module.rsplit_once("::").unwrap_or(("", &module));
    let kind =
        format!("{parent}::{}::{}", rust_field(&own.to_snake_case()), oneof.name().to_upper_camel_case());
    let mut required = false;
    let _ = writeln!(out, "        match &self.{name} {{");
    for field in oneof.fields() {
        let rule = contract.rule(&field);
        required |= rule.required;
        let at = format!("&path.field({:?})", field.json_name());
        let check = match field.kind() {
            Kind::Message(inner) if is_ours(inner.full_name()) => {
                Some(format!("rules::message(Some(value), false, {at}, out);"))
            }
            _ => value_check(&field, ["value", "*value"], &rule, &at),
        };
        let variant = field.name().to_upper_camel_case();
        let _ = match check {
            Some(check) => writeln!(out, "            Some({kind}::{variant}(value)) => {{ {check} }}"),
            None => writeln!(out, "            Some({kind}::{variant}(_)) => {{}}"),
        };
    }
    // Protobuf calls a field `chatId` in JSON and has no name for a oneof; the same rule gives it one.
    let absent = if required {
        format!(
            "rules::present(false, &path.field({:?}), out)",
            heck::ToLowerCamelCase::to_lower_camel_case(oneof.name())
        )
    } else {
        "{}".to_owned()
    };
    let _ = write!(out, "            None => {absent},\n        }}\n");
}

/// The check of one value that is there, written as a reference and as a copy; `None` where nothing is demanded of its kind.
fn value_check(field: &FieldDescriptor, [value, copy]: [&str; 2], rule: &Rule, at: &str) -> Option<String> {
    match field.kind() {
        Kind::String => Some(format!("rules::text({value}, &{}, {at}, out);", text_rule(rule))),
        Kind::Enum(kind) => {
            Some(format!("rules::choice::<{}>({copy}, {}, {at}, out);", enum_path(&kind), rule.required))
        }
        Kind::Uint32 | Kind::Fixed32 | Kind::Uint64 | Kind::Fixed64 if rule.required || rule.max > 0 => {
            let max = if rule.max > 0 { rule.max } else { u64::MAX };
            Some(format!("rules::unsigned(u64::from({copy}), {}, {max}, {at}, out);", rule.required))
        }
        Kind::Message(message) if is_ours(message.full_name()) => {
            Some(format!("Validate::check({value}, {at}, out);"))
        }
        _ => None,
    }
}

fn text_rule(rule: &Rule) -> String {
    let shape = if rule.id.is_empty() {
        if rule.format.is_empty() { "Any".to_owned() } else { rule.format.to_upper_camel_case() }
    } else {
        format!("Id({:?})", rule.id)
    };
    let max_len = if rule.max_len > 0 { rule.max_len.to_string() } else { "usize::MAX".to_owned() };
    format!(
        "Text {{ required: {}, min_len: {}, max_len: {max_len}, shape: Shape::{shape} }}",
        rule.required, rule.min_len
    )
}

fn enum_path(kind: &EnumDescriptor) -> String {
    rust_path(kind.full_name(), kind.parent_message().is_some())
}

/// The path prost gives a type: packages and outer messages are modules. `rapport.` is the crate itself.
fn rust_path(full_name: &str, nested: bool) -> String {
    let mut parts: Vec<_> = full_name.split('.').skip(1).map(str::to_owned).collect();
    if let Some(name) = parts.last_mut() {
        *name = name.to_upper_camel_case();
    }
    if nested {
        for part in parts.iter_mut().rev().skip(1) {
            *part = part.to_snake_case();
        }
    }
    format!("crate::{}", parts.join("::"))
}

/// The variant prost makes of an enum value: in camel case, without the enum's name.
fn variant(kind: &str, value: &str) -> String {
    let camel = value.to_upper_camel_case();
    camel.strip_prefix(kind).map_or_else(|| camel.clone(), str::to_owned)
}

/// The field prost makes; Rust's keywords that the contract may use as names are escaped.
fn rust_field(name: &str) -> String {
    let name = name.to_snake_case();
    match name.as_str() {
        "as" | "async" | "await" | "break" | "const" | "continue" | "dyn" | "else" | "enum" | "extern"
        | "false" | "fn" | "for" | "gen" | "if" | "impl" | "in" | "let" | "loop" | "match" | "mod"
        | "move" | "mut" | "pub" | "ref" | "return" | "static" | "struct" | "trait" | "true" | "type"
        | "unsafe" | "use" | "where" | "while" | "abstract" | "become" | "box" | "do" | "final" | "macro"
        | "override" | "priv" | "try" | "typeof" | "unsized" | "virtual" | "yield" => format!("r#{name}"),
        _ => name,
    }
}
