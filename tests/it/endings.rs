//! Things that have to end although somebody at the other side stands still: streams, calls, the process.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use rapport_tests::expect::refused;
use rapport_tests::proto::auth::v1::GetKeySetRequest;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::SubscribeRequest;
use rapport_tests::proto::events::v1::event_service_client::EventServiceClient;
use rapport_tests::proto::tenants::v1::MemberState;
use rapport_tests::wait::{AT_ONCE, PATIENCE, soon, until};
use rapport_tests::world::{Shape, Wishes, World};
use tonic::transport::Endpoint;

on_both![a_reader_that_stands_still_hears_nothing_more_once_its_authority_has_ended];

/// The transport holds what the server had handed over before: a window of 64 KiB, and a buffer or two behind it.
const IN_TRANSIT: usize = 48;

async fn a_reader_that_stands_still_hears_nothing_more_once_its_authority_has_ended(world: &World) {
    let (agent, visitor) = (world.agent("Ada").await, world.visitor().await);
    let chat = visitor.start_chat("0").await.chat_id;
    let channel = Endpoint::from_shared(world.core().endpoint())
        .unwrap()
        .initial_stream_window_size(65_535)
        .initial_connection_window_size(65_535)
        .connect_lazy();
    let raw = world.raw(Some(&agent.sign_in().await.access_token));
    let mut events = EventServiceClient::new(channel);
    let mut stream = events.subscribe(raw.request(SubscribeRequest::default())).await.unwrap().into_inner();
    stream.message().await.unwrap().expect("a stream begins with an item");
    // From here on nothing is read: the window fills, then the mailbox.
    let text = "x".repeat(8_000);
    for number in 1..=150 {
        visitor.send(&chat, &format!("{number} {text}")[..8_000]).await.unwrap();
    }
    world.owner.set_state(&agent, MemberState::Suspended).await.unwrap();
    // The stream's end is counted where it happens, so the test need not read to know.
    let ended = until("the stream is ended", AT_ONCE, || async {
        let metrics = metrics_of(world);
        metrics.contains("rapport_streams_ended_total{reason=\"SessionEnded\"}").then_some(())
    });
    ended.await;
    let mut heard = 0;
    let end = loop {
        match soon("the end of the stream", PATIENCE, stream.message()).await {
            Ok(Some(_)) => heard += 1,
            Ok(None) => panic!("a stream says why it ends"),
            Err(status) => break status,
        }
    };
    refused(Err::<(), _>(end.into()), Reason::SessionEnded);
    assert!(heard <= IN_TRANSIT, "{heard} items after the authority had ended");
}

fn metrics_of(world: &World) -> String {
    let mut socket = TcpStream::connect(world.core().admin()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(b"GET /metrics HTTP/1.1\r\nhost: metrics\r\nconnection: close\r\n\r\n").unwrap();
    std::io::read_to_string(socket).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_goes_although_an_operators_request_is_never_finished() {
    let world = World::boot(Shape::Sqlite).await;
    let mut half = TcpStream::connect(world.core().admin()).unwrap();
    half.write_all(b"GET /metrics HTTP/1.1\r\nhost: metrics\r\n").unwrap();
    let status = soon("the process is gone", Duration::from_secs(18), world.core().terminate()).await;
    assert!(status.success(), "{status}");
    world.core().restart().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_keep_their_body_back_take_no_place_from_others() {
    let wishes = Wishes::default().env("RAPPORT_LIMITS__CALLS", "2");
    let world = World::with(Shape::Sqlite, wishes).await;
    let raw = world.raw(None);
    // Announced, and the one message never comes.
    let withheld: Vec<_> = (0..8)
        .map(|_| {
            let channel = raw.channel();
            tokio::spawn(async move {
                let mut grpc = tonic::client::Grpc::new(channel);
                grpc.ready().await.unwrap();
                let never = tonic::Request::new(futures_util::stream::pending::<Vec<u8>>());
                let path = "/rapport.auth.v1.AuthService/GetKeySet".parse().unwrap();
                grpc.client_streaming::<_, _, Vec<u8>, _>(never, path, rapport_tests::raw::Bytes).await
            })
        })
        .collect();
    for _ in 0..20 {
        world.nobody().get_key_set(GetKeySetRequest {}).await.unwrap();
    }
    for call in withheld {
        let answer = soon("the announced call is given up", PATIENCE, call).await.unwrap();
        assert_eq!(answer.unwrap_err().code(), tonic::Code::DeadlineExceeded);
    }
}
