//! The origins a workspace allows: a list of its own, shown wherever the workspace is shown.

use rapport_tests::expect::{invalid, refused};
use rapport_tests::follower::Follower;
use rapport_tests::proto::auth::v1::GetSelfRequest;
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::events::v1::event::Body;
use rapport_tests::proto::tenants::v1 as tenants;
use rapport_tests::wait::{PATIENCE, until};
use rapport_tests::world::{Workspace, World};

on_both![
    the_list_is_replaced_whole_where_it_is_given_and_shown_in_order,
    what_is_no_origin_is_refused_and_changes_nothing,
    an_edge_learns_of_the_origins_of_every_workspace,
    an_edge_learns_whose_pages_may_hold_a_widget,
];

async fn allow(workspace: &Workspace, origins: &[&str]) -> tenants::Tenant {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    let request = tenants::UpdateTenantRequest {
        allowed_origins: Some(tenants::AllowedOrigins { origins }),
        ..Default::default()
    };
    workspace.owner.client.update_tenant(request).await.unwrap().tenant.unwrap()
}

async fn shown(world: &World) -> Vec<String> {
    let client = &world.owner.client;
    let tenant = client.get_tenant(tenants::GetTenantRequest {}).await.unwrap().tenant.unwrap();
    let own = client.get_self(GetSelfRequest {}).await.unwrap().tenant.unwrap();
    assert_eq!(own, tenant);
    tenant.allowed_origins
}

async fn the_list_is_replaced_whole_where_it_is_given_and_shown_in_order(world: &World) {
    assert!(shown(world).await.is_empty());
    let elsewhere = world.another_workspace("globex").await;
    let mut ears = world.owner.listen().await;
    let (a, b, c) = ("https://a.example", "http://localhost:3000", "https://[::1]:8443");
    let tenant = allow(world, &[a, b, c, a]).await;
    assert_eq!(tenant.allowed_origins, [b, c, a]);
    assert_eq!(shown(world).await, [b, c, a]);
    let told = ears
        .event("the list", |body| match body {
            Body::TenantUpdated(updated) => updated.tenant.clone(),
            _ => None,
        })
        .await;
    assert_eq!(told, tenant);

    assert_eq!(allow(world, &[c, b, a]).await, tenant, "the same list is no change");
    let rename = tenants::UpdateTenantRequest { name: Some("Acme Ltd".into()), ..Default::default() };
    let renamed = world.owner.client.update_tenant(rename).await.unwrap().tenant.unwrap();
    assert_eq!((renamed.allowed_origins.len(), renamed.revision), (3, tenant.revision + 1));
    let fewer = allow(world, &[a, "https://d.example"]).await;
    assert_eq!(fewer.allowed_origins, [a, "https://d.example"]);
    assert_eq!((fewer.name.as_str(), fewer.revision), ("Acme Ltd", renamed.revision + 1));

    // Two workspaces may allow the same, each for itself.
    assert_eq!(allow(&elsewhere, &[a]).await.allowed_origins, [a]);
    assert!(allow(world, &[]).await.allowed_origins.is_empty());
    assert!(shown(world).await.is_empty());
    let theirs = elsewhere.owner.client.get_tenant(tenants::GetTenantRequest {}).await.unwrap();
    assert_eq!(theirs.tenant.unwrap().allowed_origins, [a]);
}

async fn what_is_no_origin_is_refused_and_changes_nothing(world: &World) {
    allow(world, &["https://a.example"]).await;
    let update = async |origins: Vec<String>| {
        let allowed_origins = Some(tenants::AllowedOrigins { origins });
        let request = tenants::UpdateTenantRequest { allowed_origins, ..Default::default() };
        world.owner.client.update_tenant(request).await
    };
    let good = "https://b.example".to_owned();
    invalid(update(vec![good.clone(), "b.example".into()]).await, &["allowedOrigins.origins[1]"]);
    invalid(
        update(vec![String::new(), "*".into()]).await,
        &["allowedOrigins.origins[0]", "allowedOrigins.origins[1]"],
    );
    invalid(update(vec![good; 51]).await, &["allowedOrigins.origins"]);
    let agent = world.agent("Ada").await;
    refused(
        agent.client.update_tenant(tenants::UpdateTenantRequest::default()).await,
        Reason::PermissionMissing,
    );
    assert_eq!(shown(world).await, ["https://a.example"]);
}

async fn an_edge_learns_of_the_origins_of_every_workspace(world: &World) {
    let edge = world.follower(world.core());
    let elsewhere = world.another_workspace("globex").await;
    let shop = "https://shop.example";
    assert!(!edge.resolve_origin(shop).await.unwrap());
    let (here, there) = (world.visitor().await, elsewhere.visitor().await);
    let (here, there) = (here.visit().await.access_token, there.visit().await.access_token);
    refused(edge.authorize_from(&here, "", shop).await, Reason::OriginRefused);
    allow(world, &[shop]).await;
    edge.authorize_from(&here, "", shop).await.unwrap();
    refused(edge.authorize_from(&there, "", shop).await, Reason::OriginRefused);
    refused(edge.authorize_from(&here, "", "https://shop.example.evil").await, Reason::OriginRefused);
    // An edge is told what was true at most ten seconds ago.
    until("the origin is allowed", PATIENCE, || async {
        edge.resolve_origin(shop).await.unwrap().then_some(())
    })
    .await;
    assert!(!edge.resolve_origin("https://shop.example:8443").await.unwrap());
    allow(world, &[]).await;
    refused(edge.authorize_from(&here, "", shop).await, Reason::OriginRefused);
    until("it is refused", PATIENCE, || async { (!edge.resolve_origin(shop).await.unwrap()).then_some(()) })
        .await;
}

async fn an_edge_learns_whose_pages_may_hold_a_widget(world: &World) {
    let edge = world.follower(world.core());
    let elsewhere = world.another_workspace("globex").await;
    let none: [&str; 0] = [];
    assert_eq!(edge.widget_origins(&world.slug).await.unwrap(), none, "without a list it is everybody's");
    let (shop, local) = ("https://shop.example", "http://localhost:3000");
    allow(world, &[shop, local]).await;
    assert_eq!(edge.widget_origins(&world.slug).await.unwrap(), [local, shop]);
    assert_eq!(edge.widget_origins(&elsewhere.slug).await.unwrap(), none, "each for itself");
    assert_eq!(edge.widget_origins("nobodys").await.unwrap(), none);
    allow(world, &[shop]).await;
    assert_eq!(edge.widget_origins(&world.slug).await.unwrap(), [shop]);
    let nobody = Follower::connect(&world.core().internal(), None);
    refused(nobody.widget_origins(&world.slug).await, Reason::EdgeKeyWrong);
}
