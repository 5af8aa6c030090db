//! Where a reader begins: at the place it names, or at the end where this history does not have that place any more.

use rapport_proto::events::v1::ResetCause;

use super::{cursor::Place, log};
use crate::{
    app::App,
    clock::Micros,
    db::{TenantRead, TenantScope},
    error::Result,
};

/// Where to begin, and whether the reader has to begin anew. Without a cursor that is the end.
pub(crate) async fn begin(
    app: &App,
    scope: &TenantScope,
    cursor: &str,
    end: i64,
) -> Result<(i64, Option<ResetCause>)> {
    if cursor.is_empty() {
        return Ok((end, None));
    }
    let Place::After(number, at) = app.cursors.open(scope.tenant(), cursor)? else {
        return Ok((end, Some(ResetCause::Restored)));
    };
    if number < end && at < app.retention.reaches_back_to(app.clock.now()) {
        return Ok((end, Some(ResetCause::HistoryGone)));
    }
    if number <= end && app.feeds.vouch(scope.tenant(), number, at) {
        return Ok((number, None));
    }
    if let Some(cause) = unsound(app.db.read(scope), number, Some(at), end).await? {
        return Ok((end, Some(cause)));
    }
    app.feeds.remember(scope.tenant(), number, at);
    Ok((number, None))
}

/// Why a reader cannot go on after the event of this number, if so; `at` is the moment the event had when the reader saw it.
pub(crate) async fn unsound(
    read: TenantRead<'_>,
    number: i64,
    at: Option<Micros>,
    end: i64,
) -> Result<Option<ResetCause>> {
    if number > end {
        return Ok(Some(ResetCause::Restored));
    }
    match log::moment(read, number).await? {
        Some(found) if at.is_none_or(|at| found == at) => Ok(None),
        Some(_another) => Ok(Some(ResetCause::Restored)),
        // Before the first event of all, or just before the oldest that is kept.
        None if log::beginning(read).await?.is_none_or(|oldest| oldest == number + 1) => Ok(None),
        None => Ok(Some(ResetCause::HistoryGone)),
    }
}
