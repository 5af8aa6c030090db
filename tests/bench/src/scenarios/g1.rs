//! G1: `GetChat` over gRPC on loopback, 64 callers on 4 connections, each asking for a chat of its own. Floor: L7, a tonic
//! service that answers with a message made beforehand. Clients and both servers live in this process.

use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use rapport_core::server;
use rapport_host::accept;
use rapport_proto::chats::v1::{GetChatRequest, chat_service_client::ChatServiceClient};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};
use tonic::{Request, transport::Channel};

use crate::{
    Bench, Fallible,
    floors::echo,
    grpc::{bearing, connect},
    machine::Watched,
    report::{Bound, Outcome},
    rounds::{Work, interleave},
    world::{self, Chat, World},
};

/// How many connections there are.
const CHANNELS: usize = 4;
/// How many callers there are.
const CALLERS: usize = 64;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let Servers { world, serving, echoing, ours, floor } =
        bench.runtime.block_on(Servers::start(dir.path()))?;
    let rounds = interleave(
        bench,
        Watched::default(),
        |span| bench.runtime.block_on(ours.run(span)),
        |span, _| bench.runtime.block_on(floor.run(span)),
    )?;
    bench.runtime.block_on(async {
        echoing.abort();
        world.app.stop().await;
        serving.await
    })?;
    let title = "GetChat over loopback gRPC / a tonic echo of the same answer (L7)";
    // Not gated: a read from the store is not what an echo does.
    let mut outcome = Outcome::of_rates("G1", title, rounds, Bound { goal: Some(0.85), ..Bound::told() });
    outcome.conditions = vec![
        format!("{CALLERS} callers on {CHANNELS} connections, plain text; cpu is client and server together"),
        "gate of the study: 0.6, told and not kept here".to_owned(),
    ];
    Ok(vec![outcome])
}

/// Both servers with their callers.
struct Servers {
    world: World,
    serving: JoinHandle<()>,
    echoing: JoinHandle<Result<(), tonic::transport::Error>>,
    ours: Callers,
    floor: Callers,
}

impl Servers {
    async fn start(dir: &Path) -> Fallible<Self> {
        let world = World::make(dir, world::sqlite(dir), CALLERS).await?;
        let listener = listen().await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(accept::serve(
            listener,
            server::rules(&world.app, 100),
            server::public(&world.app, false)?,
        ));
        let ours = Callers { channels: connect(address, CHANNELS).await?, chats: Arc::clone(&world.chats) };
        let first = world.chats.first().ok_or("no chats")?;
        let answer =
            ChatServiceClient::new(ours.channels[0].clone()).get_chat(ask(first)?).await?.into_inner();
        let listener = listen().await?;
        let address = listener.local_addr()?;
        let echoing = tokio::spawn(echo::serve(listener, answer));
        let floor = Callers { channels: connect(address, CHANNELS).await?, chats: Arc::clone(&world.chats) };
        Ok(Self { world, serving, echoing, ours, floor })
    }
}

async fn listen() -> Fallible<TcpListener> {
    Ok(TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?)
}

fn ask(chat: &Chat) -> Fallible<Request<GetChatRequest>> {
    bearing(GetChatRequest { chat_id: chat.id.clone() }, &chat.token)
}

struct Callers {
    channels: Vec<Channel>,
    chats: Arc<[Chat]>,
}

impl Callers {
    async fn run(&self, span: Duration) -> Fallible<Work> {
        let begun = Instant::now();
        let mut callers = JoinSet::new();
        for (place, channel) in (0..CALLERS).zip(self.channels.iter().cycle()) {
            let mut client = ChatServiceClient::new(channel.clone());
            let chats = Arc::clone(&self.chats);
            callers.spawn(async move {
                let mut micros = Vec::new();
                while begun.elapsed() < span {
                    let at = Instant::now();
                    client.get_chat(ask(&chats[place % chats.len()])?).await?;
                    micros.push(u32::try_from(at.elapsed().as_micros())?);
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(micros)
            });
        }
        let mut micros = Vec::new();
        for times in callers.join_all().await {
            micros.append(&mut times?);
        }
        Ok(Work { done: u64::try_from(micros.len())?, took: begun.elapsed(), micros, failed: 0 })
    }
}
