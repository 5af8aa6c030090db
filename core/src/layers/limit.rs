//! How many calls may be under way on this core; the next is told to come back, before any work is done for it.

use std::{sync::Arc, time::Duration};

use tokio::sync::OwnedSemaphorePermit;

use super::Answer;
use crate::{
    app::App,
    error::{Error, Reason},
};

pub(super) fn enter(app: &App) -> Answer<OwnedSemaphorePermit> {
    Arc::clone(&app.limits.calls).try_acquire_owned().map_err(|_| {
        Error::new(Reason::Overloaded, "too many calls are under way").retry_after(Duration::from_secs(1))
    })
}
