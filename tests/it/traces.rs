//! A call is one trace, from the edge through core to the store, at a collector that speaks OpenTelemetry.

use std::sync::Arc;

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
};
use parking_lot::Mutex;
use rapport_tests::{
    wait::{PATIENCE, until},
    web::Web,
    world::{Shape, Wishes, World},
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// A span as the collector has it.
#[derive(Clone, Debug)]
struct Span {
    service: String,
    name: String,
    trace: Vec<u8>,
    id: Vec<u8>,
    parent: Vec<u8>,
    request_id: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for part in request.into_inner().resource_spans {
            let resource = part.resource.unwrap_or_default();
            let service = text(&resource.attributes, "service.name").unwrap_or_default();
            for span in part.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                self.0.lock().push(Span {
                    service: service.clone(),
                    request_id: text(&span.attributes, "request_id"),
                    name: span.name,
                    trace: span.trace_id,
                    id: span.span_id,
                    parent: span.parent_span_id,
                });
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let value = attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()?;
    match value {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

impl Collector {
    async fn listen() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let collector = Self::default();
        let server = Server::builder().add_service(TraceServiceServer::new(collector.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        (collector, format!("http://{address}"))
    }

    /// What it has of the trace a call belongs to, once it is whole.
    async fn trace_of(&self, request_id: &str, names: [&str; 3]) -> [Span; 3] {
        until("the trace has arrived", PATIENCE, || async {
            let spans = self.0.lock().clone();
            let own = spans.iter().find(|span| span.request_id.as_deref() == Some(request_id))?;
            let all = names.map(|name| {
                let named = spans.iter().filter(|span| span.trace == own.trace && span.name == name);
                let named: Vec<_> = named.cloned().collect();
                assert!(named.len() < 2, "{name} is there once: {named:?}");
                named.into_iter().next()
            });
            all.iter().all(Option::is_some).then(|| all.map(Option::unwrap))
        })
        .await
    }
}

async fn world(shape: Shape, endpoint: &str, ratio: &str) -> World {
    let wishes =
        Wishes::default().env("RAPPORT_TRACES__ENDPOINT", endpoint).env("RAPPORT_TRACES__RATIO", ratio);
    World::with(shape, wishes).await
}

async fn a_call_is_one_trace(shape: Shape, [edge, core]: [&str; 2]) {
    let (collector, endpoint) = Collector::listen().await;
    let world = world(shape, &endpoint, "1").await;
    let visit = world.visitor().await.visit().await;
    let web =
        Web::at(&world.edge_url()).bearer(&visit.access_token).with("x-request-id", "a-start-of-a-chat");
    let body = json!({"requestId": "5f0c7f52-6d0b-4b4e-9a4e-0c7f526d0b4b", "name": "Vera", "text": "Hello?"});
    web.json("POST", "/v1/chats", &body).await.good();

    let names = ["POST /v1/chats", "/rapport.chats.v1.ChatService/StartChat", "write"];
    let [request, call, write] = collector.trace_of("a-start-of-a-chat", names).await;
    assert_eq!([&request.service, &call.service, &write.service], [edge, core, core]);
    assert_eq!(request.parent, Vec::<u8>::new(), "a trace begins at the edge");
    assert_eq!((&call.parent, &write.parent), (&request.id, &call.id));
    assert_eq!(call.request_id.as_deref(), Some("a-start-of-a-chat"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_one_trace_in_one_process() {
    a_call_is_one_trace(Shape::Sqlite, ["rapport"; 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_one_trace_through_edge_and_core() {
    a_call_is_one_trace(Shape::SqliteApart, ["rapport-edge", "rapport-core"]).await;
}

/// The share of the calls that are traced is decided where they arrive; without a collector everything else works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_costs_nobody_a_call() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let world = world(Shape::SqliteApart, &format!("http://{gone}"), "1").await;
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("Hello?").await.chat_id;
    agent.claim(&chat).await.unwrap();
    agent.send(&chat, "Hi Vera!").await.unwrap();
    assert!(world.core().terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_is_traced_where_none_is_to_be() {
    let (collector, endpoint) = Collector::listen().await;
    let world = world(Shape::SqliteApart, &endpoint, "0").await;
    world.visitor().await.start_chat("Hello?").await;
    // What waits is sent before the end.
    assert!(world.edges()[0].terminate().await.success());
    assert!(world.core().terminate().await.success());
    assert_eq!(collector.0.lock().len(), 0);
}
