//! One lane: takes what waits, runs it as one batch, and when that fails runs each piece alone.

use std::future::Future;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    BATCH, Queued, Work,
    backlog::Backlog,
    batch::{Cure, Failed},
};
use crate::error::Result;

/// Where the batches of a lane go.
pub(super) trait Store: Send + Sync {
    /// Commits all of it, with every caller answered, or gives it back.
    fn commit(&mut self, works: Vec<Work>) -> impl Future<Output = Result<(), Failed>> + Send;
    /// Returns when a lane has had no work for so long that it may end.
    fn idled(&self) -> impl Future<Output = ()> + Send;
}

/// How often work that lost against another transaction is tried again.
const TRIES: u32 = 5;

pub(super) async fn run(
    mut store: impl Store,
    backlog: Backlog,
    mut queue: mpsc::Receiver<Queued>,
    closing: CancellationToken,
) {
    let mut waiting = Vec::with_capacity(BATCH);
    loop {
        let (since, first) = if let Some(first) = next(&mut queue, &store, &closing).await {
            first
        } else {
            // Nothing enters a closed queue; what entered before is still done.
            queue.close();
            match queue.recv().await {
                Some(last) => last,
                None => return,
            }
        };
        let _under_way = backlog.begin(since);
        waiting.push(first);
        while waiting.len() < BATCH {
            match queue.try_recv() {
                Ok((_, work)) => waiting.push(work),
                Err(_) => break,
            }
        }
        work_off(&mut store, &mut waiting).await;
    }
}

/// The next piece of work, or nothing when the lane is to end.
async fn next(
    queue: &mut mpsc::Receiver<Queued>,
    store: &impl Store,
    closing: &CancellationToken,
) -> Option<Queued> {
    tokio::select! {
        biased;
        work = queue.recv() => work,
        () = closing.cancelled() => None,
        () = store.idled() => None,
    }
}

async fn work_off(store: &mut impl Store, waiting: &mut Vec<Work>) {
    #[expect(clippy::cast_precision_loss, reason = "a batch has at most 256 pieces")]
    metrics::histogram!("rapport_writer_batch_size").record(waiting.len() as f64);
    let Err(failed) = store.commit(std::mem::take(waiting)).await else { return };
    // Where the database is gone or full it is so for all of them: each alone would only wait as long again.
    if failed.cure == Cure::None || (failed.works.len() == 1 && failed.cure == Cure::Apart) {
        failed.refuse();
        return;
    }
    let mut works = failed.works.into_iter();
    while let Some(work) = works.next() {
        if let Err(outage) = alone(store, work).await {
            // The rest would only wait as long again, one after the other.
            works.for_each(|work| work.refuse(outage.clone()));
            return;
        }
    }
}

/// Runs one piece of work to its answer; fails where the answer is that there is no database.
async fn alone(store: &mut impl Store, work: Work) -> Result<()> {
    let mut works = vec![work];
    for attempt in 1..=TRIES {
        match store.commit(works).await {
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
