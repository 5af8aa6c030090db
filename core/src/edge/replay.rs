//! `Replay`: a stretch of a tenant's log, as far as some principals may have heard it. A visitor's goes by the visitor's own index; a
//! member's by number.

use std::{collections::HashSet, sync::Arc};

use prost::Message as _;
use rapport_proto::edge::v1::{ReplayRequest, ReplayResponse};

use super::followed::followed;
use crate::{
    app::App,
    db::TenantScope,
    error::Result,
    events::{Grants, log},
    ids::TenantId,
};

/// How many rows of the log one call looks at.
const ROWS: u64 = 500;
/// How many bytes of events one answer holds; one event always.
const BYTES: usize = 256 * 1024;

pub(super) async fn run(app: &Arc<App>, req: ReplayRequest) -> Result<ReplayResponse> {
    let tenant: TenantId = req.tenant_id.parse()?;
    let number = |given| i64::try_from(given).unwrap_or(i64::MAX);
    let (after, asked) = (number(req.after), number(req.upto));
    if after >= asked {
        return Ok(ReplayResponse { events: Vec::new(), upto: asked });
    }
    let visitor = match &req.principals[..] {
        [only] => only.parse().ok().map(Grants::Visitor),
        _ => None,
    };
    let principals: HashSet<String> = req.principals.into_iter().collect();
    let read = app.db.read(&TenantScope::verified(tenant));
    let page = log::after(read, visitor.as_ref(), after, asked, ROWS).await?;
    let mut answer = ReplayResponse { events: Vec::new(), upto: page.upto };
    let mut bytes = 0;
    let mut before = after;
    for event in page.events {
        let audience = event.audience.principals();
        if audience.iter().any(|name| principals.contains(name)) {
            let next = followed(app, tenant, audience, &event)?;
            bytes += next.encoded_len();
            if bytes > BYTES && !answer.events.is_empty() {
                answer.upto = before;
                break;
            }
            answer.events.push(next);
        }
        before = event.number;
    }
    Ok(answer)
}
