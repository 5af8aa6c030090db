//! Request ids of creates: the answer is stored in the transaction of its effect, so that the same request again, on whatever
//! connection and after whatever crash, gives the same answer. Messages keep theirs in their own rows (see `db::hot`).
//!
//! Ids are kept at least 7 days. A UUID of version 7 carries its time, so one older than that is refused by name; ids of
//! other versions cannot tell their age and are kept for good.
//! What is past its time is cleared by `retention`.

use std::time::Duration;

use prost::Message;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select, Set,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    clock::Micros,
    db::{TenantRead, TenantTx, Unit},
    error::{Error, Reason, Result},
    ids::made_at,
    retention::BATCH,
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
        pub expires_at: Option<i64>,
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
            // Refused by its own time from then on; one that was made ahead of our clock, later.
            expires_at: Set(made_at(self.request_id).map(|made| made.max(tx.now()).plus(KEPT).0)),
            ..Default::default()
        })
        .await?;
        Ok(())
    }
}

/// Clears the ids that are kept up to a moment.
pub(crate) struct Clear {
    upto: i64,
}

impl Clear {
    /// A batch of those that need not be kept any more by `now`; nothing where there is none.
    pub(crate) async fn expired(read: TenantRead<'_>, now: Micros) -> Result<Option<Self>> {
        let spent = read.all(spent(now)).await?;
        Ok(spent.last().and_then(|row| row.expires_at).map(|upto| Self { upto }))
    }
}

fn spent(now: Micros) -> Select<entity::Entity> {
    entity::Entity::find()
        .filter(entity::Column::ExpiresAt.lt(now.0))
        .order_by_asc(entity::Column::ExpiresAt)
        .limit(BATCH)
}

impl Unit for Clear {
    type Out = u64;

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<u64> {
        let rows = entity::Entity::delete_many().filter(entity::Column::ExpiresAt.lte(self.upto));
        tx.delete_many(rows).await
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
        tickets::v1::{AddCommentRequest, CreateTicketRequest},
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

    #[tokio::test]
    async fn what_need_not_be_kept_is_found_by_its_end() {
        let app = crate::testing::TestApp::start().await;
        let plan = app.db.read(&app.scope()).plan(spent(Micros(7))).await.unwrap();
        assert_eq!(
            plan,
            ["SEARCH request_ids USING INDEX request_ids_by_end (tenant_id=? AND expires_at<?)"]
        );
    }

    #[test]
    fn every_create_has_its_request_id_first() {
        let request_id = LOWER.to_owned();
        let bodies = [
            StartChatRequest { request_id: request_id.clone(), ..Default::default() }.encode_to_vec(),
            CreateTenantRequest { request_id: request_id.clone(), ..Default::default() }.encode_to_vec(),
            CreateMemberRequest { request_id: request_id.clone(), ..Default::default() }.encode_to_vec(),
            CreateDepartmentRequest { request_id: request_id.clone(), ..Default::default() }.encode_to_vec(),
            CreateTicketRequest { request_id: request_id.clone(), ..Default::default() }.encode_to_vec(),
            AddCommentRequest { request_id, ..Default::default() }.encode_to_vec(),
        ];
        for body in bodies {
            assert_eq!(without_request_id(&body, LOWER), Some(&[][..]));
        }
    }
}
