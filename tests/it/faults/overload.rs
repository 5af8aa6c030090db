//! Processes that lack something for a while: files, the processor, each other.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use rapport_tests::process::Process;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::{Shape, Wishes, World};

use super::seed;
use super::tab::{browser, edges};
use super::traffic::Traffic;

/// How soon afterwards people are served as ever.
const HEALED: Duration = Duration::from_secs(10);
/// How long a process stands still.
const STILL: Duration = Duration::from_secs(10);

/// How many files a process has open.
fn open_files(process: &Process) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", process.pid())).unwrap().count()
}

/// Lets a process open so many files and no more.
fn allow_files(process: &Process, count: usize) {
    let limit = format!("--nofile={count}:");
    let set = Command::new("prlimit").args(["--pid", &process.pid().to_string(), &limit]).status().unwrap();
    assert!(set.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_without_a_file_to_open_serves_whom_it_has_and_takes_others_again_later() {
    let world = World::with(Shape::Sqlite, Wishes::default().loud()).await;
    let traffic = Traffic::begin(&world, edges(&world), seed()).await;
    traffic.goes_on(50, PATIENCE).await;
    let core = world.core();
    allow_files(core, open_files(core) + 12);
    // The kernel accepts them, the process cannot.
    let crowd: Vec<_> = (0..40)
        .flat_map(|_| [core.edge(), core.grpc()])
        .map(|place| TcpStream::connect(place).unwrap())
        .collect();
    until("no file is left", PATIENCE, || async {
        core.log().iter().any(|line| line.contains("could not be accepted")).then_some(())
    })
    .await;
    let sessions = traffic.sessions();
    traffic.goes_on(50, PATIENCE).await;
    assert_eq!(traffic.sessions(), sessions, "nobody lost a socket over it");
    drop(crowd);
    traffic.one_more(HEALED).await;
    let alive = until("it answers new ones", HEALED, || async {
        browser().get(format!("http://{}/readyz", core.admin())).send().await.ok()
    });
    assert_eq!(alive.await.status().as_u16(), 200);
    allow_files(core, 1024);
    traffic.end(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_that_stands_still_leaves_the_work_to_the_other_and_catches_up() {
    let world = World::with(Shape::TwoCores, Wishes::default().loud()).await;
    let traffic = Traffic::begin(&world, edges(&world), seed()).await;
    traffic.goes_on(50, PATIENCE).await;
    let still = &world.cores()[1];
    still.pause();
    let begun = traffic.settled();
    tokio::time::sleep(STILL).await;
    let meanwhile = traffic.settled() - begun;
    still.resume();
    assert!(meanwhile > 0, "the other core went on");
    eprintln!("{meanwhile} acknowledged by the other core meanwhile");
    traffic.one_more(HEALED).await;
    traffic.goes_on(100, PATIENCE).await;
    assert!(world.cores().iter().all(|core| core.is_running()));
    traffic.end(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edges_and_cores_that_go_in_good_order_under_load_lose_nothing() {
    let world = World::with(Shape::TwoCores, Wishes::default().loud()).await;
    let traffic = Traffic::begin(&world, edges(&world), seed()).await;
    let processes: [&Process; 4] =
        [&world.edges()[0], &world.cores()[0], &world.edges()[1], &world.cores()[1]];
    for process in processes {
        traffic.goes_on(50, PATIENCE).await;
        let status = process.terminate().await;
        assert!(status.success(), "{status}");
        traffic.one_more(HEALED).await;
        process.restart().await;
    }
    traffic.end(&world).await;
}
