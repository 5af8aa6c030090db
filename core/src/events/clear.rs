//! Taking the oldest events out of a tenant's log. The last one always stays: the next one's number follows from it, and whoever has
//! seen it has seen all.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, Select};

use super::{entity, log};
use crate::{
    clock::Micros,
    db::{TenantRead, TenantTx, Unit},
    error::Result,
    retention::BATCH,
};

/// Clears the log up to a number.
pub(crate) struct Clear {
    upto: i64,
}

/// A batch of events from before `old`, the oldest first; nothing where there is none.
pub(crate) async fn old(read: TenantRead<'_>, old: Micros) -> Result<Option<Clear>> {
    let Some(oldest) = log::beginning(read).await? else { return Ok(None) };
    let end = log::end(read).await?;
    let last = read.one(batch(oldest, end, old)).await?;
    Ok(last.map(|row| Clear { upto: row.number }))
}

/// The last event of the batch that begins with `oldest`: numbers have no gap, so it is as long as its numbers are apart.
fn batch(oldest: i64, end: i64, old: Micros) -> Select<entity::Entity> {
    let beyond = oldest.saturating_add(i64::try_from(BATCH).unwrap_or(i64::MAX)).min(end);
    entity::Entity::find()
        .filter(entity::Column::Number.gte(oldest))
        .filter(entity::Column::Number.lt(beyond))
        .filter(entity::Column::At.lt(old.0))
        .order_by_desc(entity::Column::Number)
}

impl Unit for Clear {
    type Out = u64;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<u64> {
        let rows = entity::Entity::delete_many().filter(entity::Column::Number.lte(self.upto));
        tx.delete_many(rows).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;

    #[tokio::test]
    async fn a_batch_is_found_by_number() {
        let app = TestApp::start().await;
        let plan = app.db.read(&app.scope()).plan(batch(5, 900, Micros(7))).await.unwrap();
        assert_eq!(plan, ["SEARCH events USING PRIMARY KEY (tenant_id=? AND number>? AND number<?)"]);
    }
}
