//! A core of its own for a test in the same crate: SQLite in a temporary directory, a clock that stands, seeded ids.

use std::{ops::Deref, sync::Arc};

use tempfile::TempDir;

use crate::{
    app::App,
    clock::{Clock, Micros},
    config::Config,
    db::{self, TenantScope},
    ids::Ids,
    keys::MasterKey,
    migrate,
};

pub(crate) struct TestApp {
    app: Arc<App>,
    _dir: TempDir,
}

impl Deref for TestApp {
    type Target = Arc<App>;

    fn deref(&self) -> &Arc<App> {
        &self.app
    }
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::in_dir(dir.path());
        let clock = Clock::mock(Micros(1_800_000_000_000_000));
        let ids = Ids::seeded(clock.clone(), 7);
        let opened = db::open(&config.database, config.database_max_connections).await.unwrap();
        migrate::run(&opened).await.unwrap();
        let app = App::build(&config, opened, MasterKey::from_bytes([9; 32]), clock, ids).await.unwrap();
        Self { app, _dir: dir }
    }

    /// A tenant that has no row of its own: enough for what is tested below the slices.
    pub(crate) fn scope(&self) -> TenantScope {
        TenantScope::verified(self.ids.make())
    }
}
