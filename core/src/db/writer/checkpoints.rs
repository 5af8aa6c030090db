//! SQLite's checkpoints, beside the lane: what the write-ahead log holds is copied into the file by a connection that only reads, a little at
//! a time, while the lane goes on committing. Left to the connection that commits, each would hold everybody for as long as it takes; and
//! many pages at once keep the disk from the lane's commits, whoever writes them.
//!
//! A log is written from its beginning again once all of it was copied and nobody reads in it. Where commits never pause, each copy leaves
//! what came meanwhile; the lane's own checkpoint, at a size that is seldom reached (`connect.rs`), then finds next to nothing left to copy.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{db::damage::Damage, error::Error};

/// How often it is looked whether there is something to do, as long as something is written.
const TURN: Duration = Duration::from_millis(20);
/// After so many pieces of work the log is copied (bench S7: p99 47 ms with 8,000 pages at once, 25 with 200 pieces, 11 with these;
/// S1 loses a tenth).
const MANY: u64 = 60;
/// What is less is copied after this.
const SOME: Duration = Duration::from_secs(5);

/// How much the lane has written.
#[derive(Clone, Debug, Default)]
pub(super) struct Written(Arc<Count>);

#[derive(Debug, Default)]
struct Count {
    works: AtomicU64,
    moved: Notify,
}

impl Written {
    pub(super) fn add(&self, works: usize) {
        self.0.works.fetch_add(works as u64, Ordering::Relaxed);
        self.0.moved.notify_one();
    }
}

/// Copies until `closing`; the connections copy what is left when they are closed.
pub(super) async fn run(
    conn: DatabaseConnection,
    written: Written,
    damage: Damage,
    closing: CancellationToken,
) {
    closing.run_until_cancelled(go_on(&conn, &written.0, &damage)).await;
}

async fn go_on(conn: &DatabaseConnection, count: &Count, damage: &Damage) {
    let mut copied = 0;
    while !damage.is_known() {
        count.moved.notified().await;
        let since = Instant::now();
        let new = loop {
            sleep(TURN).await;
            let new = count.works.load(Ordering::Relaxed) - copied;
            if new >= MANY || since.elapsed() >= SOME {
                break new;
            }
        };
        copied += new;
        let started = Instant::now();
        if let Err(error) = copy(conn).await {
            tracing::warn!(%error, "the write-ahead log was not copied into the database");
            damage.note(&Error::from(error));
        }
        metrics::histogram!("rapport_writer_checkpoint_seconds").record(started.elapsed());
    }
}

/// Copies what no reader is in the way of.
async fn copy(conn: &DatabaseConnection) -> Result<(), DbErr> {
    let copy = Statement::from_string(DbBackend::Sqlite, "pragma wal_checkpoint(passive)");
    conn.query_one_raw(copy).await.map(drop)
}
