//! A request line as anybody may send it: `VERB PATH?QUERY`. Whatever leads to an rpc leads there again with the same values when it is
//! written with every byte encoded, and its query becomes fields or a refusal.
#![no_main]

use std::{fmt::Write as _, sync::LazyLock};

use bytes::Bytes;
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use rapport_edge::{
    rest::{
        bind::{self, Parts},
        routes::{Found, Routes},
    },
    rpc::json,
};

static ROUTES: LazyLock<Routes> = LazyLock::new(|| Routes::of_contract().expect("the contract's routes"));

fuzz_target!(|line: &str| {
    let (verb, target) = line.split_once(' ').unwrap_or(("GET", line));
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let Ok(found) = ROUTES.find(verb, path) else { return };
    assert!(ROUTES.verbs(path).contains(&verb), "{verb} is found and not allowed");
    comes_back(&found, verb);
    let Found { routed, variables } = found;
    let headers = HeaderMap::new();
    let parts = Parts { variables, query, headers: &headers, body: Bytes::new() };
    if let Ok(fields) = bind::fields(&routed.input, &routed.route, parts) {
        let _ = json::read(&routed.input, fields.into());
    }
});

/// The same rpc and values by the path with every byte of them encoded.
fn comes_back(found: &Found<'_>, verb: &str) {
    let mut path = found.routed.route.path.to_owned();
    for (name, value) in &found.variables {
        let mut encoded = String::new();
        for byte in value.bytes() {
            let _ = write!(encoded, "%{byte:02X}");
        }
        path = path.replace(&format!("{{{name}}}"), &encoded);
    }
    let again = ROUTES.find(verb, &path).unwrap_or_else(|missed| panic!("{path}: {missed:?}"));
    assert_eq!(again.routed.method, found.routed.method, "{path}");
    assert_eq!(again.variables, found.variables, "{path}");
}
