//! What a contract must not be. Each refusal names the place and says what to write there; a build with one of them fails.
//! The tests feed it small contracts with one fault each.

use super::read::{Contract, Method, Reason, Route, Rule, is_ours};
use prost_reflect::{FieldDescriptor, Kind};

/// Every fault of the contract, one sentence each; empty for a sound one.
pub(crate) fn faults(contract: &Contract) -> Vec<String> {
    let mut faults = Vec::new();
    for method in &contract.methods {
        method_faults(method, contract, &mut faults);
    }
    collisions(&contract.methods, &mut faults);
    for message in contract.request_messages() {
        for field in message.fields() {
            field_faults(&field, &contract.rule(&field), &mut faults);
        }
    }
    for reason in &contract.reasons {
        reason_faults(reason, &mut faults);
    }
    faults
}

fn method_faults(method: &Method, contract: &Contract, faults: &mut Vec<String>) {
    let at = format!("{}.{}", method.service, method.name);
    if method.permission.is_empty() {
        faults.push(format!("{at} names no permission: set `permission` in (rapport.options.v1.method)"));
    }
    let excused = !method.grpc_only.trim().is_empty() || !method.internal.trim().is_empty();
    if method.client_streaming && method.route.is_some() {
        faults.push(format!("{at} is asked by a stream, which no HTTP route can carry: leave the route out"));
    }
    if method.tries_secret && method.permission == "PERMISSION_PUBLIC" {
        faults.push(format!("{at} needs no token and counts as a try anyway: leave `tries_secret` out"));
    }
    if method.cache_seconds > 0 && (method.permission != "PERMISSION_PUBLIC" || !method.read_only) {
        faults.push(format!("{at} does not answer everybody alike: `cache_seconds` has no meaning there"));
    }
    cookie_faults(&at, method, contract, faults);
    match &method.route {
        None if !excused => faults.push(format!(
            "{at} has no HTTP route: set (google.api.http), or the reason in `grpc_only` or `internal` of (rapport.options.v1.method)"
        )),
        Some(_) if excused => faults.push(format!("{at} has an HTTP route and a reason for having none: keep one of them")),
        Some(route) => route_faults(&at, method, route, faults),
        None => {}
    }
    // A message is checked when it arrives as a request and never when it arrives as an answer, so it cannot be both.
    if contract.methods.iter().any(|other| other.input == method.output) {
        let output = method.output.full_name();
        faults.push(format!(
            "{at} answers with {output}, which is a request too: give the answer its own message"
        ));
    }
    for (side, message) in [("takes", &method.input), ("answers with", &method.output)] {
        if !is_ours(message.full_name()) {
            faults.push(format!("{at} {side} {}: use a message of its own package", message.full_name()));
        }
    }
}

/// A cookie that an rpc ends or an answer gives must be one that can be given, and end when a field of the same answer says.
fn cookie_faults(at: &str, method: &Method, contract: &Contract, faults: &mut Vec<String>) {
    let given = |name: &str| {
        let gives = |method: &Method| {
            let mut cookies = method.output.fields().filter_map(|field| contract.rule(&field).cookie);
            cookies.any(|cookie| cookie.name == name)
        };
        contract.methods.iter().any(gives)
    };
    if !method.ends_cookie.is_empty() && !given(&method.ends_cookie) {
        faults.push(format!("{at} ends the cookie `{}`, which no rpc gives", method.ends_cookie));
    }
    for field in method.output.fields() {
        let Some(cookie) = contract.rule(&field).cookie else { continue };
        let ends = method.output.get_field_by_name(&cookie.expires).map(|field| field.kind());
        if !matches!(ends, Some(Kind::Message(kind)) if kind.full_name() == "google.protobuf.Timestamp") {
            faults.push(format!(
                "{} gives a cookie: let `expires` name a timestamp of the same message",
                field.full_name()
            ));
        }
    }
}

fn route_faults(at: &str, method: &Method, route: &Route, faults: &mut Vec<String>) {
    if route.verb.is_empty() || !route.path.starts_with('/') || route.has_more_bindings {
        faults.push(format!("{at} needs one route: get, post, put, patch or delete, a path beginning with `/`, no additional_bindings"));
        return;
    }
    if route.verb == "GET" && !route.body.is_empty() {
        faults.push(format!("{at} has a GET route with a body: leave `body` out"));
    }
    if !matches!(route.body.as_str(), "" | "*") && method.input.get_field_by_name(&route.body).is_none() {
        faults.push(format!("{at} names the body `{}`, which is no field of its request", route.body));
    }
    let named = method.output.get_field_by_name(&route.answer);
    if !route.answer.is_empty() && named.is_none_or(|field| field.kind().as_message().is_none()) {
        faults.push(format!("{at} names the answer `{}`, which is no message in its answer", route.answer));
    }
    for variable in segments(&route.path).0.into_iter().filter_map(variable) {
        let is_text = method
            .input
            .get_field_by_name(variable)
            .is_some_and(|field| field.kind() == Kind::String && !field.is_list());
        if !is_text {
            faults.push(format!(
                "{at} has `{{{variable}}}` in its route, which is no text field of its request"
            ));
        }
    }
}

/// Two routes collide where one request fits both: same verb, same custom verb (`:claim`), and in each place equal
/// text or at least one variable.
fn collisions(methods: &[Method], faults: &mut Vec<String>) {
    let routes: Vec<_> = methods.iter().filter_map(|method| Some((method, method.route.as_ref()?))).collect();
    for (index, (method, route)) in routes.iter().enumerate() {
        for (other_method, other) in &routes[index + 1..] {
            let (one, one_verb) = segments(&route.path);
            let (two, two_verb) = segments(&other.path);
            let overlap = route.verb == other.verb
                && one_verb == two_verb
                && one.len() == two.len()
                && one
                    .iter()
                    .zip(&two)
                    .all(|(a, b)| a == b || variable(a).is_some() || variable(b).is_some());
            if overlap {
                faults.push(format!(
                    "{} and {} collide: {} {} and {} {} fit the same request",
                    method.path(),
                    other_method.path(),
                    route.verb,
                    route.path,
                    other.verb,
                    other.path
                ));
            }
        }
    }
}

/// The segments of a path template and its custom verb.
fn segments(path: &str) -> (Vec<&str>, &str) {
    let last = path.rfind('/').unwrap_or_default();
    let (path, verb) = match path[last..].rfind(':') {
        Some(colon) => (&path[..last + colon], &path[last + colon + 1..]),
        None => (path, ""),
    };
    (path.split('/').skip(1).collect(), verb)
}

/// The name of a segment that is a variable.
fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn field_faults(field: &FieldDescriptor, rule: &Rule, faults: &mut Vec<String>) {
    let at = field.full_name();
    if field.is_map() {
        faults.push(format!(
            "{at} is a map in a request: there is no rule for its size, use a repeated message"
        ));
        return;
    }
    if field.is_list() && rule.max_items == 0 {
        faults.push(format!("{at} is a repeated field of a request without a limit: set `max_items`"));
    }
    if !field.is_list() && rule.max_items > 0 {
        faults.push(format!("{at} is not repeated: `max_items` has no meaning there"));
    }
    if (rule.cookie.is_some() || rule.resumes) && (field.kind() != Kind::String || field.is_list()) {
        faults.push(format!("{at} is no single text: `cookie` and `resumes` have no meaning there"));
    }
    match field.kind() {
        Kind::String => text_faults(at, rule, faults),
        Kind::Bytes => {
            faults.push(format!("{at} is bytes in a request: there is no rule for its size, use text"));
        }
        kind => {
            if rule.min_len > 0 || rule.max_len > 0 || !rule.id.is_empty() || !rule.format.is_empty() {
                faults.push(format!(
                    "{at} is no text: `min_len`, `max_len`, `id` and `format` have no meaning there"
                ));
            }
            let is_unsigned = matches!(kind, Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64);
            if rule.max > 0 && !is_unsigned {
                faults.push(format!("{at} is no unsigned number: `max` has no meaning there"));
            }
            let can_be_missing =
                is_unsigned || field.is_list() || matches!(kind, Kind::Message(_) | Kind::Enum(_));
            if rule.required && !can_be_missing {
                faults.push(format!(
                    "{at} cannot be required: use an unsigned number, a text, an enum, a message or a list"
                ));
            }
        }
    }
}

fn text_faults(at: &str, rule: &Rule, faults: &mut Vec<String>) {
    if rule.max_len == 0 && rule.id.is_empty() && rule.format.is_empty() {
        faults.push(format!("{at} is a text of a request without a limit: set `max_len`, `id` or `format`"));
    }
    if !rule.id.is_empty() && !rule.format.is_empty() {
        faults.push(format!("{at} has `id` and `format`: keep one of them"));
    }
    if rule.max_len > 0 && rule.min_len > rule.max_len {
        faults.push(format!("{at} has a `min_len` above its `max_len`"));
    }
    if rule.max > 0 {
        faults.push(format!("{at} is a text: `max` has no meaning there, set `max_len`"));
    }
}

fn reason_faults(reason: &Reason, faults: &mut Vec<String>) {
    const CODES: [&str; 16] = [
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let at = &reason.name;
    match &reason.row {
        None if reason.number != 0 => {
            faults.push(format!("{at} has no row: set (rapport.options.v1.reason)"));
        }
        Some(_) if reason.number == 0 => faults.push(format!("{at} is never sent: it has no row")),
        Some(row) if !CODES.contains(&row.code.as_str()) => {
            faults
                .push(format!("{at} has the code `{}`, which is no gRPC status code of an error", row.code));
        }
        Some(row) if !(400..=599).contains(&row.http) => {
            faults.push(format!(
                "{at} has the HTTP status {}, which is none of an error (400 to 599)",
                row.http
            ));
        }
        _ => {}
    }
}
