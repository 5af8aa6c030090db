//! What the edge serves besides the contract's routes.

use std::sync::LazyLock;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value};

use super::answer;
use crate::{live, server::Edge};

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// The process runs.
    Livez,
    /// What it depends on answers.
    Readyz,
    /// A fixed text for whoever asks for one.
    Health,
    /// The description of the routes for programs.
    OpenApi,
    /// The description of everything for people.
    Docs,
    /// How that looks.
    DocsStyle,
}

/// The page for people: what the contract says, and what the edge says of its live socket.
static DOCS: LazyLock<Bytes> = LazyLock::new(|| {
    rapport_proto::DOCS.replace("<!--live-->", &live::close::describe()).into_bytes().into()
});

/// The page for people loads its own style and nothing else.
const DOCS_CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

impl Page {
    /// The page at a path.
    pub(super) fn at(path: &str) -> Option<Self> {
        Some(match path {
            "/livez" => Self::Livez,
            "/readyz" => Self::Readyz,
            "/health" => Self::Health,
            "/openapi.json" => Self::OpenApi,
            "/docs" => Self::Docs,
            "/docs.css" => Self::DocsStyle,
            _ => return None,
        })
    }

    /// The page itself.
    pub(super) async fn serve(self, edge: &Edge) -> Response<Body> {
        match self {
            Self::Livez => answer::with_type("text/plain; charset=utf-8", "ok"),
            Self::Health => {
                answer::with_type("application/json", r#"{"status":"healthy","service":"rapport"}"#)
            }
            Self::Readyz => readyz(edge).await,
            Self::OpenApi => kept(answer::with_type("application/json", rapport_proto::OPENAPI)),
            Self::DocsStyle => kept(answer::with_type("text/css; charset=utf-8", rapport_proto::DOCS_CSS)),
            Self::Docs => {
                let mut page = kept(answer::with_type("text/html; charset=utf-8", DOCS.clone()));
                page.headers_mut()
                    .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DOCS_CSP));
                page
            }
        }
    }
}

/// A page that is the same for everybody until the next version.
fn kept(mut page: Response<Body>) -> Response<Body> {
    page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    page
}

/// Readiness as the public may know it: whether, not how; what there is to know stands on the operators' listener.
async fn readyz(edge: &Edge) -> Response<Body> {
    let (status, said) = edge.readiness().ask().await;
    let found: Map<String, Value> = said
        .0
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, said)| (name.clone(), serde_json::json!({ "ok": said["ok"] == true })))
        .collect();
    let mut response = answer::with_type("application/json", Value::from(found).to_string());
    *response.status_mut() =
        if status.is_success() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    response
}
