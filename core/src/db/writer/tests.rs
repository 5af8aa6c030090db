//! What a lane promises of a batch: of many kinds, of many tenants, and when a unit misbehaves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use prost::Message as _;
use rapport_proto::{
    auth::v1::{SetUpRequest, StartVisitRequest, auth_service_client::AuthServiceClient},
    chats::v1::{SendMessageRequest, StartChatRequest, chat_service_client::ChatServiceClient},
    events::v1::{Event, TenantUpdated, event::Body},
    tenants::v1::{Owner, Workspace},
};
use sea_orm::{EntityTrait as _, QueryOrder as _};
use tonic::Request;
use uuid::Uuid;

use super::Unit;
use crate::{
    auth,
    caller::Caller,
    chats,
    db::{TenantScope, TenantTx},
    error::{Error, Reason, Result},
    events::{Audience, NewEvent, entity},
    server,
    testing::TestApp,
    tokens::Identity,
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

    /// How often it was run; more than once where its batch failed.
    fn runs(&self) -> u32 {
        self.runs.load(Ordering::SeqCst)
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

/// A visitor of a new workspace, and the chat they started without a word.
async fn visitor_with_a_chat(app: &TestApp) -> (Arc<Caller>, String) {
    let stack = server::stack(app, false).unwrap();
    let mut client = AuthServiceClient::new(stack.clone());
    let workspace = Workspace {
        slug: "shop".to_owned(),
        name: "Shop".to_owned(),
        locale: "en".to_owned(),
        time_zone: "UTC".to_owned(),
    };
    let owner = Owner {
        email: "olivia@shop.example".to_owned(),
        name: "Olivia Owner".to_owned(),
        password: "a long enough pass phrase".to_owned(),
    };
    let setup_token = auth::setup_token(app);
    let set_up = SetUpRequest { setup_token, workspace: Some(workspace), owner: Some(owner) };
    client.set_up(set_up).await.unwrap();
    let visit = StartVisitRequest { workspace: "shop".to_owned(), ..StartVisitRequest::default() };
    let token = client.start_visit(visit).await.unwrap().into_inner().access_token;
    let Identity::Caller(visitor) = app.tokens.verify(&token).unwrap() else { panic!("a visitor calls") };
    let request_id = app.ids.make::<Uuid>().to_string();
    let mut start = Request::new(StartChatRequest {
        request_id,
        name: "Vera Visitor".to_owned(),
        ..StartChatRequest::default()
    });
    start.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let started = ChatServiceClient::new(stack).start_chat(start).await.unwrap().into_inner();
    (visitor, started.chat.unwrap().chat_id)
}

#[tokio::test]
async fn messages_and_units_of_one_batch_have_one_log() {
    let app = TestApp::start().await;
    let (visitor, chat_id) = visitor_with_a_chat(&app).await;
    let before = i64::try_from(numbers(&app, &visitor.scope).await.len()).unwrap();
    let send = |text: &str| {
        let (app, visitor) = (Arc::clone(&app), Arc::clone(&visitor));
        let request = SendMessageRequest {
            chat_id: chat_id.clone(),
            request_id: app.ids.make::<Uuid>().to_string(),
            text: text.to_owned(),
            internal: false,
        };
        tokio::spawn(
            async move { chats::send_message(&app, &visitor, request).await.unwrap().message.unwrap() },
        )
    };
    let emit = |then: Then| {
        let (app, scope) = (Arc::clone(&app), visitor.scope);
        let unit = Emit::and(then);
        tokio::spawn(async move { (app.db.write(&scope, unit.clone()).await.is_ok(), unit.runs()) })
    };
    // All are asked for before the lane has its first turn: they are one batch.
    let (first, unit, second) = (send("one"), emit(Then::Succeed), send("two"));
    let (refused, last) = (emit(Then::RefuseBefore), emit(Then::Succeed));
    let sent = [first.await.unwrap(), second.await.unwrap()].map(|message| (message.seq, message.text));
    assert_eq!(sent, [(1, "one".to_owned()), (2, "two".to_owned())]);
    assert_eq!(
        [unit.await.unwrap(), refused.await.unwrap(), last.await.unwrap()],
        [(true, 1), (false, 1), (true, 1)]
    );
    assert_eq!(numbers(&app, &visitor.scope).await, (1..=before + 4).collect::<Vec<_>>());
    app.stop().await;
}

#[tokio::test]
async fn each_tenant_of_a_batch_is_numbered_from_the_end_of_its_own_log() {
    let app = TestApp::start().await;
    let (long, short) = (app.scope(), app.scope());
    app.db.write(&long, Emit::and(Then::Succeed)).await.unwrap();
    let runs = [short, long, long, short, long].map(|scope| {
        let app = Arc::clone(&app);
        let unit = Emit::and(Then::Succeed);
        tokio::spawn(async move { (app.db.write(&scope, unit.clone()).await.is_ok(), unit.runs()) })
    });
    for run in runs {
        assert_eq!(run.await.unwrap(), (true, 1));
    }
    assert_eq!(numbers(&app, &long).await, [1, 2, 3, 4]);
    assert_eq!(numbers(&app, &short).await, [1, 2]);
    app.stop().await;
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
    assert_eq!(reason, Reason::StoreUnavailable);
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
