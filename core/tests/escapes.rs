//! The places that leave the tenant wall, listed. A new one has to be added here, in the light of a review.

use std::{fs, path::Path};

const EXPECTED: &[(&str, &str)] = &[
    ("across_tenants", "admin.rs: readiness asks for no data"),
    ("across_tenants", "auth/set_up.rs: whether there is an owner is asked before there is a tenant"),
    ("across_tenants", "auth/sign_in.rs: a sign-in names its workspace by slug"),
    ("across_tenants", "auth/start_visit.rs: a visit names its workspace by slug"),
    ("across_tenants", "events/follow.rs: the ends of the logs listened to here"),
    ("across_tenants", "revocations.rs: revocations concern every tenant"),
    ("across_tenants", "server.rs: health asks for no data"),
];

/// Where a tenant is said to be proved, and how often.
const PROVED: &[(&str, usize)] = &[];

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

#[test]
fn every_look_across_tenants_is_listed_with_its_reason() {
    let mut found = Vec::new();
    for (name, text) in core_sources().iter().filter(|(name, _)| !name.starts_with("db/")) {
        for call in text.split(".across_tenants(").skip(1) {
            let reason = call.split('"').nth(1).unwrap_or("no reason given");
            found.push(format!("{name}: {reason}"));
        }
    }
    found.sort();
    let mut expected: Vec<_> = EXPECTED.iter().map(|(_, place)| (*place).to_owned()).collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn every_proof_of_a_tenant_is_listed() {
    let found: Vec<_> = core_sources()
        .iter()
        .map(|(name, text)| (name.clone(), text.matches("TenantScope::verified(").count()))
        .filter(|(_, count)| *count > 0)
        .collect();
    let expected: Vec<_> = PROVED.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    assert_eq!(found, expected);
}

#[test]
fn only_the_kernel_touches_connections() {
    for (name, text) in core_sources() {
        let kernel = name.starts_with("db/") || ["migrate.rs", "revocations.rs", "main.rs", "app.rs"].contains(&&*name);
        for word in ["DatabaseConnection", "DatabaseTransaction", "ConnectionTrait", "TransactionTrait"] {
            assert!(kernel || !text.contains(word), "{name} names {word}");
        }
    }
}
