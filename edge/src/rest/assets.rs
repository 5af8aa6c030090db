//! The portal, the widget and the demo's page, as they were built into the program: each with its packed forms, its version, and the
//! rules a browser has to keep on it. An address that is nobody's else and asked for as a page is the portal's, which knows its own.

use axum::body::Body;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method as Verb, Response, StatusCode, header, request::Parts,
};
use rapport_web::Asset;

use super::answer;
use crate::{browser::Arrival, server::Edge};

/// The portal loads its own and talks to its own.
const PORTAL: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The widget stands in pages of others; of which ones, is a workspace's to say.
const WIDGET: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors";
/// The one that is shown in them.
const WIDGET_PAGE: &str = "widget/index.html";
/// A page as strict as a customer's may be: the widget has to work in it.
const DEMO: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Where the portal is not.
const OTHERS: [&str; 3] = ["/v1/", "/.well-known/", "/rapport."];

/// What a path stands for.
enum Found {
    File(&'static Asset),
    Answer(Response<Body>),
}

/// The answer, where a path is one of these.
pub(super) async fn serve(edge: &Edge, arrival: &Arrival, parts: &Parts) -> Option<Response<Body>> {
    let asset = match find(edge.config.demo, &parts.method, parts.uri.path(), &parts.headers)? {
        Found::File(asset) => asset,
        Found::Answer(response) => return Some(response),
    };
    if asset.path != WIDGET_PAGE {
        return Some(whole_or_unchanged(asset, &parts.headers));
    }
    let ancestors = edge.ancestors.of(edge, parts.uri.query(), arrival.address, &arrival.request_id).await;
    Some(match ancestors {
        Ok(ancestors) => widget(asset, &parts.headers, ancestors.as_deref()),
        Err(fault) => answer::problem(fault, &arrival.request_id),
    })
}

/// The widget's page for a workspace. A browser that asks whether its copy is still good keeps the copy's headers, so one with a list
/// is sent whole each time: it has no version of its own.
fn widget(asset: &'static Asset, headers: &HeaderMap, ancestors: Option<&str>) -> Response<Body> {
    let policy = HeaderValue::try_from(format!("{WIDGET} {}", ancestors.unwrap_or("*")));
    let mut headers = headers.clone();
    if ancestors.is_some() {
        headers.remove(header::IF_NONE_MATCH);
    }
    let mut response = whole_or_unchanged(asset, &headers);
    if ancestors.is_some() {
        response.headers_mut().remove(header::ETAG);
    }
    // What is no header value is no list of origins; a page nobody may hold is the safe answer.
    let policy = policy.unwrap_or(HeaderValue::from_static("frame-ancestors 'none'"));
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn find(demo: bool, verb: &Verb, path: &str, headers: &HeaderMap) -> Option<Found> {
    if verb != Verb::GET && verb != Verb::HEAD {
        return None;
    }
    let is_page = listed(headers, header::ACCEPT).any(|kind| kind == "text/html");
    let name = path.trim_start_matches('/');
    if name == "demo" && demo {
        return Some(Found::Answer(moved("/demo/")));
    }
    let whole =
        if name.is_empty() || name.ends_with('/') { format!("{name}index.html") } else { name.to_owned() };
    let found = rapport_web::find(&whole).filter(|asset| demo || !asset.path.starts_with("demo/"));
    if let Some(asset) = found {
        return Some(Found::File(asset));
    }
    if !is_page || OTHERS.iter().any(|other| path.starts_with(other)) {
        return None;
    }
    match rapport_web::find("index.html") {
        Some(portal) => Some(Found::File(portal)),
        None => rapport_web::MISSING.map(|why| Found::Answer(missing(why))),
    }
}

fn whole_or_unchanged(asset: &'static Asset, headers: &HeaderMap) -> Response<Body> {
    let (coding, bytes) = packed(asset, headers);
    let is_known =
        listed(headers, header::IF_NONE_MATCH).any(|tag| tag.trim_start_matches("W/") == asset.etag);
    let mut response = answer::with_type(asset.content_type, if is_known { &[][..] } else { bytes });
    let answered = response.headers_mut();
    answered.insert(header::ETAG, HeaderValue::from_static(asset.etag));
    answered.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    answered.insert(header::CACHE_CONTROL, HeaderValue::from_static(lasting(asset)));
    if let Some(policy) = policy(asset.path) {
        answered.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    if asset.path == "widget.js" {
        // Pages of others load it, by a tag and without a list of who may.
        let shared = HeaderName::from_static("cross-origin-resource-policy");
        answered.insert(shared, HeaderValue::from_static("cross-origin"));
    }
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else if let Some(coding) = coding {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

/// The smallest form the browser takes.
fn packed(asset: &'static Asset, headers: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
    let takes = |coding| listed(headers, header::ACCEPT_ENCODING).any(|taken| taken == coding);
    let forms = [("br", asset.brotli), ("gzip", asset.gzip)];
    let form = forms
        .into_iter()
        .find_map(|(coding, bytes)| bytes.filter(|_| takes(coding)).map(|bytes| (Some(coding), bytes)));
    form.unwrap_or((None, asset.plain))
}

/// What a header lists, without what is refused by `q=0` and without other parameters.
fn listed(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(|entry| {
        let (entry, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
        let is_refused =
            weight.is_some_and(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0));
        (!is_refused).then(|| entry.trim())
    })
}

fn lasting(asset: &Asset) -> &'static str {
    match asset.path {
        _ if asset.hashed => "public, max-age=31536000, immutable",
        // A new version is in every page within minutes.
        "widget.js" => "public, max-age=300",
        _ => "no-cache",
    }
}

fn policy(path: &str) -> Option<&'static str> {
    if path.rsplit_once('.').is_none_or(|(_, kind)| kind != "html") {
        return None;
    }
    Some(match path.split_once('/') {
        Some(("demo", _)) => DEMO,
        _ => PORTAL,
    })
}

fn moved(to: &'static str) -> Response<Body> {
    let mut response = answer::with_type("text/plain; charset=utf-8", to);
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(to));
    response
}

/// Where the portal would be, what is missing for it.
fn missing(why: &str) -> Response<Body> {
    let why = why.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!doctype html><html lang=\"en\"><title>Rapport</title><h1>Rapport is running, without its portal</h1>\
         <p>{why}</p><p>The interface is described at <a href=\"/docs\">/docs</a>.</p></html>"
    );
    let mut response = answer::with_type("text/html; charset=utf-8", page);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(HeaderName, &'static str)]) -> HeaderMap {
        all.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    static ASSET: Asset = Asset {
        path: WIDGET_PAGE,
        content_type: "text/html",
        etag: "\"1\"",
        hashed: false,
        plain: b"plain",
        gzip: Some(b"gzip"),
        brotli: Some(b"br"),
    };

    #[test]
    fn a_browser_that_has_the_widgets_page_is_told_of_another_list() {
        let known = headers(&[(header::IF_NONE_MATCH, "\"1\"")]);
        let everybodys = widget(&ASSET, &known, None);
        assert_eq!(everybodys.status(), StatusCode::NOT_MODIFIED);
        let listed = widget(&ASSET, &known, Some("'self' https://shop.example"));
        assert_eq!((listed.status(), listed.headers().get(header::ETAG)), (StatusCode::OK, None));
        for (answer, ends) in
            [(&everybodys, "; frame-ancestors *"), (&listed, "; frame-ancestors 'self' https://shop.example")]
        {
            let policies: Vec<_> = answer.headers().get_all(header::CONTENT_SECURITY_POLICY).iter().collect();
            assert_eq!(policies.len(), 1);
            let policy = policies[0].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; ") && policy.ends_with(ends), "{policy}");
        }
        let odd = widget(&ASSET, &known, Some("\n"));
        assert_eq!(odd.headers()[header::CONTENT_SECURITY_POLICY], "frame-ancestors 'none'");
    }

    #[test]
    fn what_a_browser_refuses_is_not_sent() {
        for (taken, form) in [
            ("gzip, deflate, br;q=0.9", "br"),
            ("gzip;q=1.0, br;q=0", "gzip"),
            ("deflate", "plain"),
            ("brotli", "plain"),
            ("", "plain"),
        ] {
            let headers = headers(&[(header::ACCEPT_ENCODING, taken)]);
            assert_eq!(packed(&ASSET, &headers).1, form.as_bytes(), "{taken}");
        }
        let known = headers(&[(header::IF_NONE_MATCH, "\"0\", W/\"1\"")]);
        assert_eq!(whole_or_unchanged(&ASSET, &known).status(), StatusCode::NOT_MODIFIED);
        let other = headers(&[(header::IF_NONE_MATCH, "\"2\"")]);
        assert_eq!(whole_or_unchanged(&ASSET, &other).status(), StatusCode::OK);
    }

    #[test]
    fn a_page_nobody_else_has_is_the_portals_and_the_rest_is_not() {
        let page = headers(&[(header::ACCEPT, "text/html,application/xhtml+xml;q=0.9")]);
        for (path, accepts) in [("/chats/7", &page), ("/", &page), ("/inbox", &page)] {
            assert!(find(false, &Verb::GET, path, accepts).is_some(), "{path}");
        }
        let any = headers(&[(header::ACCEPT, "*/*")]);
        for (verb, path, accepts) in [
            (Verb::GET, "/v1/chats", &page),
            (Verb::GET, "/rapport.chats.v1.ChatService/GetChat", &page),
            (Verb::GET, "/nothing", &any),
            (Verb::POST, "/", &page),
            (Verb::GET, "/demo/index.html", &any),
        ] {
            assert!(find(false, &verb, path, accepts).is_none(), "{verb} {path}");
        }
    }
}
