//! An edge whose way to its core is gone: cut, deaf in one direction, or so slow that next to nothing passes. Neither side is told.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rapport_tests::ids;
use rapport_tests::namespace::{Namespace, Wire};
use rapport_tests::process::Process;
use rapport_tests::wait::{PATIENCE, soon, until};
use rapport_tests::world::{Shape, Wishes, World};
use serde_json::Value;

use super::tab::browser;
use super::traffic::Traffic;
use super::{seed, setting};

/// How soon both sides notice that the other is gone: 15 s after the last thing that was heard. Where one direction stays open, that is as
/// late as the next beat, which still comes where the connection had nothing on its way; five seconds, and three for the machine.
const NOTICED: Duration = Duration::from_secs(15 + 5 + 3);
/// How soon somebody is told that there is no core once the edge knows, and what the machine may take besides.
const TOLD: Duration = Duration::from_secs(4 + 2);
/// How soon after the way is back people are served again.
const HEALED: Duration = Duration::from_secs(10);
/// How many files more than before a process may have open when all is well again: clients come back on other connections.
const MORE: usize = 16;

/// What is done to a wire, in a word.
type Blow = (&'static str, fn(&Wire));

/// An edge in a network of its own before a core in this one.
struct Apart {
    edge: Process,
    /// Where the core listens for it.
    internal: SocketAddr,
    // After the edge: a namespace lives as long as a process in it.
    space: Namespace,
}

impl Apart {
    /// `None` where this process may make no namespaces.
    async fn begin() -> Option<(World, Self)> {
        let space = Namespace::make()?;
        let internal = SocketAddr::from((space.servers.here, ids::port()));
        let wishes = Wishes::default().loud().env("RAPPORT_INTERNAL_LISTEN", &internal.to_string());
        let world = World::with(Shape::Sqlite, wishes).await;
        let edge = edge_of(&world, space.words(), space.clients.there, &format!("http://{internal}")).await;
        Some((world, Self { edge, internal, space }))
    }

    async fn is_ready(&self) -> Option<Value> {
        let url = format!("http://{}/readyz", self.edge.place("admin"));
        let answer = browser().get(url).send().await.ok()?;
        (answer.status() == 200).then_some(answer.json().await.ok()?)
    }

    /// The edge knows that it has no core, and says so to whoever asks.
    async fn edge_notices(&self, traffic: &Traffic) {
        let begun = Instant::now();
        until("the edge notices", NOTICED, || async { self.is_ready().await.is_none().then_some(()) }).await;
        eprintln!("the edge noticed after {:?}", begun.elapsed());
        let (token, chat) = traffic.asks();
        let url = format!("http://{}/v1/chats/{chat}", self.edge.place("edge"));
        let answer = soon("it is said", TOLD, browser().get(url).bearer_auth(token).send()).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true));
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["reason"], "CORE_UNAVAILABLE", "{problem}");
    }

    /// The core holds none of the connections it had with the edge any more.
    async fn core_notices(&self, before: &BTreeSet<SocketAddr>) {
        let begun = Instant::now();
        until("the core notices", NOTICED, || async {
            peers_of(self.internal).is_disjoint(before).then_some(())
        })
        .await;
        eprintln!("the core noticed after {:?}", begun.elapsed());
    }
}

/// An edge before the core at this address, listening at this one.
pub(super) async fn edge_of(world: &World, within: Vec<String>, at: Ipv4Addr, core: &str) -> Process {
    let keys = world.deployment().master_key_file();
    let folder = keys.parent().unwrap().to_owned();
    let roomy = || "1000000".to_owned();
    let env = [
        ("RAPPORT_EDGE_LISTEN", format!("{at}:{}", ids::port())),
        ("RAPPORT_ADMIN_LISTEN", format!("{at}:0")),
        ("RAPPORT_CORE_URLS", core.to_owned()),
        ("RAPPORT_EDGE_KEY_FILE", folder.join("edge.key").display().to_string()),
        ("RAPPORT_LIMITS__ADDRESS_REQUESTS", roomy()),
        ("RAPPORT_LIMITS__SESSION_REQUESTS", roomy()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Process::start_within(within, "rapport-edge", &[], folder, env).await
}

/// Who has a connection with a listener of this network that stands, as the kernel knows it.
fn peers_of(listener: SocketAddr) -> BTreeSet<SocketAddr> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let address = |text: &str| {
        let (ip, port) = text.split_once(':').unwrap();
        let ip = u32::from_str_radix(ip, 16).unwrap().to_ne_bytes();
        SocketAddr::from((ip, u16::from_str_radix(port, 16).unwrap()))
    };
    let stands = table.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let (local, peer, state) = (columns.next()?, columns.next()?, columns.next()?);
        (state == "01" && address(local) == listener).then(|| address(peer))
    });
    stands.collect()
}

fn open_files(process: &Process) -> usize {
    fs::read_dir(format!("/proc/{}/fd", process.pid())).unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_cut_off_from_its_core_says_so_and_both_heal_by_themselves() {
    let Some((world, apart)) = Apart::begin().await else { return };
    let seed = seed();
    let traffic = Traffic::begin(&world, Arc::from([apart.edge.place("edge")]), seed).await;
    // Half open in either direction besides: one in each round of the short form.
    let half: [Blow; 2] = [("the core is deaf", Wire::go_deaf), ("the edge is deaf", Wire::make_deaf)];
    let turn = usize::try_from(seed % 2).unwrap();
    let rounds = usize::try_from(setting("RAPPORT_TEST_FAULT_ROUNDS", 1)).unwrap();
    let cuts = (0..rounds).flat_map(|round| {
        let cut: Blow = ("cut", Wire::unplug);
        [cut, half[(turn + round) % 2]]
    });
    for (what, cut) in cuts {
        traffic.goes_on(50, PATIENCE).await;
        let files = [open_files(world.core()), open_files(&apart.edge)];
        let (peers, sessions) = (peers_of(apart.internal), traffic.sessions());
        assert!(!peers.is_empty(), "the edge has connections");
        cut(&apart.space.servers);
        tokio::join!(apart.edge_notices(&traffic), apart.core_notices(&peers));
        apart.space.servers.mend();
        until("the edge has its core again", HEALED, || apart.is_ready()).await;
        traffic.one_more(HEALED).await;
        traffic.goes_on(50, PATIENCE).await;
        eprintln!(
            "{what}: {} sessions more, {} acknowledged",
            traffic.sessions() - sessions,
            traffic.settled()
        );
        until("what was open for nothing is closed", NOTICED, || async {
            let now = [open_files(world.core()), open_files(&apart.edge)];
            (now[0] <= files[0] + MORE && now[1] <= files[1] + MORE).then_some(())
        })
        .await;
    }
    traffic.end(&world).await;
    assert!(apart.edge.is_running() && world.core().is_running());
    drop(apart);
}
