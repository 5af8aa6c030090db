//! The product and a floor, each in a process of its own beside this one, which calls them from the other processor.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::{
    Bench, Fallible,
    floors::Floor,
    load::Chance,
    machine::Watched,
    processors::{Duty, Pinned},
    servers::Server,
    sockets::{Door, Socket, call, number, numbered},
    world::{self, Chat, World},
};

/// Both sides, and the runtime of their callers.
#[derive(Debug)]
pub(crate) struct Beside {
    /// Where callers run: this thread.
    pub(crate) calls: Runtime,
    /// The workspace as it was left to the product.
    pub(crate) world: World,
    /// The product.
    pub(crate) ours: Server,
    /// The floor.
    pub(crate) floor: Server,
    dir: TempDir,
    _there: Pinned,
}

/// A runtime on this thread.
pub(crate) fn calls() -> Fallible<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// A workspace of so many chats in a folder, left to the product.
pub(crate) fn left(bench: &Bench, dir: &Path, chats: usize) -> Fallible<World> {
    bench.runtime.block_on(async {
        let world = World::make(dir, world::sqlite(dir), chats).await?;
        world.leave(dir).await?;
        Ok(world)
    })
}

impl Beside {
    /// Starts the product on a workspace of so many chats, and the floor that passes on what it would send.
    pub(crate) fn broadcast(bench: &Bench, chats: usize) -> Fallible<Self> {
        let dir = bench.folder()?;
        let world = left(bench, dir.path(), chats)?;
        let there = Pinned::to(Duty::Call)?;
        let calls = calls()?;
        let ours = Server::rapport(dir.path())?;
        let chat = world.chats.first().ok_or("no chats")?;
        let model = calls.block_on(event(Door::Ours(ours.place("edge")?), chat))?;
        let file = dir.path().join("model");
        std::fs::write(&file, model)?;
        let floor = Server::floor(Floor::Broadcast, Some(&file))?;
        Ok(Self { calls, world, ours, floor, dir, _there: there })
    }

    /// Where sockets of the product are opened, and those of the floor.
    pub(crate) fn doors(&self) -> Fallible<[Door; 2]> {
        Ok([Door::Ours(self.ours.place("edge")?), Door::Floor(self.floor.place("edge")?)])
    }

    /// Whose time is counted.
    pub(crate) fn watched(&self) -> Watched {
        Watched { ours: Some(self.ours.pid()), floor: Some(self.floor.pid()), ..Watched::default() }
    }

    /// How long a frame of a message is.
    pub(crate) fn frame(&self) -> Fallible<u64> {
        Ok(std::fs::metadata(self.dir.path().join("model"))?.len())
    }

    /// The product's store.
    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("rapport.db")
    }

    /// Ends both; what is wrong with the store that the product leaves.
    pub(crate) fn end(self) -> Fallible<Vec<String>> {
        self.end_and(super::check::sqlite)
    }

    /// The same where more is asked of the store.
    pub(crate) fn end_and(self, check: impl FnOnce(&Path) -> Fallible<Vec<String>>) -> Fallible<Vec<String>> {
        let store = self.store();
        drop(self.calls);
        self.ours.stop()?;
        check(&store)
    }
}

/// What is heard of a message that is sent.
pub(super) async fn event(door: Door, chat: &Chat) -> Fallible<String> {
    let mut socket = Socket::connect(door).await?;
    socket.follow(&chat.token).await?;
    socket.say(call(1, &chat.id, Chance::new(0).id(), &numbered(0))).await?;
    loop {
        let heard = socket.next().await?;
        if heard.starts_with(r#"{"event":"#) && number(&heard) == Some(0) {
            return Ok(heard.as_str().to_owned());
        }
    }
}
