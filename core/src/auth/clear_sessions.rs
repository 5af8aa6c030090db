//! Clears sessions that ended by their age. A refresh token of one is refused the same way before and after.

use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};

use super::entity::session;
use crate::{
    clock::Micros,
    db::{TenantRead, TenantTx, Unit},
    error::Result,
    retention::BATCH,
};

/// Clears the sessions that ended up to a moment.
pub(crate) struct ClearSessions {
    upto: i64,
}

impl ClearSessions {
    /// A batch of those that have ended by `now`; nothing where there is none.
    pub(crate) async fn expired(read: TenantRead<'_>, now: Micros) -> Result<Option<Self>> {
        let ended = read.all(ended(now)).await?;
        Ok(ended.last().map(|row| Self { upto: row.expires_at }))
    }
}

fn ended(now: Micros) -> Select<session::Entity> {
    session::Entity::find()
        .filter(session::Column::ExpiresAt.lt(now.0))
        .order_by_asc(session::Column::ExpiresAt)
        .limit(BATCH)
}

impl Unit for ClearSessions {
    type Out = u64;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<u64> {
        let rows = session::Entity::delete_many().filter(session::Column::ExpiresAt.lte(self.upto));
        tx.delete_many(rows).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;

    #[tokio::test]
    async fn what_has_ended_is_found_by_its_end() {
        let app = TestApp::start().await;
        let plan = app.db.read(&app.scope()).plan(ended(Micros(7))).await.unwrap();
        assert_eq!(plan, ["SEARCH sessions USING INDEX sessions_by_end (tenant_id=? AND expires_at<?)"]);
    }
}
