//! Ways that are slow, drip, break, or swallow the answer: between edge and core, and between core and its database.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use rapport_tests::cut::Relay;
use rapport_tests::postgres::PrivateCluster;
use rapport_tests::process::Process;
use rapport_tests::wait::PATIENCE;
use rapport_tests::world::{Shape, Wishes, World};

use super::partition::edge_of;
use super::tab::edges;
use super::traffic::Traffic;
use super::{seed, setting};

/// How soon after the way is good again people are served as ever.
const HEALED: Duration = Duration::from_secs(10);
/// How many KiB more than before a process may hold once a slow way is good again.
const HELD: u64 = 64 << 10;

/// What is done to a way: every piece late, or next to nothing at a time.
const SLOW: [(Duration, Option<usize>); 2] =
    [(Duration::from_millis(60), None), (Duration::from_millis(1), Some(40))];

fn resident(process: &Process) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().split(' ').next().unwrap().parse().unwrap()
}

fn rounds() -> u64 {
    setting("RAPPORT_TEST_FAULT_ROUNDS", 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_or_broken_way_between_edge_and_core_costs_time_and_nothing_else() {
    let world = World::with(Shape::Sqlite, Wishes::default().loud()).await;
    let core: SocketAddr = world.core().internal()["http://".len()..].parse().unwrap();
    let relay = Relay::to(core).await;
    let edge = edge_of(&world, Vec::new(), Ipv4Addr::LOCALHOST, &relay.endpoint()).await;
    let traffic = Traffic::begin(&world, Arc::from([edge.place("edge")]), seed()).await;
    traffic.goes_on(100, PATIENCE).await;
    let before = [resident(world.core()), resident(&edge)];
    for _ in 0..rounds() {
        for (delay, piece) in SLOW {
            relay.slow_down(delay, piece);
            traffic.goes_on(30, PATIENCE).await;
            relay.mend();
            traffic.goes_on(50, PATIENCE).await;
        }
        relay.cut();
        traffic.one_more(HEALED).await;
        relay.hold_answers();
        // Long enough for both sides to have given each other up.
        tokio::time::sleep(Duration::from_secs(4)).await;
        relay.cut();
        traffic.one_more(HEALED).await;
        traffic.goes_on(50, PATIENCE).await;
    }
    let now = [resident(world.core()), resident(&edge)];
    assert!(now[0] < before[0] + HELD && now[1] < before[1] + HELD, "{before:?} KiB before, {now:?} KiB now");
    traffic.end(&world).await;
    drop(edge);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_or_broken_way_to_the_database_costs_time_and_nothing_else() {
    let cluster = PrivateCluster::start(None);
    let (relay, world) = beyond_a_relay(&cluster).await;
    let traffic = Traffic::begin(&world, edges(&world), seed()).await;
    traffic.goes_on(50, PATIENCE).await;
    for _ in 0..rounds() {
        for (delay, piece) in SLOW {
            relay.slow_down(delay, piece);
            traffic.goes_on(10, PATIENCE).await;
            relay.mend();
            traffic.goes_on(50, PATIENCE).await;
        }
        relay.cut();
        traffic.one_more(HEALED).await;
        traffic.goes_on(50, PATIENCE).await;
    }
    traffic.end(&world).await;
    drop(world);
    drop(cluster);
}

/// The answers of the database are swallowed and then its core is killed: what was committed was acknowledged to nobody, and what was
/// not is gone. Asked for again, each is there once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_killed_between_a_commit_and_its_answer_has_stored_once_what_is_asked_for_again() {
    let cluster = PrivateCluster::start(None);
    let (relay, world) = beyond_a_relay(&cluster).await;
    let seed = seed();
    let traffic = Traffic::begin(&world, edges(&world), seed).await;
    let mut chance = ChaCha20Rng::seed_from_u64(seed);
    for _ in 0..setting("RAPPORT_TEST_FAULT_KILLS", 6) {
        traffic.goes_on(20, PATIENCE).await;
        relay.hold_answers();
        // The moment of the end is the case under test, not a wait for anything.
        tokio::time::sleep(Duration::from_millis(chance.random_range(0..300))).await;
        world.core().kill9();
        relay.cut();
        world.core().restart().await;
        traffic.one_more(HEALED).await;
    }
    traffic.end(&world).await;
    drop(world);
    drop(cluster);
}

/// A core whose way to its database can be broken.
async fn beyond_a_relay(cluster: &PrivateCluster) -> (Relay, World) {
    let url = cluster.admin_url();
    let (head, rest) = url.split_once('@').unwrap();
    let (place, name) = rest.split_once('/').unwrap();
    let relay = Relay::to(place.parse().unwrap()).await;
    let url = format!("{head}@{}/{name}", relay.address());
    let wishes = Wishes { postgres: Some((url, None)), ..Wishes::default().loud() };
    (relay, World::with(Shape::Postgres, wishes).await)
}
