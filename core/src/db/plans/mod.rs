//! How the engines go about what people do all day: every statement of lists, pages, streams that come back and messages that are sent, noted
//! where it runs. No list of statements is kept here, so none can be forgotten.
//!
//! SQLite is asked for its plan: nothing is scanned, and of a tenant not everything. PostgreSQL, which plans by what it counts, runs each
//! read again over some ten thousand rows and says what it looked at: no more than a page and what belongs to it.
//!
//! [`scene`] is a core with people, [`questions`] what they ask.

mod questions;
mod scene;

use std::sync::Arc;

use parking_lot::Mutex;
use sea_orm::{ConnectionTrait as _, Statement};

use self::{
    questions::{ask_everything, list},
    scene::{Scene, fill},
};
use super::{Engine, Target, open};

/// What may be scanned, in SQLite's words: lists of keys that a statement was given, and what it has found already.
const NO_TABLE: [&str; 6] =
    ["SCAN k", "SCAN json_each VIRTUAL TABLE", "SCAN CONSTANT ROW", "SCAN found", "SCAN 2", "SCAN (subquery"];
/// Tables that do not grow with what is said and written: a few rows for each process or installation.
const SMALL: [&str; 5] =
    ["edge_leases", "presence_connections", "installation", "signing_keys", "seaql_migrations"];
/// Where a tenant is all that is looked for: a row of tenants, and the last of a log.
const BY_TENANT: [&str; 4] = ["tenants", "t", "events", "e"];
/// How many rows one step of a plan may look at. A page has fifty here; of the log up to 2,000 events are looked at in one go.
const MOST: f64 = 2_000.0;
/// What is known to be walked, on PostgreSQL: a chat that waits has no assignee, so of those with one none are found; the planner takes the
/// two for independent and may look for the first of many along those who wait.
const KNOWN: (&str, &str) = (r#""assignee_id" = $1 AND "chats"."state" = $2"#, "chats_by_state");

/// Every statement that ran.
#[derive(Clone, Default)]
struct Noted(Arc<Mutex<Vec<Statement>>>);

impl Noted {
    fn note(&self) -> impl Fn(&sea_orm::metric::Info<'_>) + Send + Sync + 'static + use<> {
        let noted = Arc::clone(&self.0);
        move |info| noted.lock().push(info.statement.clone())
    }

    fn take(&self) -> Vec<Statement> {
        std::mem::take(&mut self.0.lock())
    }
}

impl Scene {
    /// Goes through what was noted since the last time; something must have been.
    async fn look(&mut self, what: &str) {
        let statements = self.noted.take();
        assert!(!statements.is_empty(), "{what}: nothing ran");
        for statement in statements {
            for fault in self.faults_of(&statement).await {
                self.faults.push(format!("{what}: {fault}\n    {}", statement.sql));
            }
        }
        // What looking itself ran.
        self.noted.take();
    }

    async fn faults_of(&self, statement: &Statement) -> Vec<String> {
        let word = statement.sql.split_whitespace().next().unwrap_or_default().to_lowercase();
        if !["select", "with", "insert", "update", "delete"].contains(&&*word)
            || statement.sql.contains("pg_advisory")
        {
            return Vec::new();
        }
        match self.app.db.engine {
            Engine::Sqlite => {
                let mut faults = Vec::new();
                // One text may hold several, which share the parameters. Where no keys were found
                // nothing is looked for: `1 = 2`, bound.
                for sql in statement
                    .sql
                    .split(';')
                    .filter(|sql| !sql.trim().is_empty() && !sql.contains("WHERE ? = ?"))
                {
                    let steps = self.explain("explain query plan ", sql, statement, "detail").await;
                    faults.extend(steps.into_iter().filter(|step| is_scan(step)));
                }
                faults
            }
            Engine::Postgres if ["select", "with"].contains(&&*word) => {
                let how = "explain (analyze, costs off, timing off, summary off) ";
                let plan = self.explain(how, &statement.sql, statement, "QUERY PLAN").await;
                let is_known = |step: &str| statement.sql.contains(KNOWN.0) && step.contains(KNOWN.1);
                let many =
                    looked_at(&plan).into_iter().filter(|(rows, step)| *rows > MOST && !is_known(step));
                many.map(|(rows, step)| format!("{rows} rows: {step}")).collect()
            }
            Engine::Postgres => {
                let plan =
                    self.explain("explain (costs off) ", &statement.sql, statement, "QUERY PLAN").await;
                let is_large =
                    |table: &str| !SMALL.contains(&table.split_whitespace().next().unwrap_or_default());
                let is_scan =
                    |step: &String| step.split_once("Seq Scan on ").is_some_and(|(_, table)| is_large(table));
                plan.into_iter().filter(is_scan).collect()
            }
        }
    }

    async fn explain(&self, how: &str, sql: &str, statement: &Statement, column: &str) -> Vec<String> {
        let explain = Statement {
            sql: format!("{how}{sql}"),
            values: statement.values.clone(),
            db_backend: statement.db_backend,
        };
        let rows = self.app.db.read.query_all_raw(explain).await.unwrap_or_else(|e| panic!("{e}: {sql}"));
        rows.iter().map(|row| row.try_get("", column).unwrap()).collect()
    }
}

/// Whether a step of a plan of SQLite goes through all of something that may be large: a table, or all that a tenant has in it.
fn is_scan(step: &str) -> bool {
    if step.starts_with("SEARCH ") && step.ends_with("(tenant_id=?)") {
        return !BY_TENANT.iter().any(|table| step.starts_with(&format!("SEARCH {table} ")));
    }
    let harmless = NO_TABLE.iter().any(|what| step.starts_with(what))
        || SMALL.iter().any(|table| step.strip_prefix("SCAN ").is_some_and(|rest| rest.starts_with(table)));
    step.starts_with("SCAN ") && !harmless
}

/// What each step of a plan of PostgreSQL that reads a table or an index has looked at: rows given and rows left out.
fn looked_at(plan: &[String]) -> Vec<(f64, String)> {
    let after = |line: &str, word: &str| -> Option<f64> {
        let (_, rest) = line.split_once(word)?;
        rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?.parse().ok()
    };
    let (mut steps, mut reads): (Vec<(f64, f64, String)>, _) = (Vec::new(), false);
    for line in plan {
        if line.contains("(actual rows=") {
            reads = line.contains("Scan on")
                || line.contains("Scan using")
                || line.contains("Scan Backward using");
            if reads {
                let (rows, loops) = (after(line, "actual rows="), after(line, "loops="));
                steps.push((rows.unwrap_or(f64::NAN), loops.unwrap_or(f64::NAN), line.trim().to_owned()));
            }
        } else if reads && line.contains("Rows Removed by") {
            let (Some((_, count)), Some(step)) = (line.rsplit_once(": "), steps.last_mut()) else { continue };
            step.0 += count.trim().parse::<f64>().unwrap();
        }
    }
    steps.into_iter().map(|(rows, loops, step)| (rows * loops, step)).collect()
}

/// Without an index that lists need, the same questions are found out.
async fn ask_without_an_index(scene: &mut Scene, target: &Target) {
    let other = open(target, 2).await.unwrap();
    other.write().execute_unprepared("drop index chats_by_visitor").await.unwrap();
    other.close().await.unwrap();
    list(scene).await;
    assert!(!scene.faults.is_empty(), "a missing index was not noticed");
}

#[tokio::test]
async fn on_sqlite_no_statement_of_every_day_scans_a_table() {
    let dir = tempfile::tempdir().unwrap();
    let target = Target::Sqlite(dir.path().join("plans.db"));
    let mut scene = Scene::set(&target).await;
    scene.noted.take();
    ask_everything(&mut scene).await;
    ask_without_an_index(&mut scene, &target).await;
    scene.app.stop().await;
}

#[tokio::test]
async fn on_postgres_no_statement_of_every_day_looks_at_more_than_a_page() {
    let admin =
        std::env::var("RAPPORT_TEST_POSTGRES").expect("run tests/run, which starts a private PostgreSQL");
    let name = format!("plans_{}", std::process::id());
    let admin_db = open(&Target::parse(&admin).unwrap(), 2).await.unwrap();
    admin_db.write().execute_unprepared(&format!("create database {name}")).await.unwrap();
    let (server, _) = admin.rsplit_once('/').unwrap();
    let target = Target::parse(&format!("{server}/{name}")).unwrap();
    let mut scene = Scene::set(&target).await;
    fill(&scene, &target).await;
    scene.noted.take();
    ask_everything(&mut scene).await;
    ask_without_an_index(&mut scene, &target).await;
    scene.app.stop().await;
    admin_db.write().execute_unprepared(&format!("drop database {name} with (force)")).await.unwrap();
}

#[test]
fn a_scan_is_told_from_a_search() {
    assert!(is_scan("SEARCH chats USING INDEX chats_by_state (tenant_id=?)"));
    assert!(is_scan("SCAN messages") && is_scan("SCAN m USING INDEX messages_pkey"));
    assert!(!is_scan("SCAN k") && !is_scan("SEARCH messages USING INDEX x (tenant_id=? AND chat_id=?)"));
    let plan = [
        "Limit (actual rows=1 loops=1)",
        "  ->  Index Scan using x on chats c (actual rows=1 loops=2)",
        "        Filter: (state = 1)",
        "        Rows Removed by Filter: 700",
    ]
    .map(str::to_owned);
    assert_eq!(looked_at(&plan).iter().map(|step| step.0).collect::<Vec<_>>(), [1_402.0]);
}
