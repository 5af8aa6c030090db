//! `UpdateWidget`: changes how the workspace's widget looks and what it asks for.

use std::{collections::BTreeSet, sync::Arc};

use rapport_proto::tenants::v1 as pb;
use sea_orm::{Set, Unchanged};

use super::{
    convert::{self, tenant_updated},
    entity::tenant,
    error::check_revision,
    origins::origins,
    queries,
};
use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::Result,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Caller,
    req: pb::UpdateWidgetRequest,
) -> Result<pb::UpdateWidgetResponse> {
    let row = app.db.write(&caller.scope, UpdateWidget(req)).await?;
    Ok(pb::UpdateWidgetResponse {
        widget: Some(convert::widget(&row)),
        revision: convert::revision(row.revision),
    })
}

struct UpdateWidget(pb::UpdateWidgetRequest);

impl Unit for UpdateWidget {
    type Out = tenant::Model;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<Self::Out> {
        let row = queries::find_tenant(tx.read()).await?;
        check_revision(row.revision, self.0.if_revision)?;
        let wanted = wanted(&row, &self.0);
        if wanted == row {
            return Ok(row);
        }
        let row = tx
            .update(tenant::ActiveModel {
                tenant_id: Unchanged(row.tenant_id),
                widget_color: Set(wanted.widget_color),
                widget_position: Set(wanted.widget_position),
                widget_greeting: Set(wanted.widget_greeting),
                widget_offline_message: Set(wanted.widget_offline_message),
                widget_launcher_label: Set(wanted.widget_launcher_label),
                widget_ask_name: Set(wanted.widget_ask_name),
                widget_ask_email: Set(wanted.widget_ask_email),
                widget_ask_department: Set(wanted.widget_ask_department),
                revision: Set(row.revision + 1),
                ..Default::default()
            })
            .await?;
        let origins: BTreeSet<String> = origins(tx.read()).await?;
        tx.emit(tenant_updated(convert::tenant(&row, &origins)));
        Ok(row)
    }
}

/// The workspace with what is present in the request.
fn wanted(row: &tenant::Model, req: &pb::UpdateWidgetRequest) -> tenant::Model {
    let text = |given: &Option<String>, now: &String| given.as_ref().unwrap_or(now).clone();
    let position = req.position.and_then(|position| i16::try_from(position).ok());
    tenant::Model {
        widget_color: text(&req.color, &row.widget_color).to_ascii_lowercase(),
        widget_position: position.unwrap_or(row.widget_position),
        widget_greeting: text(&req.greeting, &row.widget_greeting),
        widget_offline_message: text(&req.offline_message, &row.widget_offline_message),
        widget_launcher_label: text(&req.launcher_label, &row.widget_launcher_label),
        widget_ask_name: req.ask_name.unwrap_or(row.widget_ask_name),
        widget_ask_email: req.ask_email.unwrap_or(row.widget_ask_email),
        widget_ask_department: req.ask_department.unwrap_or(row.widget_ask_department),
        ..row.clone()
    }
}

#[cfg(test)]
mod tests {
    use rapport_proto::tenants::v1::{Role, WidgetPosition};

    use super::*;
    use crate::{caller::Principal, testing::TestApp};

    #[tokio::test]
    async fn what_is_present_is_changed_and_what_was_never_set_is_as_the_contract_says() {
        let app = TestApp::start().await;
        let (scope, owner) = app.workspace().await;
        let caller = app.caller(scope, Principal::Member(owner, Role::Owner));
        let nothing = run(&app, &caller, pb::UpdateWidgetRequest::default()).await.unwrap();
        let first = pb::Widget {
            color: "#2563eb".to_owned(),
            position: WidgetPosition::End.into(),
            ask_name: true,
            ask_email: true,
            ..Default::default()
        };
        assert_eq!(nothing, pb::UpdateWidgetResponse { widget: Some(first.clone()), revision: 1 });
        let change = pb::UpdateWidgetRequest {
            color: Some("#FF8800".to_owned()),
            greeting: Some("Ahoy".to_owned()),
            ask_email: Some(false),
            if_revision: 1,
            ..Default::default()
        };
        let widget = pb::Widget {
            color: "#ff8800".to_owned(),
            greeting: "Ahoy".to_owned(),
            ask_email: false,
            ..first.clone()
        };
        let changed = pb::UpdateWidgetResponse { widget: Some(widget.clone()), revision: 2 };
        assert_eq!(run(&app, &caller, change.clone()).await.unwrap(), changed);
        assert!(run(&app, &caller, change).await.is_err(), "it has another revision by now");
        let no_greeting = pb::UpdateWidgetRequest { greeting: Some(String::new()), ..Default::default() };
        let widget = pb::Widget { greeting: String::new(), ..widget };
        let plain = pb::UpdateWidgetResponse { widget: Some(widget), revision: 3 };
        assert_eq!(run(&app, &caller, no_greeting).await.unwrap(), plain);
    }
}
