//! S2: 256 callers on 4 connections of gRPC, each sending the next message when the one before is answered, into 1,000 chats on
//! `SQLite`. Floor: L2, as in S1: a loop that writes as many messages in the same round.

use std::{cell::Cell, net::SocketAddr, sync::Arc};

use rapport_proto::chats::v1::chat_service_client::ChatServiceClient;
use tonic::transport::Channel;

use super::{beside, check, s1::CALLERS};
use crate::{
    Bench, Fallible,
    floors::sqlite::Sqlite,
    grpc::{bearing, connect},
    load::{Calls, Chance, TEXT, closed_loop, message},
    machine::Watched,
    processors::{Duty, Pinned},
    report::{Bound, Outcome},
    rounds::interleave,
    servers::Server,
    world::{CHATS, Chat},
};

/// How many connections there are.
const CHANNELS: usize = 4;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let (dir, floor_dir) = (bench.folder()?, bench.folder()?);
    let world = beside::left(bench, dir.path(), CHATS)?;
    let mut floor = bench.runtime.block_on(Sqlite::make(floor_dir.path()))?;
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let ours = Server::rapport(dir.path())?;
    let mut callers = calls.block_on(callers(ours.place("grpc")?, &world.chats))?;
    let acknowledged = Cell::new(0);
    let rounds = interleave(
        bench,
        Watched { ours: Some(ours.pid()), ..Watched::default() },
        |span| {
            let work = calls.block_on(closed_loop(&mut callers, span))?;
            acknowledged.set(acknowledged.get() + work.done);
            Ok(work)
        },
        |_, as_many| floor.run(as_many),
    )?;
    drop((callers, calls));
    ours.stop()?;
    let title = "durable sends over gRPC on SQLite / a rusqlite loop of 128 messages a transaction (L2)";
    let mut outcome = Outcome::of_rates("S2", title, rounds, Bound::at_least(0.30, 0.50));
    outcome.conditions = vec![
        format!(
            "{CALLERS} callers on {CHANNELS} connections, {CHATS} chats, closed loop; text {TEXT} B, event {} B",
            floor.payload()
        ),
        "the server has one processor, its callers the other; the floor has one".to_owned(),
    ];
    outcome.faults = check::sqlite_holding(&dir.path().join("rapport.db"), acknowledged.get())?;
    Ok(vec![outcome])
}

/// Somebody who sends into any of the chats.
struct Caller {
    client: ChatServiceClient<Channel>,
    chats: Arc<[Chat]>,
    chance: Chance,
}

async fn callers(to: SocketAddr, chats: &Arc<[Chat]>) -> Fallible<Vec<Caller>> {
    let channels = connect(to, CHANNELS).await?;
    let callers = (0..CALLERS).zip(channels.iter().cycle()).map(|(place, channel)| Caller {
        client: ChatServiceClient::new(channel.clone()),
        chats: Arc::clone(chats),
        chance: Chance::new(place),
    });
    Ok(callers.collect())
}

impl Calls for Caller {
    async fn call(&mut self) -> Fallible {
        let chat = &self.chats[self.chance.below(self.chats.len())];
        let message = message(&chat.id, &mut self.chance);
        let text = message.text.clone();
        let stored = self.client.send_message(bearing(message, &chat.token)?).await?.into_inner().message;
        if stored.is_some_and(|stored| stored.text == text) {
            Ok(())
        } else {
            Err("another message was answered than was sent".into())
        }
    }
}
