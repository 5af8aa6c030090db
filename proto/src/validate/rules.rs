//! What each part of a field rule means. The build writes one call of these per field of a request;
//! nobody else calls them. They are public only so that none counts as unused while the contract has no field for it.

use super::{Path, Validate, Violations, formats};

const REQUIRED: &str = "is required";

/// The rule of a text.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Refuses an empty or blank text.
    pub required: bool,
    /// Least number of characters of a text that is not empty.
    pub min_len: usize,
    /// Greatest number of characters.
    pub max_len: usize,
    /// What a text that is not empty must look like.
    pub shape: Shape,
}

/// What a text must look like.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Anything.
    Any,
    /// A typed id with this prefix.
    Id(&'static str),
    /// `FORMAT_EMAIL`
    Email,
    /// `FORMAT_UUID`
    Uuid,
    /// `FORMAT_SLUG`
    Slug,
    /// `FORMAT_LOCALE`
    Locale,
    /// `FORMAT_TIME_ZONE`
    TimeZone,
    /// `FORMAT_ORIGIN`
    Origin,
    /// `FORMAT_COLOR`
    Color,
}

/// A text, whatever its rule, never holds U+0000: `PostgreSQL` cannot store it.
pub fn text(value: &str, rule: &Text, path: &Path<'_>, out: &mut Violations) {
    if value.is_empty() {
        if rule.required {
            out.add(path, format_args!("{REQUIRED}"));
        }
    } else if value.as_bytes().contains(&0) {
        out.add(path, format_args!("holds U+0000"));
    } else if rule.required && value.trim().is_empty() {
        out.add(path, format_args!("{REQUIRED}"));
    } else if longer_than(value, rule.max_len) {
        out.add(path, format_args!("has more than {} characters", rule.max_len));
    } else if value.chars().take(rule.min_len).count() < rule.min_len {
        out.add(path, format_args!("has fewer than {} characters", rule.min_len));
    } else {
        shape(value, rule.shape, path, out);
    }
}

fn longer_than(value: &str, max_len: usize) -> bool {
    // No text has more characters than bytes: most are settled without counting.
    value.len() > max_len && value.chars().count() > max_len
}

fn shape(value: &str, shape: Shape, path: &Path<'_>, out: &mut Violations) {
    let (fits, wrong) = match shape {
        Shape::Any => return,
        Shape::Id(prefix) => {
            if !formats::is_id(value, prefix) {
                out.add(path, format_args!("is not an id of the form `{prefix}_…`"));
            }
            return;
        }
        Shape::Email => (formats::is_email(value), "is not an e-mail address"),
        Shape::Uuid => (formats::is_uuid(value), "is not a UUID of 36 characters"),
        Shape::Slug => (formats::is_slug(value), "is not 3 to 40 of a-z, 0-9 and -, with no - at either end"),
        Shape::Locale => (formats::is_locale(value), "is not a BCP 47 language tag"),
        Shape::TimeZone => (formats::is_time_zone(value), "is not a name of the IANA time zone database"),
        Shape::Origin => (formats::is_origin(value), "is not an origin such as https://shop.example"),
        Shape::Color => (formats::is_color(value), "is not a color such as #2563eb"),
    };
    if !fits {
        out.add(path, format_args!("{wrong}"));
    }
}

/// An enum: always one of the values this build knows; not the unspecified one where `required`.
pub fn choice<E: TryFrom<i32>>(value: i32, required: bool, path: &Path<'_>, out: &mut Violations) {
    if value == 0 && required {
        out.add(path, format_args!("{REQUIRED}"));
    } else if E::try_from(value).is_err() {
        out.add(path, format_args!("is not a known value"));
    }
}

/// An unsigned number: not zero where `required`, at most `max`.
pub fn unsigned(value: u64, required: bool, max: u64, path: &Path<'_>, out: &mut Violations) {
    if value == 0 && required {
        out.add(path, format_args!("{REQUIRED}"));
    } else if value > max {
        out.add(path, format_args!("is more than {max}"));
    }
}

/// A message: there, where `required`, and sound inside.
pub fn message<M: Validate>(value: Option<&M>, required: bool, path: &Path<'_>, out: &mut Violations) {
    match value {
        Some(value) => value.check(path, out),
        None => present(!required, path, out),
    }
}

/// Something whose inside has no rules, or a oneof.
pub fn present(present: bool, path: &Path<'_>, out: &mut Violations) {
    if !present {
        out.add(path, format_args!("{REQUIRED}"));
    }
}

/// The length of a list. Answers whether its entries are worth checking: those of a list that is too long are not, so
/// that a hostile one costs nothing.
pub fn items(len: usize, required: bool, max: usize, path: &Path<'_>, out: &mut Violations) -> bool {
    if len > max {
        out.add(path, format_args!("has more than {max} entries"));
        return false;
    }
    present(len > 0 || !required, path, out);
    true
}
