//! `GetCustomer`: who a visitor is.

use std::sync::Arc;

use rapport_proto::customers::v1 as pb;

use super::view;
use crate::{app::App, caller::Caller, error::Result};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::GetCustomerRequest,
) -> Result<pb::GetCustomerResponse> {
    let customer = view::visible(app.db.read(&caller.scope), caller, req.visitor_id.parse()?).await?;
    Ok(pb::GetCustomerResponse { customer: Some(customer.show()) })
}
