//! `Read`: a page of the log, each reader what that reader may see.

use std::sync::Arc;

use prost::Message as _;
use rapport_proto::events::v1::{self as pb, LoggedEvent as PbLoggedEvent};

use super::{begin::begin, log, subscribe};
use crate::{app::App, caller::Caller, error::Result, page, tenants};

/// How many rows of the log one call looks at: what matched by then is the page.
const LOOKED_AT: u64 = 2_000;

pub(super) async fn run(app: &Arc<App>, caller: &Caller, req: pb::ReadRequest) -> Result<pb::ReadResponse> {
    let read = app.db.read(&caller.scope);
    let end = log::end(read).await?;
    let grants = tenants::grants_of(app, caller).await?;
    let filter = subscribe::Filter::of(&req.chat_ids, req.types())?;
    let (start, reset) = if req.cursor.is_empty() {
        (log::beginning(read).await?.map_or(end, |oldest| oldest - 1), None)
    } else {
        begin(app, &caller.scope, &req.cursor, end).await?
    };
    if let Some(cause) = reset {
        return Ok(pb::ReadResponse {
            items: Vec::new(),
            cursor: log::cursor(app, read, start).await?,
            at_end: true,
            reset: Some(pb::Reset { cause: cause.into() }),
        });
    }
    let size = page::size(req.page_size);
    let found = log::after(read, Some(&grants), start, end, LOOKED_AT).await?;
    let mut items = Vec::with_capacity(size);
    let (mut upto, mut last, mut bytes) = (found.upto, start, 0);
    for event in found.events.iter().filter(|event| filter.passes(event)) {
        bytes += event.event.encoded_len();
        if items.len() == size || (bytes > page::BYTES && !items.is_empty()) {
            upto = last;
            break;
        }
        let cursor = event.cursor(&app.cursors, caller.tenant())?;
        items.push(PbLoggedEvent { cursor: cursor.as_ref().to_owned(), event: Some(event.event.clone()) });
        last = event.number;
    }
    Ok(pb::ReadResponse {
        items,
        cursor: log::cursor(app, read, upto).await?,
        at_end: upto >= end,
        reset: None,
    })
}
