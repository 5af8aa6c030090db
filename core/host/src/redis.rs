//! The way to Redis, for whoever has something to share there and can do without. Nothing waits for Redis here: a command fails at once
//! while Redis is away, and soon where it stalls.
//!
//! [`Redis`] is one connection that mends itself, and the circuit before it ([`Redis::ask`]): a beat asks every second whether Redis
//! answers, and from the first question that had to wait until the next beat that is answered nobody else asks.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use fred;
use fred::{
    clients::Client,
    error::Error,
    interfaces::{ClientLike, EventInterface as _},
    types::{
        Builder, RespVersion,
        config::{Config, ReconnectPolicy, TcpConfig, UnresponsiveConfig},
    },
};
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::settings::Settings;

/// How often Redis is asked whether it is there, and how often while it is not.
const BEAT: Duration = Duration::from_secs(1);
const BEAT_AWAY: Duration = Duration::from_millis(200);
/// How long it may take to answer that.
const ANSWER: Duration = Duration::from_secs(1);
/// How long a connection may take to be made, and its first commands after that.
const CONNECT: Duration = Duration::from_secs(2);
/// How long something sent may be without an answer before the connection is made anew.
const UNRESPONSIVE: Duration = Duration::from_secs(3);
/// The shortest and the longest wait before the next try, in milliseconds.
const AGAIN: (u32, u32) = (50, 2_000);
/// How many commands may wait for the connection.
const COMMANDS: usize = 4_096;
/// How many messages of the channels may wait for their reader; the oldest are lost first.
const MESSAGES: usize = 4_096;

/// Where Redis is. What is shown of it has no password.
#[derive(Clone)]
pub struct Target(Config);

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.server)
    }
}

impl Target {
    /// Reads the setting; nothing where it is not set.
    pub fn read(settings: &mut Settings) -> Option<Self> {
        let url: String = settings.get("redis.url", None)?;
        // The address may hold a password, so a fault does not repeat it.
        let fault = match url.split_once("://") {
            Some(("rediss" | "valkeys", _)) => "redis.url: TLS is not spoken here; put a tunnel before Redis",
            Some(("redis" | "valkey", _)) => match Config::from_url_centralized(&url) {
                Ok(config) => return Some(Self(config)),
                Err(_) => "redis.url: is not an address such as redis://user:password@host:6379/0",
            },
            _ => "redis.url: is not an address such as redis://host:6379",
        };
        settings.fault(fault.to_owned());
        None
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Unanswered(String);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One connection to Redis.
pub struct Redis {
    client: Client,
    purpose: &'static str,
    up: watch::Sender<bool>,
    reconnects: AtomicU64,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("purpose", &self.purpose)
            .field("up", &self.is_up())
            .finish_non_exhaustive()
    }
}

impl Redis {
    /// Begins to connect, and goes on trying until the process stops. `purpose` is its name in metrics and log.
    pub fn connect(
        target: &Target,
        purpose: &'static str,
        stopping: CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<Arc<Self>, Error> {
        let mut config = target.0.clone();
        config.fail_fast = false;
        // One connection both subscribes and is asked whether it lives.
        config.version = RespVersion::RESP3;
        let mut builder = Builder::from_config(config);
        builder
            .set_policy(ReconnectPolicy::new_exponential(0, AGAIN.0, AGAIN.1, 2))
            .with_performance_config(|performance| performance.broadcast_channel_capacity = MESSAGES)
            .with_connection_config(|connection| {
                connection.connection_timeout = CONNECT;
                connection.internal_command_timeout = CONNECT;
                connection.max_command_attempts = 1;
                connection.max_command_buffer_len = COMMANDS;
                connection.reconnect_on_auth_error = true;
                connection.unresponsive =
                    UnresponsiveConfig { max_timeout: Some(UNRESPONSIVE), interval: BEAT };
                connection.tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() };
            });
        let client = builder.build()?;
        let redis =
            Arc::new(Self { client, purpose, up: watch::Sender::new(false), reconnects: AtomicU64::new(0) });
        metrics::gauge!("rapport_redis_up", "of" => purpose).set(0.0);
        metrics::counter!("rapport_redis_reconnects_total", "of" => purpose).absolute(0);
        let beating = Arc::clone(&redis);
        tasks.spawn(async move {
            stopping.run_until_cancelled(beating.beat()).await;
            // Who stops waits for nobody that stalls.
            let _ = timeout(BEAT_AWAY, beating.client.quit()).await;
        });
        Ok(redis)
    }

    /// Whether Redis answered when it was last asked.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Wakes when Redis comes or goes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.up.subscribe()
    }

    /// Waits until Redis answers.
    pub async fn is_back(&self) {
        // The sender lives as long as this.
        let _ = self.up.subscribe().wait_for(|up| *up).await;
    }

    /// What comes of a question to Redis, which is asked only while it is up. One that does not answer within this time counts as away,
    /// until it answers the next beat.
    ///
    /// The client has time limits of its own, but not for every command, and silently none where one was forgotten: so this is the way.
    pub async fn ask<T>(
        &self,
        patience: Duration,
        question: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Unanswered> {
        if !self.is_up() {
            return Err(Unanswered("it is away".to_owned()));
        }
        match timeout(patience, question).await {
            Ok(answer) => answer.map_err(|error| Unanswered(error.details().to_owned())),
            Err(_elapsed) => {
                self.note(false, "it did not answer in time");
                Err(Unanswered("it did not answer in time".to_owned()))
            }
        }
    }

    /// The client itself: for what it hears, messages and that it has connected again, and to put questions with.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What operators are told of it.
    #[must_use]
    pub fn said(&self) -> Value {
        let state = if self.is_up() { "up" } else { "away" };
        json!({ "state": state, "reconnects": self.reconnects.load(Ordering::Relaxed) })
    }

    async fn beat(&self) {
        let mut errors = self.client.error_rx();
        let mut connected = self.client.reconnect_rx();
        let mut connection = self.client.connect();
        let mut connections: u64 = 0;
        loop {
            let answer = timeout(ANSWER, self.client.ping::<fred::types::Value>(None)).await;
            let is_up = matches!(answer, Ok(Ok(_)));
            self.note(is_up, "it does not answer");
            if connection.is_finished() {
                connection = self.client.connect();
            }
            tokio::select! {
                () = tokio::time::sleep(if is_up { BEAT } else { BEAT_AWAY }) => {}
                Ok((error, _)) = errors.recv() => {
                    self.note(false, error.details());
                    // Where a connection fails as fast as it is made, this does not spin.
                    tokio::time::sleep(BEAT_AWAY / 4).await;
                }
                Ok(_) = connected.recv() => {
                    connections += 1;
                    if connections > 1 {
                        self.reconnects.fetch_add(1, Ordering::Relaxed);
                        metrics::counter!("rapport_redis_reconnects_total", "of" => self.purpose).increment(1);
                    }
                }
            }
        }
    }

    fn note(&self, up: bool, why: &str) {
        let changed = self.up.send_if_modified(|shown| std::mem::replace(shown, up) != up);
        if changed {
            metrics::gauge!("rapport_redis_up", "of" => self.purpose).set(f64::from(u8::from(up)));
            if up {
                tracing::info!(purpose = self.purpose, "Redis answers");
            } else {
                tracing::warn!(purpose = self.purpose, why, "Redis is away; nothing waits for it");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Option<Target>, String> {
        let mut settings = Settings::of(&[("redis.url", url)]);
        let target = Target::read(&mut settings);
        settings.finish(target).map_err(|faults| faults.0.join("; "))
    }

    #[test]
    fn an_address_is_read_and_its_password_is_told_to_nobody() {
        assert!(Target::read(&mut Settings::of(&[])).is_none());
        let target = read("redis://rapport:hush@redis.internal:6380/2").unwrap().unwrap();
        assert_eq!((target.0.database, target.0.password.as_deref()), (Some(2), Some("hush")));
        assert!(!format!("{target:?}").contains("hush"), "{target:?}");
        for bad in
            ["redis.internal", "http://hush", "rediss://:hush@redis", "redis://:hush@redis:x", "redis://"]
        {
            let fault = read(bad).unwrap_err();
            assert!(fault.starts_with("redis.url: ") && !fault.contains("hush"), "{bad}: {fault}");
        }
    }
}
