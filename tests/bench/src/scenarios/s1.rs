//! S1: 256 callers send into 1,000 chats on `SQLite`, each the next message when the one before is on disk. Floor: L2, a loop
//! that writes as many messages in the same round into a store of its own, so both stores stay equally large.

use std::sync::Arc;

use super::check;
use crate::{
    Bench, Fallible,
    floors::sqlite::Sqlite,
    load::{Load, TEXT},
    machine::Watched,
    report::{Bound, Outcome},
    rounds::interleave,
    world::{self, CHATS, World},
};

/// How many callers there are.
pub(crate) const CALLERS: usize = 256;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let (ours_dir, floor_dir) = (bench.folder()?, bench.folder()?);
    let world =
        bench.runtime.block_on(World::make(ours_dir.path(), world::sqlite(ours_dir.path()), CHATS))?;
    let mut floor = bench.runtime.block_on(Sqlite::make(floor_dir.path()))?;
    let load = Load { app: Arc::clone(&world.app), chats: Arc::clone(&world.chats), callers: CALLERS };
    let rounds = interleave(
        bench,
        Watched::default(),
        |span| bench.runtime.block_on(load.run(span)),
        |_, as_many| floor.run(as_many),
    )?;
    bench.runtime.block_on(world.app.stop());
    let title = "durable sends on SQLite / a rusqlite loop of 128 messages a transaction (L2)";
    let mut outcome = Outcome::of_rates("S1", title, rounds, Bound::at_least(0.60, 0.85));
    outcome.conditions = vec![
        format!("{CALLERS} callers, {CHATS} chats, closed loop; text {TEXT} B, event {} B", floor.payload()),
        "journal_mode wal, synchronous full, foreign_keys on, temp_store memory, wal_autocheckpoint 8000"
            .to_owned(),
    ];
    outcome.faults = check::sqlite(&ours_dir.path().join("rapport.db"))?;
    Ok(vec![outcome])
}
