//! A core of its own for a test in the same crate: SQLite in a temporary directory, a clock that stands, seeded ids.

use std::{ops::Deref, sync::Arc};

use rapport_proto::tenants::v1 as pb;
use tempfile::TempDir;

use crate::{
    app::App,
    caller::{Caller, Principal},
    clock::{Clock, Micros},
    config::Config,
    db::{self, TenantScope, TenantTx, Unit},
    error::Result,
    ids::{Ids, MemberId},
    keys::MasterKey,
    migrate,
    tenants::{self, NewTenant},
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

    /// A workspace with its owner.
    pub(crate) async fn workspace(&self) -> (TenantScope, MemberId) {
        struct Make(NewTenant);
        impl Unit for Make {
            type Out = String;

            async fn run(&self, tx: &mut TenantTx<'_>) -> Result<String> {
                Ok(tenants::create(tx, &self.0).await?.1.member_id)
            }
        }
        let workspace =
            pb::Workspace { slug: "acme".to_owned(), name: "Acme".to_owned(), ..Default::default() };
        let owner = pb::Owner { email: "olga@acme.example".to_owned(), ..Default::default() };
        let scope = self.scope();
        let make = Make(NewTenant::new(&self.ids, workspace, owner, String::new()));
        let owner = self.db.write(&scope, make).await.unwrap();
        (scope, owner.parse().unwrap())
    }

    /// Somebody who calls.
    pub(crate) fn caller(&self, scope: TenantScope, principal: Principal) -> Arc<Caller> {
        Arc::new(Caller {
            scope,
            principal,
            session: self.ids.make(),
            generation: 1,
            name: String::new(),
            expires_at: self.clock.now(),
        })
    }

    /// A tenant that has no row of its own: enough for what is tested below the slices.
    pub(crate) fn scope(&self) -> TenantScope {
        TenantScope::verified(self.ids.make())
    }
}
