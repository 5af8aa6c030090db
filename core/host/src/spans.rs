//! Traces: every call as spans, from the edge through core to the store, sent to an OpenTelemetry collector where one is named.
//!
//! A process that names none pays nothing: the spans of the log carry on as they are. Whether a call is traced is decided where it
//! arrives first; who comes after follows, by the header `traceparent` of W3C Trace Context. Spans wait in a bounded queue of their
//! own thread; where the collector is away they are dropped, and no call waits.

use std::{error::Error, sync::OnceLock, time::Duration};

use http::HeaderMap;
use opentelemetry::{
    global,
    propagation::{Extractor, Injector},
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

/// The header that says which trace a call belongs to.
pub const TRACEPARENT: &str = "traceparent";

/// How long the last spans may take at the end of the process.
const LAST: Duration = Duration::from_secs(2);

/// Set once spans are sent.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Where spans are sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// The collector, by OTLP over gRPC.
    pub endpoint: String,
    /// How many of the calls that begin here are traced, of all.
    pub ratio: f64,
}

/// The layer that sends spans. Must be called within a runtime.
pub(crate) fn layer<S>(
    export: &Export,
    service: &'static str,
) -> Result<impl Layer<S>, Box<dyn Error + Send + Sync>>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(&export.endpoint).build()?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(export.ratio))))
        .with_resource(Resource::builder().with_service_name(service).build())
        .build();
    let tracer = provider.tracer(service);
    global::set_text_map_propagator(TraceContextPropagator::new());
    let _ = PROVIDER.set(provider);
    // Our own spans only: what carries them away makes some too.
    let ours = Targets::new().with_target("rapport", tracing::Level::DEBUG);
    Ok(tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_filter(ours))
}

/// What the span of an answered call stands for in a trace; it has the empty fields `otel.name` and `otel.kind`. It continues the trace the headers name, if they do.
pub fn describe(span: &Span, name: &str, headers: &HeaderMap) {
    if PROVIDER.get().is_none() {
        return;
    }
    let parent = global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)));
    // An error means that nobody listens to this span.
    let _unheard = span.set_parent(parent);
    span.record("otel.name", name);
    span.record("otel.kind", "server");
}

/// Says what a span stands for, once it is known.
pub fn name(span: &Span, verb: &str, path: &str) {
    if PROVIDER.get().is_some() {
        span.context().span().update_name(format!("{verb} {path}"));
    }
}

/// The header by which whoever is called joins the trace of the current span; nothing where there is none.
#[must_use]
pub fn parent() -> Option<String> {
    PROVIDER.get()?;
    let mut carrier = Carried(None);
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut carrier));
    carrier.0
}

/// Sends what waits, at the end of the process.
pub fn stop() {
    if let Some(provider) = PROVIDER.get()
        && let Err(why) = provider.shutdown_with_timeout(LAST)
    {
        tracing::warn!(%why, "the last spans were not sent");
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

struct Carried(Option<String>);

impl Injector for Carried {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT {
            self.0 = Some(value);
        }
    }
}
