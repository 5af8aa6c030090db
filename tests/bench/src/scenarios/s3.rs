//! S3: 256 sockets, each sending the next message when the one before is answered, into 1,000 chats on `SQLite`. Floor: L2, as in S1:
//! a loop that writes as many messages in the same round.

use std::collections::BTreeMap;

use super::{beside, check};
use crate::{
    Bench, Fallible,
    floors::sqlite::Sqlite,
    load::{Calls, Chance, TEXT, closed_loop},
    machine::Watched,
    processors::{Duty, Pinned},
    report::{Bound, Outcome},
    rounds::interleave,
    servers::Server,
    sockets::{Door, Socket, call, numbered},
    world::{self, CHATS, Chat, World},
};

/// How many sockets there are, each of a visitor with some of the chats.
const SOCKETS: usize = 256;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let (dir, floor_dir) = (bench.folder()?, bench.folder()?);
    let (world, mut floor) = bench.runtime.block_on(async {
        let world = World::make_among(dir.path(), world::sqlite(dir.path()), SOCKETS, CHATS).await?;
        world.leave(dir.path()).await?;
        let floor = Sqlite::make(floor_dir.path()).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((world, floor))
    })?;
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let ours = Server::rapport(dir.path())?;
    let mut sockets = calls.block_on(open(Door::Ours(ours.place("edge")?), &world.chats))?;
    let rounds = interleave(
        bench,
        Watched { ours: Some(ours.pid()), ..Watched::default() },
        |span| calls.block_on(closed_loop(&mut sockets, span)),
        |_, as_many| floor.run(as_many),
    )?;
    drop((sockets, calls));
    ours.stop()?;
    let title = "durable sends over sockets on SQLite / a rusqlite loop of 128 messages a transaction (L2)";
    let mut outcome = Outcome::of_rates("S3", title, rounds, Bound::at_least(0.30, 0.50));
    outcome.conditions = vec![
        format!("{SOCKETS} sockets of as many visitors, {CHATS} chats, closed loop; text {TEXT} B, event {} B", floor.payload()),
        "each sender hears its own event too; the server has one processor, its callers the other; the floor has one".to_owned(),
    ];
    outcome.faults = check::sqlite(&dir.path().join("rapport.db"))?;
    Ok(vec![outcome])
}

/// A socket with the chats of its visitor.
#[derive(Debug)]
struct Sender {
    socket: Socket,
    chats: Vec<String>,
    chance: Chance,
    sent: u32,
}

async fn open(door: Door, chats: &[Chat]) -> Fallible<Vec<Sender>> {
    let mut senders = Vec::new();
    let mut by_visitor: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for chat in chats {
        by_visitor.entry(&chat.token).or_default().push(chat.id.clone());
    }
    for (place, (token, chats)) in by_visitor.into_iter().enumerate() {
        let mut socket = Socket::connect(door).await?;
        socket.follow(token).await?;
        senders.push(Sender { socket, chats, chance: Chance::new(place), sent: 0 });
    }
    Ok(senders)
}

impl Calls for Sender {
    /// Sends a message and waits for its answer; events are read and left.
    async fn call(&mut self) -> Fallible {
        self.sent += 1;
        let chat = &self.chats[self.chance.below(self.chats.len())];
        let text = numbered(self.sent as usize);
        self.socket.say(call(self.sent, chat, self.chance.id(), &text)).await?;
        let answer = format!(r#"{{"result":{{"id":{},"body":"#, self.sent);
        loop {
            let frame = self.socket.next().await?;
            if frame.starts_with(&answer) {
                return Ok(());
            }
            if frame.starts_with(r#"{"result":"#) {
                return Err(format!("refused: {frame}").into());
            }
        }
    }
}
