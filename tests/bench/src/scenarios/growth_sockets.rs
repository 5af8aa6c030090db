//! The sockets of GROWTH: 1,000 → 50,000 open, authenticated and silent, or as many as one process may have files. They are counted on
//! both ends: here each is held and read, and the server says how many it has and has as many files open.

use std::net::Ipv4Addr;

use rustix::process::{Resource, getrlimit};
use tokio::task::JoinSet;

use super::{
    beside, c1,
    growth::{Step, in_turns, outcome},
};
use crate::{
    Bench, Fallible,
    asked::{EACH, GUESTS, Place, spread},
    fill::{Batch, Whose},
    pages::Pages,
    processors::{Duty, Pinned},
    report::{Outcome, say},
    servers::Server,
    sockets::Door,
    store::Kind,
};

/// How many there are, step by step; beside the smallest, in another process.
const STEPS: [usize; 3] = [1_000, 5_000, 50_000];
/// Files of a process that are no idle sockets: the smallest step's, those who ask, pages, the store.
const OTHERS: usize = 1_600;
/// How many each address has, none of them the one that is asked from: where most ports of an address are taken, the kernel needs
/// milliseconds to find a free one.
const ON_ONE: usize = 8_000;
const CHATS: u64 = 500;
const MESSAGES: u64 = 20;

pub(super) fn sockets(bench: &Bench) -> Fallible<Outcome> {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let room = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(OTHERS);
    let [least, steps @ ..] = STEPS.map(|step| step.min(room));
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let (mut small, mut large) = (Place::make(bench, Kind::Sqlite)?, Place::make(bench, Kind::Sqlite)?);
    for place in [&mut small, &mut large] {
        let home = Whose::One(place.world.tenant());
        place.fill(&[Batch::plain(home, 0, CHATS, 1..MESSAGES + 1)])?;
        place.invite(spread(GUESTS, CHATS))?;
        place.serve()?;
    }
    let (mut few, mut many) = (JoinSet::new(), JoinSet::new());
    let from = |place: usize| {
        Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + 1 + u32::try_from(place / ON_ONE).unwrap_or(0))
    };
    let open = |place: &Place, held: &mut JoinSet<Fallible>, count: usize| {
        let tokens = place.world.tokens(count - held.len())?;
        let before = held.len();
        let door = Door::Ours(place.server()?.place("edge")?);
        c1::hold(&calls, door, &tokens, |place| from(before + place), held)?;
        calls.block_on(counted(place.server()?, count))
    };
    open(&small, &mut few, least)?;
    let mut asked = Vec::new();
    for count in steps {
        let begun = std::time::Instant::now();
        open(&large, &mut many, count)?;
        say(format_args!("  {count} sockets were open after {:.0} s", begun.elapsed().as_secs_f64()));
        let turns = in_turns(bench, &mut small, &mut large, |place| calls.block_on(place.ask()))?;
        for (place, held, count) in [(&small, &mut few, least), (&large, &mut many, count)] {
            calls.block_on(counted(place.server()?, count))?;
            if let Some(ended) = held.try_join_next() {
                return Err(format!("a socket ended: {ended:?}").into());
            }
        }
        asked.push(Step { name: format!("{count} sockets"), turns });
    }
    drop((few, many, calls));
    let mut faults = small.end()?;
    faults.extend(large.end()?);
    let conditions = vec![
        format!(
            "a visitor each, silent; {limit} files a process; {GUESTS} visitors besides, {EACH} messages each a turn"
        ),
        "SQLite; both servers on one processor, all callers on the other, which reads the sockets too"
            .to_owned(),
    ];
    let title = format!("more and more open sockets, beside {least}");
    outcome("GROWTH-sockets", title, &asked, conditions, faults)
}

/// The server has so many sockets, to its own count and the kernel's; those of callers that have gone may take a moment to leave.
async fn counted(server: &Server, sockets: usize) -> Fallible {
    let mut seen = String::new();
    for _ in 0..100 {
        let mut pages = Pages::connect(server.place("admin")?, "/metrics", None).await?;
        let text = std::str::from_utf8(pages.get().await?)?;
        let line = text.lines().find_map(|line| line.strip_prefix("rapport_live_sockets "));
        let told: u64 = line.ok_or("a server that does not count its sockets")?.parse()?;
        let files = server.files()?;
        if told == sockets as u64 && files >= sockets as u64 {
            return Ok(());
        }
        seen = format!("{told} of {sockets} sockets by the server's count, {files} files");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Err(seen.into())
}
