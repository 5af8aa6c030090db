//! Callers that send: each the next message when the one before is acknowledged, or by a timetable.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng};
use rapport_core::{app::App, caller::Caller, chats::send_message, clock::Clock};
use rapport_proto::chats::v1::SendMessageRequest;
use tokio::{runtime::Handle, task::JoinSet};
use uuid::Uuid;

use crate::{Fallible, rounds::Work, world::Chat};

/// The bytes of a message's text.
pub(crate) const TEXT: usize = 256;

/// Where requests get their ids and texts: cheap, so that what is measured is not the caller.
#[derive(Debug)]
pub(crate) struct Chance(SmallRng);

impl Chance {
    /// Another sequence for each place.
    pub(crate) fn new(place: usize) -> Self {
        let seed = Clock::System.now().0.unsigned_abs()
            ^ u64::try_from(place).unwrap_or(0).wrapping_mul(0x9E37_79B9);
        Self(SmallRng::seed_from_u64(seed))
    }

    /// A place below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    /// An id as clients make them, ordered by time.
    pub(crate) fn id(&mut self) -> Uuid {
        let millis = u64::try_from(Clock::System.now().0 / 1_000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.0.random()).into_uuid()
    }

    /// A text of [`TEXT`] bytes, another one each time.
    pub(crate) fn text(&mut self) -> String {
        let mut text = format!("{:016x} said \"hello\" and went on: ", self.0.random::<u64>());
        while text.len() < TEXT {
            text.push_str("a line of a chat that is neither short nor long; ");
        }
        text.truncate(TEXT);
        text
    }
}

/// Somebody who does the same again and again.
pub(crate) trait Calls: Send + 'static {
    /// Does it once and waits for the answer.
    fn call(&mut self) -> impl Future<Output = Fallible> + Send;
}

/// Lets all of them call until the time is over, each again when its answer is there. One that fails ends the run.
pub(crate) async fn closed_loop<C: Calls>(callers: &mut Vec<C>, span: Duration) -> Fallible<Work> {
    let begun = Instant::now();
    let mut calling = JoinSet::new();
    for mut caller in callers.drain(..) {
        calling.spawn(async move {
            let mut micros = Vec::new();
            while begun.elapsed() < span {
                let at = Instant::now();
                caller.call().await?;
                micros.push(u32::try_from(at.elapsed().as_micros())?);
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((caller, micros))
        });
    }
    let mut micros = Vec::new();
    for called in calling.join_all().await {
        let (caller, mut times) = called?;
        callers.push(caller);
        micros.append(&mut times);
    }
    Ok(Work { done: u64::try_from(micros.len())?, took: begun.elapsed(), micros, failed: 0 })
}

/// What the callers do.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// The core they call.
    pub(crate) app: Arc<App>,
    /// The chats they choose from.
    pub(crate) chats: Arc<[Chat]>,
    /// How many there are.
    pub(crate) callers: usize,
}

/// An acknowledged message: when, since the load began, and how long it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ack {
    /// Since the load began.
    pub(crate) at: Duration,
    /// From the call, or from when there was to be one, to the answer.
    pub(crate) took: Duration,
}

impl Load {
    /// Sends until the time is over.
    pub(crate) async fn run(&self, span: Duration) -> Fallible<Work> {
        let begun = Instant::now();
        let acks = self.acks(span).await?;
        let took = begun.elapsed();
        let micros = acks.iter().map(|ack| u32::try_from(ack.took.as_micros()).unwrap_or(u32::MAX)).collect();
        Ok(Work { done: u64::try_from(acks.len())?, took, micros, failed: 0 })
    }

    /// Sends until the time is over and says when each message was acknowledged. One that fails ends the run.
    pub(crate) async fn acks(&self, span: Duration) -> Fallible<Vec<Ack>> {
        let begun = Instant::now();
        let mut callers = JoinSet::new();
        for place in 0..self.callers {
            let Self { app, chats, .. } = self.clone();
            callers.spawn(async move {
                let mut chance = Chance::new(place);
                let mut acks = Vec::new();
                while begun.elapsed() < span {
                    let chat = &chats[chance.below(chats.len())];
                    let at = Instant::now();
                    send(&app, &chat.caller, &chat.id, &mut chance).await?;
                    acks.push(Ack { at: begun.elapsed(), took: at.elapsed() });
                }
                Ok::<_, rapport_core::error::Error>(acks)
            });
        }
        let mut all = Vec::new();
        for acks in callers.join_all().await {
            all.append(&mut acks?);
        }
        Ok(all)
    }

    /// Sends so many a second until the time is over, whatever becomes of those before; each one's time counts from when it was to
    /// be sent. In the order in which they were sent, nearly.
    pub(crate) async fn on_time(&self, rate: u32, span: Duration) -> Fallible<Vec<Ack>> {
        let (load, runtime) = (self.clone(), Handle::current());
        let count = u32::try_from(span.as_millis() * u128::from(rate) / 1000)?;
        // A thread wakes where it should; the runtime's own clock goes by milliseconds.
        let sending = tokio::task::spawn_blocking(move || {
            let (mut chance, mut sending, mut acks) = (Chance::new(0), JoinSet::new(), Vec::new());
            let begun = Instant::now();
            for place in 0..count {
                let at = Duration::from_secs(place.into()) / rate;
                let chat = &load.chats[chance.below(load.chats.len())];
                let (app, caller, request) =
                    (Arc::clone(&load.app), Arc::clone(&chat.caller), message(&chat.id, &mut chance));
                std::thread::sleep(at.saturating_sub(begun.elapsed()));
                let send = async move {
                    send_message(&app, &caller, request).await?;
                    let answered = begun.elapsed();
                    Ok::<_, rapport_core::error::Error>(Ack {
                        at: answered,
                        took: answered.saturating_sub(at),
                    })
                };
                sending.spawn_on(send, &runtime);
                while let Some(sent) = sending.try_join_next() {
                    acks.push(sent??);
                }
            }
            for sent in runtime.block_on(sending.join_all()) {
                acks.push(sent?);
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(acks)
        });
        sending.await?
    }
}

/// A message into a chat, another one each time.
pub(crate) fn message(chat_id: &str, chance: &mut Chance) -> SendMessageRequest {
    SendMessageRequest {
        chat_id: chat_id.to_owned(),
        request_id: chance.id().to_string(),
        text: chance.text(),
        internal: false,
    }
}

/// Sends one message by core's own use case.
pub(crate) async fn send(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    chat_id: &str,
    chance: &mut Chance,
) -> rapport_core::error::Result<()> {
    send_message(app, caller, message(chat_id, chance)).await.map(drop)
}

/// The same of another length.
pub(crate) async fn send_text(
    app: &Arc<App>,
    caller: &Arc<Caller>,
    chat_id: &str,
    chance: &mut Chance,
    text: String,
) -> rapport_core::error::Result<()> {
    let request = SendMessageRequest { text, ..message(chat_id, chance) };
    send_message(app, caller, request).await.map(drop)
}
