//! The request's body, read whole before the call takes a place: nearly every rpc of the contract is asked by one message. A caller
//! who announces a call and keeps its body back costs a connection's stream and no more.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use rapport_proto::contract;
use tonic::body::Body;

use super::{Answer, Request};
use crate::{
    error::{Error, Reason},
    server::MAX_REQUEST,
};

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(5);
/// A message's frame on the wire: a flag and a length.
const FRAME: usize = 5;

pub(super) async fn whole(req: Request) -> Answer<Request> {
    // Reflection and health are asked by streams; they hold no place of ours. A stream of requests has no end to wait for.
    if contract::method(req.uri().path()).is_none_or(|method| method.client_streaming) {
        return Ok(req);
    }
    let (parts, body) = req.into_parts();
    let limited = Limited::new(body, MAX_REQUEST + FRAME);
    match tokio::time::timeout(ARRIVAL, limited.collect()).await {
        Ok(Ok(body)) => Ok(Request::from_parts(parts, Body::new(Full::new(body.to_bytes())))),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Error::new(
            Reason::RequestTooLarge,
            format!("a request message is at most {} KiB", MAX_REQUEST / 1024),
        )),
        Ok(Err(_broken)) => {
            Err(Error::new(Reason::MalformedRequest, "the request ended before it was whole"))
        }
        Err(_elapsed) => Err(Error::new(Reason::DeadlineExceeded, "the request did not arrive in time")),
    }
}
