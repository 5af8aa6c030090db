//! How the staff of the tenants watched here is shown, asked for in one query a second for all of them, and at once after a change made
//! here. Those who watch compare what they have told with what is shown now, so nobody waits for a slow one and nothing piles up.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use dashmap::{DashMap, Entry};
use parking_lot::Mutex;
use rapport_proto::presence::v1::PresenceStatus;
use sea_orm::FromQueryResult;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::{
    app::App,
    error::{Error, Result},
    ids::{MemberId, TenantId},
};

/// How often is asked: the longest what another core wrote waits.
const EVERY: Duration = Duration::from_secs(1);
/// How soon after a question for a change made here the next one may come.
const SPACED: Duration = Duration::from_millis(50);
/// How many tenants one query asks for.
const TENANTS: usize = 200;

/// A member who is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) role: i32,
    pub(super) status: PresenceStatus,
    /// Since when it is so, in microseconds.
    pub(super) since: i64,
}

/// The members of a tenant who are not offline.
pub(super) type Shown = BTreeMap<MemberId, Seen>;

/// What is shown in a tenant; nothing until it was asked for, an error where it could not be from the first.
type State = Option<Result<Arc<Shown>>>;

/// What those who watch are told.
#[derive(Debug, Default)]
pub(super) struct Board {
    rooms: DashMap<TenantId, Room>,
    changed: Mutex<HashSet<TenantId>>,
    work: Notify,
}

#[derive(Debug)]
struct Room {
    state: watch::Sender<State>,
    watchers: usize,
}

/// A watcher's hold on a tenant.
#[derive(Debug)]
pub(super) struct Watching {
    board: Arc<Board>,
    tenant: TenantId,
    state: watch::Receiver<State>,
}

impl Board {
    /// Begins to watch a tenant.
    pub(super) fn watch(self: &Arc<Self>, tenant: TenantId) -> Watching {
        let state = match self.rooms.entry(tenant) {
            Entry::Occupied(mut room) => {
                room.get_mut().watchers += 1;
                room.get().state.subscribe()
            }
            Entry::Vacant(room) => {
                room.insert(Room { state: watch::Sender::new(None), watchers: 1 }).state.subscribe()
            }
        };
        self.look_at(tenant);
        Watching { board: Arc::clone(self), tenant, state }
    }

    /// Something may look otherwise in a tenant now.
    pub(super) fn look_at(&self, tenant: TenantId) {
        if self.rooms.contains_key(&tenant) {
            self.changed.lock().insert(tenant);
            self.work.notify_one();
        }
    }

    fn show(&self, tenant: TenantId, shown: Shown) {
        let Some(room) = self.rooms.get(&tenant) else { return };
        room.state.send_if_modified(|state| {
            let same = matches!(state, Some(Ok(known)) if **known == shown);
            if !same {
                *state = Some(Ok(Arc::new(shown)));
            }
            !same
        });
    }

    /// What was shown before stays; who has been shown nothing yet is told.
    fn fail(&self, tenant: TenantId, error: &Error) {
        let Some(room) = self.rooms.get(&tenant) else { return };
        room.state.send_if_modified(|state| {
            let known = matches!(state, Some(Ok(_)));
            if !known {
                *state = Some(Err(error.clone()));
            }
            !known
        });
    }
}

impl Watching {
    /// What is shown now, once that is known.
    pub(super) async fn shown(&mut self) -> Result<Arc<Shown>> {
        loop {
            if let Some(state) = &*self.state.borrow_and_update() {
                return state.clone();
            }
            self.changed().await;
        }
    }

    /// Returns when something else is shown.
    pub(super) async fn changed(&mut self) {
        // The room lives as long as this hold on it.
        let _ = self.state.changed().await;
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.board.rooms.remove_if_mut(&self.tenant, |_, room| {
            room.watchers -= 1;
            room.watchers == 0
        });
    }
}

/// Asks until the core stops.
pub(super) async fn run(app: Arc<App>) {
    let stopping = app.stopping.clone();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = ask(&app) => {}
    }
}

async fn ask(app: &App) {
    // Before that, leases look ended whose processes only could not renew them.
    app.presence.settled.cancelled().await;
    let board = &app.presence.board;
    let mut turn = interval(EVERY);
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut free = Instant::now();
    loop {
        let all = tokio::select! {
            _ = turn.tick() => true,
            () = async { board.work.notified().await; sleep_until(free).await } => false,
        };
        let changed = std::mem::take(&mut *board.changed.lock());
        let tenants: Vec<TenantId> = if all {
            board.rooms.iter().map(|room| *room.key()).collect()
        } else {
            changed.into_iter().collect()
        };
        for some in tenants.chunks(TENANTS) {
            match look(app, some).await {
                Ok(mut shown) => {
                    for tenant in some {
                        board.show(*tenant, shown.remove(tenant).unwrap_or_default());
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, causes = error.causes(), "it cannot be asked who is there");
                    for tenant in some {
                        board.fail(*tenant, &error);
                    }
                }
            }
        }
        free = Instant::now() + SPACED;
    }
}

#[derive(FromQueryResult)]
struct Row {
    tenant_id: TenantId,
    member_id: MemberId,
    name: String,
    role: i16,
    chosen: Option<i16>,
    changed_at: Option<i64>,
    since: i64,
}

/// Who is shown in these tenants, as of now.
pub(super) async fn look(app: &App, tenants: &[TenantId]) -> Result<HashMap<TenantId, Shown>> {
    let marks = vec!["?"; tenants.len()].join(", ");
    let sql = format!(
        "select c.tenant_id, c.member_id, m.name, m.role, p.chosen, p.changed_at, min(c.since) as since \
         from presence_connections c \
         join members m on m.tenant_id = c.tenant_id and m.member_id = c.member_id and m.state = 1 \
         left join presence p on p.tenant_id = c.tenant_id and p.member_id = c.member_id \
         left join edge_leases l on l.lease_id = c.lease_id \
         where c.tenant_id in ({marks}) and ((c.left_at is null and l.expires_at > ?) or c.left_at > ?) \
         group by c.tenant_id, c.member_id, m.name, m.role, p.chosen, p.changed_at"
    );
    let now = app.clock.now();
    let mut values: Vec<_> = tenants.iter().map(|tenant| (*tenant).into()).collect();
    values.extend([now.0.into(), now.minus(app.presence.grace).0.into()]);
    let rows: Vec<Row> = app
        .db
        .across_tenants("who is there, in the tenants watched or asked about here")
        .rows(&sql, values)
        .await?;
    let mut shown: HashMap<TenantId, Shown> = HashMap::new();
    for row in rows {
        let status = row.chosen.map_or(PresenceStatus::Online, |chosen| {
            PresenceStatus::try_from(i32::from(chosen)).unwrap_or(PresenceStatus::Online)
        });
        if status == PresenceStatus::Offline {
            continue;
        }
        let since = row.since.max(row.changed_at.unwrap_or_default());
        let seen = Seen { name: row.name, role: i32::from(row.role), status, since };
        shown.entry(row.tenant_id).or_default().insert(row.member_id, seen);
    }
    Ok(shown)
}
