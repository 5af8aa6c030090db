//! One lane: takes what waits, runs it as one batch, and when that fails runs each piece alone.

use std::time::Duration;

use sea_orm::DatabaseConnection;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    BATCH, Outlet, Queued, Work,
    backlog::Backlog,
    batch::{Batch, Cure, Failed},
    checkpoints::Written,
    transaction::Transactions,
};
use crate::{
    clock::Clock,
    db::{Engine, damage::Damage},
    error::Result,
};

/// What every lane of a core has in common.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) conn: DatabaseConnection,
    pub(super) written: Written,
    pub(super) engine: Engine,
    pub(super) clock: Clock,
    pub(super) outlet: Outlet,
    pub(super) backlog: Backlog,
    pub(super) damage: Damage,
}

/// How often work that lost against another transaction is tried again.
const TRIES: u32 = 5;

pub(super) async fn run(
    shared: Shared,
    mut queue: mpsc::Receiver<Queued>,
    idle: Option<Duration>,
    closing: CancellationToken,
) {
    let mut transactions = Transactions::new(shared.conn.clone(), shared.engine);
    let mut waiting = Vec::with_capacity(BATCH);
    loop {
        let (since, first) = if let Some(first) = next(&mut queue, idle, &closing).await {
            first
        } else {
            // Nothing enters a closed queue; what entered before is still done.
            queue.close();
            match queue.recv().await {
                Some(last) => last,
                None => return,
            }
        };
        let _under_way = shared.backlog.begin(since);
        waiting.push(first);
        while waiting.len() < BATCH {
            match queue.try_recv() {
                Ok((_, work)) => waiting.push(work),
                Err(_) => break,
            }
        }
        work_off(&shared, &mut transactions, &mut waiting).await;
    }
}

/// The next piece of work, or nothing when the lane is to end.
async fn next(
    queue: &mut mpsc::Receiver<Queued>,
    idle: Option<Duration>,
    closing: &CancellationToken,
) -> Option<Queued> {
    let idled = async {
        match idle {
            Some(span) => tokio::time::sleep(span).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        work = queue.recv() => work,
        () = closing.cancelled() => None,
        () = idled => None,
    }
}

async fn work_off(shared: &Shared, transactions: &mut Transactions, waiting: &mut Vec<Work>) {
    #[expect(clippy::cast_precision_loss, reason = "a batch has at most 256 pieces")]
    metrics::histogram!("rapport_writer_batch_size").record(waiting.len() as f64);
    let batch = Batch::new(std::mem::take(waiting));
    let Err(failed) = batch.commit(shared, transactions).await else { return };
    // Where the database is gone or full it is so for all of them: each alone would only wait as long again.
    if failed.cure == Cure::None || (failed.works.len() == 1 && failed.cure == Cure::Apart) {
        failed.refuse();
        return;
    }
    let mut works = failed.works.into_iter();
    while let Some(work) = works.next() {
        if let Err(outage) = alone(shared, transactions, work).await {
            // The rest would only wait as long again, one after the other.
            works.for_each(|work| work.refuse(outage.clone()));
            return;
        }
    }
}

/// Runs one piece of work to its answer; fails where the answer is that there is no database.
async fn alone(shared: &Shared, transactions: &mut Transactions, work: Work) -> Result<()> {
    let mut works = vec![work];
    for attempt in 1..=TRIES {
        match Batch::new(works).commit(shared, transactions).await {
            Ok(()) => return Ok(()),
            Err(failed) if failed.cure == Cure::Again && attempt < TRIES => works = failed.works,
            Err(failed) => {
                let outage = (failed.cure == Cure::None).then(|| failed.error.clone());
                failed.refuse();
                return outage.map_or(Ok(()), Err);
            }
        }
    }
    Ok(())
}

impl Failed {
    fn refuse(self) {
        for work in self.works {
            work.refuse(self.error.clone());
        }
    }
}

impl Work {
    fn refuse(self, error: crate::error::Error) {
        match self {
            Self::Append { answer, .. } => {
                let _ = answer.send(Err(error));
            }
            Self::Unit { job, .. } => job.answer(Err(error)),
        }
    }
}
