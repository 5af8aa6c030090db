//! How many calls may be under way on this core; the next is told to come back, before any work is done for it, and so is each where memory
//! is short.

use std::{sync::Arc, time::Duration};

use rapport_host::memory;
use tokio::sync::OwnedSemaphorePermit;

use super::Answer;
use crate::{
    app::App,
    error::{Error, Reason},
};

pub(super) fn enter(app: &App) -> Answer<OwnedSemaphorePermit> {
    let refusal = |why| Error::new(Reason::Overloaded, why).retry_after(Duration::from_secs(1));
    if memory::is_short() {
        return Err(refusal("memory is short"));
    }
    Arc::clone(&app.limits.calls).try_acquire_owned().map_err(|_| refusal("too many calls are under way"))
}
