//! A server and a client joined in this process: what the codec lets through and what it refuses.

use rapport_proto::chats::v1::{Chat, GetChatRequest};
use rapport_proto::codec::{ContractCodec, decode};
use rapport_proto::errors::v1::Reason;
use rapport_proto::events::v1::event_service_client::EventServiceClient;
use rapport_proto::events::v1::event_service_server::{EventService, EventServiceServer};
use rapport_proto::events::v1::{
    Event, LoggedEvent, ReadRequest, ReadResponse, SubscribeRequest, SubscribeResponse,
};
use rapport_proto::fault::Fault;
use rapport_proto::options::v1::MethodRule;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

/// A number no build knows.
const FROM_THE_FUTURE: i32 = 4711;

struct Stub;

#[tonic::async_trait]
impl EventService for Stub {
    type SubscribeStream = BoxStream<SubscribeResponse>;

    async fn subscribe(
        &self,
        _: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        Err(Status::unimplemented("not needed"))
    }

    async fn read(&self, _: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        let event = Event { r#type: FROM_THE_FUTURE, ..Event::default() };
        let items = vec![LoggedEvent { cursor: String::new(), event: Some(event) }];
        Ok(Response::new(ReadResponse { items, ..ReadResponse::default() }))
    }
}

async fn read(request: ReadRequest) -> Result<ReadResponse, Fault> {
    let mut client = EventServiceClient::new(EventServiceServer::new(Stub));
    match client.read(request).await {
        Ok(response) => Ok(response.into_inner()),
        Err(status) => Err(Fault::from_status(&status).unwrap()),
    }
}

#[tokio::test]
async fn a_client_reads_an_answer_with_a_value_it_does_not_know() {
    let response = read(ReadRequest::default()).await.unwrap();
    assert_eq!(response.items[0].event.as_ref().unwrap().r#type, FROM_THE_FUTURE);
}

#[tokio::test]
async fn a_server_refuses_a_request_with_a_value_it_does_not_know() {
    let fault =
        read(ReadRequest { types: vec![1, FROM_THE_FUTURE], ..ReadRequest::default() }).await.unwrap_err();
    assert_eq!(fault.reason, Reason::FieldInvalid);
    assert_eq!(fault.message, "types[1] is not a known value");
    assert_eq!(fault.violations.len(), 1);
}

#[tokio::test]
async fn a_server_refuses_bytes_that_are_another_message() {
    let mut client = tonic::client::Grpc::new(EventServiceServer::new(Stub));
    client.ready().await.unwrap();
    let path = "/rapport.events.v1.EventService/Read".parse().unwrap();
    // Field 1 is a number here and a text there.
    let request = Request::new(MethodRule { permission: 1, ..MethodRule::default() });
    let codec = ContractCodec::<MethodRule, ReadResponse>::default();
    let status = client.unary(request, path, codec).await.unwrap_err();
    let fault = Fault::from_status(&status).unwrap();
    assert_eq!(fault.reason, Reason::MalformedRequest);
    assert!(fault.message.contains("ReadRequest.cursor"), "{fault}");
}

#[test]
fn garbage_is_the_callers_fault_in_a_request_and_the_servers_in_an_answer() {
    for garbage in [&[0xff, 0xff, 0xff][..], &[0x0a, 0x05, b'x'], &[0x0a, 0x01, 0x80]] {
        assert_eq!(decode::<GetChatRequest>(garbage).unwrap_err().reason, Reason::MalformedRequest);
        assert_eq!(decode::<Chat>(garbage).unwrap_err().reason, Reason::Internal);
    }
}

#[test]
fn an_empty_request_is_checked_too() {
    let fault = decode::<GetChatRequest>(&[][..]).unwrap_err();
    assert_eq!(fault.to_string(), "FIELD_INVALID: chatId is required");
}
