//! The `OpenAPI` description holds every routed rpc, refers to nothing that is not there, and says what the contract says.

use crate::built::{comments::Comments, openapi, read::Contract};
use crate::probe;
use prost_reflect::DescriptorPool;
use rapport_proto::contract::{self, METHODS, Method};
use rapport_proto::errors::v1::Reason;
use rapport_proto::options::v1::Permission;
use rapport_proto::{FILE_DESCRIPTOR_SET, OPENAPI};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn shipped() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

fn describe(pool: &DescriptorPool) -> Value {
    openapi::document(&Contract::read(pool), &Comments::read(pool))
}

/// Every operation with its verb and path.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(|(verb, operation)| (verb.clone(), path.clone(), operation))
    });
    operations.collect()
}

/// A route's path as `OpenAPI` has it, made from the descriptors the server ships.
fn path_of(pool: &DescriptorPool, method: &Method) -> String {
    let route = method.route.unwrap();
    let input = pool.get_message_by_name(method.input).unwrap();
    let mut path = route.path.to_owned();
    for field in input.fields() {
        path = path.replace(&format!("{{{}}}", field.name()), &format!("{{{}}}", field.json_name()));
    }
    path
}

/// Each value that stands under a key, however deep.
fn under<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(entries) => {
            found.extend(entries.get(key));
            entries.values().for_each(|entry| under(entry, key, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| under(entry, key, found)),
        _ => {}
    }
}

fn names<'a>(values: impl IntoIterator<Item = &'a Value>) -> Vec<&'a str> {
    values.into_iter().map(|value| value["name"].as_str().unwrap()).collect()
}

#[test]
fn every_routed_rpc_is_there_once_and_no_other() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let document = shipped();
    let found: BTreeMap<_, _> =
        operations(&document).into_iter().map(|(verb, path, operation)| ((verb, path), operation)).collect();
    let routed: Vec<_> = METHODS.iter().filter(|method| method.route.is_some()).collect();
    assert!(routed.len() > 20);
    assert_eq!(found.len(), routed.len());
    for method in routed {
        let key = (method.route.unwrap().verb.to_lowercase(), path_of(&pool, method));
        let operation = found.get(&key).unwrap_or_else(|| panic!("{key:?} is missing"));
        let service = method.service.rsplit('.').next().unwrap();
        assert_eq!(operation["operationId"], format!("{service}_{}", method.name));
        assert_eq!(operation["tags"], json!([service]));
        assert_eq!(operation["x-permission"], contract::permission_name(method.permission));
        let security =
            if method.permission == Permission::Public { json!([]) } else { json!([{"bearer": []}]) };
        assert_eq!(operation["security"], security, "{}", method.path);
        assert!(operation["description"].as_str().unwrap().starts_with(method.name), "{}", method.path);
        let answer = match method.route.unwrap().answer {
            _ if method.server_streaming => "text/event-stream",
            "" => "application/json",
            // The only kind of answer that a route names yet is a body of its own.
            _ => "text/plain",
        };
        assert!(operation["responses"]["200"]["content"][answer].is_object(), "{}", method.path);
        assert_eq!(operation["responses"]["default"]["$ref"], "#/components/responses/Problem");
    }
}

#[test]
fn operation_ids_and_tags_are_unique() {
    let document = shipped();
    let found = operations(&document);
    let ids: BTreeSet<_> = found.iter().map(|(_, _, operation)| operation["operationId"].as_str()).collect();
    assert_eq!(ids.len(), found.len());
    let tags = names(document["tags"].as_array().unwrap());
    assert_eq!(tags.iter().collect::<BTreeSet<_>>().len(), tags.len());
    assert!(found.iter().all(|(_, _, operation)| tags.contains(&operation["tags"][0].as_str().unwrap())));
}

#[test]
fn path_parameters_are_those_of_the_path() {
    let document = shipped();
    for (_, path, operation) in operations(&document) {
        let variables: Vec<_> = path.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect();
        let empty = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&empty);
        let in_path: Vec<_> = parameters.iter().filter(|parameter| parameter["in"] == "path").collect();
        assert_eq!(names(in_path.iter().copied()), variables, "{path}");
        assert!(in_path.iter().all(|parameter| parameter["required"] == true), "{path}");
        let all: BTreeSet<_> = names(parameters).into_iter().collect();
        assert_eq!(all.len(), parameters.len(), "{path}");
    }
}

#[test]
fn every_field_of_a_request_has_one_place() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let document = shipped();
    for method in METHODS {
        let Some(route) = method.route else { continue };
        let operation = &document["paths"][path_of(&pool, method)][route.verb.to_lowercase()];
        let empty = Vec::new();
        let parameters = names(operation["parameters"].as_array().unwrap_or(&empty));
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(body.is_object(), !route.body.is_empty(), "{}", method.path);
        for field in pool.get_message_by_name(method.input).unwrap().fields() {
            let name = field.json_name();
            let is_parameter = parameters.iter().any(|parameter| {
                parameter.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
            let is_in_body = match route.body {
                "*" => body["properties"].get(name).is_some(),
                whole => whole == field.name(),
            };
            assert!(is_parameter != is_in_body, "{} {name}: {is_parameter}, {is_in_body}", method.path);
        }
    }
}

#[test]
fn a_body_is_required_where_an_empty_one_does_not_do() {
    let document = shipped();
    let body = |verb: &str, path: &str| document["paths"][path][verb]["requestBody"].clone();
    for (verb, path, expected) in [
        ("post", "/v1/auth:signIn", true),
        ("post", "/v1/chats/{chatId}:transfer", true),
        ("post", "/v1/chats/{chatId}:claim", false),
        ("post", "/v1/auth:signOut", false),
        ("patch", "/v1/tenant", false),
    ] {
        assert_eq!(body(verb, path)["required"], expected, "{path}");
    }
    // The token may come in a cookie.
    let refresh = &body("post", "/v1/auth:refresh")["content"]["application/json"]["schema"];
    assert_eq!(refresh["required"], json!(["requestId"]));
    assert!(refresh["properties"]["refreshToken"].is_object());
}

#[test]
fn references_lead_somewhere_and_every_schema_is_referred_to() {
    let document = shipped();
    let mut found = Vec::new();
    under(&document, "$ref", &mut found);
    let referred: BTreeSet<_> = found.into_iter().map(|target| target.as_str().unwrap()).collect();
    for target in &referred {
        assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.len() > 50);
    for name in schemas.keys() {
        assert!(referred.contains(&*format!("#/components/schemas/{name}")), "{name} is not used");
    }
}

#[test]
fn every_reason_is_explained() {
    let document = shipped();
    let rows = document["x-reasons"].as_array().unwrap();
    let sent: Vec<_> = document["components"]["schemas"]["Problem"]["properties"]["reason"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let known = (1..=1000).filter(|number| Reason::try_from(*number).is_ok()).count();
    assert_eq!((rows.len(), sent.len()), (known, known));
    for (row, name) in rows.iter().zip(sent) {
        let rule = contract::reason_rule(contract::reason_of(name).unwrap());
        assert_eq!(row["reason"], name);
        assert_eq!(
            (row["status"].as_u64(), row["retryable"].as_bool()),
            (Some(rule.http.into()), Some(rule.retryable))
        );
        assert_eq!(row["code"].as_str().unwrap().replace('_', ""), format!("{:?}", rule.code).to_uppercase());
        assert!(row["description"].as_str().unwrap().len() > 10, "{name}");
    }
}

#[test]
fn the_same_contract_gives_the_same_text() {
    let one = describe(&probe::shipped());
    assert_eq!(one.to_string(), describe(&probe::shipped()).to_string());
    assert_eq!(one, shipped());
}

#[test]
fn a_call_spelled_out() {
    let document = shipped();
    let operation = &document["paths"]["/v1/chats/{chatId}:transfer"]["post"];
    assert_eq!(
        operation["summary"],
        "TransferChat hands a chat to a member (it stays active) or to a department (it waits there)."
    );
    assert_eq!(
        operation["parameters"],
        json!([{
            "name": "chatId",
            "in": "path",
            "description": "chatId of the chat.",
            "required": true,
            "schema": {"type": "string", "pattern": "^chat_[0-7][0-9a-hjkmnp-tv-z]{25}$"},
        }])
    );
    let id = |kind: &str| format!("^{kind}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$");
    assert_eq!(
        operation["requestBody"],
        json!({"required": true, "content": {"application/json": {"schema": {
            "type": "object",
            "title": "TransferChatRequest",
            "description": "TransferChatRequest is the request of TransferChat.\n\nExactly one of `memberId`, `departmentId`. \
                            to says who gets it; one of the two is required.",
            "properties": {
                "memberId": {
                    "type": "string",
                    "pattern": id("member"),
                    "description": "memberId hands it to a member; it stays in its department.",
                },
                "departmentId": {
                    "type": "string",
                    "pattern": id("department"),
                    "description": "departmentId hands it to a department; it waits there for a claim.",
                },
            },
            "additionalProperties": false,
            "oneOf": [{"required": ["memberId"]}, {"required": ["departmentId"]}],
        }}}})
    );
    assert_eq!(
        operation["responses"]["200"],
        json!({
            "description": "TransferChatResponse is the answer of TransferChat.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/chats.v1.TransferChatResponse"}}},
        })
    );
}

#[test]
fn answers_are_open_and_without_rules() {
    let document = shipped();
    let member = &document["components"]["schemas"]["tenants.v1.Member"];
    assert_eq!(member["properties"]["email"]["type"], "string");
    assert!(
        member.get("required").is_none()
            && member.get("additionalProperties").is_none()
            && member["properties"]["email"].get("pattern").is_none()
    );
    assert_eq!(member["properties"]["createdAt"]["format"], "date-time");
    let owner = &document["components"]["schemas"]["tenants.v1.Owner"];
    assert_eq!(owner["required"], json!(["email", "name", "password"]));
    assert_eq!(owner["additionalProperties"], false);
    let least = ["name", "password"].map(|name| owner["properties"][name]["minLength"].as_u64());
    assert_eq!(least, [Some(1), Some(8)]);
}

const PROBE: &str = r#"
// ProbeService tries what the contract has no rpc for yet.
service ProbeService {
  // Find looks. It finds nothing.
  rpc Find(FindRequest) returns (FindResponse) {
    option (google.api.http) = {get: "/v1/probes/{probe_id}"};
    option (rapport.options.v1.method) = {permission: PERMISSION_PUBLIC};
    option deprecated = true;
  }
  // Put puts one.
  rpc Put(PutRequest) returns (FindResponse) {
    option (google.api.http) = {put: "/v1/probes/{probe_id}" body: "probe"};
    option (rapport.options.v1.method) = {permission: PERMISSION_SIGNED_IN};
  }
  // Fetch gives the content.
  rpc Fetch(FetchRequest) returns (google.api.HttpBody) {
    option (google.api.http) = {get: "/v1/probes/{probe_id}:fetch"};
    option (rapport.options.v1.method) = {permission: PERMISSION_SIGNED_IN};
  }
  // Hide has no route.
  rpc Hide(HideRequest) returns (HideResponse) {
    option (rapport.options.v1.method) = {permission: PERMISSION_SIGNED_IN grpc_only: "it is a secret"};
  }
}
message FindRequest {
  // probe_id to look at.
  string probe_id = 1 [(rapport.options.v1.field) = {required: true id: "probe"}];
  // owner of it.
  Person owner = 2 [(rapport.options.v1.field) = {required: true}];
  // since when.
  google.protobuf.Timestamp since = 3;
  Colour colour = 4 [deprecated = true];
  repeated Person others = 5 [(rapport.options.v1.field) = {max_items: 2}];
  google.protobuf.Struct loose = 6;
  repeated uint32 numbers = 7 [(rapport.options.v1.field) = {max_items: 3}];
}
// Person is on both sides.
message Person {
  // email of the person.
  string email = 1 [(rapport.options.v1.field) = {required: true format: FORMAT_EMAIL}];
  // boss of the person.
  Person boss = 2;
  oneof reach {
    string phone = 3 [(rapport.options.v1.field) = {max_len: 20 min_len: 3}];
    uint64 pager = 4 [(rapport.options.v1.field) = {max: 9}];
    bool in_person = 5;
  }
}
message PutRequest {
  string probe_id = 1 [(rapport.options.v1.field) = {required: true id: "probe"}];
  // probe to put.
  Person probe = 2 [(rapport.options.v1.field) = {required: true}];
  bool dry = 3;
}
message FetchRequest { string probe_id = 1 [(rapport.options.v1.field) = {required: true id: "probe"}]; }
message FindResponse {
  Person person = 1;
  map<string, Colour> colours = 2;
  bytes raw = 3;
  double share = 4;
  int64 big = 5;
  int32 small = 6;
  google.protobuf.Duration took = 7;
  google.protobuf.Value any = 8;
}
message HideRequest {}
message HideResponse { Hidden hidden = 1; }
message Hidden {}
// Colour is what it looks like.
enum Colour {
  // COLOUR_UNSPECIFIED is never sent.
  COLOUR_UNSPECIFIED = 0;
  // COLOUR_RED: like a rose, see REASON_NOT_FOUND and `probe_id`.
  COLOUR_RED = 1;
}
"#;

#[test]
fn queries_hold_what_a_query_can() {
    let document = describe(&probe::compile("probe", PROBE));
    let operation = &document["paths"]["/v1/probes/{probeId}"]["get"];
    assert_eq!((&operation["deprecated"], &operation["summary"]), (&json!(true), &json!("Find looks.")));
    let parameters = operation["parameters"].as_array().unwrap();
    assert_eq!(
        names(parameters),
        [
            "probeId",
            "owner.email",
            "owner.phone",
            "owner.pager",
            "owner.inPerson",
            "since",
            "colour",
            "numbers"
        ]
    );
    let demanded = parameters.iter().filter(|parameter| parameter["required"] == true);
    assert_eq!(names(demanded), ["probeId", "owner.email"]);
    assert_eq!(parameters[5]["schema"], json!({"type": "string", "format": "date-time"}));
    assert_eq!(
        parameters[6],
        json!({"name": "colour", "in": "query", "deprecated": true, "schema": {"$ref": "#/components/schemas/probe.v1.Colour"}})
    );
    assert_eq!(
        parameters[7],
        json!({
            "name": "numbers",
            "in": "query",
            "schema": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": u32::MAX}, "maxItems": 3},
            "style": "form",
            "explode": true,
        })
    );
}

#[test]
fn a_message_on_both_sides_has_a_form_for_each() {
    let document = describe(&probe::compile("probe", PROBE));
    let operation = &document["paths"]["/v1/probes/{probeId}"]["put"];
    assert_eq!(names(operation["parameters"].as_array().unwrap()), ["probeId", "dry"]);
    assert_eq!(
        operation["requestBody"]["content"]["application/json"]["schema"],
        json!({"$ref": "#/components/schemas/probe.v1.Person-request", "description": "probe to put."})
    );
    let schemas = &document["components"]["schemas"];
    let request = &schemas["probe.v1.Person-request"];
    assert_eq!(request["required"], json!(["email"]));
    assert_eq!(request["properties"]["boss"]["$ref"], "#/components/schemas/probe.v1.Person-request");
    assert_eq!(
        request["not"],
        json!({"anyOf": [
            {"required": ["phone", "pager"]}, {"required": ["phone", "inPerson"]}, {"required": ["pager", "inPerson"]},
        ]})
    );
    assert_eq!(
        request["properties"]["phone"],
        json!({"type": "string", "maxLength": 20, "anyOf": [{"maxLength": 0}, {"minLength": 3}]})
    );
    assert_eq!(schemas["probe.v1.Person"]["properties"]["email"]["description"], "email of the person.");
    assert!(schemas["probe.v1.Person"].get("not").is_none());
}

#[test]
fn what_has_no_route_is_not_there() {
    let document = describe(&probe::compile("probe", PROBE));
    assert!(!document.to_string().contains("Hidden") && !document.to_string().contains("Hide"));
}

#[test]
fn every_kind_of_value_has_its_json_form() {
    let document = describe(&probe::compile("probe", PROBE));
    let schemas = &document["components"]["schemas"];
    let properties = &schemas["probe.v1.FindResponse"]["properties"];
    let colour = json!({"$ref": "#/components/schemas/probe.v1.Colour"});
    assert_eq!(properties["colours"], json!({"type": "object", "additionalProperties": colour}));
    assert_eq!(properties["raw"], json!({"type": "string", "contentEncoding": "base64"}));
    assert_eq!(
        properties["share"],
        json!({"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]})
    );
    assert_eq!(properties["big"], json!({"type": "string", "pattern": "^(?:0|-?[1-9][0-9]{0,18})$"}));
    assert_eq!(properties["small"], json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX}));
    assert_eq!(properties["took"], json!({"type": "string", "pattern": r"^-?[0-9]+(?:\.[0-9]{1,9})?s$"}));
    assert_eq!(properties["any"], json!({}));
    assert_eq!(
        schemas["probe.v1.Colour"],
        json!({
            "type": "string",
            "title": "Colour",
            "description": "Colour is what it looks like.\n\n- `COLOUR_UNSPECIFIED`: Is never sent.\n\
                            - `COLOUR_RED`: Like a rose, see `NOT_FOUND` and `probeId`.",
            "enum": ["COLOUR_UNSPECIFIED", "COLOUR_RED"],
        })
    );
    let raw = &document["paths"]["/v1/probes/{probeId}:fetch"]["get"]["responses"]["200"]["content"];
    assert_eq!(*raw, json!({"application/octet-stream": {}, "text/plain": {"schema": {"type": "string"}}}));
}
