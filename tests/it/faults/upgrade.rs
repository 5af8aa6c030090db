//! A newer program's schema under this one: what only adds is applied while everybody talks, and this program is started again on it, as
//! somebody does who goes back. Two programs would say no more: the older one of them is this one.

use rapport_tests::postgres::{Holder, PrivateCluster, rows, sql};
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::{Shape, Wishes, World};

use super::seed;
use super::tab::edges;
use super::traffic::Traffic;

/// What a newer program may add: columns, also such as must have a value, an index, a table that points to ours.
const ADDED: [&str; 5] = [
    "ALTER TABLE messages ADD COLUMN future text",
    "ALTER TABLE chats ADD COLUMN future bigint NOT NULL DEFAULT 0",
    "CREATE INDEX futures_of_events ON events (tenant_id, at)",
    "CREATE TABLE futures (tenant_id uuid REFERENCES tenants, future text)",
    "INSERT INTO seaql_migrations VALUES ('m29991231_000001_future_expands', 0)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_exchanged_one_by_one_under_a_schema_that_has_grown() {
    let cluster = PrivateCluster::start(None);
    let wishes = Wishes { postgres: Some((cluster.admin_url(), None)), ..Wishes::default().loud() };
    let world = World::with(Shape::ManyNodes, wishes).await;
    let traffic = Traffic::begin(&world, edges(&world), seed()).await;
    traffic.goes_on(50, PATIENCE).await;
    let url = cluster.database_url();
    let run = |statements: &[&str]| tokio::task::block_in_place(|| sql(&url, statements));
    for added in ADDED {
        run(&[added]);
        traffic.goes_on(20, PATIENCE).await;
    }
    for core in world.cores() {
        core.terminate().await;
        traffic.goes_on(20, PATIENCE).await;
        core.restart().await;
        traffic.goes_on(20, PATIENCE).await;
    }
    for edge in world.edges() {
        edge.terminate().await;
        edge.restart().await;
        traffic.goes_on(20, PATIENCE).await;
    }
    traffic.end(&world).await;

    let core = world.core();
    core.terminate().await;
    assert_eq!(core.run(&["migrate"]), "", "nothing is missing");
    run(&["INSERT INTO seaql_migrations VALUES ('m29991231_000002_future', 0)"]);
    for command in ["serve", "migrate"] {
        let refused = core.try_run(&[command]).unwrap_err();
        assert!(refused.contains("m29991231_000002_future is not known here"), "{command}: {refused}");
    }
    drop(world);
    drop(cluster);
}

/// The last step taken back, and the table that it changes.
const UNDONE: [&str; 3] = [
    "ALTER TABLE request_ids DROP COLUMN expires_at",
    "DROP INDEX sessions_by_end",
    "DELETE FROM seaql_migrations WHERE version = 'm20261123_000008_retention'",
];
const READ: &str = "SELECT count(*) FROM request_ids";

/// Whoever comes after a step that waits for a table waits behind it: so it must not wait for as long as a backup takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_waits_for_a_long_reader_lets_others_through() {
    let cluster = PrivateCluster::start(None);
    let wishes = Wishes { postgres: Some((cluster.admin_url(), None)), ..Wishes::default() };
    let world = World::with(Shape::PostgresTogether, wishes).await;
    let core = world.core();
    core.terminate().await;
    let url = cluster.database_url();
    sql(&url, &UNDONE);
    let reader = Holder::of(&url, READ);
    let is_held = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'request_ids'::regclass";
    let reading = tokio::spawn(async move {
        for _ in 0..3 {
            let waits = || async { (!rows(&url, is_held).is_empty()).then_some(()) };
            until("the step waits", PATIENCE, waits).await;
            sql(&url, &["SET statement_timeout = '5s'", READ]);
        }
        drop(reader);
    });
    assert_eq!(tokio::task::block_in_place(|| core.run(&["migrate"])), "");
    reading.await.unwrap();
    core.restart().await;
    world.visitor().await.start_chat("It serves").await;
    drop(world);
    drop(cluster);
}
