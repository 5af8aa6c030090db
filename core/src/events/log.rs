//! Reading the log. A visitor's replay goes by the visitor's own index and never scans the tenant; a member's goes by number.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use super::{Grants, LoggedEvent, entity};
use crate::{app::App, clock::Micros, db::TenantRead, error::Result};

/// The number of the last event, 0 where there is none, and when it was committed.
pub(crate) async fn last(read: TenantRead<'_>) -> Result<(i64, Micros)> {
    let last = read.one(entity::Entity::find().order_by_desc(entity::Column::Number)).await?;
    Ok(last.map_or_else(Default::default, |row| (row.number, Micros(row.at))))
}

/// The number of the last event; 0 where there is none.
pub(crate) async fn end(read: TenantRead<'_>) -> Result<i64> {
    Ok(last(read).await?.0)
}

/// The number of the oldest event kept; nothing where there is none.
pub(crate) async fn beginning(read: TenantRead<'_>) -> Result<Option<i64>> {
    let first = read.one(entity::Entity::find().order_by_asc(entity::Column::Number)).await?;
    Ok(first.map(|row| row.number))
}

/// When the event of a number was committed; nothing where there is none.
pub(crate) async fn moment(read: TenantRead<'_>, number: i64) -> Result<Option<Micros>> {
    let row = read.one(entity::Entity::find().filter(entity::Column::Number.eq(number))).await?;
    Ok(row.map(|row| Micros(row.at)))
}

/// The cursor after a number; before the first event there is a place too.
pub(crate) async fn cursor(app: &App, read: TenantRead<'_>, number: i64) -> Result<String> {
    let at = moment(read, number).await?.unwrap_or_default();
    app.cursors.seal(read.tenant(), number, at)
}

/// A stretch of the log.
pub(crate) struct Page {
    /// The events of it that the reader may hear, or all where no reader was named.
    pub(crate) events: Vec<LoggedEvent>,
    /// The number up to which nothing is missing.
    pub(crate) upto: i64,
}

/// The events after `after` and not beyond `end`, at most `limit` rows of the log, that `grants` may hear.
pub(crate) async fn after(
    read: TenantRead<'_>,
    grants: Option<&Grants>,
    after: i64,
    end: i64,
    limit: u64,
) -> Result<Page> {
    let rows = read.all(stretch(grants, after, end, limit)).await?;
    let whole = u64::try_from(rows.len()).is_ok_and(|found| found < limit);
    let upto = if whole { end } else { rows.last().map_or(end, |row| row.number) };
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let event = LoggedEvent::from_row(&row)?;
        if grants.is_none_or(|grants| grants.hear(&event.audience)) {
            events.push(event);
        }
    }
    Ok(Page { events, upto })
}

fn stretch(grants: Option<&Grants>, after: i64, end: i64, limit: u64) -> sea_orm::Select<entity::Entity> {
    let select = entity::Entity::find()
        .filter(entity::Column::Number.gt(after))
        .filter(entity::Column::Number.lte(end))
        .order_by_asc(entity::Column::Number)
        .limit(limit);
    match grants {
        Some(Grants::Visitor(id)) => select.filter(entity::Column::VisitorId.eq(*id)),
        _ => select,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;

    #[tokio::test]
    async fn a_visitors_stretch_goes_by_the_visitors_index_and_a_members_by_number() {
        let app = TestApp::start().await;
        let scope = app.scope();
        let plan = async |grants: Option<Grants>| {
            app.db.read(&scope).plan(stretch(grants.as_ref(), 5, 500, 100)).await.unwrap()
        };
        let visitors = plan(Some(Grants::Visitor(app.ids.make()))).await;
        let by_index = "SEARCH events USING INDEX events_by_visitor (tenant_id=? AND visitor_id=? AND number>? AND number<?)";
        assert_eq!(visitors, [by_index]);
        let by_number = "SEARCH events USING PRIMARY KEY (tenant_id=? AND number>? AND number<?)";
        assert_eq!(plan(None).await, [by_number]);
    }
}
