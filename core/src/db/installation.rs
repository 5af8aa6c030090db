//! The one row that says which store this is, made at the first start.

use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait as _, EntityTrait as _, QueryOrder as _, Set,
    TransactionTrait as _,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Engine, Opened};
use crate::{
    clock::Micros,
    error::{Error, Result},
    ids::Ids,
    keys::MasterKey,
};

/// The rows.
pub mod entity {
    #![expect(missing_docs, reason = "the columns are told in the migration")]

    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "installation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub installation_id: i16,
        pub epoch: Uuid,
        pub master_check: Vec<u8>,
        pub set_up_at: Option<i64>,
        pub created_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The ids of the keys that sign access tokens.
pub mod signing_key {
    #![expect(missing_docs, reason = "the columns are told in the migration")]

    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "signing_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kid: String,
        pub created_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Which store this is.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Changes when the store is restored from a copy: cursors of another epoch are of no use.
    pub epoch: Uuid,
    /// The ids of the signing keys, oldest first.
    pub kids: Vec<String>,
}

/// Whether a store was made under this master key.
pub(super) fn is_of(row: &entity::Model, master: &MasterKey) -> bool {
    row.master_check == check(master)
}

fn check(master: &MasterKey) -> Vec<u8> {
    Sha256::digest(master.derive(b"check")).to_vec()
}

/// Several cores may start at once on an empty database; one of them makes the row.
const LOCK: &str = "select pg_advisory_xact_lock(1381060688, 2)";

impl Installation {
    /// Whether the store has never been used; refuses one that was and is empty now, and one that is damaged.
    pub async fn is_absent(opened: &Opened) -> Result<bool> {
        opened.refuse_damaged().await?;
        let is_absent = entity::Entity::find().one(opened.write()).await?.is_none();
        if is_absent {
            opened.refuse_lost()?;
        }
        Ok(is_absent)
    }

    /// Reads the row, or makes it; refuses a master key that is not this store's.
    pub async fn open(opened: &Opened, master: &MasterKey, ids: &Ids, now: Micros) -> Result<Self> {
        let tx = opened.write().begin().await?;
        if opened.engine() == Engine::Postgres {
            tx.execute_unprepared(LOCK).await?;
        }
        let row = if let Some(row) = entity::Entity::find().one(&tx).await? {
            row
        } else {
            opened.refuse_lost()?;
            let kid = hex::encode(ids.random::<8>());
            signing_key::ActiveModel { kid: Set(kid), created_at: Set(now.0) }.insert(&tx).await?;
            let row = entity::ActiveModel {
                installation_id: Set(1),
                epoch: Set(ids.make()),
                master_check: Set(check(master)),
                set_up_at: Set(None),
                created_at: Set(now.0),
            };
            row.insert(&tx).await?
        };
        let keys = signing_key::Entity::find().order_by_asc(signing_key::Column::CreatedAt).all(&tx).await?;
        tx.commit().await?;
        if !is_of(&row, master) {
            return Err(Error::internal("the master key does not belong to this database"));
        }
        opened.mark_made();
        Ok(Self { epoch: row.epoch, kids: keys.into_iter().map(|key| key.kid).collect() })
    }
}
