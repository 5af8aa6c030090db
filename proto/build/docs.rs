//! The page for people: everything the contract has, as one HTML document without scripts, inline styles or anything fetched
//! from elsewhere. `<!--live-->` marks the place of what the edge says of its live socket.

use super::comments::Comments;
use super::docs_types::{self, Types};
use super::openapi::{is_raw, template};
use super::problem::{self, Entry};
use super::prose;
use super::read::{Contract, Method, is_deprecated};
use prost_reflect::ServiceDescriptor;
use std::fmt::Write as _;

/// The whole page.
pub(crate) fn page(contract: &Contract, comments: &Comments) -> String {
    let reasons = problem::entries(contract, comments);
    let page = Page {
        comments,
        markup: Markup { reasons: reasons.iter().map(|entry| entry.name).collect() },
        types: Types::new(contract),
        contract,
    };
    let services = contract.services();
    let sections = [
        section("introduction", "Introduction", &page.paragraphs(&prose::INTRODUCTION)),
        section(
            "authentication",
            "Authentication",
            &(page.paragraphs(&prose::AUTHENTICATION) + &page.permissions()),
        ),
        section("errors", "Errors", &(page.paragraphs(&prose::ERRORS) + &page.reasons(&reasons))),
        section("live", "Live socket", "<!--live-->\n"),
        services.iter().map(|(service, methods)| page.service(service, methods)).collect(),
        section("messages", "Messages", &docs_types::messages(&page.types, contract, comments, &page.markup)),
        section("enums", "Enums", &docs_types::enums(&page.types, comments, &page.markup)),
    ];
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"description\" content=\"Every call, message and error of Rapport.\">\n\
         <title>Rapport API</title>\n<link rel=\"stylesheet\" href=\"/docs.css\">\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\n\
         <header><h1>Rapport API</h1>\n<p>Version {version} · <a href=\"/openapi.json\">OpenAPI 3.1</a></p></header>\n\
         <nav aria-label=\"Contents\">\n{}</nav>\n<main id=\"content\">\n{}</main>\n</body>\n</html>\n",
        contents(&services),
        sections.concat(),
    )
}

struct Page<'a> {
    contract: &'a Contract,
    comments: &'a Comments,
    markup: Markup<'a>,
    types: Types,
}

impl Page<'_> {
    fn paragraphs(&self, texts: &[&str]) -> String {
        self.markup.paragraphs(&texts.join("\n\n"))
    }

    fn permissions(&self) -> String {
        let Some(kind) = &self.contract.permission_enum else { return String::new() };
        let mut out = String::from("<h3>Permissions</h3>\n<dl class=\"entries names\">\n");
        for value in kind.values().filter(|value| value.number() != 0) {
            let name = permission(value.name());
            let _ = writeln!(
                out,
                "<div id=\"permission-{name}\"><dt><code>{name}</code></dt><dd>{}</dd></div>",
                self.markup.line(&self.comments.value(&value))
            );
        }
        out + "</dl>\n"
    }

    /// A table that keeps its meaning when a narrow screen shows its rows as blocks: hence the roles.
    fn reasons(&self, reasons: &[Entry<'_>]) -> String {
        let mut out = String::from(
            "<h3>Reasons</h3>\n<table role=\"table\" class=\"reasons\">\n<thead role=\"rowgroup\"><tr role=\"row\">",
        );
        for title in ["Reason", "HTTP", "gRPC", "Retry", "Meaning"] {
            let _ = write!(out, "<th role=\"columnheader\" scope=\"col\">{title}</th>");
        }
        out.push_str("</tr></thead>\n<tbody role=\"rowgroup\">\n");
        for Entry { name, row, comment } in reasons {
            let _ = writeln!(
                out,
                "<tr role=\"row\" id=\"reason-{name}\"><th role=\"rowheader\" scope=\"row\"><code>{name}</code></th>\
                 <td role=\"cell\" class=\"status\">{}</td><td role=\"cell\"><code>{}</code></td>\
                 <td role=\"cell\" class=\"retry\">{}</td><td role=\"cell\" class=\"meaning\">{}</td></tr>",
                row.http,
                row.code,
                if row.retryable { "yes" } else { "no" },
                self.markup.line(comment)
            );
        }
        out + "</tbody>\n</table>\n"
    }

    fn service(&self, service: &ServiceDescriptor, methods: &[&Method]) -> String {
        let mut out = self.markup.paragraphs(&self.comments.service(service));
        let _ = writeln!(out, "<ul class=\"calls\">\n{}</ul>", calls(service, methods));
        for method in methods {
            out.push_str(&self.method(service.name(), method));
        }
        section(service.name(), service.name(), &out)
    }

    fn method(&self, service: &str, method: &Method) -> String {
        let id = format!("{service}_{}", method.name);
        let mut out = format!(
            "<article id=\"{id}\">\n<h3><a href=\"#{id}\">{}</a></h3>\n{}<dl class=\"facts\">\n",
            method.name,
            self.route(method)
        );
        let name = permission(&method.permission);
        let mut facts = vec![
            ("gRPC", format!("<code>{}</code>", &method.path()[1..])),
            ("Permission", format!("<a href=\"#permission-{name}\"><code>{name}</code></a>")),
        ];
        if method.server_streaming {
            facts.push(("Answer", "a stream".to_owned()));
        }
        if is_deprecated(&method.descriptor.options()) {
            facts.push(("Deprecated", "do not begin to use it".to_owned()));
        }
        for (title, fact) in facts {
            let _ = writeln!(out, "<div><dt>{title}</dt><dd>{fact}</dd></div>");
        }
        out.push_str("</dl>\n");
        out.push_str(&self.markup.paragraphs(&self.comments.method(&method.descriptor)));
        if method.internal.is_empty() {
            let fields =
                docs_types::fields(&method.input, Some(method), self.contract, self.comments, &self.markup);
            let _ = write!(out, "<h4>Request</h4>\n{fields}");
            let title = if method.server_streaming { "Each item of the answer" } else { "Answer" };
            let fields = if is_raw(&method.http_answer()) {
                self.markup.paragraphs(prose::RAW)
            } else {
                docs_types::fields(&method.output, None, self.contract, self.comments, &self.markup)
            };
            let _ = write!(out, "<h4>{title}</h4>\n{fields}");
        }
        out + "</article>\n"
    }

    fn route(&self, method: &Method) -> String {
        let because = |why: &str, reason: &str| {
            format!("<p class=\"route\"><strong>{why}:</strong> {}</p>\n", self.markup.line(reason))
        };
        match &method.route {
            Some(route) => format!(
                "<p class=\"route\"><span class=\"verb {}\">{}</span> <code>{}</code></p>\n",
                route.verb.to_lowercase(),
                route.verb,
                escape(&template(route, &method.input).0)
            ),
            None if method.internal.is_empty() => because("gRPC only", &method.grpc_only),
            None => because("Internal", &method.internal),
        }
    }
}

fn section(id: &str, title: &str, inside: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{inside}</section>\n")
}

fn contents(services: &[(ServiceDescriptor, Vec<&Method>)]) -> String {
    let mut out = String::from("<ul>\n");
    for (id, title) in [
        ("introduction", "Introduction"),
        ("authentication", "Authentication"),
        ("errors", "Errors"),
        ("live", "Live socket"),
    ] {
        let _ = writeln!(out, "{}</li>", link(id, title));
    }
    for (service, methods) in services {
        let title = link(service.name(), service.name());
        let _ = writeln!(out, "{title}\n<ul>\n{}</ul></li>", calls(service, methods));
    }
    for (id, title) in [("messages", "Messages"), ("enums", "Enums")] {
        let _ = writeln!(out, "{}</li>", link(id, title));
    }
    out + "</ul>\n"
}

fn calls(service: &ServiceDescriptor, methods: &[&Method]) -> String {
    let mut out = String::new();
    for method in methods {
        let id = format!("{}_{}", service.name(), method.name);
        let _ = writeln!(out, "{}</li>", link(&id, &method.name));
    }
    out
}

/// An entry of a list, left open for a list of its own.
fn link(id: &str, title: &str) -> String {
    format!("<li><a href=\"#{id}\">{title}</a>")
}

fn permission(name: &str) -> &str {
    name.trim_start_matches("PERMISSION_")
}

/// Text of the contract as HTML.
pub(crate) struct Markup<'a> {
    /// Names that are links to the table of reasons wherever they stand as code.
    reasons: Vec<&'a str>,
}

impl Markup<'_> {
    /// Each paragraph as one.
    pub(crate) fn paragraphs(&self, text: &str) -> String {
        let mut out = String::new();
        for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
            let _ = writeln!(out, "<p>{}</p>", self.line(paragraph));
        }
        out
    }

    /// Text within a paragraph: code between backticks, reasons as links.
    pub(crate) fn line(&self, text: &str) -> String {
        let parts = text.split('`').enumerate().map(|(index, part)| {
            let text = escape(part);
            match index % 2 == 1 {
                true if self.reasons.contains(&part) => {
                    format!("<a href=\"#reason-{text}\"><code>{text}</code></a>")
                }
                true => format!("<code>{text}</code>"),
                false => text,
            }
        });
        parts.collect()
    }
}

/// Text with nothing in it that HTML takes for markup.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
