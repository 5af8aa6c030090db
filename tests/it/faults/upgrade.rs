//! A newer program's schema under this one: what only adds is applied while everybody talks, and this program is started again on it, as
//! somebody does who goes back. Two programs would say no more: the older one of them is this one.

use rapport_tests::postgres::{PrivateCluster, sql};
use rapport_tests::wait::PATIENCE;
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
