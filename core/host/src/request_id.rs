//! The id of a call: made where the call arrives first, carried in this header through every part, told in every error and log line.

use http::{HeaderMap, HeaderName};

/// The header and metadata key.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id a caller gave, where it is fit to be one.
#[must_use]
pub fn given(headers: &HeaderMap) -> Option<&str> {
    headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| is_fit(id))
}

/// An id that can stand in a log and in a header as it is.
fn is_fit(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_plain_short_ids_are_taken_over() {
        assert!(super::is_fit("a1.b-c_D"));
        for bad in ["", "a b", "a\u{1b}[0m", &"x".repeat(65), "é"] {
            assert!(!super::is_fit(bad), "{bad:?}");
        }
    }
}
