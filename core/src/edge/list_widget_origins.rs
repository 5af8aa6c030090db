//! `ListWidgetOrigins`: which pages may hold the widget of a workspace. The edge remembers the answer for a few seconds.

use rapport_proto::edge::v1::{ListWidgetOriginsRequest, ListWidgetOriginsResponse};

use crate::{app::App, error::Result, tenants};

pub(super) async fn run(app: &App, req: ListWidgetOriginsRequest) -> Result<ListWidgetOriginsResponse> {
    let origins = tenants::origins_by_slug(app, &req.workspace).await?;
    Ok(ListWidgetOriginsResponse { origins: origins.into_iter().collect() })
}
