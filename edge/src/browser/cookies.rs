//! Texts that travel in cookies where a browser calls, as the contract says: kept from every script, sent to this host alone, and taken
//! from our own pages only.

use http::{HeaderMap, HeaderValue, header};
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage as _, Value as Field};
use rapport_proto::{
    contract::{Cookie, Method},
    errors::v1::Reason,
    fault::Fault,
};
use serde_json::{Map, Value};

use super::{Arrival, origin::Origin};

/// Fills the field that travels in a cookie, where the body leaves it out. Gives the cookie's name where it did.
pub(crate) fn take(
    method: &Method,
    input: &MessageDescriptor,
    arrival: &Arrival,
    headers: &HeaderMap,
    fields: &mut Map<String, Value>,
) -> Result<Option<&'static str>, Fault> {
    let Some(cookie) = method.browser.takes else { return Ok(None) };
    let Some(field) = input.get_field_by_json_name(cookie.field) else { return Ok(None) };
    let names = [field.name(), field.json_name()];
    if names.iter().filter_map(|name| fields.get(*name)).any(|value| !value.is_null() && value != "") {
        return Ok(None);
    }
    let Some(text) = find(headers, cookie.name)? else { return Ok(None) };
    // A browser adds the cookie whoever asks it to; only what one of our own pages asks is taken for its owner's wish.
    if !is_from_own_page(arrival, headers) {
        return Err(Fault::new(
            Reason::OriginRefused,
            "this cookie is taken from pages of this installation only",
        ));
    }
    for name in names {
        fields.remove(name);
    }
    fields.insert(field.json_name().to_owned(), text.into());
    Ok(Some(cookie.name))
}

fn is_from_own_page(arrival: &Arrival, headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    let is_near = sites.all(|site| site == "same-origin" || site == "none");
    is_near && !matches!(arrival.origin, Origin::Foreign(_))
}

/// The cookie of this name.
fn find(headers: &HeaderMap, name: &str) -> Result<Option<String>, Fault> {
    let wanted = full_name(name);
    let mut found = None;
    for value in headers.get_all(header::COOKIE) {
        // A cookie of somebody else's making is no reason to refuse ours.
        let pairs =
            value.as_bytes().split(|byte| *byte == b';').filter_map(|pair| std::str::from_utf8(pair).ok());
        for (key, text) in pairs.filter_map(|pair| pair.trim().split_once('=')) {
            if key == wanted && found.replace(text.to_owned()).is_some() {
                return Err(Fault::new(
                    Reason::MalformedRequest,
                    format!("the cookie {wanted} is sent twice"),
                ));
            }
        }
    }
    Ok(found.filter(|text| !text.is_empty()))
}

/// Takes the field out of an answer and makes the header that sets its cookie.
pub(crate) fn give(cookie: Cookie, message: &mut DynamicMessage) -> Result<HeaderMap, Fault> {
    let internal = || Fault::new(Reason::Internal, "something went wrong on our side");
    let descriptor = message.descriptor();
    let field = |name| descriptor.get_field_by_json_name(name).ok_or_else(internal);
    let (text, expires) = (field(cookie.field)?, field(cookie.expires)?);
    let mut headers = HeaderMap::new();
    if let Field::String(value) = message.get_field(&text).as_ref()
        && !value.is_empty()
    {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if !value.bytes().all(is_plain) {
            tracing::error!(cookie = cookie.name, "the text does not fit into a cookie");
            return Err(internal());
        }
        let ends = match message.get_field(&expires).as_ref() {
            Field::Message(moment) => {
                moment.get_field_by_name("seconds").and_then(|seconds| seconds.as_i64())
            }
            _ => None,
        };
        let age = ends.ok_or_else(internal)?.saturating_sub(now()).max(0);
        headers.insert(header::SET_COOKIE, set(cookie.name, value, age).ok_or_else(internal)?);
    }
    message.clear_field(&text);
    Ok(headers)
}

/// Takes a cookie away.
pub(crate) fn clear(headers: &mut HeaderMap, name: &str) {
    headers.extend(set(name, "", 0).map(|value| (header::SET_COOKIE, value)));
}

fn set(name: &str, value: &str, age: i64) -> Option<HeaderValue> {
    let name = full_name(name);
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={age}");
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn full_name(name: &str) -> String {
    format!("__Host-{name}")
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a browser keeps a cookie is all it decides; core alone judges what is in it, by its own clock"
)]
fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
