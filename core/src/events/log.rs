//! Reading the log. A visitor's replay goes by the visitor's own index and never scans the tenant; a member's goes by number.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use super::{Grants, LoggedEvent, entity};
use crate::{app::App, clock::Micros, db::TenantRead, error::Result};

/// The number of the last event; 0 where there is none.
pub(super) async fn end(read: TenantRead<'_>) -> Result<i64> {
    let last = read.one(entity::Entity::find().order_by_desc(entity::Column::Number)).await?;
    Ok(last.map_or(0, |row| row.number))
}

/// The number of the oldest event kept; nothing where there is none.
pub(super) async fn beginning(read: TenantRead<'_>) -> Result<Option<i64>> {
    let first = read.one(entity::Entity::find().order_by_asc(entity::Column::Number)).await?;
    Ok(first.map(|row| row.number))
}

/// When the event of a number was committed; nothing where there is none.
pub(super) async fn moment(read: TenantRead<'_>, number: i64) -> Result<Option<Micros>> {
    let row = read.one(entity::Entity::find().filter(entity::Column::Number.eq(number))).await?;
    Ok(row.map(|row| Micros(row.at)))
}

/// The cursor after a number; before the first event there is a place too.
pub(super) async fn cursor(app: &App, read: TenantRead<'_>, number: i64) -> Result<String> {
    let at = moment(read, number).await?.unwrap_or_default();
    app.cursors.seal(read.tenant(), number, at)
}

/// A stretch of the log.
pub(super) struct Page {
    /// The events of it that the reader may hear, or all where no reader was named.
    pub(super) events: Vec<LoggedEvent>,
    /// The number up to which nothing is missing.
    pub(super) upto: i64,
}

/// The events after `after` and not beyond `end`, at most `limit` rows of the log, that `grants` may hear.
pub(super) async fn after(
    read: TenantRead<'_>,
    grants: Option<&Grants>,
    after: i64,
    end: i64,
    limit: u64,
) -> Result<Page> {
    let mut select = entity::Entity::find()
        .filter(entity::Column::Number.gt(after))
        .filter(entity::Column::Number.lte(end))
        .order_by_asc(entity::Column::Number)
        .limit(limit);
    if let Some(Grants::Visitor(id)) = grants {
        select = select.filter(entity::Column::VisitorId.eq(*id));
    }
    let rows = read.all(select).await?;
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
