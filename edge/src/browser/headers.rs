//! The headers that every answer has, refusals included.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Whatever a browser is led to show is inert.
const CSP: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const ALWAYS: [(HeaderName, &str); 5] = [
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// What a page of another origin may see of an answer besides its body.
const EXPOSED: &str = "x-request-id, retry-after, grpc-status, grpc-message, grpc-status-details-bin";

/// Puts them on; `reader` is the page of another origin that may read the answer.
pub(super) fn dress(headers: &mut HeaderMap, reader: Option<&str>) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [(header::CONTENT_SECURITY_POLICY, CSP), (header::CACHE_CONTROL, "no-store")] {
        // A door that says otherwise has a reason.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    let shared = if reader.is_some() { "cross-origin" } else { "same-origin" };
    headers.entry("cross-origin-resource-policy").or_insert(HeaderValue::from_static(shared));
    if let Some(origin) = reader.and_then(|reader| HeaderValue::from_str(reader).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}
