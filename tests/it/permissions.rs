//! Each rpc answers those who hold its permission, and tells nobody else anything.

use rapport_tests::client::Error;
use rapport_tests::dynamic::{call, short};
use rapport_tests::expect::refused;
use rapport_tests::proto::contract::{METHODS, permission_name};
use rapport_tests::proto::errors::v1::Reason;
use rapport_tests::proto::options::v1::Permission;
use rapport_tests::world::World;
use serde_json::json;

use crate::cast::Cast;
use crate::rows::Who;

on_both![each_rpc_answers_those_who_hold_its_permission_and_nobody_else];

async fn each_rpc_answers_those_who_hold_its_permission_and_nobody_else(world: &World) {
    let operator = world.core().run(&["operator-token"]);
    let cast = Cast::of(world, &operator).await;
    for rule in METHODS.iter().filter(|method| method.permission != Permission::Public) {
        for who in Who::ALL {
            let raw = cast.raw_for(who, rule).await;
            // An empty request: whoever is let in is told what it lacks, or gets an answer. Nobody else learns what it lacks.
            let answer = call(&raw, rule, &json!({})).await;
            let what = format!("{who:?} calls {}", short(rule));
            if rule.permission == Permission::Edge {
                // For edges alone, which do not come by this door.
                refused(answer, Reason::MethodUnknown);
            } else if who == Who::Nobody {
                assert_eq!(
                    answer.as_ref().err().and_then(Error::reason),
                    Some(Reason::TokenMissing),
                    "{what}: {answer:?}"
                );
            } else if who.holds(rule.permission) {
                let reason = answer.as_ref().err().and_then(Error::reason);
                assert!(matches!(reason, None | Some(Reason::FieldInvalid)), "{what}: {answer:?}");
            } else {
                assert_eq!(
                    answer.as_ref().err().and_then(Error::reason),
                    Some(Reason::PermissionMissing),
                    "{what}: {answer:?}"
                );
                let error = refused(answer, Reason::PermissionMissing);
                assert_eq!(error.detail("permission"), Some(permission_name(rule.permission)), "{what}");
            }
        }
    }
}
