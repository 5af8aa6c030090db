//! Rates that all edges of an installation count together, in Redis. An edge asks here only for what its own count lets through, waits
//! a few milliseconds at most, and where no answer comes its own count is all there is: a limit is never a reason to be away.
//!
//! What Redis holds is a moment for each address or session that came lately, under a name made with the key that edges and cores
//! share: neither an address nor a token can be read from it, and another installation has other names.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rapport_host::redis::{
    Redis, Target,
    fred::{self, interfaces::LuaInterface as _},
};
use rapport_proto::{errors::v1::Reason, fault::Fault};
use sha2::Sha256;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_millis(10);

/// Takes one from each rate, or from none where one of them has none left: then says which, and for how many microseconds.
///
/// A rate is kept as the moment at which it will be whole again; what is taken moves that moment on, and never further away than a whole
/// burst. Redis tells the time, so clocks of edges do not matter.
const TAKE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local whole = {}
for i, name in ipairs(KEYS) do
  local every, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local at = tonumber(redis.call('GET', name) or now)
  at = math.min(math.max(at, now), now + every * burst) + every
  if at - now > every * burst then return {i, math.ceil(at - now - every * burst)} end
  whole[i] = at
end
for i, name in ipairs(KEYS) do
  redis.call('SET', name, string.format('%.0f', whole[i]), 'PX', math.ceil((whole[i] - now) / 1000) + 1)
end
return {0, 0}
";

/// How much there is of something: one more after each span, so many at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    every: Duration,
    burst: NonZeroU32,
}

impl Rate {
    /// So many in a span, so many at once.
    pub(super) fn new(each: u32, span: Duration, burst: u32) -> Self {
        Self { every: span / each.max(1), burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN) }
    }
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    /// The kind of what is counted; names of different kinds are different.
    pub(super) kind: &'static str,
    /// Of whom.
    pub(super) whose: &'a [u8],
    /// How much there is.
    pub(super) rate: Rate,
    /// What whoever has too much is told.
    pub(super) why: &'static str,
}

/// The rates of all edges.
#[derive(Debug)]
pub(super) struct Shared {
    redis: Arc<Redis>,
    key: String,
}

impl Shared {
    /// Begins to connect. The key is what edges and cores of an installation share.
    pub(super) fn new(
        target: &Target,
        key: &str,
        stopping: CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<Self, fred::error::Error> {
        Ok(Self { redis: Redis::connect(target, "limits", stopping, tasks)?, key: key.to_owned() })
    }

    /// The connection.
    pub(super) fn redis(&self) -> Arc<Redis> {
        Arc::clone(&self.redis)
    }

    /// Takes one of each; all are let through where nobody answers, and counted as judged by this edge alone.
    pub(super) async fn take(&self, asks: &[Ask<'_>]) -> Result<(), Fault> {
        let names: Vec<_> = asks.iter().map(|ask| self.name(ask)).collect();
        let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let rates: Vec<_> =
            asks.iter().flat_map(|ask| [micros(ask.rate.every), ask.rate.burst.get().into()]).collect();
        let question = self.redis.client().eval(TAKE, names, rates);
        let (refused, micros): (usize, i64) = match self.redis.ask(PATIENCE, question).await {
            Ok(taken) => taken,
            Err(why) => {
                tracing::debug!(%why, "a shared limit cannot be asked for");
                metrics::counter!("rapport_limits_alone_total").increment(1);
                return Ok(());
            }
        };
        let Some(ask) = refused.checked_sub(1).and_then(|place| asks.get(place)) else { return Ok(()) };
        let wait = Duration::from_micros(u64::try_from(micros).unwrap_or_default());
        Err(Fault::new(Reason::RateLimited, ask.why).with_retry_after(wait))
    }

    fn name(&self, ask: &Ask<'_>) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()) else { return String::new() };
        mac.update(b"limit\0");
        mac.update(ask.kind.as_bytes());
        mac.update(b"\0");
        mac.update(ask.whose);
        format!("rapport:limit:{}", hex::encode(&mac.finalize().into_bytes()[..16]))
    }
}
