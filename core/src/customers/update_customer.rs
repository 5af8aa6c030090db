//! `UpdateCustomer`: changes what is known of a customer.

use std::sync::Arc;

use rapport_proto::customers::v1 as pb;
use sea_orm::{Set, Unchanged};

use super::{
    entity,
    view::{self, View},
};
use crate::{
    app::App,
    caller::Caller,
    db::{TenantTx, Unit},
    error::Result,
    tenants::check_revision,
};

pub(super) async fn run(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    req: pb::UpdateCustomerRequest,
) -> Result<pb::UpdateCustomerResponse> {
    let customer = app.db.write(&caller.scope, UpdateCustomer { caller: Arc::clone(caller), req }).await?;
    Ok(pb::UpdateCustomerResponse { customer: Some(customer.show()) })
}

struct UpdateCustomer {
    caller: Arc<Caller>,
    req: pb::UpdateCustomerRequest,
}

impl Unit for UpdateCustomer {
    type Out = View;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<View> {
        let view = view::visible(tx.read(), &self.caller, self.req.visitor_id.parse()?).await?;
        let row = &view.row;
        check_revision(row.revision, self.req.if_revision)?;
        let wanted = entity::Model {
            name: self.req.name.clone().unwrap_or_else(|| row.name.clone()),
            email: self.req.email.clone().unwrap_or_else(|| row.email.clone()),
            note: self.req.note.clone().unwrap_or_else(|| row.note.clone()),
            ..row.clone()
        };
        if wanted == *row {
            return Ok(view);
        }
        let row = tx
            .update(entity::ActiveModel {
                customer_id: Unchanged(row.customer_id),
                name: Set(wanted.name),
                email: Set(wanted.email),
                note: Set(wanted.note),
                revision: Set(row.revision + 1),
                ..Default::default()
            })
            .await?;
        Ok(View { row, ..view })
    }
}

#[cfg(test)]
mod tests {
    use rapport_proto::tenants::v1::Role;

    use super::*;
    use crate::{
        caller::Principal,
        customers::{self, Introduction},
        error::Reason,
        ids::CustomerId,
        testing::TestApp,
    };

    struct Meet(Introduction, CustomerId);

    impl Unit for Meet {
        type Out = ();

        async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
            customers::remember(tx, &self.0, self.1).await.map(drop)
        }
    }

    #[tokio::test]
    async fn what_is_present_is_changed_by_whoever_may_know_of_the_customer() {
        let app = TestApp::start().await;
        let (scope, owner) = app.workspace().await;
        let visitor = app.ids.make();
        let said = Introduction { visitor, name: "Vera".to_owned(), email: "vera@x.example".to_owned() };
        app.db.write(&scope, Meet(said, app.ids.make())).await.unwrap();
        let change = |note: &str, if_revision| pb::UpdateCustomerRequest {
            visitor_id: visitor.to_string(),
            email: Some(String::new()),
            note: Some(note.to_owned()),
            if_revision,
            ..Default::default()
        };
        // There is neither a chat nor a ticket: only who sees everything knows of her.
        let agent = app.caller(scope, Principal::Member(app.ids.make(), Role::Agent));
        let refused = run(&app, &agent, change("mine", 0)).await.unwrap_err();
        assert_eq!(refused.reason, Reason::NotFound);
        let owner = app.caller(scope, Principal::Member(owner, Role::Owner));
        let changed = run(&app, &owner, change("likes tea", 1)).await.unwrap().customer.unwrap();
        let told = (&*changed.name, &*changed.email, &*changed.note, changed.revision);
        assert_eq!(told, ("Vera", "", "likes tea", 2));
        assert_eq!(changed.last_seen_at, None, "she has only been spoken of");
        let again = run(&app, &owner, change("likes tea", 2)).await.unwrap().customer.unwrap();
        assert_eq!(again, changed, "no change");
        let stale = run(&app, &owner, change("likes coffee", 1)).await.unwrap_err();
        assert_eq!(stale.reason, Reason::RevisionMismatch);
        // What she says herself takes the place of what was known; the note is the staff's.
        let said = Introduction { visitor, name: "Vera V.".to_owned(), email: String::new() };
        app.db.write(&scope, Meet(said, app.ids.make())).await.unwrap();
        let ask = pb::GetCustomerRequest { visitor_id: visitor.to_string() };
        let seen = super::super::get_customer::run(&app, &owner, ask).await.unwrap().customer.unwrap();
        assert_eq!((&*seen.name, &*seen.note, seen.revision), ("Vera V.", "likes tea", 3));
    }
}
