//! Reads the annotations of `rapport.options.v1` and `google.api.http` out of the compiled descriptors into plain values.
//! It judges nothing; `refuse` does. The tests include it too.

use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, MessageDescriptor,
    MethodDescriptor, ReflectMessage, ServiceDescriptor, Value,
};

/// Everything the generated code is made from.
pub(crate) struct Contract {
    /// Every rpc of a `rapport.*` package, ordered by `path`.
    pub(crate) methods: Vec<Method>,
    /// The values of `rapport.errors.v1.Reason`.
    pub(crate) reasons: Vec<Reason>,
    /// Where their comments stand.
    pub(crate) reason_enum: Option<EnumDescriptor>,
    /// `rapport.options.v1.Permission`.
    pub(crate) permission_enum: Option<EnumDescriptor>,
    field_rule: Option<ExtensionDescriptor>,
}

/// One rpc as annotated.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an annotation of its own; any of them goes with any other"
)]
pub(crate) struct Method {
    pub(crate) descriptor: MethodDescriptor,
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) input: MessageDescriptor,
    pub(crate) output: MessageDescriptor,
    /// Name of the permission; empty where none is named.
    pub(crate) permission: String,
    pub(crate) grpc_only: String,
    pub(crate) internal: String,
    pub(crate) ends_cookie: String,
    pub(crate) cache_seconds: u32,
    pub(crate) tries_secret: bool,
    pub(crate) route: Option<Route>,
    pub(crate) read_only: bool,
    pub(crate) client_streaming: bool,
    pub(crate) server_streaming: bool,
}

/// One HTTP route.
pub(crate) struct Route {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`; empty for a custom kind.
    pub(crate) verb: &'static str,
    pub(crate) path: String,
    pub(crate) body: String,
    /// The field of the answer that is the whole answer over HTTP; empty where the message is.
    pub(crate) answer: String,
    pub(crate) has_more_bindings: bool,
}

/// One error reason and its row, where it has one.
pub(crate) struct Reason {
    pub(crate) name: String,
    pub(crate) number: i32,
    pub(crate) row: Option<Row>,
}

/// What a reason means.
pub(crate) struct Row {
    pub(crate) code: String,
    pub(crate) http: u32,
    pub(crate) retryable: bool,
}

/// The rule of one field; the default demands nothing.
#[derive(Default)]
pub(crate) struct Rule {
    pub(crate) required: bool,
    pub(crate) min_len: u32,
    pub(crate) max_len: u32,
    pub(crate) id: String,
    /// Name of the format without `FORMAT_`; empty where none is demanded.
    pub(crate) format: String,
    pub(crate) max_items: u32,
    pub(crate) max: u64,
    pub(crate) cookie: Option<Cookie>,
    pub(crate) resumes: bool,
}

/// A text that travels in a cookie.
#[derive(Default)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    /// Name of the field that says when it ends; empty in a request.
    pub(crate) expires: String,
}

impl Method {
    /// The path gRPC calls it by.
    pub(crate) fn path(&self) -> String {
        format!("/{}/{}", self.service, self.name)
    }

    /// What goes out over HTTP: the answer, or the one field of it that the route names.
    pub(crate) fn http_answer(&self) -> MessageDescriptor {
        let named = self.route.as_ref().and_then(|route| self.output.get_field_by_name(&route.answer));
        let whole = named.and_then(|field| field.kind().as_message().cloned());
        whole.unwrap_or_else(|| self.output.clone())
    }
}

impl Contract {
    /// Reads the contract out of all compiled files.
    pub(crate) fn read(pool: &DescriptorPool) -> Self {
        let method_rule = pool.get_extension_by_name("rapport.options.v1.method");
        let http = pool.get_extension_by_name("google.api.http");
        let mut methods: Vec<_> = pool
            .services()
            .filter(|service| is_ours(service.full_name()))
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .map(|method| read_method(&method, method_rule.as_ref(), http.as_ref()))
            .collect();
        methods.sort_by_key(Method::path);
        Self {
            methods,
            reasons: read_reasons(pool),
            reason_enum: pool.get_enum_by_name("rapport.errors.v1.Reason"),
            permission_enum: pool.get_enum_by_name("rapport.options.v1.Permission"),
            field_rule: pool.get_extension_by_name("rapport.options.v1.field"),
        }
    }

    /// Every service by name, each with its rpcs in the order in which the contract has them.
    pub(crate) fn services(&self) -> Vec<(ServiceDescriptor, Vec<&Method>)> {
        let mut services: Vec<(ServiceDescriptor, Vec<&Method>)> = Vec::new();
        for method in &self.methods {
            match services.last_mut() {
                Some((service, methods)) if service.full_name() == method.service => methods.push(method),
                _ => services.push((method.descriptor.parent_service().clone(), vec![method])),
            }
        }
        for (_, methods) in &mut services {
            methods.sort_by_key(|method| method.descriptor.index());
        }
        services
    }

    /// The rule of a field.
    pub(crate) fn rule(&self, field: &FieldDescriptor) -> Rule {
        let Some(rule) = annotation(&field.options(), self.field_rule.as_ref()) else {
            return Rule::default();
        };
        Rule {
            required: flag(&rule, "required"),
            min_len: number(&rule, "min_len"),
            max_len: number(&rule, "max_len"),
            id: text(&rule, "id"),
            format: name_of(&rule, "format").trim_start_matches("FORMAT_").replace("UNSPECIFIED", ""),
            max_items: number(&rule, "max_items"),
            max: rule.get_field_by_name("max").and_then(|value| value.as_u64()).unwrap_or_default(),
            cookie: rule.has_field_by_name("cookie").then(|| {
                let cookie = rule.get_field_by_name("cookie");
                let cookie = cookie.as_ref().and_then(|cookie| cookie.as_message());
                let said = |name| cookie.map(|cookie| text(cookie, name)).unwrap_or_default();
                Cookie { name: said("name"), expires: said("expires") }
            }),
            resumes: flag(&rule, "resumes"),
        }
    }

    /// Every message that a request holds, itself included, in the order found.
    pub(crate) fn request_messages(&self) -> Vec<MessageDescriptor> {
        let mut found: Vec<MessageDescriptor> = Vec::new();
        let mut open: Vec<_> = self.methods.iter().rev().map(|method| method.input.clone()).collect();
        while let Some(message) = open.pop() {
            if !is_ours(message.full_name()) || message.is_map_entry() || found.contains(&message) {
                continue;
            }
            open.extend(message.fields().filter_map(|field| field.kind().as_message().cloned()));
            found.push(message);
        }
        found
    }
}

/// Whether a full name belongs to the contract rather than to what it imports.
pub(crate) fn is_ours(full_name: &str) -> bool {
    full_name.starts_with("rapport.")
}

/// Whether what has these options is no longer to be used.
pub(crate) fn is_deprecated(options: &DynamicMessage) -> bool {
    flag(options, "deprecated")
}

fn read_method(
    method: &MethodDescriptor,
    rule: Option<&ExtensionDescriptor>,
    http: Option<&ExtensionDescriptor>,
) -> Method {
    let options = method.options();
    let rule = annotation(&options, rule);
    let said = |name: &str| rule.as_ref().map(|rule| text(rule, name)).unwrap_or_default();
    Method {
        descriptor: method.clone(),
        service: method.parent_service().full_name().to_owned(),
        name: method.name().to_owned(),
        input: method.input(),
        output: method.output(),
        permission: rule
            .as_ref()
            .map(|rule| name_of(rule, "permission"))
            .filter(|name| name != "PERMISSION_UNSPECIFIED")
            .unwrap_or_default(),
        grpc_only: said("grpc_only"),
        internal: said("internal"),
        ends_cookie: said("ends_cookie"),
        tries_secret: rule.as_ref().is_some_and(|rule| flag(rule, "tries_secret")),
        cache_seconds: rule.as_ref().map(|rule| number(rule, "cache_seconds")).unwrap_or_default(),
        route: annotation(&options, http).map(|http| read_route(&http)),
        read_only: name_of(&options, "idempotency_level") == "NO_SIDE_EFFECTS",
        client_streaming: method.is_client_streaming(),
        server_streaming: method.is_server_streaming(),
    }
}

fn read_route(http: &DynamicMessage) -> Route {
    let (verb, path) =
        [("get", "GET"), ("post", "POST"), ("put", "PUT"), ("patch", "PATCH"), ("delete", "DELETE")]
            .into_iter()
            .find(|(field, _)| http.has_field_by_name(field))
            .map_or(("", String::new()), |(field, verb)| (verb, text(http, field)));
    Route {
        verb,
        path,
        body: text(http, "body"),
        answer: text(http, "response_body"),
        has_more_bindings: http.has_field_by_name("additional_bindings"),
    }
}

fn read_reasons(pool: &DescriptorPool) -> Vec<Reason> {
    let rule = pool.get_extension_by_name("rapport.options.v1.reason");
    let Some(reasons) = pool.get_enum_by_name("rapport.errors.v1.Reason") else {
        return Vec::new();
    };
    reasons
        .values()
        .map(|value| Reason {
            name: value.name().to_owned(),
            number: value.number(),
            row: annotation(&value.options(), rule.as_ref()).map(|row| Row {
                code: text(&row, "code"),
                http: number(&row, "http"),
                retryable: flag(&row, "retryable"),
            }),
        })
        .collect()
}

/// The value of a message-typed option, `None` where it is not set.
fn annotation(options: &DynamicMessage, extension: Option<&ExtensionDescriptor>) -> Option<DynamicMessage> {
    let extension = extension.filter(|extension| options.has_extension(extension))?;
    options.get_extension(extension).as_message().cloned()
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn flag(message: &DynamicMessage, field: &str) -> bool {
    message.get_field_by_name(field).and_then(|value| value.as_bool()).unwrap_or_default()
}

fn number(message: &DynamicMessage, field: &str) -> u32 {
    message.get_field_by_name(field).and_then(|value| value.as_u32()).unwrap_or_default()
}

/// The name of an enum field's value; empty for a number without a name.
fn name_of(message: &DynamicMessage, field: &str) -> String {
    let Some(descriptor) = message.descriptor().get_field_by_name(field) else {
        return String::new();
    };
    let number = match message.get_field(&descriptor).as_ref() {
        Value::EnumNumber(number) => *number,
        _ => return String::new(),
    };
    descriptor
        .kind()
        .as_enum()
        .and_then(|kind| kind.get_value(number))
        .map(|value| value.name().to_owned())
        .unwrap_or_default()
}
