//! Request ids of creates: the answer is stored in the transaction of its effect, so that the same request again, on whatever
//! connection and after whatever crash, gives the same answer. Messages keep theirs in their own rows (see `db::hot`).
//!
//! Ids are kept at least 7 days. A UUID of version 7 carries its time, so one older than that is refused by name; ids of
//! other versions cannot tell their age and are kept for good.

use std::time::Duration;

use prost::Message;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    db::TenantTx,
    error::{Error, Reason, Result},
    ids::made_at,
};

/// The rows.
pub mod entity {
    #![expect(missing_docs, reason = "the columns are told in the migration")]

    use sea_orm::entity::prelude::*;

    use crate::{db::TenantOwned, ids::TenantId};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "request_ids")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant_id: TenantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub caller_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub request_id: Uuid,
        pub method: String,
        pub body_hash: Vec<u8>,
        pub response: Vec<u8>,
        pub created_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    impl TenantOwned for Entity {
        const TENANT: Column = Column::TenantId;
    }
}

/// How long ids of creates are kept at least.
pub const KEPT: Duration = Duration::from_hours(7 * 24);

/// A create that may be asked for again.
#[derive(Clone, Debug)]
pub struct Once {
    method: &'static str,
    caller_id: Uuid,
    request_id: Uuid,
    body_hash: Vec<u8>,
}

impl Once {
    /// A request of `method` by a caller, told apart from others by its whole body but the request id, which is the same id
    /// in whatever case it is written.
    pub fn new(method: &'static str, caller_id: Uuid, request_id: &str, body: &impl Message) -> Result<Self> {
        let body = body.encode_to_vec();
        let rest = without_request_id(&body, request_id).unwrap_or(&body);
        Ok(Self { method, caller_id, request_id: parse(request_id)?, body_hash: hash(&[rest]) })
    }

    /// The client's id of the request.
    #[must_use]
    pub fn request_id(&self) -> Uuid {
        self.request_id
    }

    /// The answer given before, if it was asked before. The first thing a create does in its unit.
    pub async fn earlier<R: Message + Default>(&self, tx: &TenantTx<'_>) -> Result<Option<R>> {
        let select = entity::Entity::find()
            .filter(entity::Column::CallerId.eq(self.caller_id))
            .filter(entity::Column::RequestId.eq(self.request_id));
        if let Some(row) = tx.read().one(select).await? {
            if row.method != self.method || row.body_hash != self.body_hash {
                return Err(Error::new(
                    Reason::RequestIdReused,
                    "this request_id was used before with another body",
                ));
            }
            return R::decode(&row.response[..]).map(Some).map_err(Error::internal);
        }
        let too_old = made_at(self.request_id).is_some_and(|made| made < tx.now().minus(KEPT));
        if too_old {
            return Err(Error::new(
                Reason::RequestIdExpired,
                "this request_id is older than the 7 days ids are kept",
            ));
        }
        Ok(None)
    }

    /// Stores the answer. The last thing a create does in its unit.
    pub async fn keep(&self, tx: &TenantTx<'_>, response: &impl Message) -> Result<()> {
        tx.insert(entity::ActiveModel {
            caller_id: Set(self.caller_id),
            request_id: Set(self.request_id),
            method: Set(self.method.to_owned()),
            body_hash: Set(self.body_hash.clone()),
            response: Set(response.encode_to_vec()),
            created_at: Set(tx.now().0),
            ..Default::default()
        })
        .await?;
        Ok(())
    }
}

/// A create's encoded body after its request id, which is field 1 of each and so stands first.
fn without_request_id<'a>(body: &'a [u8], request_id: &str) -> Option<&'a [u8]> {
    let length = u8::try_from(request_id.len()).ok()?;
    body.strip_prefix(&[0x0a, length])?.strip_prefix(request_id.as_bytes())
}

/// A request id as the database holds it; the contract has checked its form.
pub fn parse(request_id: &str) -> Result<Uuid> {
    Uuid::try_parse(request_id).map_err(Error::internal)
}

/// What tells two bodies apart: 16 bytes of SHA-256 over the parts, each with its length.
#[must_use]
pub fn hash(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize()[..16].to_vec()
}

#[cfg(test)]
mod tests {
    use rapport_proto::{
        chats::v1::StartChatRequest,
        tenants::v1::{CreateDepartmentRequest, CreateMemberRequest, CreateTenantRequest},
    };

    use super::*;

    const LOWER: &str = "0190a5b0-0000-7abc-8def-0123456789ab";

    #[test]
    fn a_body_is_the_same_in_whatever_case_its_request_id_is_written() {
        let once = |request_id: &str, text: &str| {
            let body = StartChatRequest {
                request_id: request_id.to_owned(),
                text: text.to_owned(),
                ..Default::default()
            };
            Once::new("StartChat", Uuid::nil(), request_id, &body).unwrap()
        };
        let (lower, upper) = (once(LOWER, "Hello"), once(&LOWER.to_uppercase(), "Hello"));
        assert_eq!((lower.request_id, &lower.body_hash), (upper.request_id, &upper.body_hash));
        assert_ne!(lower.body_hash, once(LOWER, "Hello?").body_hash);
    }

    #[test]
    fn every_create_has_its_request_id_first() {
        let request_id = LOWER.to_owned();
        let bodies = [
            StartChatRequest { request_id: request_id.clone(), ..Default::default() }.encode_to_vec(),
            CreateTenantRequest { request_id: request_id.clone(), ..Default::default() }.encode_to_vec(),
            CreateMemberRequest { request_id: request_id.clone(), ..Default::default() }.encode_to_vec(),
            CreateDepartmentRequest { request_id, ..Default::default() }.encode_to_vec(),
        ];
        for body in bodies {
            assert_eq!(without_request_id(&body, LOWER), Some(&[][..]));
        }
    }
}
