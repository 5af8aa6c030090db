//! What a lane promises when a unit misbehaves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use prost::Message as _;
use rapport_proto::events::v1::{Event, TenantUpdated, event::Body};
use sea_orm::{EntityTrait as _, QueryOrder as _};

use super::Unit;
use crate::{
    db::{TenantScope, TenantTx},
    error::{Error, Reason, Result},
    events::{Audience, NewEvent, entity},
    testing::TestApp,
};

/// Emits one event and then does as it is told.
#[derive(Clone)]
struct Emit {
    then: Then,
    runs: Arc<AtomicU32>,
}

#[derive(Clone, Copy)]
enum Then {
    Succeed,
    RefuseBefore,
    RefuseAfter,
    Panic,
    Hang,
}

impl Emit {
    fn and(then: Then) -> Self {
        Self { then, runs: Arc::default() }
    }
}

impl Unit for Emit {
    type Out = ();

    async fn run(&self, tx: &mut TenantTx<'_>) -> Result<()> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        if matches!(self.then, Then::RefuseBefore) {
            return Err(Error::not_found("thing"));
        }
        let body = Body::TenantUpdated(TenantUpdated { tenant: None });
        tx.emit(NewEvent { audience: Audience::everyone(), chat: None, body });
        match self.then {
            Then::Succeed | Then::RefuseBefore => Ok(()),
            Then::RefuseAfter => Err(Error::not_found("thing")),
            Then::Panic => panic!("a unit that panics"),
            Then::Hang => std::future::pending().await,
        }
    }
}

async fn numbers(app: &TestApp, scope: &TenantScope) -> Vec<i64> {
    let rows =
        app.db.read(scope).all(entity::Entity::find().order_by_asc(entity::Column::Number)).await.unwrap();
    for row in &rows {
        Event::decode(&row.payload[..]).unwrap();
    }
    rows.iter().map(|row| row.number).collect()
}

#[tokio::test]
async fn one_that_fails_late_costs_the_others_nothing_and_leaves_no_number_out() {
    let app = TestApp::start().await;
    let scope = app.scope();
    let plans =
        [Then::Succeed, Then::RefuseAfter, Then::Succeed, Then::Panic, Then::RefuseBefore, Then::Succeed];
    let runs = plans.map(|then| {
        let (app, unit) = (Arc::clone(&app), Emit::and(then));
        tokio::spawn(async move { app.db.write(&scope, unit).await })
    });
    let mut ends = Vec::new();
    for run in runs {
        ends.push(run.await.unwrap().map_err(|error| error.reason));
    }
    let not_found = Err(Reason::NotFound);
    assert_eq!(ends, [Ok(()), not_found, Ok(()), Err(Reason::Internal), not_found, Ok(())]);
    assert_eq!(numbers(&app, &scope).await, [1, 2, 3]);
    app.stop().await;
}

#[tokio::test]
async fn a_unit_that_hangs_is_given_up_and_the_lane_goes_on() {
    let app = TestApp::start().await;
    let scope = app.scope();
    let hung = Emit::and(Then::Hang);
    let late = app.db.write(&scope, hung.clone());
    let reason = tokio::time::timeout(Duration::from_secs(20), late).await.unwrap().unwrap_err().reason;
    assert_eq!(reason, Reason::Internal);
    app.db.write(&scope, Emit::and(Then::Succeed)).await.unwrap();
    assert_eq!(numbers(&app, &scope).await, [1]);
    app.stop().await;
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_stop_the_unit() {
    let app = TestApp::start().await;
    let scope = app.scope();
    let gone = tokio::time::timeout(Duration::ZERO, app.db.write(&scope, Emit::and(Then::Succeed))).await;
    assert!(gone.is_err());
    // The lane is in order: when this one is done, so is the one before it.
    app.db.write(&scope, Emit::and(Then::Succeed)).await.unwrap();
    assert_eq!(numbers(&app, &scope).await, [1, 2]);
    app.stop().await;
}

#[tokio::test]
async fn what_was_taken_is_finished_at_the_stop_and_nothing_is_taken_after() {
    let app = TestApp::start().await;
    let scope = app.scope();
    let writes: Vec<_> = (0..50)
        .map(|_| {
            let app = Arc::clone(&app);
            tokio::spawn(async move { app.db.write(&scope, Emit::and(Then::Succeed)).await })
        })
        .collect();
    app.stop().await;
    let mut taken = 0;
    for write in writes {
        match write.await.unwrap() {
            Ok(()) => taken += 1,
            Err(error) => assert_eq!(error.reason, Reason::ShuttingDown),
        }
    }
    let refused = app.db.write(&scope, Emit::and(Then::Succeed)).await.unwrap_err();
    assert_eq!(refused.reason, Reason::ShuttingDown);
    assert!(taken <= 50);
}
