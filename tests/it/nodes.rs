//! Cores that come, go and stand still behind an edge, which knows them by a list or by a name.

use std::fs;
use std::time::Duration;

use rapport_tests::core::Core;
use rapport_tests::edge::Edge;
use rapport_tests::metrics::{counted, ready};
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::web::Web;
use rapport_tests::world::{Shape, Wishes, World};
use serde_json::json;
use tempfile::TempDir;

/// How soon a peer that says nothing is taken for dead, and time for a loaded machine.
const NOTICED: Duration = Duration::from_secs(20);
/// A call that every core answers by itself.
const CALL: &str = "rapport_calls_total{method=\"/rapport.auth.v1.AuthService/GetSelf\"";

async fn up(edge: &Edge, up: usize, all: usize) {
    until(&format!("{up} of {all} cores answer"), NOTICED, || async {
        let said = ready(edge.admin(), "core").await.1;
        ((&said["up"], &said["all"]) == (&json!(up), &json!(all))).then_some(())
    })
    .await;
}

/// Calls by way of an edge; says how many of them each of these cores had.
async fn shares(edge: &Edge, cores: &[&Core], calls: u32) -> Vec<u32> {
    let count = async || {
        let mut counts = Vec::new();
        for core in cores {
            counts.push(counted(core.admin(), CALL).await);
        }
        counts
    };
    let before = count().await;
    let web = Web::at(&format!("http://{}", edge.address()));
    for _ in 0..calls {
        assert_eq!(web.get("/v1/self").await.status, 401, "a core answers");
    }
    let whole =
        |share: f64| (0..=calls).find(|whole| share <= f64::from(*whole)).expect("no more than there were");
    count().await.iter().zip(before).map(|(after, before)| whole(after - before)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_stands_for_all_the_cores_it_has_by_then() {
    let world = World::with(Shape::Postgres, Wishes::default()).await;
    let (first, folder) = (world.core(), TempDir::new().unwrap());
    let port = first.internal().rsplit(':').next().unwrap().to_owned();
    let another = async |name: &str, host: &str| {
        let place = format!("{host}:{port}");
        Core::start(world.deployment().one_more(name, &[("RAPPORT_INTERNAL_LISTEN", &place)])).await
    };
    let hosts = folder.path().join("hosts");
    let stands_for = |addresses: &[&str]| {
        let mut lines = "127.0.0.1 localhost\n".to_owned();
        for address in addresses {
            lines += address;
            lines += " cores\n";
        }
        fs::write(&hosts, lines).unwrap();
    };
    let second = another("second", "127.0.0.2").await;
    stands_for(&["127.0.0.1", "127.0.0.2"]);
    let roomy = ["ADDRESS_REQUESTS", "SESSION_REQUESTS"]
        .map(|name| (format!("RAPPORT_LIMITS__{name}"), "1000000".to_owned()));
    let (url, key) = (format!("http://cores:{port}"), world.deployment().edge_key_file());
    let edge = Edge::behind(folder.path().to_owned(), &url, Some(hosts.clone()), &key, &roomy).await;
    up(&edge, 2, 2).await;
    assert_eq!(shares(&edge, &[first, &second], 40).await, [20, 20], "each has its turn");

    // One dies: the other has all the calls, until it is back.
    second.kill9();
    up(&edge, 1, 2).await;
    assert_eq!(shares(&edge, &[first], 20).await, [20]);
    second.restart().await;
    up(&edge, 2, 2).await;
    assert_eq!(shares(&edge, &[first, &second], 40).await, [20, 20]);

    // One is added, and one is taken away that runs on.
    let third = another("third", "127.0.0.3").await;
    stands_for(&["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
    up(&edge, 3, 3).await;
    assert_eq!(shares(&edge, &[first, &second, &third], 60).await, [20, 20, 20]);
    stands_for(&["127.0.0.2", "127.0.0.3"]);
    up(&edge, 2, 2).await;
    assert_eq!(shares(&edge, &[first, &second, &third], 40).await, [0, 20, 20]);
    // Nobody knows the name any more: nothing changes.
    stands_for(&[]);
    until("the name is looked up in vain", PATIENCE, || async {
        edge.log().iter().any(|line| line.contains("cannot be looked up")).then_some(())
    })
    .await;
    assert_eq!(shares(&edge, &[first, &second, &third], 40).await, [0, 20, 20]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_that_stands_still_is_left_and_found_again() {
    let world = World::with(Shape::ManyNodes, Wishes::default()).await;
    let edge = &world.edges()[0];
    up(edge, 2, 2).await;
    let there = world.cores()[1].endpoint();
    let visitor = world.visitor().await.through(&there).await;
    let mut ears = world.owner.through(&there).listen().await;
    world.cores()[0].pause();
    up(edge, 1, 2).await;
    assert_eq!(shares(edge, &[&world.cores()[1]], 20).await, [20], "it is asked nothing any more");
    visitor.start_chat("we go on").await;
    ears.message("we go on").await;
    world.cores()[0].resume();
    up(edge, 2, 2).await;
    assert_eq!(shares(edge, &[&world.cores()[0], &world.cores()[1]], 40).await, [20, 20]);
}
