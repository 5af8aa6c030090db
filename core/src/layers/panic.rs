//! A panic costs one call: the caller hears INTERNAL, the log has the place, the process lives.

use std::{future::Future, panic::AssertUnwindSafe};

use futures_util::FutureExt as _;

use super::Answer;
use crate::error::Error;

pub(super) async fn contain<T>(inner: impl Future<Output = Answer<T>>) -> Answer<T> {
    match AssertUnwindSafe(inner).catch_unwind().await {
        Ok(answer) => answer,
        Err(panic) => {
            metrics::counter!("rapport_panics_total").increment(1);
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Err(Error::internal(format!("a call panicked: {text}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Reason;

    #[tokio::test]
    async fn a_panic_is_one_internal_answer_without_its_text() {
        let answer: Answer<()> = contain(async { panic!("secret detail") }).await;
        let status = tonic::Status::from(answer.unwrap_err());
        assert_eq!(status.code(), tonic::Code::Internal);
        assert!(!status.message().contains("secret"));
        assert_eq!(contain(async { Ok(1) }).await.unwrap(), 1);
        let refused: Answer<()> = contain(async { Err(Error::not_found("chat")) }).await;
        assert_eq!(refused.unwrap_err().reason, Reason::NotFound);
    }
}
