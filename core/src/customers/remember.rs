//! Finds or makes the customer of a visitor, and takes over what the visitor said of themselves.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, Unchanged};

use super::entity::{self, Model};
use crate::{
    db::TenantTx,
    error::Result,
    ids::{CustomerId, VisitorId},
};

/// What a visitor says of themselves; an empty field says nothing.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// Who says it.
    pub visitor: VisitorId,
    /// Their name.
    pub name: String,
    /// Their e-mail address, not verified.
    pub email: String,
}

/// The visitor's customer, made under `new_id` where there is none yet.
pub async fn remember(tx: &TenantTx<'_>, said: &Introduction, new_id: CustomerId) -> Result<Model> {
    let known = entity::Entity::find().filter(entity::Column::VisitorId.eq(said.visitor));
    let Some(known) = tx.read().one(known).await? else {
        return tx
            .insert(entity::ActiveModel {
                customer_id: Set(new_id),
                visitor_id: Set(said.visitor),
                name: Set(said.name.clone()),
                email: Set(said.email.clone()),
                created_at: Set(tx.now().0),
                revision: Set(1),
                ..Default::default()
            })
            .await;
    };
    let pick = |new: &str, old: &str| if new.is_empty() { old.to_owned() } else { new.to_owned() };
    let (name, email) = (pick(&said.name, &known.name), pick(&said.email, &known.email));
    if (&name, &email) == (&known.name, &known.email) {
        return Ok(known);
    }
    tx.update(entity::ActiveModel {
        customer_id: Unchanged(known.customer_id),
        name: Set(name),
        email: Set(email),
        revision: Set(known.revision + 1),
        ..Default::default()
    })
    .await
}
