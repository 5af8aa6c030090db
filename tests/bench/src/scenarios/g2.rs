//! G2: what the edge adds to a call where core is in the same process: JSON in, the way through the edge, JSON out, against the same
//! rpc called on core's stack as gRPC clients in the process call it. One caller, the two by turns, call after call.

use std::time::Instant;

use rapport_core::server;
use rapport_edge::{
    rpc::{
        invoke::{Answer, Caller, invoke},
        json,
    },
    upstream::Upstream,
};
use rapport_proto::{
    auth::v1::{GetKeySetRequest, auth_service_client::AuthServiceClient},
    chats::v1::{GetChatRequest, ListMessagesRequest, chat_service_client::ChatServiceClient},
    contract::{self, Method},
};
use tonic::Request;

use crate::{
    Bench, Fallible,
    load::{Chance, send},
    report::{Bound, Figure, Outcome, say},
    world::{self, Chat, World},
};

/// How many calls of each kind a round has.
const CALLS: usize = 10_000;
/// How many messages a page has.
const PAGE: u32 = 50;
/// How many come first and are not counted.
const WARM: usize = 2_000;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let world = bench.runtime.block_on(World::make(dir.path(), world::sqlite(dir.path()), 1))?;
    let chat = world.chats.first().ok_or("no chats")?;
    let calls = if bench.short { CALLS / 10 } else { CALLS };
    bench.runtime.block_on(async {
        let mut chance = Chance::new(0);
        for _ in 0..PAGE {
            send(&world.app, &chat.caller, &chat.id, &mut chance).await?;
        }
        Ok::<_, rapport_core::error::Error>(())
    })?;
    let mut rounds: [Vec<Times>; 3] = Default::default();
    for _ in 0..bench.rounds {
        for (rpc, rounds) in RPCS.into_iter().zip(&mut rounds) {
            let times = bench.runtime.block_on(measure(&world, chat, rpc, calls))?;
            say(format_args!("  {rpc:?}: {times:.1?} us"));
            rounds.push(times);
        }
    }
    bench.runtime.block_on(world.app.stop());
    let title = "a call through the edge in one process / the same on core's stack";
    let mut outcome = Outcome::of("G2", title, Vec::new());
    outcome.conditions = vec![
        format!("1 caller, {calls} calls each a round, by turns; p50 of a round; SQLite"),
        "GetKeySet reads nothing from the store, so what it says of the edge is not lost in what a read costs".to_owned(),
    ];
    for (rpc, rounds) in RPCS.into_iter().zip(rounds) {
        let bound = if rpc == Rpc::GetKeySet { Bound::at_most(20.0, 4.0) } else { Bound::told() };
        let mut tell = |name: &str, bound: Bound, value: fn(&Times) -> f64| {
            outcome.figures.push(Figure::of(format!("{rpc:?}, {name}"), rounds.iter().map(value), bound));
        };
        tell("us added, JSON both ways included", bound, |t| t.edge - t.direct);
        tell("us added by the way alone", Bound::told(), |t| t.way - t.direct);
        tell("us of JSON, in and out", Bound::told(), |t| t.edge - t.way);
        tell("us on core's stack", Bound::told(), |t| t.direct);
    }
    Ok(vec![outcome])
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rpc {
    GetKeySet,
    GetChat,
    /// A page of [`PAGE`], as H1 asks for.
    ListMessages,
}

const RPCS: [Rpc; 3] = [Rpc::GetKeySet, Rpc::GetChat, Rpc::ListMessages];

/// The middle call of each kind, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// On core's stack by the generated client.
    direct: f64,
    /// Through the edge, bytes in and out.
    way: f64,
    /// Through the edge, JSON in and out.
    edge: f64,
}

async fn measure(world: &World, chat: &Chat, rpc: Rpc, calls: usize) -> Fallible<Times> {
    let stack = server::in_process(&world.app)?;
    let upstream = Upstream::within(stack.clone());
    let (path, body) = match rpc {
        Rpc::GetKeySet => ("/rapport.auth.v1.AuthService/GetKeySet", "{}".to_owned()),
        Rpc::GetChat => ("/rapport.chats.v1.ChatService/GetChat", format!(r#"{{"chatId":"{}"}}"#, chat.id)),
        Rpc::ListMessages => (
            "/rapport.chats.v1.ChatService/ListMessages",
            format!(r#"{{"chatId":"{}","pageSize":{PAGE}}}"#, chat.id),
        ),
    };
    let method = contract::method(path).ok_or("no such rpc")?;
    let bytes = json::read(
        &json::message(method.input).ok_or("no such message")?,
        json::parse(body.as_bytes()).map_err(|fault| fault.to_string())?,
    )
    .map_err(|fault| fault.to_string())?;
    let caller = Caller {
        token: Some(chat.token.clone()),
        request_id: uuid::Uuid::from_u128(7).to_string(),
        ..Caller::default()
    };
    let mut auth = AuthServiceClient::new(stack.clone());
    let mut chats = ChatServiceClient::new(stack);
    let bearer: tonic::metadata::MetadataValue<_> = format!("Bearer {}", chat.token).parse()?;
    let mut times: [Vec<f64>; 3] = Default::default();
    for turn in 0..calls + WARM {
        let at = Instant::now();
        match rpc {
            Rpc::GetKeySet => {
                let mut request = Request::new(GetKeySetRequest {});
                request.metadata_mut().insert("authorization", bearer.clone());
                auth.get_key_set(request).await?;
            }
            Rpc::GetChat => {
                let mut request = Request::new(GetChatRequest { chat_id: chat.id.clone() });
                request.metadata_mut().insert("authorization", bearer.clone());
                chats.get_chat(request).await?;
            }
            Rpc::ListMessages => {
                let chat_id = chat.id.clone();
                let mut request =
                    Request::new(ListMessagesRequest { chat_id, page_size: PAGE, ..Default::default() });
                request.metadata_mut().insert("authorization", bearer.clone());
                chats.list_messages(request).await?;
            }
        }
        let direct = at.elapsed();
        let at = Instant::now();
        one(invoke(&upstream, method, bytes.clone(), &caller).await)?;
        let way = at.elapsed();
        let at = Instant::now();
        through(&upstream, method, &body, &caller).await?;
        let edge = at.elapsed();
        if turn >= WARM {
            for (times, took) in times.iter_mut().zip([direct, way, edge]) {
                times.push(took.as_secs_f64() * 1e6);
            }
        }
    }
    let [direct, way, edge] = times.map(|mut times| {
        times.sort_unstable_by(f64::total_cmp);
        times[times.len() / 2]
    });
    Ok(Times { direct, way, edge })
}

/// As REST does it, once the request is there.
async fn through(
    upstream: &Upstream,
    method: &'static Method,
    body: &str,
    caller: &Caller,
) -> Fallible<Vec<u8>> {
    let (input, output) = (json::message(method.input), json::message(method.output));
    let (input, output) = (input.ok_or("no such message")?, output.ok_or("no such message")?);
    let value = json::parse(body.as_bytes()).map_err(|fault| fault.to_string())?;
    let message = json::read(&input, value).map_err(|fault| fault.to_string())?;
    let answer = one(invoke(upstream, method, message, caller).await)?;
    Ok(json::write(&output, &answer).map_err(|fault| fault.to_string())?)
}

fn one(answer: Result<Answer, rapport_proto::fault::Fault>) -> Fallible<bytes::Bytes> {
    match answer.map_err(|fault| fault.to_string())? {
        Answer::One(message) => Ok(message),
        Answer::Many(_) => Err("a stream where one answer was expected".into()),
    }
}
