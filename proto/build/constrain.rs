//! The rules of request fields as constraints of JSON Schema. None refuses what the server takes; where one says less than
//! the rule (an e-mail's local part, the names of time zones, a repeated variant of a language tag) the server decides.
//! Patterns are written so that ECMAScript with `u` or `v`, Python and Rust read them alike.

use super::read::Rule;
use serde_json::{Value, json};

/// At least one character that `char::is_whitespace` does not know; `\S` means something else in each language.
const NOT_BLANK: &str =
    r"[^\u0009-\u000D\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]";
const ID_TAIL: &str = "[0-7][0-9a-hjkmnp-tv-z]{25}";
const EMAIL: &str = r"[A-Za-z0-9!#$%&'*+\/=?^_`\{\|\}~\-]+(?:\.[A-Za-z0-9!#$%&'*+\/=?^_`\{\|\}~\-]+)*@[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?)*";
const EMAIL_MAX: u32 = 254;
const UUID: &str = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}";
const SLUG: &str = r"[a-z0-9][a-z0-9\-]{1,38}[a-z0-9]";
const LOCALE: &str = "[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*";
const LOCALE_MAX: u32 = 35;
const ORIGIN: &str = r"https?:\/\/(?:[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?";
const COLOR: &str = "#[0-9A-Fa-f]{6}";
const TIME_ZONE: &str = r"[A-Za-z0-9_+\-]+(?:\/[A-Za-z0-9_+\-]+)*";

/// The schema of a text under a rule; the default rule constrains nothing.
pub(crate) fn text(rule: &Rule) -> Value {
    let mut schema = json!({"type": "string"});
    let own_max = match rule.format.as_str() {
        "EMAIL" => EMAIL_MAX,
        "LOCALE" => LOCALE_MAX,
        _ => u32::MAX,
    };
    let max_len = if rule.max_len > 0 { rule.max_len.min(own_max) } else { own_max };
    if rule.required && rule.id.is_empty() && rule.format.is_empty() {
        schema["minLength"] = json!(rule.min_len.max(1));
    } else if rule.required && rule.min_len > 0 {
        schema["minLength"] = json!(rule.min_len);
    } else if rule.min_len > 1 {
        // Empty means absent, and absent is allowed.
        schema["anyOf"] = json!([{"maxLength": 0}, {"minLength": rule.min_len}]);
    }
    if max_len < u32::MAX {
        schema["maxLength"] = json!(max_len);
    }
    if let Some(pattern) = pattern(rule) {
        schema["pattern"] = json!(pattern);
    }
    match rule.format.as_str() {
        "EMAIL" if rule.required => schema["format"] = json!("email"),
        "UUID" => {
            if rule.required {
                schema["format"] = json!("uuid");
            }
            schema["not"] = json!({"const": "00000000-0000-0000-0000-000000000000"});
        }
        _ => {}
    }
    schema
}

fn pattern(rule: &Rule) -> Option<String> {
    let shape = match rule.format.as_str() {
        _ if !rule.id.is_empty() => format!("{}_{ID_TAIL}", rule.id),
        "EMAIL" => EMAIL.to_owned(),
        "UUID" => UUID.to_owned(),
        "SLUG" => SLUG.to_owned(),
        "LOCALE" => LOCALE.to_owned(),
        "TIME_ZONE" => TIME_ZONE.to_owned(),
        "ORIGIN" => ORIGIN.to_owned(),
        "COLOR" => COLOR.to_owned(),
        _ => return rule.required.then(|| NOT_BLANK.to_owned()),
    };
    Some(if rule.required { format!("^{shape}$") } else { format!("^(?:{shape})?$") })
}

/// The schema of an unsigned number of 32 bits.
pub(crate) fn unsigned(rule: &Rule) -> Value {
    let max = if rule.max > 0 { rule.max.min(u32::MAX.into()) } else { u32::MAX.into() };
    json!({"type": "integer", "minimum": u32::from(rule.required), "maximum": max})
}

/// The schema of an unsigned number of 64 bits, which JSON has as text.
pub(crate) fn unsigned_text(rule: &Rule) -> Value {
    let pattern = if rule.required { "^[1-9][0-9]{0,19}$" } else { "^(?:0|[1-9][0-9]{0,19})$" };
    json!({"type": "string", "pattern": pattern})
}
