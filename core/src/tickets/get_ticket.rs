//! `GetTicket`: one ticket that the caller may see.

use std::sync::Arc;

use rapport_proto::tickets::v1 as pb;

use super::{convert, view};
use crate::{
    app::App,
    caller::{Caller, Side},
    error::Result,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::GetTicketRequest,
) -> Result<pb::GetTicketResponse> {
    let ticket = view::visible(app, caller, req.ticket_id.parse()?).await?;
    Ok(pb::GetTicketResponse { ticket: Some(convert::ticket(&ticket, Side::of(caller))) })
}
