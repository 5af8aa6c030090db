//! The widget: what everybody may know of a workspace, and nothing else; and how the workspace decides it.

use rapport_tests::actors::Staff;
use rapport_tests::dynamic::{call, method};
use rapport_tests::expect::{invalid, refused};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::event::Body;
use rapport_tests::proto::presence::v1::PresenceStatus;
use rapport_tests::proto::tenants::v1 as tenants;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::web::Web;
use rapport_tests::world::{Wishes, World};
use serde_json::{Value, json};

on_all![
    everybody_reads_how_a_widget_looks_and_members_decide_it,
    customers_are_told_the_departments_they_are_offered_and_no_others,
];

on_both![
    a_team_is_available_while_somebody_who_answers_is_online with Wishes::default().env("RAPPORT_PRESENCE_GRACE_MS", "1500"),
];

/// What nobody in particular is told, the same by REST and by gRPC.
async fn widget(world: &World) -> Value {
    let by_rest = Web::at(&world.edge_url()).get(&format!("/v1/widget?workspace={}", world.slug)).await;
    assert_eq!(by_rest.header("cache-control"), Some("public, max-age=30"));
    let asked = json!({"workspace": world.slug});
    let by_grpc = call(&world.raw(None), method("TenantService.GetWidget"), &asked).await.unwrap();
    assert_eq!(by_rest.good(), by_grpc);
    by_grpc
}

async fn update(world: &World, who: &Staff, change: Value) -> Result<Value, rapport_tests::client::Error> {
    let raw = world.raw(Some(&who.sign_in().await.access_token));
    call(&raw, method("TenantService.UpdateWidget"), &change).await
}

async fn everybody_reads_how_a_widget_looks_and_members_decide_it(world: &World) {
    let first = json!({
        "workspace": {"slug": "acme", "name": "acme", "locale": "en"},
        "widget": {"color": "#2563eb", "position": "WIDGET_POSITION_END", "askName": true, "askEmail": true},
    });
    assert_eq!(widget(world).await, first);
    let elsewhere = world.another_workspace("globex").await;
    let mut ears = world.owner.listen().await;

    let change = json!({
        "color": "#FF8800",
        "position": "WIDGET_POSITION_START",
        "greeting": "Ahoy",
        "offlineMessage": "We sleep.",
        "launcherLabel": "Ask",
        "askName": false,
        "askDepartment": true,
        "ifRevision": 1,
    });
    let looks = json!({
        "color": "#ff8800",
        "position": "WIDGET_POSITION_START",
        "greeting": "Ahoy",
        "offlineMessage": "We sleep.",
        "launcherLabel": "Ask",
        "askEmail": true,
        "askDepartment": true,
    });
    let ann = world.admin("Ann").await;
    let changed = json!({"widget": looks, "revision": 2});
    assert_eq!(update(world, &ann, change.clone()).await.unwrap(), changed);
    assert_eq!(widget(world).await["widget"], looks);
    let told = ears.event("the change", |body| match body {
        Body::TenantUpdated(updated) => updated.tenant.clone(),
        _ => None,
    });
    let told = told.await;
    let shown = world.owner.client.get_tenant(tenants::GetTenantRequest {}).await.unwrap().tenant.unwrap();
    assert_eq!(told, shown);
    let seen = shown.widget.unwrap();
    assert_eq!((seen.greeting.as_str(), seen.ask_name, shown.revision), ("Ahoy", false, 2));

    refused(update(world, &ann, change).await, Reason::RevisionMismatch);
    assert_eq!(update(world, &ann, json!({"askName": false})).await.unwrap()["revision"], 2, "no change");
    let own_words = json!({"greeting": ""});
    assert_eq!(update(world, &ann, own_words).await.unwrap()["widget"].get("greeting"), None);
    invalid(update(world, &ann, json!({"color": "red"})).await, &["color"]);
    invalid(update(world, &ann, json!({"position": "WIDGET_POSITION_UNSPECIFIED"})).await, &["position"]);
    let agent = world.agent("Ada").await;
    refused(update(world, &agent, json!({"greeting": "Mine"})).await, Reason::PermissionMissing);

    let other = json!({"workspace": elsewhere.slug});
    let other = call(&world.raw(None), method("TenantService.GetWidget"), &other).await.unwrap();
    assert_eq!(other["widget"], first["widget"], "each workspace for itself");
    let web = Web::at(&world.edge_url());
    let nowhere = web.get("/v1/widget?workspace=nowhere").await;
    assert_eq!(nowhere.header("cache-control"), Some("no-store"), "what is not there may come");
    nowhere.refused(Reason::NotFound);
    web.get("/v1/widget").await.refused(Reason::FieldInvalid);
}

async fn customers_are_told_the_departments_they_are_offered_and_no_others(world: &World) {
    let sales = world.department("Sales", &[]).await.department_id;
    let fraud = world.department("Fraud", &[]).await;
    assert!(fraud.offered, "unless somebody says otherwise");
    assert_eq!(widget(world).await.get("departments"), None, "it does not ask for one");
    update(world, &world.owner, json!({"askDepartment": true})).await.unwrap();
    let hide = |offered| tenants::UpdateDepartmentRequest { offered: Some(offered), ..Default::default() };
    let hidden = world.owner.update_department(&fraud.department_id, hide(false)).await.unwrap();
    assert_eq!((hidden.offered, hidden.revision), (false, fraud.revision + 1));
    let same = world.owner.update_department(&fraud.department_id, hide(false)).await.unwrap();
    assert_eq!(same, hidden, "no change");
    let told = widget(world).await;
    assert_eq!(told["departments"], json!([{"departmentId": sales, "name": "Sales"}]));
    assert!(!told.to_string().contains("Fraud"), "{told}");
    world.owner.update_department(&fraud.department_id, hide(true)).await.unwrap();
    assert_eq!(widget(world).await["departments"].as_array().unwrap().len(), 2);
}

async fn a_team_is_available_while_somebody_who_answers_is_online(world: &World) {
    let (ada, vic) = (world.agent("Ada").await, world.viewer("Vic").await);
    // By one door: between two questions somebody may come or go.
    let available = async || {
        let asked = json!({"workspace": world.slug});
        let told = call(&world.raw(None), method("TenantService.GetWidget"), &asked).await.unwrap();
        told.get("teamAvailable") == Some(&json!(true))
    };
    let becomes = async |expected: bool| {
        until("the team is told so", PATIENCE, || async { (available().await == expected).then_some(()) })
            .await;
    };
    let mut watcher = vic.watch(world.core()).await;
    watcher.sees(&vic, PresenceStatus::Online).await;
    assert!(!available().await, "a viewer answers nobody");
    let ears = ada.listen().await;
    becomes(true).await;
    let told = widget(world).await.to_string();
    assert!(!told.contains("Ada") && !told.contains("member_") && !told.contains('@'), "{told}");
    for away in [PresenceStatus::Away, PresenceStatus::Busy, PresenceStatus::Offline] {
        ada.show_as(away).await.unwrap();
        assert!(!available().await, "{away:?}");
        ada.show_as(PresenceStatus::Online).await.unwrap();
        assert!(available().await);
    }
    drop(ears);
    becomes(false).await;
}
