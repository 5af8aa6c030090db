//! The places that leave the tenant wall, listed. A new one has to be added here, in the light of a review.
#![expect(clippy::unwrap_used, reason = "a test that cannot look fails")]

use std::{fs, path::Path};

const ACROSS: &[&str] = &[
    "auth/set_up.rs: the installation belongs to no workspace",
    "events/follow.rs: the ends of the logs listened to here",
    "presence/board.rs: who is there, in the tenants watched or asked about here",
    "presence/keep.rs: who was connected to an edge, of whatever tenant",
    "presence/leases.rs: connections whose lease is gone, of whatever tenant",
    "retention.rs: what is past its time, of whatever tenant",
    "revocations.rs: revocations concern every tenant",
    "server.rs: health asks for no data",
    "server.rs: readiness asks for no data",
    "tenants/origins.rs: a page's origin is asked about before anybody has signed in",
    "tenants/queries.rs: an address belongs to a person, who may be a member of several workspaces",
    "tenants/queries.rs: who has no token yet names the workspace by its slug",
];

const GLOBAL: &[&str] = &[
    "auth/set_up.rs: the installation belongs to no workspace",
    "presence/keep.rs: a lease belongs to a process",
    "presence/keep.rs: a lease belongs to a process",
    "presence/leases.rs: a lease belongs to a process",
    "presence/leases.rs: a lease belongs to a process",
    "presence/leases.rs: a lease belongs to a process",
    "presence/leases.rs: a lease belongs to a process",
    "tenants/create.rs: a slug is unique in the installation",
    "tenants/join.rs: a person belongs to no workspace",
    "tenants/join.rs: a person is found by their address",
];

/// Where a tenant is said to be proved, and how often: from a verified token, a genuine refresh token, a slug that was looked
/// up, a tenant just made, a tenant this core already serves, by an edge, which is trusted to name none but those of tokens that were
/// verified for it, or the tenant of a row that is there already. What leases do as nobody's touches no tenant's rows.
const PROVED: &[(&str, usize)] = &[
    ("auth/access.rs", 1),
    ("auth/refresh.rs", 1),
    ("auth/set_up.rs", 1),
    ("auth/sign_in.rs", 2),
    ("auth/start_visit.rs", 1),
    ("edge/orders.rs", 1),
    ("edge/replay.rs", 1),
    ("events/follow.rs", 1),
    ("presence/keep.rs", 1),
    ("presence/leases.rs", 2),
    ("retention.rs", 1),
    ("tenants/create_tenant.rs", 1),
    ("tenants/get_widget.rs", 1),
    ("tenants/origins.rs", 1),
    ("testing.rs", 1),
    ("tokens.rs", 1),
];

fn sources(dir: &Path, found: &mut Vec<(String, String)>, root: &Path) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found, root);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn core_sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found, &root);
    found.sort();
    found
}

fn reasons(call: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in core_sources().iter().filter(|(name, _)| !name.starts_with("db/")) {
        for call in text.split(call).skip(1) {
            let reason = call.split('"').nth(1).unwrap_or("no reason given");
            found.push(format!("{name}: {reason}"));
        }
    }
    found.sort();
    found
}

#[test]
fn every_look_across_tenants_is_listed_with_its_reason() {
    assert_eq!(reasons(".across_tenants("), ACROSS);
}

#[test]
fn every_use_of_rows_without_a_tenant_is_listed_with_its_reason() {
    assert_eq!(reasons(".global("), GLOBAL);
}

#[test]
fn every_proof_of_a_tenant_is_listed() {
    let found: Vec<_> = core_sources()
        .iter()
        .filter(|(name, _)| !name.starts_with("db/"))
        .map(|(name, text)| (name.clone(), text.matches("TenantScope::verified(").count()))
        .filter(|(_, count)| *count > 0)
        .collect();
    let expected: Vec<_> = PROVED.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    assert_eq!(found, expected);
}

#[test]
fn only_the_kernel_touches_connections() {
    for (name, text) in core_sources() {
        let kernel = name.starts_with("db/")
            || ["migrate.rs", "revocations.rs", "program.rs", "app.rs"].contains(&&*name);
        for word in ["DatabaseConnection", "DatabaseTransaction", "ConnectionTrait", "TransactionTrait"] {
            assert!(kernel || !text.contains(word), "{name} names {word}");
        }
    }
}
