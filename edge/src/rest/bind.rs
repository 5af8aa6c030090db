//! A request of HTTP as a request of the contract: what the path, the query and the body say, in one JSON value, read by the descriptor.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, header};
use prost_reflect::{Kind, MessageDescriptor};
use rapport_proto::{contract::Route, errors::v1::Reason, fault::Fault};
use serde_json::{Map, Value, json};

use super::query;
use crate::rpc::json;

/// A message that stands for raw bytes and their content type.
pub(super) const RAW: &str = "google.api.HttpBody";

/// The parts of a request.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The fields the path fills.
    pub variables: Vec<(&'static str, String)>,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// The fields of the request, not yet judged.
pub fn fields(
    input: &MessageDescriptor,
    route: &Route,
    parts: Parts<'_>,
) -> Result<Map<String, Value>, Fault> {
    let Parts { variables, query, headers, body } = parts;
    let pairs = query::pairs(query.unwrap_or_default())?;
    let encoding = headers.get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Fault::new(Reason::ContentTypeUnsupported, "the body must not be compressed"));
    }
    let mut fields = match route.body {
        "*" if input.full_name() == RAW => raw(headers, &body),
        "*" => match json_body(headers, &body)? {
            None => Map::new(),
            Some(Value::Object(fields)) => fields,
            Some(_) => return Err(malformed("the body must be an object")),
        },
        "" => {
            if !body.is_empty() {
                return Err(malformed("this call takes no body"));
            }
            Map::new()
        }
        field => named(input, field, headers, &body)?,
    };
    for (name, text) in variables {
        query::put(&mut fields, input, name, text)?;
    }
    if let (Some((name, _)), "*") = (pairs.first(), route.body) {
        return Err(malformed(&format!(
            "{name} cannot stand in the query: this call takes its fields in the body"
        )));
    }
    for (name, text) in pairs {
        query::put(&mut fields, input, &name, text)?;
    }
    Ok(fields)
}

/// The body as the one field it stands for.
fn named(
    input: &MessageDescriptor,
    name: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Map<String, Value>, Fault> {
    let mut fields = Map::new();
    let field = input.get_field_by_name(name);
    let is_raw = field.as_ref().is_some_and(
        |field| matches!(field.kind(), Kind::Message(kind) if !field.is_list() && kind.full_name() == RAW),
    );
    let value = if is_raw { Some(raw(headers, body).into()) } else { json_body(headers, body)? };
    if let (Some(field), Some(value)) = (field, value) {
        fields.insert(field.json_name().to_owned(), value);
    }
    Ok(fields)
}

fn raw(headers: &HeaderMap, body: &[u8]) -> Map<String, Value> {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let mut fields = Map::new();
    fields.insert("contentType".to_owned(), content_type.into());
    fields.insert("data".to_owned(), json!(BASE64_STANDARD.encode(body)));
    fields
}

/// The body as JSON; nothing where it is empty.
fn json_body(headers: &HeaderMap, body: &[u8]) -> Result<Option<Value>, Fault> {
    // A page of another origin can send other types without being asked first, with or without a body.
    let kind = headers.get(header::CONTENT_TYPE);
    if kind.map_or(!body.is_empty(), |kind| !is_json(kind.as_bytes())) {
        return Err(Fault::new(Reason::ContentTypeUnsupported, "the body must be application/json in UTF-8"));
    }
    if body.is_empty() { Ok(None) } else { json::parse(body).map(Some) }
}

fn is_json(content_type: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content_type) else { return false };
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().as_deref() == Some("application/json")
        && parts.all(|part| part == "charset=utf-8" || part == "charset=\"utf-8\"")
}

fn malformed(what: &str) -> Fault {
    Fault::new(Reason::MalformedRequest, what)
}

#[cfg(test)]
mod tests {
    use prost_reflect::{
        DescriptorPool,
        prost_types::{
            DescriptorProto, FieldDescriptorProto, FileDescriptorProto,
            field_descriptor_proto::{Label, Type},
        },
    };

    use super::*;

    /// A message beside the contract: no rpc takes raw bytes yet.
    fn upload() -> MessageDescriptor {
        let field = |name: &str, number, kind, type_name: Option<&str>| FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            label: Some(Label::Optional.into()),
            r#type: Some(i32::from(kind)),
            type_name: type_name.map(str::to_owned),
            ..Default::default()
        };
        let file = FileDescriptorProto {
            name: Some("upload.proto".to_owned()),
            syntax: Some("proto3".to_owned()),
            dependency: vec!["google/api/httpbody.proto".to_owned()],
            message_type: vec![DescriptorProto {
                name: Some("Upload".to_owned()),
                field: vec![
                    field("file_name", 1, Type::String, None),
                    field("file", 2, Type::Message, Some(".google.api.HttpBody")),
                    field("note", 3, Type::String, None),
                ],
                ..Default::default()
            }],
            ..Default::default()
        };
        let mut pool = DescriptorPool::decode(rapport_proto::FILE_DESCRIPTOR_SET).unwrap();
        pool.add_file_descriptor_proto(file).unwrap();
        pool.get_message_by_name("Upload").unwrap()
    }

    fn bound(
        body: &'static str,
        content_type: &str,
        sent: &'static [u8],
        query: &str,
    ) -> Result<Value, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        let route = Route { verb: "PUT", path: "/v1/uploads/{file_name}", body, answer: "" };
        let variables = vec![("file_name", "a/b".to_owned())];
        let parts =
            Parts { variables, query: Some(query), headers: &headers, body: Bytes::from_static(sent) };
        let input = upload();
        let fields = fields(&input, &route, parts)?;
        json::read(&input, fields.clone().into())?;
        Ok(fields.into())
    }

    #[test]
    fn a_raw_body_is_taken_as_it_is() {
        let expected =
            json!({"fileName": "a/b", "note": "é", "file": {"contentType": "image/png", "data": "iVAA/w=="}});
        assert_eq!(bound("file", "image/png", b"\x89P\0\xff", "note=%C3%A9"), Ok(expected));
        let empty = json!({"fileName": "a/b", "file": {"contentType": "text/plain", "data": ""}});
        assert_eq!(bound("file", "text/plain", b"", ""), Ok(empty));
    }

    #[test]
    fn a_named_body_is_that_field_and_the_query_the_rest() {
        let expected = json!({"fileName": "a/b", "note": "text"});
        assert_eq!(bound("note", "application/json", b"\"text\"", ""), Ok(expected));
        let twice = bound("note", "application/json", b"\"text\"", "note=other").unwrap_err();
        assert_eq!(twice.message, "note is given twice");
        let wrong = bound("note", "application/json", b"7", "").unwrap_err();
        assert_eq!(wrong.message, "note must be a text");
        assert_eq!(bound("note", "text/plain", b"x", "").unwrap_err().reason, Reason::ContentTypeUnsupported);
        let nested = json!({"fileName": "a/b", "file": {"contentType": "x"}});
        assert_eq!(bound("", "application/json", b"", "file.content_type=x"), Ok(nested));
        for (query, why) in [
            ("file=x", "file cannot stand in a query"),
            ("file.x=1", "file.x is no field of this request"),
            ("file_name.x=1", "file_name.x is no field of this request"),
            ("file_name=c", "file_name is given twice"),
        ] {
            assert_eq!(bound("", "application/json", b"", query).unwrap_err().message, why);
        }
        let body = bound("", "application/json", b"{}", "").unwrap_err();
        assert_eq!(body.message, "this call takes no body");
    }
}
