//! A fault survives its way through a gRPC status.

use rapport_proto::errors::v1::Reason;
use rapport_proto::fault::{DEFAULT_RETRY_AFTER, Fault};
use rapport_proto::validate::Violation;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

#[test]
fn a_fault_comes_back_as_it_was() {
    let fault = Fault {
        violations: vec![
            Violation::new("chatId", "is required"),
            Violation::new("types[2]", "is not a known value"),
        ],
        ..Fault::new(Reason::FieldInvalid, "chatId is required")
    }
    .with_metadata("permission", "CHATS_READ")
    .with_retry_after(Duration::from_millis(1500))
    .with_request_id("7f3a");
    let status = Status::from(fault.clone());
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "chatId is required"));
    assert_eq!(Fault::from_status(&status), Some(fault));
}

#[test]
fn the_status_carries_googles_details() {
    let fault = Fault::new(Reason::ChatTaken, "Ada answers this chat")
        .with_metadata("assignee", "Ada")
        .with_request_id("7f3a");
    let details = Status::from(fault).get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!((&*info.reason, &*info.domain), ("CHAT_TAKEN", "rapport"));
    assert_eq!(info.metadata["assignee"], "Ada");
    assert_eq!(details.request_info().unwrap().request_id, "7f3a");
    assert!(details.retry_info().is_none() && details.bad_request().is_none());
}

#[test]
fn a_retryable_reason_always_says_when() {
    for (fault, expected) in [
        (Fault::new(Reason::Overloaded, "busy"), Some(DEFAULT_RETRY_AFTER)),
        (
            Fault::new(Reason::Overloaded, "busy").with_retry_after(Duration::from_secs(7)),
            Some(Duration::from_secs(7)),
        ),
        (Fault::new(Reason::NotFound, "no such chat"), None),
    ] {
        let back = Fault::from_status(&fault.into()).unwrap();
        assert_eq!(back.retry_after, expected);
    }
}

#[test]
fn every_reason_has_its_own_code() {
    for number in 1..200 {
        let Ok(reason) = Reason::try_from(number) else { continue };
        let status = Status::from(Fault::new(reason, ""));
        assert_eq!(status.code(), rapport_proto::contract::reason_rule(reason).code);
        assert_eq!(Fault::from_status(&status).unwrap().reason, reason);
    }
}

#[test]
fn a_status_of_somebody_else_is_no_fault() {
    let foreign = |reason: &str, domain: &str| {
        let details = ErrorDetails::with_error_info(reason, domain, std::collections::HashMap::new());
        Status::with_error_details(Code::NotFound, "no", details)
    };
    assert_eq!(Fault::from_status(&Status::not_found("no")), None);
    assert_eq!(Fault::from_status(&foreign("NOT_FOUND", "elsewhere")), None);
    assert_eq!(Fault::from_status(&foreign("MADE_UP_LATER", "rapport")), None);
    assert_eq!(Fault::from_status(&Status::with_details(Code::Internal, "no", vec![0xff; 9].into())), None);
}

#[test]
fn the_message_of_invalid_fields_names_the_first() {
    let fault = Fault::invalid(vec![Violation::new("a", "is required"), Violation::new("b", "is required")]);
    assert_eq!(fault.to_string(), "FIELD_INVALID: a is required");
    assert_eq!(fault.violations.len(), 2);
}
