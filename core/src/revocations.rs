//! Tokens that are refused before they expire. A revocation is a row with a number of its own; each core keeps those that
//! still matter in memory and asks for new ones every 400 ms, so a request pays no read and a stream ends within a second.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::RwLock;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, DbErr, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set,
};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    caller::{Caller, Principal},
    clock::Micros,
    db::Engine,
    error::{Reason, Result},
    ids::{MemberId, SessionId, TenantId},
    tokens::LONGEST_LIFE,
};

/// The rows.
pub mod entity {
    #![expect(missing_docs, reason = "the columns are told in the migration")]

    use sea_orm::entity::prelude::*;

    use crate::ids::{MemberId, SessionId, TenantId};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "revocations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub tenant_id: TenantId,
        pub session_id: Option<SessionId>,
        pub member_id: Option<MemberId>,
        pub generation: i32,
        pub at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What is to be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoke {
    /// Every token of a session.
    Session(SessionId),
    /// Every token of a member that was made before this generation of the member's rights.
    Before(MemberId, i32),
}

/// A revocation as it was committed.
pub type Revoked = entity::Model;

/// No access token lives longer than [`LONGEST_LIFE`], whatever was set when it was made; what is older than this cannot matter any more.
const MATTERS: Duration = Duration::from_secs(LONGEST_LIFE as u64 + 300);
/// How often other cores' revocations are asked for.
const EVERY: Duration = Duration::from_millis(400);
/// How many rows one statement writes: an engine binds only so many parameters.
const AT_ONCE: usize = 1_000;
/// After how many new rows old ones are dropped, and how many at most: the table shrinks faster than it grows, and no single
/// sign-out pays for a crowd of them.
const PRUNE_EVERY: i64 = 64;
const PRUNE: u64 = 1_000;
/// The lock under which revocations are numbered, over all tenants; taken last, after a tenant's own.
const LOCK: &str = "select pg_advisory_xact_lock(1381060688, 1)";

/// How many lots of news may wait for one who follows them; who lags behind is told everything anew.
const NEWS: usize = 256;

/// Tokens that are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Every token of a session.
    Session(SessionId),
    /// Every token of a member of a tenant that was made before this generation.
    Before(TenantId, MemberId, i32),
}

/// The tokens this core refuses.
#[derive(Debug)]
pub struct Revocations {
    state: RwLock<State>,
    changed: watch::Sender<()>,
    news: broadcast::Sender<Arc<[Refused]>>,
}

#[derive(Debug, Default)]
struct State {
    sessions: HashMap<SessionId, Micros>,
    members: HashMap<(TenantId, MemberId), (i32, Micros)>,
    last: i64,
}

impl Default for Revocations {
    fn default() -> Self {
        Self { state: RwLock::default(), changed: watch::Sender::new(()), news: broadcast::Sender::new(NEWS) }
    }
}

impl Revocations {
    /// Why a caller's token is refused, if it is.
    #[must_use]
    pub fn verdict(&self, caller: &Caller) -> Option<Reason> {
        let state = self.state.read();
        if state.sessions.contains_key(&caller.session) {
            return Some(Reason::SessionEnded);
        }
        let Principal::Member(member, _) = caller.principal else { return None };
        let (least, _) = state.members.get(&(caller.tenant(), member))?;
        (caller.generation < *least).then_some(Reason::TokenStale)
    }

    /// Wakes whenever something new is refused.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Refuses from now on what was committed; `last` stays, so that the poll still brings what other cores did before it.
    pub(crate) fn apply(&self, revoked: &[Revoked]) {
        if revoked.is_empty() {
            return;
        }
        let mut news = Vec::new();
        let mut state = self.state.write();
        for row in revoked {
            let at = Micros(row.at);
            if let Some(session) = row.session_id
                && state.sessions.insert(session, at).is_none()
            {
                news.push(Refused::Session(session));
            }
            if let Some(member) = row.member_id {
                let known = state.members.entry((row.tenant_id, member)).or_insert((i32::MIN, at));
                if known.0 < row.generation {
                    news.push(Refused::Before(row.tenant_id, member, row.generation));
                }
                *known = (known.0.max(row.generation), known.1.max(at));
            }
        }
        drop(state);
        self.changed.send_replace(());
        if !news.is_empty() {
            // An error means that nobody follows.
            let _ = self.news.send(news.into());
        }
    }

    /// Each new refusal from now on, and everything that is refused already; what happens meanwhile may be in both.
    #[must_use]
    pub fn follow(&self) -> (broadcast::Receiver<Arc<[Refused]>>, Vec<Refused>) {
        let news = self.news.subscribe();
        let state = self.state.read();
        let sessions = state.sessions.keys().map(|session| Refused::Session(*session));
        let members = state.members.iter();
        let members = members.map(|((tenant, member), (least, _))| Refused::Before(*tenant, *member, *least));
        (news, sessions.chain(members).collect())
    }

    fn forget_before(&self, limit: Micros) {
        let mut state = self.state.write();
        state.sessions.retain(|_, at| *at >= limit);
        state.members.retain(|_, (_, at)| *at >= limit);
    }

    /// Reads what is new.
    pub async fn poll(&self, app: &App) -> Result<()> {
        let last = self.state.read().last;
        let limit = app.clock.now().minus(MATTERS);
        let select = entity::Entity::find()
            .filter(entity::Column::Number.gt(last))
            .filter(entity::Column::At.gte(limit.0))
            .order_by_asc(entity::Column::Number);
        let rows = app.db.across_tenants("revocations concern every tenant").all(select).await?;
        self.apply(&rows);
        if let Some(row) = rows.last() {
            self.state.write().last = row.number;
        }
        self.forget_before(limit);
        Ok(())
    }
}

/// Numbers and writes revocations at the end of a batch, and drops those that no longer matter.
pub(crate) async fn store(
    tx: &DatabaseTransaction,
    engine: Engine,
    now: Micros,
    revoked: &[(TenantId, Revoke)],
) -> Result<Vec<Revoked>, DbErr> {
    if revoked.is_empty() {
        return Ok(Vec::new());
    }
    if engine == Engine::Postgres {
        tx.execute_unprepared(LOCK).await?;
    }
    let last = entity::Entity::find().order_by_desc(entity::Column::Number).one(tx).await?;
    let rows: Vec<Revoked> = (last.map_or(0, |row| row.number) + 1..)
        .zip(revoked)
        .map(|(number, (tenant, revoke))| {
            let (session_id, member_id, generation) = match *revoke {
                Revoke::Session(session) => (Some(session), None, 0),
                Revoke::Before(member, generation) => (None, Some(member), generation),
            };
            Revoked { number, tenant_id: *tenant, session_id, member_id, generation, at: now.0 }
        })
        .collect();
    for some in rows.chunks(AT_ONCE) {
        let models = some.iter().map(|row| entity::ActiveModel {
            number: Set(row.number),
            tenant_id: Set(row.tenant_id),
            session_id: Set(row.session_id),
            member_id: Set(row.member_id),
            generation: Set(row.generation),
            at: Set(row.at),
        });
        entity::Entity::insert_many(models).exec_without_returning(tx).await?;
    }
    let (first, newest) =
        rows.first().zip(rows.last()).map_or((1, 0), |(first, last)| (first.number, last.number));
    if newest / PRUNE_EVERY > (first - 1) / PRUNE_EVERY {
        prune(tx, now, newest).await?;
    }
    Ok(rows)
}

/// Drops some of the rows whose tokens have long expired. The newest row always stays, so numbers never begin again.
async fn prune(tx: &DatabaseTransaction, now: Micros, newest: i64) -> Result<(), DbErr> {
    let old: Vec<i64> = entity::Entity::find()
        .select_only()
        .column(entity::Column::Number)
        .filter(entity::Column::At.lt(now.minus(MATTERS * 3).0))
        .filter(entity::Column::Number.lt(newest))
        .order_by_asc(entity::Column::At)
        .limit(PRUNE)
        .into_tuple()
        .all(tx)
        .await?;
    if !old.is_empty() {
        entity::Entity::delete_many().filter(entity::Column::Number.is_in(old)).exec(tx).await?;
    }
    Ok(())
}

/// Follows other cores' revocations until the core stops.
pub async fn follow(app: Arc<App>, stop: CancellationToken) {
    let mut turn = tokio::time::interval(EVERY);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = turn.tick() => {}
        }
        if let Err(error) = app.revocations.poll(&app).await {
            tracing::warn!(%error, causes = error.causes(), "revocations cannot be followed");
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::TransactionTrait as _;
    use uuid::Uuid;

    use super::*;
    use crate::{
        db::{self, Opened, Target},
        migrate,
    };

    /// As many people sign out at once.
    async fn sign_outs(opened: &Opened, now: Micros, count: u128) {
        let tenant = Uuid::from_u128(1).into();
        let revoked: Vec<_> =
            (0..count).map(|n| (tenant, Revoke::Session(Uuid::from_u128(n).into()))).collect();
        let tx = opened.write().begin().await.unwrap();
        store(&tx, opened.engine(), now, &revoked).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn numbers(opened: &Opened) -> Vec<i64> {
        let rows = entity::Entity::find().order_by_asc(entity::Column::Number).all(opened.write()).await;
        rows.unwrap().into_iter().map(|row| row.number).collect()
    }

    #[tokio::test]
    async fn what_cannot_matter_any_more_goes_in_bounded_steps_and_numbers_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let opened = db::open(&Target::Sqlite(dir.path().join("rapport.db")), 2).await.unwrap();
        migrate::run(&opened).await.unwrap();
        let mut now = Micros(1_800_000_000_000_000);
        sign_outs(&opened, now, 1_500).await;
        assert_eq!(numbers(&opened).await, (1..=1_500).collect::<Vec<_>>());
        now = now.plus(MATTERS * 4);
        sign_outs(&opened, now, 1).await;
        assert_eq!(numbers(&opened).await.len(), 1_501, "not with every sign-out");
        sign_outs(&opened, now, 64).await;
        assert_eq!(numbers(&opened).await, (1_001..=1_565).collect::<Vec<_>>(), "a thousand at most");
        sign_outs(&opened, now, 64).await;
        assert_eq!(numbers(&opened).await, (1_501..=1_629).collect::<Vec<_>>());
        now = now.plus(MATTERS * 4);
        sign_outs(&opened, now, 64).await;
        assert_eq!(numbers(&opened).await, (1_630..=1_693).collect::<Vec<_>>(), "the newest stay");
    }
}
