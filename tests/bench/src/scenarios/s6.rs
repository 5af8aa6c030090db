//! S6: one caller on an idle core on `SQLite`: from the call to the acknowledgement. Floor: L1, writing as many bytes as one
//! commit does and flushing them.

use std::{fs, path::Path, sync::Arc};

use crate::{
    Bench, Fallible,
    floors::disk::Disk,
    load::{Chance, Load, TEXT, send},
    machine::Watched,
    report::{Bound, Outcome},
    rounds::interleave,
    world::{self, CHATS, World},
};

/// Over how many commits the bytes of one are measured: few enough that no checkpoint comes in between.
const COMMITS: u64 = 200;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let world = bench.runtime.block_on(World::make(dir.path(), world::sqlite(dir.path()), CHATS))?;
    bench.runtime.block_on(world.app.stop());
    // A core that was just opened begins an empty write-ahead log.
    let app = bench.runtime.block_on(world::open(dir.path(), world::sqlite(dir.path())))?;
    let world = world.reopened(app);
    let bytes = bench.runtime.block_on(bytes_of_a_commit(&world, &dir.path().join("rapport.db-wal")))?;
    let mut disk = Disk::make(&dir.path().join("floor"), bytes)?;
    let load = Load { app: Arc::clone(&world.app), chats: Arc::clone(&world.chats), callers: 1 };
    let rounds = interleave(
        bench,
        Watched::default(),
        |span| bench.runtime.block_on(load.run(span)),
        |span, _| disk.run(span),
    )?;
    bench.runtime.block_on(world.app.stop());
    let title = "the wait of one caller on an idle core / write and fdatasync of the same bytes (L1)";
    let mut outcome = Outcome::of_rates("S6", title, rounds, Bound::told());
    let p50 = outcome.figure("ratio of p50 (ours / floor)", Bound::at_most(4.0, 2.0), |round| {
        f64::from(round.ours.p50_micros) / f64::from(round.floor.p50_micros)
    });
    let floor = outcome.figure("floor, p50 us", Bound::told(), |round| f64::from(round.floor.p50_micros));
    outcome.figures.insert(0, p50);
    outcome.figures.push(floor);
    outcome.conditions = vec![format!(
        "1 caller, {CHATS} chats; text {TEXT} B; a commit writes {bytes} B to the write-ahead log"
    )];
    Ok(vec![outcome])
}

async fn bytes_of_a_commit(world: &World, log: &Path) -> Fallible<usize> {
    let mut chance = Chance::new(0);
    let mut send_to = async |count: u64| {
        for _ in 0..count {
            let chat = &world.chats[chance.below(world.chats.len())];
            send(&world.app, &chat.caller, &chat.id, &mut chance).await?;
        }
        fs::metadata(log).map(|file| file.len()).map_err(Into::into)
    };
    let before: Fallible<u64> = send_to(COMMITS).await;
    let after: Fallible<u64> = send_to(COMMITS).await;
    Ok(usize::try_from(after?.saturating_sub(before?) / COMMITS)?)
}
