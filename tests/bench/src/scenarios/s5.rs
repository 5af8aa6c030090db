//! S5: 64 callers in one chat, where every message must wait for the number before it. On `SQLite` beside the same core's rate
//! over 1,000 chats; on `PostgreSQL` beside the rate at which one connection commits, which is what numbering one by one gives.

use std::sync::Arc;

use super::{check, s1};
use crate::{
    Bench, Fallible,
    floors::{pgbench::Script, postgres::Database},
    load::Load,
    machine::Watched,
    report::{Bound, Outcome},
    rounds::interleave,
    world::{self, CHATS, Chat, World},
};

/// How many callers there are.
const CALLERS: usize = 64;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    Ok(vec![sqlite(bench)?, postgres(bench)?])
}

fn sqlite(bench: &Bench) -> Fallible<Outcome> {
    let dir = bench.folder()?;
    let world = bench.runtime.block_on(World::make(dir.path(), world::sqlite(dir.path()), CHATS))?;
    let hot = hot(&world, 1, CALLERS);
    let spread = Load { app: Arc::clone(&world.app), chats: Arc::clone(&world.chats), callers: s1::CALLERS };
    let rounds = interleave(
        bench,
        Watched::default(),
        |span| bench.runtime.block_on(hot.run(span)),
        |span, _| bench.runtime.block_on(spread.run(span)),
    )?;
    bench.runtime.block_on(world.app.stop());
    let title =
        format!("one hot chat on SQLite / the same core over {CHATS} chats with {} callers", s1::CALLERS);
    let mut outcome = Outcome::of_rates("S5-sqlite", &title, rounds, Bound::at_least(0.5, 0.9));
    outcome.conditions = vec![format!("{CALLERS} callers in one chat, closed loop")];
    outcome.faults = check::sqlite(&dir.path().join("rapport.db"))?;
    Ok(outcome)
}

fn postgres(bench: &Bench) -> Fallible<Outcome> {
    let dir = bench.folder()?;
    let database = Database::create(bench.runtime.handle())?;
    let beside = Database::create(bench.runtime.handle())?;
    beside.fill()?;
    let commit = Script::commit(dir.path())?;
    let world = bench.runtime.block_on(World::make(dir.path(), database.target()?, 1))?;
    let hot = hot(&world, 1, CALLERS);
    let rounds = interleave(
        bench,
        database.watched()?,
        |span| bench.runtime.block_on(hot.run(span)),
        |span, _| commit.run(&beside, 1, span),
    )?;
    bench.runtime.block_on(world.app.stop());
    let title = "one hot chat on PostgreSQL / commits of one row on one connection (1 / commit latency)";
    let mut outcome = Outcome::of_rates("S5-postgres", title, rounds, Bound::at_least(1.0, 3.0));
    outcome.conditions = vec![format!("{CALLERS} callers in one chat, closed loop"), database.conditions()?];
    outcome.faults = check::postgres(&database)?;
    Ok(outcome)
}

/// The first few chats of a world, and callers in them.
fn hot(world: &World, chats: usize, callers: usize) -> Load {
    let chats: Arc<[Chat]> = world.chats.iter().take(chats).cloned().collect();
    Load { app: Arc::clone(&world.app), chats, callers }
}
