//! The `OpenAPI` 3.1 description of every routed rpc. A new rpc needs no line here: path, parameters, bodies and words follow
//! from the contract. The same contract gives the same bytes.

use super::comments::{Comments, summary};
use super::constrain;
use super::problem;
use super::prose;
use super::read::{Contract, Method, Route, Rule, is_deprecated};
use super::schema::{Schemas, Side, describe, is_demanded, well_known};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The description of the whole contract.
pub(crate) fn document(contract: &Contract, comments: &Comments) -> Value {
    let reasons = problem::entries(contract, comments);
    let mut writer = Writer { contract, comments, schemas: Schemas::new(contract, comments) };
    let mut tags = Vec::new();
    let mut paths: Map<String, Value> = Map::new();
    for (service, methods) in contract.services() {
        let mut routed =
            methods.iter().filter_map(|method| Some((method, method.route.as_ref()?))).peekable();
        if routed.peek().is_some() {
            tags.push(json!({"name": service.name(), "description": comments.service(&service)}));
        }
        for (method, route) in routed {
            let (path, variables) = template(route, &method.input);
            let operation = writer.operation(service.name(), method, route, &variables);
            let item = paths.entry(path).or_insert_with(|| json!({}));
            item[route.verb.to_lowercase()] = operation;
        }
    }
    let mut schemas = writer.schemas.into_components();
    schemas.insert("Problem".to_owned(), problem::schema(&reasons));
    let description =
        [&prose::INTRODUCTION[..], &prose::AUTHENTICATION, &prose::ERRORS].concat().join("\n\n");
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rapport",
            "summary": "Live chat and support for many workspaces.",
            "description": description,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Problem": {
                "description": "The call was refused, or failed; `reason` says why.",
                "headers": {
                    "x-request-id": {
                        "required": true,
                        "schema": {"type": "string", "minLength": 1},
                        "description": "The id to quote, as in `requestId`.",
                    },
                    "Retry-After": {
                        "schema": {"type": "integer", "minimum": 1},
                        "description": "The number of whole seconds after which to come back, where `retryable` is true.",
                    },
                },
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
            "securitySchemes": {"bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": prose::AUTHENTICATION[0],
            }},
        },
        "x-reasons": problem::table(&reasons),
    })
}

struct Writer<'a> {
    contract: &'a Contract,
    comments: &'a Comments,
    schemas: Schemas<'a>,
}

impl Writer<'_> {
    fn operation(
        &mut self,
        service: &str,
        method: &Method,
        route: &Route,
        variables: &[FieldDescriptor],
    ) -> Value {
        let comment = self.comments.method(&method.descriptor);
        let mut operation = json!({
            "operationId": format!("{service}_{}", method.name),
            "tags": [service],
            "summary": summary(&comment),
        });
        describe(&mut operation, &comment, is_deprecated(&method.descriptor.options()));
        let parameters = self.parameters(method, route, variables);
        if !parameters.is_empty() {
            operation["parameters"] = Value::Array(parameters);
        }
        if let Some(schema) = self.body(method, route, variables) {
            // No body is read as `{}`, and as an absent field where it stands for one.
            let is_required = route.body != "*" || demands_something(&schema);
            operation["requestBody"] =
                json!({"required": is_required, "content": {"application/json": {"schema": schema}}});
        }
        operation["responses"] =
            json!({"200": self.answer(method), "default": {"$ref": "#/components/responses/Problem"}});
        operation["security"] =
            if method.permission == "PERMISSION_PUBLIC" { json!([]) } else { json!([{"bearer": []}]) };
        operation["x-permission"] = json!(method.permission.trim_start_matches("PERMISSION_"));
        operation
    }

    fn parameters(&mut self, method: &Method, route: &Route, variables: &[FieldDescriptor]) -> Vec<Value> {
        let mut parameters = Vec::new();
        for field in variables {
            // A segment of a path is never empty.
            let rule = Rule { required: true, ..self.contract.rule(field) };
            let schema = constrain::text(&rule);
            parameters.push(self.parameter("path", field.json_name(), field, true, schema));
        }
        if route.body != "*" {
            let left_out: Vec<_> =
                variables.iter().map(FieldDescriptor::name).chain([&*route.body]).collect();
            let inside =
                Inside { prefix: "", is_demanded: true, around: std::slice::from_ref(&method.input) };
            self.query(&method.input, &left_out, &inside, &mut parameters);
        }
        parameters
    }

    /// Each field that a query can hold, fields of fields with a dot between the names.
    fn query(
        &mut self,
        message: &MessageDescriptor,
        left_out: &[&str],
        inside: &Inside<'_>,
        out: &mut Vec<Value>,
    ) {
        for field in message.fields().filter(|field| !left_out.contains(&field.name())) {
            let name = format!("{}{}", inside.prefix, field.json_name());
            let is_demanded = inside.is_demanded && is_demanded(&field, &self.contract.rule(&field));
            match field.kind() {
                Kind::Message(inner) if well_known(inner.full_name()).is_none() => {
                    // A query has no form for a list of messages, nor an end for a message within itself.
                    if !field.is_list() && !field.is_map() && !inside.around.contains(&inner) {
                        let around = [inside.around, std::slice::from_ref(&inner)].concat();
                        let deeper = Inside { prefix: &format!("{name}."), is_demanded, around: &around };
                        self.query(&inner, &[], &deeper, out);
                    }
                }
                Kind::Message(inner) if !is_one_text(inner.full_name()) => {}
                _ => {
                    let mut schema = self.schemas.field(&field, Side::Request);
                    if let Some(schema) = schema.as_object_mut() {
                        schema.remove("description");
                        schema.remove("deprecated");
                    }
                    let mut parameter = self.parameter("query", &name, &field, is_demanded, schema);
                    if field.is_list() {
                        parameter["style"] = json!("form");
                        parameter["explode"] = json!(true);
                    }
                    out.push(parameter);
                }
            }
        }
    }

    fn parameter(
        &self,
        place: &str,
        name: &str,
        field: &FieldDescriptor,
        is_required: bool,
        schema: Value,
    ) -> Value {
        let mut parameter = json!({"name": name, "in": place});
        let mut text = self.comments.field(field);
        if let Some(oneof) = field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
            text = format!("{text}\n\n{}", self.schemas.about_oneof(&oneof));
        }
        describe(&mut parameter, text.trim_start(), is_deprecated(&field.options()));
        if is_required {
            parameter["required"] = json!(true);
        }
        parameter["schema"] = schema;
        parameter
    }

    fn body(&mut self, method: &Method, route: &Route, variables: &[FieldDescriptor]) -> Option<Value> {
        let in_path: Vec<_> = variables.iter().map(FieldDescriptor::name).collect();
        match route.body.as_str() {
            "" => None,
            "*" => Some(self.schemas.object(&method.input, Side::Request, &in_path)),
            field => {
                let field = method.input.get_field_by_name(field)?;
                Some(self.schemas.field(&field, Side::Request))
            }
        }
    }

    fn answer(&mut self, method: &Method) -> Value {
        if is_raw(&method.http_answer()) {
            return json!({
                "description": prose::RAW,
                "content": {"application/octet-stream": {}, "text/plain": {"schema": {"type": "string"}}},
            });
        }
        let item = self.schemas.message(&method.http_answer(), Side::Answer);
        if method.server_streaming {
            let content = json!({"schema": {"type": "string"}, "x-item-schema": item});
            return json!({"description": prose::STREAM, "content": {"text/event-stream": content}});
        }
        json!({
            "description": self.comments.message(&method.http_answer()),
            "content": {"application/json": {"schema": item}},
        })
    }
}

/// Whether an empty object does not fit.
fn demands_something(object: &Value) -> bool {
    let of_parts = || object["allOf"].as_array().is_some_and(|parts| parts.iter().any(demands_something));
    object.get("required").is_some() || object.get("oneOf").is_some() || of_parts()
}

/// Where in a query's message a field stands.
struct Inside<'a> {
    /// What stands before the field's name.
    prefix: &'a str,
    /// Whether everything around it is demanded.
    is_demanded: bool,
    /// The messages around it.
    around: &'a [MessageDescriptor],
}

/// Whether an answer goes out as the bytes it holds.
pub(crate) fn is_raw(message: &MessageDescriptor) -> bool {
    message.full_name() == "google.api.HttpBody"
}

/// Whether a query can hold a message that JSON has a form of its own for.
fn is_one_text(full_name: &str) -> bool {
    well_known(full_name).is_some_and(|schema| {
        !matches!(schema["type"].as_str(), Some("object" | "array")) && schema.get("type").is_some()
    })
}

/// A route's path with the variables under their JSON names, and those variables.
pub(crate) fn template(route: &Route, input: &MessageDescriptor) -> (String, Vec<FieldDescriptor>) {
    let mut path = String::new();
    let mut variables = Vec::new();
    let mut rest = route.path.as_str();
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, inner)| Some((before, inner.split_once('}')?)))
    {
        path.push_str(before);
        match input.get_field_by_name(name) {
            Some(field) => {
                let _ = write!(path, "{{{}}}", field.json_name());
                variables.push(field);
            }
            None => {
                let _ = write!(path, "{{{name}}}");
            }
        }
        rest = after;
    }
    path.push_str(rest);
    (path, variables)
}
