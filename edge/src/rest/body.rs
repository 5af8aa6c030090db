//! A request's body, whole, within its size and soon.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use rapport_proto::{errors::v1::Reason, fault::Fault};

/// The greatest body.
const MAX_BODY: usize = 256 * 1024;
/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// What is read and thrown away of a body that is too large, so that whoever writes to the end before they read hears why it was refused.
const SPARE: usize = 4 * MAX_BODY;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads the body; one that is announced as far too large is refused before a byte of it is read.
pub(super) async fn whole(headers: &HeaderMap, mut body: Body) -> Result<Bytes, Fault> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if let Some(length) = announced.filter(|length: &u64| *length > MAX_BODY as u64) {
        let is_written_at_once = !headers.contains_key(header::EXPECT);
        if is_written_at_once && length <= (MAX_BODY + SPARE) as u64 {
            throw_away(body).await;
        }
        return Err(too_large());
    }
    match tokio::time::timeout(ARRIVAL, Limited::new(&mut body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            throw_away(body).await;
            Err(too_large())
        }
        Ok(Err(_broken)) => {
            Err(Fault::new(Reason::MalformedRequest, "the request ended before it was whole"))
        }
        Err(_elapsed) => Err(Fault::new(
            Reason::RequestTooSlow,
            format!("the request did not arrive within {} s", ARRIVAL.as_secs()),
        )),
    }
}

fn too_large() -> Fault {
    Fault::new(Reason::RequestTooLarge, format!("a body is at most {} KiB", MAX_BODY / 1024))
}

/// Reads to the end, as far as there is one soon.
async fn throw_away(mut body: Body) {
    let reading = async {
        let mut left = SPARE + MAX_BODY;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    // Either way the answer is the same.
    let _ended = tokio::time::timeout(PATIENCE, reading).await;
}
