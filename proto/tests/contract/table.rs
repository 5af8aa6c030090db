//! The tables say what the annotations say, and every rpc has all it needs.

use crate::built::{read::Contract, refuse};
use prost_reflect::DescriptorPool;
use rapport_proto::contract::{self, METHODS};
use rapport_proto::errors::v1::Reason;
use rapport_proto::options::v1::Permission;
use rapport_proto::{FILE_DESCRIPTOR_SET, fault, validate};
use tonic::Code;

fn shipped() -> Contract {
    Contract::read(&DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap())
}

#[test]
fn the_shipped_contract_is_without_fault() {
    assert_eq!(refuse::faults(&shipped()), Vec::<String>::new());
}

#[test]
fn the_table_holds_every_rpc_as_annotated() {
    let contract = shipped();
    assert!(contract.methods.len() > 20, "the descriptors hold {} rpcs", contract.methods.len());
    assert_eq!(contract.methods.len(), METHODS.len());
    for annotated in &contract.methods {
        let method = contract::method(&annotated.path()).unwrap();
        assert_eq!(method.path, annotated.path());
        assert_eq!((method.service, method.name), (&*annotated.service, &*annotated.name));
        assert_eq!(method.input, annotated.input.full_name());
        assert_eq!(method.output, annotated.output.full_name());
        assert_eq!(method.permission.as_str_name(), annotated.permission);
        assert_ne!(method.permission, Permission::Unspecified);
        assert_eq!(method.read_only, annotated.read_only);
        assert_eq!(method.browser.cache_seconds, annotated.cache_seconds);
        assert_eq!(method.browser.tries_secret, annotated.tries_secret);
        assert_eq!(method.server_streaming, annotated.server_streaming);
        let route = method.route.map(|route| (route.verb, route.path, route.body, route.answer));
        let annotated_route = annotated.route.as_ref();
        let annotated_route =
            annotated_route.map(|route| (route.verb, &*route.path, &*route.body, &*route.answer));
        assert_eq!(route, annotated_route);
        assert_eq!(method.client_streaming, annotated.client_streaming);
        assert!(route.is_some() || !annotated.grpc_only.is_empty() || !annotated.internal.is_empty());
    }
}

#[test]
fn an_rpc_behind_a_get_route_changes_nothing() {
    for method in METHODS {
        let is_get = method.route.is_some_and(|route| route.verb == "GET");
        assert!(method.read_only || !is_get, "{}", method.path);
    }
}

#[test]
fn an_unknown_path_is_no_method() {
    for path in ["", "/", "/rapport.chats.v1.ChatService/", "rapport.chats.v1.ChatService/GetChat", "/zzz/Z"]
    {
        assert_eq!(contract::method(path), None, "{path}");
    }
}

#[test]
fn every_reason_has_the_row_of_its_annotation() {
    let contract = shipped();
    assert!(contract.reasons.len() > 40, "the descriptors hold {} reasons", contract.reasons.len());
    for annotated in &contract.reasons {
        let reason = Reason::try_from(annotated.number).unwrap();
        assert_eq!(reason.as_str_name(), annotated.name);
        assert_eq!(contract::reason_of(contract::reason_name(reason)), Some(reason));
        let rule = contract::reason_rule(reason);
        match &annotated.row {
            Some(row) => {
                assert_eq!((rule.http.into(), rule.retryable), (row.http, row.retryable));
                assert_eq!(format!("{:?}", rule.code).to_uppercase(), row.code.replace('_', ""));
            }
            None => assert_eq!(rule, contract::reason_rule(Reason::Internal)),
        }
    }
}

#[test]
fn names_come_without_their_prefix() {
    assert_eq!(contract::reason_name(Reason::ChatClosed), "CHAT_CLOSED");
    assert_eq!(contract::reason_of("CHAT_CLOSED"), Some(Reason::ChatClosed));
    assert_eq!(contract::reason_of("REASON_CHAT_CLOSED"), None);
    assert_eq!(contract::permission_name(Permission::ChatsRead), "CHATS_READ");
}

#[test]
fn a_row_spelled_out() {
    let rule = contract::reason_rule(Reason::Overloaded);
    assert_eq!((rule.code, rule.http, rule.retryable), (Code::ResourceExhausted, 503, true));
    let method = contract::method("/rapport.chats.v1.ChatService/ClaimChat").unwrap();
    assert_eq!(method.permission, Permission::ChatsHandle);
    let route = method.route.unwrap();
    assert_eq!((route.verb, route.path, route.body), ("POST", "/v1/chats/{chat_id}:claim", "*"));
    assert!(!method.read_only && !method.server_streaming);
    assert!(contract::method("/rapport.events.v1.EventService/Subscribe").unwrap().server_streaming);
    let widget = contract::method("/rapport.tenants.v1.TenantService/GetWidget").unwrap();
    assert_eq!((method.browser.cache_seconds, widget.browser.cache_seconds), (0, 30));
}

#[test]
fn an_error_stays_small_enough_for_trailers() {
    // 8 KiB is what common proxies take for all header fields together; details travel in base64.
    let violations =
        vec![validate::Violation::new("workspace.timeZone", "x".repeat(90)); validate::MOST_VIOLATIONS];
    let status = tonic::Status::from(fault::Fault::invalid(violations));
    assert!(status.details().len() * 4 / 3 < 6 * 1024, "{}", status.details().len());
}
