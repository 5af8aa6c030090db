//! `ResolveOrigin`: whether any workspace allows an origin, from memory for a few seconds, so that a flood of handshakes and of
//! preflights asks the database little.

use std::time::Duration;

use moka::sync::Cache;

use crate::{app::App, error::Result, tenants};

/// How many origins are remembered, allowed or not.
const REMEMBERED: u64 = 10_000;
/// How long an answer is remembered: the longest a change of a workspace's list waits.
const AGE: Duration = Duration::from_secs(10);

/// What was answered a moment ago.
pub(super) struct Origins(Cache<String, bool>);

impl Default for Origins {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(REMEMBERED).time_to_live(AGE).build())
    }
}

impl Origins {
    pub(super) async fn allow(&self, app: &App, origin: String) -> Result<bool> {
        if let Some(known) = self.0.get(&origin) {
            return Ok(known);
        }
        let allowed = tenants::any_allows_origin(app, &origin).await?;
        self.0.insert(origin, allowed);
        Ok(allowed)
    }
}
