//! Requests and answers as JSON, by the descriptors: for tests that hold for every rpc, those not yet written included.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value,
};
use rapport_client::Error;
use rapport_proto::contract::{METHODS, Method};
use serde_json::Value as Json;

use crate::raw::Raw;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(rapport_proto::FILE_DESCRIPTOR_SET).expect("the contract's descriptors are sound")
});

/// The row of the contract for an rpc: `ChatService.GetChat`.
///
/// # Panics
/// Where there is none.
#[must_use]
pub fn method(name: &str) -> &'static Method {
    METHODS
        .iter()
        .find(|method| short(method) == name)
        .unwrap_or_else(|| panic!("{name} is not in the contract"))
}

/// The name of an rpc in tables: `ChatService.GetChat`.
#[must_use]
pub fn short(method: &Method) -> String {
    format!("{}.{}", method.service.rsplit('.').next().unwrap_or_default(), method.name)
}

/// The descriptor of an rpc.
#[must_use]
pub fn descriptor(method: &Method) -> MethodDescriptor {
    POOL.get_service_by_name(method.service)
        .and_then(|service| service.methods().find(|candidate| candidate.name() == method.name))
        .expect("the table and the descriptors come from one contract")
}

/// A request from its JSON form.
///
/// # Panics
/// Where it is not one.
#[must_use]
pub fn encode(method: &Method, request: &Json) -> Vec<u8> {
    DynamicMessage::deserialize(descriptor(method).input(), request)
        .unwrap_or_else(|error| panic!("not a request of {}: {error}: {request}", method.path))
        .encode_to_vec()
}

/// An answer in its JSON form.
///
/// # Panics
/// Where it is not one.
#[must_use]
pub fn decode(method: &Method, answer: &[u8]) -> Json {
    let answer = DynamicMessage::decode(descriptor(method).output(), answer).expect("an answer of this rpc");
    serde_json::to_value(answer).expect("a message has a JSON form")
}

/// Calls an rpc; of a stream the first item is the answer.
pub async fn call(raw: &Raw, method: &Method, request: &Json) -> Result<Json, Error> {
    let body = encode(method, request);
    let answer = if method.server_streaming {
        let mut stream = raw.stream(method.path, body).await?;
        stream.message().await?.expect("a stream begins with an item")
    } else {
        raw.call(method.path, body).await?
    };
    Ok(decode(method, &answer))
}

/// One field of a request with its rule, however deep it lies.
#[derive(Debug, Clone)]
pub struct Field {
    /// JSON names from the request down.
    pub path: Vec<String>,
    /// The field itself.
    pub descriptor: FieldDescriptor,
    /// Its rule, `rapport.options.v1.FieldRule`.
    pub rule: DynamicMessage,
}

impl Field {
    /// The path as violations write it: `owner.email`.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.join(".")
    }

    /// The prefix of the typed id the field holds, empty where it holds none.
    #[must_use]
    pub fn id(&self) -> String {
        self.text("id")
    }

    /// Whether the rule says `required`.
    #[must_use]
    pub fn required(&self) -> bool {
        matches!(self.rule.get_field_by_name("required").as_deref(), Some(Value::Bool(true)))
    }

    /// A number of the rule; 0 where it says none.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        match self.rule.get_field_by_name(name).as_deref() {
            Some(Value::U32(number)) => u64::from(*number),
            Some(Value::U64(number)) => *number,
            Some(Value::EnumNumber(number)) => u64::try_from(*number).unwrap_or_default(),
            _ => 0,
        }
    }

    fn text(&self, name: &str) -> String {
        match self.rule.get_field_by_name(name).as_deref() {
            Some(Value::String(text)) => text.clone(),
            _ => String::new(),
        }
    }
}

/// Every field of an rpc's request that has a rule.
#[must_use]
pub fn fields(method: &Method) -> Vec<Field> {
    let mut found = Vec::new();
    collect(&descriptor(method).input(), &[], &mut found);
    found
}

fn collect(message: &MessageDescriptor, path: &[String], found: &mut Vec<Field>) {
    let rule = POOL.get_extension_by_name("rapport.options.v1.field").expect("the contract has field rules");
    for descriptor in message.fields() {
        let mut path = path.to_vec();
        path.push(descriptor.json_name().to_owned());
        if let Value::Message(rule) = descriptor.options().get_extension(&rule).into_owned() {
            found.push(Field { path: path.clone(), descriptor: descriptor.clone(), rule });
        }
        if let Kind::Message(inner) = descriptor.kind()
            && inner.full_name().starts_with("rapport.")
        {
            collect(&inner, &path, found);
        }
    }
}

/// What stands at a path of a request.
#[must_use]
pub fn at<'a>(request: &'a Json, path: &[String]) -> Option<&'a Json> {
    path.iter().try_fold(request, |value, step| value.get(step))
}

/// The request with another value at a path, or without it.
///
/// # Panics
/// Where the path leads through what is not an object.
#[must_use]
pub fn with(request: &Json, path: &[String], value: Option<Json>) -> Json {
    let mut changed = request.clone();
    let (last, way) = path.split_last().expect("a path has a step");
    let place = way.iter().fold(&mut changed, |value, step| &mut value[step]);
    let object = place.as_object_mut().expect("the path leads through objects");
    match value {
        Some(value) => object.insert(last.clone(), value),
        None => object.remove(last),
    };
    changed
}
