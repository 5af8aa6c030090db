//! The caller's deadline (`grpc-timeout`), or 30 seconds. tonic applies it in its own transport only; this holds in process too.

use std::{future::Future, time::Duration};

use http::HeaderMap;

use super::{Answer, Response};
use crate::error::{Error, Reason};

/// How long a call may take that names no deadline. A stream's first answer counts, not its length.
const DEFAULT: Duration = Duration::from_secs(30);

pub(super) fn of(headers: &HeaderMap) -> Answer<Duration> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(DEFAULT) };
    value.to_str().ok().and_then(parse).map(|asked| asked.min(DEFAULT)).ok_or_else(|| {
        Error::new(
            Reason::MalformedRequest,
            "grpc-timeout must be 1 to 8 digits and a unit of H, M, S, m, u, n",
        )
    })
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

pub(super) async fn within(
    deadline: Duration,
    inner: impl Future<Output = Answer<Response>>,
) -> Answer<Response> {
    match tokio::time::timeout(deadline, inner).await {
        Ok(answer) => answer,
        Err(_elapsed) => {
            Err(Error::new(Reason::DeadlineExceeded, "the deadline passed before there was an answer"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_protocol_says() {
        assert_eq!(parse("100m"), Some(Duration::from_millis(100)));
        assert_eq!(parse("2S"), Some(Duration::from_secs(2)));
        assert_eq!(parse("99999999H"), Some(Duration::from_hours(99_999_999)));
        for bad in ["", "S", "1", "123456789S", "-1S", "1s", "1é"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }

    #[tokio::test]
    async fn what_takes_too_long_has_its_reason() {
        let late = within(Duration::from_millis(5), std::future::pending()).await;
        assert_eq!(late.unwrap_err().reason, Reason::DeadlineExceeded);
    }
}
