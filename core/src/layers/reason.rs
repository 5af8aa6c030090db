//! Refusals that the gRPC library makes by itself (no such method, a message too large, bytes that are no message) carry no
//! reason. Here they get one, and what lacks the call's id gets that, so that every error of ours looks alike.

use rapport_proto::{errors::v1::Reason, fault::Fault};
use tonic::{Code, Status};

use super::Response;

pub(super) fn explained(path: &str, response: Response) -> Response {
    // Only an answer without a body carries its status in the headers.
    let Some(status) = Status::from_header_map(response.headers()) else { return response };
    if status.code() == Code::Ok {
        return response;
    }
    if let Some(mut fault) = Fault::from_status(&status) {
        // The contract's codec refuses a body before it could know the call's id.
        if fault.request_id.is_some() {
            return response;
        }
        fault.request_id = super::trace::request_id();
        return Status::from(fault).into_http();
    }
    let ours = path.starts_with("/rapport.");
    let reason = match status.code() {
        Code::Unimplemented => Reason::MethodUnknown,
        Code::OutOfRange | Code::ResourceExhausted if ours => Reason::RequestTooLarge,
        Code::Internal | Code::InvalidArgument | Code::Unknown if ours => Reason::MalformedRequest,
        _ => return response,
    };
    let message = match reason {
        Reason::MethodUnknown => "there is no such rpc".to_owned(),
        _ => status.message().to_owned(),
    };
    let mut fault = Fault::new(reason, message);
    fault.request_id = super::trace::request_id();
    Status::from(fault).into_http()
}
