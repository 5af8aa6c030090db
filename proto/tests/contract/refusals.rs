//! What the build refuses, fed with small contracts that have one fault each.

use crate::built::{read::Contract, refuse};
use crate::probe;

const GOOD_OPTIONS: &str = r#"
    option (google.api.http) = {get: "/v1/probes"};
    option (rapport.options.v1.method) = {permission: PERMISSION_PUBLIC};"#;

/// The faults of a contract of one file.
fn faults(package: &str, body: &str) -> Vec<String> {
    refuse::faults(&Contract::read(&probe::compile(package, body)))
}

/// The faults of a service with one rpc that has these options.
fn faults_of_rpc(options: &str) -> Vec<String> {
    faults_of_rpcs(&format!("rpc Probe(ProbeRequest) returns (ProbeResponse) {{{options}\n}}"))
}

fn faults_of_rpcs(rpcs: &str) -> Vec<String> {
    let body = format!(
        "service ProbeService {{ {rpcs} }}\nmessage ProbeRequest {{ string id = 1 [(rapport.options.v1.field) = {{max_len: 9}}]; \
         uint32 count = 2; }}\nmessage ProbeResponse {{}}\n"
    );
    faults("probe", &body)
}

/// The faults of a request that holds this field.
fn faults_of_field(field: &str) -> Vec<String> {
    let body = format!(
        "service ProbeService {{ rpc Probe(ProbeRequest) returns (ProbeResponse) {{{GOOD_OPTIONS}\n}} }}\n\
         message ProbeRequest {{ Inner inner = 1; }}\nmessage Inner {{ {field} }}\nmessage ProbeResponse {{ string free = 1; }}\n\
         enum Colour {{ COLOUR_UNSPECIFIED = 0; }}\n"
    );
    faults("probe", &body)
}

#[test]
fn a_sound_contract_is_accepted() {
    assert_eq!(faults_of_rpc(GOOD_OPTIONS), Vec::<String>::new());
    for reason in ["grpc_only", "internal"] {
        let options = format!(
            "option (rapport.options.v1.method) = {{permission: PERMISSION_PUBLIC {reason}: \"because\"}};"
        );
        assert_eq!(faults_of_rpc(&options), Vec::<String>::new());
    }
}

#[test]
fn an_rpc_without_permission_is_refused() {
    let expected = "rapport.probe.v1.ProbeService.Probe names no permission: set `permission` in (rapport.options.v1.method)";
    let route = "option (google.api.http) = {get: \"/v1/probes\"};";
    assert_eq!(faults_of_rpc(route), [expected]);
    let unspecified =
        format!("{route} option (rapport.options.v1.method) = {{permission: PERMISSION_UNSPECIFIED}};");
    assert_eq!(faults_of_rpc(&unspecified), [expected]);
}

#[test]
fn an_rpc_without_route_or_reason_is_refused() {
    let options = "option (rapport.options.v1.method) = {permission: PERMISSION_PUBLIC};";
    let expected = "rapport.probe.v1.ProbeService.Probe has no HTTP route: set (google.api.http), or the reason in `grpc_only` or \
                    `internal` of (rapport.options.v1.method)";
    assert_eq!(faults_of_rpc(options), [expected]);
    let blank = "option (rapport.options.v1.method) = {permission: PERMISSION_PUBLIC grpc_only: \" \"};";
    assert_eq!(faults_of_rpc(blank), [expected]);
}

#[test]
fn an_rpc_without_any_annotation_is_refused_twice() {
    assert_eq!(faults_of_rpc("").len(), 2);
}

#[test]
fn a_route_that_cannot_work_is_refused() {
    let cases = [
        ("get: \"/v1/probes\" body: \"*\"", "GET route with a body"),
        ("post: \"/v1/probes\" body: \"nothing\"", "names the body `nothing`"),
        ("get: \"/v1/probes/{missing}\"", "`{missing}` in its route"),
        ("get: \"/v1/probes/{count}\"", "`{count}` in its route"),
        ("get: \"v1/probes\"", "needs one route"),
        ("custom: {kind: \"HEAD\" path: \"/v1/probes\"}", "needs one route"),
        ("get: \"/v1/probes\" additional_bindings {get: \"/v2/probes\"}", "needs one route"),
    ];
    for (http, expected) in cases {
        let options = format!(
            "option (google.api.http) = {{{http}}}; option (rapport.options.v1.method) = {{permission: PERMISSION_PUBLIC}};"
        );
        let faults = faults_of_rpc(&options);
        assert!(faults.len() == 1 && faults[0].contains(expected), "{http}: {faults:?}");
    }
}

#[test]
fn an_answer_that_is_not_the_same_for_everybody_cannot_be_kept() {
    let faults = |permission: &str, level: &str| {
        faults_of_rpc(&format!(
            "option (google.api.http) = {{get: \"/v1/probes\"}}; option idempotency_level = {level}; \
             option (rapport.options.v1.method) = {{permission: {permission} cache_seconds: 30}};"
        ))
    };
    assert_eq!(faults("PERMISSION_PUBLIC", "NO_SIDE_EFFECTS"), Vec::<String>::new());
    for (permission, level) in
        [("PERMISSION_SIGNED_IN", "NO_SIDE_EFFECTS"), ("PERMISSION_PUBLIC", "IDEMPOTENT")]
    {
        let faults = faults(permission, level);
        assert!(faults.len() == 1 && faults[0].contains("`cache_seconds` has no meaning"), "{faults:?}");
    }
}

#[test]
fn only_what_needs_a_token_is_said_to_try_a_secret() {
    let faults = |permission: &str| {
        faults_of_rpc(&format!(
            "option (google.api.http) = {{get: \"/v1/probes\"}}; \
             option (rapport.options.v1.method) = {{permission: {permission} tries_secret: true}};"
        ))
    };
    assert_eq!(faults("PERMISSION_SIGNED_IN"), Vec::<String>::new());
    let public = faults("PERMISSION_PUBLIC");
    assert!(public.len() == 1 && public[0].contains("leave `tries_secret` out"), "{public:?}");
}

#[test]
fn colliding_routes_are_refused() {
    let cases = [
        ("get: \"/v1/a\"", "get: \"/v1/a\"", true),
        ("get: \"/v1/a/{id}\"", "get: \"/v1/a/mine\"", true),
        ("get: \"/v1/{id}/b\"", "get: \"/v1/a/b\"", true),
        ("post: \"/v1/a/{id}:go\"", "post: \"/v1/a/b:go\"", true),
        ("get: \"/v1/a/{id}\"", "get: \"/v1/a/{id}:go\"", false),
        ("post: \"/v1/a/{id}:stop\"", "post: \"/v1/a/{id}:go\"", false),
        ("get: \"/v1/a/{id}\"", "post: \"/v1/a/{id}\"", false),
        ("get: \"/v1/a/{id}\"", "get: \"/v1/a/{id}/b\"", false),
        ("get: \"/v1/a/{id}\"", "get: \"/v1/b/{id}\"", false),
    ];
    for (one, two, collide) in cases {
        let rpc = |name: &str, route: &str| {
            format!(
                "rpc {name}(ProbeRequest) returns (ProbeResponse) {{ option (google.api.http) = {{{route}}}; \
                 option (rapport.options.v1.method) = {{permission: PERMISSION_PUBLIC}}; }}\n"
            )
        };
        let faults = faults_of_rpcs(&(rpc("One", one) + &rpc("Two", two)));
        let said = faults.len() == 1 && faults[0].contains("collide");
        assert!(if collide { said } else { faults.is_empty() }, "{one} and {two}: {faults:?}");
    }
}

#[test]
fn a_request_field_without_its_limit_is_refused() {
    let rule = |text: &str| format!("[(rapport.options.v1.field) = {{{text}}}];");
    let cases = [
        ("string a = 1;".to_owned(), "is a text of a request without a limit"),
        (format!("string a = 1 {}", rule("required: true")), "is a text of a request without a limit"),
        (
            format!("repeated string a = 1 {}", rule("max_len: 9")),
            "is a repeated field of a request without a limit",
        ),
        ("repeated uint32 a = 1;".to_owned(), "is a repeated field of a request without a limit"),
        (format!("repeated string a = 1 {}", rule("max_items: 9")), "is a text of a request without a limit"),
        ("oneof a { string b = 1; }".to_owned(), "is a text of a request without a limit"),
        ("optional string a = 1;".to_owned(), "is a text of a request without a limit"),
        ("map<string, string> a = 1;".to_owned(), "is a map in a request"),
        ("bytes a = 1;".to_owned(), "is bytes in a request"),
    ];
    for (field, expected) in cases {
        let faults = faults_of_field(&field);
        assert!(faults.len() == 1 && faults[0].contains(expected), "{field}: {faults:?}");
    }
}

#[test]
fn a_rule_without_meaning_is_refused() {
    let cases = [
        ("uint32 a", "max_len: 9", "is no text"),
        ("Colour a", "id: \"chat\"", "is no text"),
        ("int32 a", "max: 9", "is no unsigned number"),
        ("bool a", "required: true", "cannot be required"),
        ("string a", "max_len: 9 max: 9", "is a text: `max` has no meaning"),
        ("string a", "max_len: 9 max_items: 9", "is not repeated"),
        ("string a", "id: \"chat\" format: FORMAT_SLUG", "keep one of them"),
        ("string a", "min_len: 10 max_len: 9", "`min_len` above its `max_len`"),
    ];
    for (field, rule, expected) in cases {
        let faults = faults_of_field(&format!("{field} = 1 [(rapport.options.v1.field) = {{{rule}}}];"));
        assert!(faults.len() == 1 && faults[0].contains(expected), "{field} {rule}: {faults:?}");
    }
}

#[test]
fn fields_that_need_no_rule_are_accepted() {
    let fields = "bool a = 1; uint32 b = 2; int64 c = 3; Colour d = 4; google.protobuf.Timestamp e = 5; Inner f = 6; \
                  optional Colour g = 7; repeated Colour h = 8 [(rapport.options.v1.field) = {max_items: 3}];";
    assert_eq!(faults_of_field(fields), Vec::<String>::new());
}

#[test]
fn a_message_is_not_request_and_answer_at_once() {
    let faults =
        faults_of_rpcs(&format!("rpc Probe(ProbeRequest) returns (ProbeRequest) {{{GOOD_OPTIONS}\n}}"));
    assert!(faults.len() == 1 && faults[0].contains("is a request too"), "{faults:?}");
}

#[test]
fn a_foreign_request_or_answer_is_refused() {
    let faults = faults_of_rpcs(&format!(
        "rpc Probe(google.protobuf.Timestamp) returns (google.protobuf.Timestamp) {{{GOOD_OPTIONS}\n}}"
    ));
    assert!(faults.iter().any(|fault| fault.contains("takes google.protobuf.Timestamp")), "{faults:?}");
}

#[test]
fn a_reason_without_a_sound_row_is_refused() {
    let cases = [
        ("", "REASON_PROBE has no row"),
        ("[(rapport.options.v1.reason) = {code: \"OK\" http: 400}]", "has the code `OK`"),
        ("[(rapport.options.v1.reason) = {code: \"TEAPOT\" http: 418}]", "has the code `TEAPOT`"),
        ("[(rapport.options.v1.reason) = {code: \"ABORTED\" http: 200}]", "has the HTTP status 200"),
    ];
    for (row, expected) in cases {
        let faults =
            faults("errors", &format!("enum Reason {{ REASON_UNSPECIFIED = 0; REASON_PROBE = 1 {row}; }}"));
        assert!(faults.len() == 1 && faults[0].contains(expected), "{row}: {faults:?}");
    }
}
