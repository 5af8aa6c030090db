//! The routes of the contract as a tree of path segments, made once at the start. A colon that stands as such in the last segment
//! begins a custom verb (`/v1/chats/{chat_id}:claim`); in data it is written `%3A`. Segments are decoded one by one and once, so that
//! `%2F` stays data within its segment.

use std::{collections::BTreeMap, io};

use prost_reflect::MessageDescriptor;
use rapport_proto::{
    contract::{METHODS, Method, Route},
    errors::v1::Reason,
    fault::Fault,
};

use crate::rpc::json;

/// An rpc with a route.
#[derive(Debug)]
pub struct Routed {
    /// Its row.
    pub method: &'static Method,
    /// Its route.
    pub route: Route,
    /// The request's message.
    pub input: MessageDescriptor,
    /// The answer's message.
    pub output: MessageDescriptor,
    /// The fields the path's variables fill, in the path's order.
    variables: Vec<&'static str>,
}

/// What a path leads to.
#[derive(Debug)]
pub struct Found<'a> {
    /// The rpc.
    pub routed: &'a Routed,
    /// The fields the path fills, by their names in the contract.
    pub variables: Vec<(&'static str, String)>,
}

/// Why a path leads to nothing.
#[derive(Debug)]
pub struct Missed {
    /// The reason.
    pub fault: Fault,
    /// The verbs the path does have.
    pub allow: Vec<&'static str>,
}

/// Every route.
#[derive(Debug, Default)]
pub struct Routes(Node);

/// What can follow after a piece of path.
#[derive(Debug, Default)]
struct Node {
    texts: BTreeMap<&'static str, Node>,
    variable: Option<Box<Node>>,
    /// What ends here: by custom verb, empty where there is none, then by HTTP verb.
    ends: BTreeMap<&'static str, BTreeMap<&'static str, Routed>>,
}

/// A path in its decoded pieces.
struct Path {
    segments: Vec<String>,
    custom: String,
}

impl Routes {
    /// The routes of the contract.
    pub fn of_contract() -> io::Result<Self> {
        let mut routes = Self::default();
        for method in METHODS {
            if let Some(route) = method.route {
                let descriptor = |name| {
                    json::message(name).ok_or_else(|| io::Error::other(format!("there is no message {name}")))
                };
                routes.add(method, route, descriptor(method.input)?, descriptor(method.output)?)?;
            }
        }
        Ok(routes)
    }

    fn add(
        &mut self,
        method: &'static Method,
        route: Route,
        input: MessageDescriptor,
        output: MessageDescriptor,
    ) -> io::Result<()> {
        let (path, custom) = split_verb(route.path);
        let mut node = &mut self.0;
        let mut variables = Vec::new();
        for segment in path.split('/').skip(1) {
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(variable) => {
                    variables.push(variable);
                    node = &mut **node.variable.get_or_insert_default();
                }
                None => node = node.texts.entry(segment).or_default(),
            }
        }
        let routed = Routed { method, route, input, output, variables };
        let verbs = node.ends.entry(custom).or_default();
        match verbs.insert(route.verb, routed) {
            None => Ok(()),
            Some(other) => {
                Err(io::Error::other(format!("{} and {} collide", method.path, other.method.path)))
            }
        }
    }

    /// The rpc that an HTTP verb and a path as it was sent lead to. `HEAD` leads where `GET` does.
    pub fn find(&self, verb: &str, path: &str) -> Result<Found<'_>, Box<Missed>> {
        let path = Path::read(path).map_err(|fault| Box::new(Missed { fault, allow: Vec::new() }))?;
        let mut values = Vec::new();
        let Some(verbs) = self.0.end(&path.segments, &path.custom, &mut values) else {
            let fault = Fault::new(Reason::RouteUnknown, "there is nothing at this path");
            return Err(Box::new(Missed { fault, allow: Vec::new() }));
        };
        let wanted = if verb == "HEAD" { "GET" } else { verb };
        match verbs.get(wanted) {
            Some(routed) => {
                let variables = routed.variables.iter().copied().zip(values).collect();
                Ok(Found { routed, variables })
            }
            None => Err(Box::new(Missed {
                fault: Fault::new(Reason::VerbNotAllowed, "this path has other verbs; see the header Allow"),
                allow: allowed(verbs),
            })),
        }
    }

    /// The verbs of a path, for `Allow`.
    #[must_use]
    pub fn verbs(&self, path: &str) -> Vec<&'static str> {
        let Ok(path) = Path::read(path) else { return Vec::new() };
        self.0.end(&path.segments, &path.custom, &mut Vec::new()).map(allowed).unwrap_or_default()
    }
}

fn allowed(verbs: &BTreeMap<&'static str, Routed>) -> Vec<&'static str> {
    let mut allow: Vec<_> = verbs.keys().copied().collect();
    if allow.contains(&"GET") {
        allow.push("HEAD");
    }
    allow.push("OPTIONS");
    allow
}

impl Node {
    /// What ends at these segments: a text goes before a variable, which is tried where the text leads nowhere.
    fn end(
        &self,
        segments: &[String],
        custom: &str,
        values: &mut Vec<String>,
    ) -> Option<&BTreeMap<&'static str, Routed>> {
        let Some((first, rest)) = segments.split_first() else { return self.ends.get(custom) };
        let by_text = self.texts.get(first.as_str()).and_then(|node| node.end(rest, custom, values));
        if by_text.is_some() {
            return by_text;
        }
        // A variable is something: an empty segment is another path.
        let node = self.variable.as_ref().filter(|_| !first.is_empty())?;
        values.push(first.clone());
        let found = node.end(rest, custom, values);
        if found.is_none() {
            values.pop();
        }
        found
    }
}

impl Path {
    fn read(path: &str) -> Result<Self, Fault> {
        let (path, custom) = split_verb(path);
        let segments = path.split('/').skip(1).map(|segment| decode(segment, "path"));
        Ok(Self { segments: segments.collect::<Result<_, _>>()?, custom: decode(custom, "path")? })
    }
}

/// A path and the custom verb of its last segment.
fn split_verb(path: &str) -> (&str, &str) {
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[last..].rfind(':') {
        // Nothing after the colon is no verb: it belongs to the segment.
        Some(colon) if last + colon + 1 < path.len() => (&path[..last + colon], &path[last + colon + 1..]),
        _ => (path, ""),
    }
}

/// Percent-decoding, once; what is not UTF-8 or holds U+0000 is refused.
pub(crate) fn decode(text: &str, place: &str) -> Result<String, Fault> {
    let malformed = |what: &str| Fault::new(Reason::MalformedRequest, format!("the {place} {what}"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(malformed("holds a percent sign without two hexadecimal digits"));
        };
        bytes.extend(u8::try_from(high * 16 + low));
    }
    if bytes.contains(&0) {
        return Err(malformed("holds U+0000"));
    }
    String::from_utf8(bytes).map_err(|_| malformed("is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn routes() -> Routes {
        Routes::of_contract().unwrap()
    }

    type Outcome = Result<(&'static str, Vec<String>), (Reason, Vec<&'static str>)>;

    fn found(verb: &str, path: &str) -> Outcome {
        match routes().find(verb, path) {
            Ok(found) => {
                Ok((found.routed.method.name, found.variables.into_iter().map(|(_, value)| value).collect()))
            }
            Err(missed) => Err((missed.fault.reason, missed.allow)),
        }
    }

    #[test]
    fn every_route_of_the_contract_leads_to_its_rpc() {
        let routes = routes();
        for method in METHODS {
            let Some(route) = method.route else { continue };
            let path = route.path.replace(['{', '}'], "");
            let found = routes.find(route.verb, &path).unwrap();
            assert_eq!(found.routed.method, method, "{path}");
            for (name, value) in found.variables {
                assert_eq!(name, value, "{path}");
            }
        }
    }

    #[test]
    fn segments_are_decoded_once_and_apart() {
        let value = |path: &str| found("GET", path).map(|(_, values)| values.concat());
        assert_eq!(value("/v1/chats/chat_1"), Ok("chat_1".to_owned()));
        assert_eq!(value("/v1/chats/a%2Fb%3Ac%252e"), Ok("a/b:c%2e".to_owned()));
        assert_eq!(value("/v1/chats/%C3%A9"), Ok("é".to_owned()));
        assert_eq!(value("/%76%31/chats/.."), Ok("..".to_owned()));
        for bad in
            ["/v1/chats/%", "/v1/chats/%4", "/v1/chats/%zz", "/v1/chats/%00", "/v1/chats/%ff", "/%c3%28"]
        {
            assert_eq!(value(bad), Err((Reason::MalformedRequest, vec![])), "{bad}");
        }
    }

    #[test]
    fn what_is_not_there_is_unknown_and_another_verb_is_named() {
        let unknown = Err((Reason::RouteUnknown, vec![]));
        for path in [
            "/",
            "",
            "/v1",
            "/v1/",
            "/v1/chats/",
            "/v1//chats",
            "/v1/chats/x:frobnicate",
            "/v1/chats:claim",
            "/v2/chats",
            "/v1/chats/x/messages/",
            "/v1/auth",
            "/v1/chats//messages",
            "/rapport.chats.v1.ChatService/GetChat",
        ] {
            assert_eq!(found("GET", path), unknown, "{path}");
        }
        let other = |allow: &[&'static str]| Err((Reason::VerbNotAllowed, allow.to_vec()));
        assert_eq!(found("GET", "/v1/chats/x:claim"), other(&["POST", "OPTIONS"]));
        assert_eq!(found("DELETE", "/v1/chats"), other(&["GET", "POST", "HEAD", "OPTIONS"]));
        assert_eq!(found("TRACE", "/v1/self"), other(&["GET", "PATCH", "HEAD", "OPTIONS"]));
        assert_eq!(found("HEAD", "/v1/self"), Ok(("GetSelf", vec![])));
        assert_eq!(routes().verbs("/v1/tenant"), ["GET", "PATCH", "HEAD", "OPTIONS"]);
    }

    proptest! {
        #[test]
        fn any_text_that_is_sent_encoded_arrives(text in "[^\0]{1,40}") {
            let encoded = text.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02x}"));
            prop_assert_eq!(found("GET", &format!("/v1/chats/{encoded}")), Ok(("GetChat", vec![text])));
        }

        #[test]
        fn no_path_is_too_strange(path in ".{0,60}") {
            let _ = routes().find("GET", &path);
        }
    }
}
