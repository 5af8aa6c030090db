//! D2: as D1, on two cores, two edges, `PostgreSQL` and Redis: who sends is at one edge, who hears at the other. 2,000 sockets in 1,000 chats
//! of two; a message is sent 150 times a second, by a timetable. The study has 10,000 sockets and 1,000 messages a second; here four
//! programs share one processor, their callers have the other, and the database and Redis run on both: at 300 the one is full, and what
//! is measured is the wait for it. Floor: as in D1, one program that passes on, and stores nothing.

use super::{
    beside, check,
    d1::{CHATS, told},
};
use crate::{
    Bench, Fallible,
    crowd::{Crowd, Seat},
    floors::{Floor, postgres::Database},
    load::TEXT,
    machine::Watched,
    nodes::Nodes,
    processors::{Duty, Pinned},
    report::{Bound, Outcome},
    rounds::interleave,
    servers::Server,
    sockets::Door,
    world::World,
};

/// How many messages a second there are.
const RATE: u32 = 150;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let database = Database::create(bench.runtime.handle())?;
    let world = bench.runtime.block_on(async {
        let world = World::make(dir.path(), database.target()?, CHATS).await?;
        world.leave(dir.path()).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(world)
    })?;
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let nodes = calls.block_on(Nodes::start(dir.path(), &database))?;
    let [here, there] = nodes.doors()?;
    let chat = world.chats.first().ok_or("no chats")?;
    let model = calls.block_on(beside::event(here, chat))?;
    let file = dir.path().join("model");
    std::fs::write(&file, &model)?;
    let floor = Server::floor(Floor::Broadcast, Some(&file))?;
    let seats: Vec<Seat> = (0..CHATS).map(|group| world.seat(group)).collect();
    let gather =
        |here, there| calls.block_on(Crowd::gather_apart(here, seats.clone(), there, seats.clone(), 1));
    let door = Door::Floor(floor.place("edge")?);
    let (mut ours, mut passed_on) = (gather(here, there)?, gather(door, door)?);
    let rounds = interleave(
        bench,
        Watched { floor: Some(floor.pid()), ..nodes.watched(&database)? },
        |span| calls.block_on(ours.on_time(RATE, span)),
        |span, _| calls.block_on(passed_on.on_time(RATE, span)),
    )?;
    let title =
        "a message from one edge's socket to another's, on disk before / passed on and forgotten (L4)";
    let mut outcome = Outcome::of("D2", title, rounds);
    outcome.conditions = vec![
        format!("{} sockets in {CHATS} chats of two, {RATE} messages/s by a timetable; text {TEXT} B", ours.len()),
        format!("2 cores, 2 edges, {}, Redis; frame {} B", database.conditions()?, model.len()),
        "four programs have one processor, their callers the other, database and Redis both; cpu is that of all of them".to_owned(),
    ];
    told(&mut outcome, [Bound::at_most(8.0, 2.0), Bound::at_most(40.0, 8.0), Bound::at_most(150.0, 30.0)]);
    let counted = calls.block_on(nodes.counted())?;
    let sent = ours.sent() + 1;
    drop((ours, passed_on, calls));
    nodes.stop()?;
    outcome.faults = check::postgres_holding(&database, sent)?;
    // Otherwise this is not what the title says.
    for (place, (stored, heard)) in counted.into_iter().enumerate() {
        outcome.conditions.push(format!("core {place} had {stored} sends and {heard} hints over Redis"));
        if heard == 0.0 {
            outcome.faults.push(format!("core {place} heard nothing over Redis"));
        }
    }
    Ok(vec![outcome])
}
