//! Everything a use case can reach, built once from the settings. The only place where engines are chosen.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    auth::password::Passwords,
    clock::Clock,
    config::Config,
    db::{self, Db, Installation, Opened},
    error::{Error, Result},
    events::{
        self,
        bus::{
            Memory,
            redis::{Identity, RedisBus},
        },
        cursor::Cursors,
        feed::Feeds,
    },
    gauges,
    ids::Ids,
    keys::MasterKey,
    presence::Presence,
    retention::{self, Retention},
    revocations::{self, Revocations},
    seal::Sealer,
    streams::Streams,
    tokens::Tokens,
};

/// The parts of a core.
#[derive(Debug)]
pub struct App {
    /// The data.
    pub db: Db,
    /// What this core tells its subscribers.
    pub feeds: Arc<Feeds>,
    /// The way to the other cores, where there is Redis.
    pub bus: Option<Arc<RedisBus>>,
    /// Tokens refused before they expire.
    pub revocations: Arc<Revocations>,
    /// The time.
    pub clock: Clock,
    /// Ids and randomness.
    pub ids: Ids,
    /// The secret of the installation.
    pub master: MasterKey,
    /// Sealed texts.
    pub sealer: Arc<Sealer>,
    /// Places in the log.
    pub cursors: Cursors,
    /// Access tokens.
    pub tokens: Tokens,
    /// Password hashing.
    pub passwords: Passwords,
    /// Open streams.
    pub streams: Streams,
    /// Who is there.
    pub presence: Presence,
    /// Tasks that must end before the process does.
    pub tasks: TaskTracker,
    /// Set when the core is to stop.
    pub stopping: CancellationToken,
    /// What is shed or cut off.
    pub limits: Limits,
    /// How long things are kept.
    pub retention: Retention,
    /// Which store this is.
    pub installation: Installation,
}

/// What is shed or cut off.
#[derive(Debug)]
pub struct Limits {
    /// How long a reader of a stream may stand still.
    pub slow_reader: Duration,
    /// Calls under way.
    pub calls: Arc<Semaphore>,
}

impl App {
    /// Builds a core on an opened and migrated database and starts what runs beside the calls.
    pub async fn build(
        config: &Config,
        opened: Opened,
        master: MasterKey,
        clock: Clock,
        ids: Ids,
    ) -> Result<Arc<Self>> {
        let installation = Installation::open(&opened, &master, &ids, clock.now()).await?;
        let sealer = Arc::new(Sealer::new(&master));
        let feeds = Arc::new(Feeds::default());
        let revocations = Arc::new(Revocations::default());
        let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
        let bus = if let Some(redis) = &config.redis {
            let core = ids.make();
            let (sealer, clock) = (Arc::clone(&sealer), clock.clone());
            let identity = Identity { sealer, clock, epoch: installation.epoch, core };
            let bus = RedisBus::join(redis, identity, &feeds, &stopping, &tasks).map_err(Error::internal)?;
            feeds.join(Arc::clone(&bus) as _);
            Some(bus)
        } else {
            let memory = Memory::default();
            memory.join(&feeds);
            feeds.join(Arc::new(memory));
            None
        };
        let app = Arc::new(Self {
            bus,
            db: Db::new(opened, clock.clone(), Arc::clone(&feeds), Arc::clone(&revocations)),
            feeds,
            revocations,
            cursors: Cursors::new(Arc::clone(&sealer), installation.epoch),
            tokens: Tokens::new(&master, &installation.kids, clock.clone(), config.access_token)?,
            passwords: Passwords::new(&ids)?,
            streams: Streams::default(),
            presence: Presence::new(config.presence_grace, ids.make()),
            tasks,
            stopping,
            limits: Limits { slow_reader: config.slow_reader, calls: Arc::new(Semaphore::new(config.calls)) },
            retention: config.retention,
            clock,
            ids,
            master,
            sealer,
            installation,
        });
        // Before the first call: a token revoked before a restart stays refused after it.
        app.revocations.poll(&app).await?;
        app.tasks.spawn(revocations::follow(Arc::clone(&app), app.stopping.clone()));
        app.tasks.spawn(events::follow::run(Arc::clone(&app), config.poll, app.stopping.clone()));
        app.tasks.spawn(retention::run(Arc::clone(&app), app.stopping.clone()));
        app.tasks.spawn(gauges::run(Arc::clone(&app), app.stopping.clone()));
        Ok(app)
    }

    /// Opens the database the settings name and builds a core on it.
    pub async fn open(config: &Config, master: MasterKey) -> Result<Arc<Self>> {
        let clock = Clock::System;
        let ids = Ids::system(clock.clone());
        let opened = db::open(&config.database, config.database_max_connections).await?;
        Self::build(config, opened, master, clock, ids).await
    }

    /// Ends the streams and the tasks, finishes what the writer has taken, closes the database.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.db.close().await;
    }
}
