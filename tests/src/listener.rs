//! What one actor hears, collected from the moment the subscription is known to stand.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use rapport_client::{Client, Error, Item, SubscribeOptions};
use rapport_proto::chats::v1::Message;
use rapport_proto::events::v1::event::Body;
use rapport_proto::events::v1::{Ephemeral, Event, Typing, ephemeral};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::wait::{PATIENCE, soon};

/// A subscription that is read all the time.
#[derive(Debug)]
pub struct Listener {
    heard: Arc<Mutex<Heard>>,
    news: watch::Receiver<usize>,
    /// How far the test has looked.
    read: usize,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Heard {
    items: Vec<Item>,
    end: Option<Error>,
}

impl Listener {
    /// Subscribes and waits for the first item, so that nothing that happens afterwards can be missed.
    pub async fn start(client: &Client, options: SubscribeOptions) -> Self {
        let mut subscription = client.subscribe(options);
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (tell, news) = watch::channel(0);
        let keep = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Some(item) = subscription.next().await {
                let mut heard = keep.lock();
                match item {
                    Ok(item) => heard.items.push(item),
                    Err(error) => heard.end = Some(error),
                }
                tell.send_modify(|count| *count += 1);
            }
        });
        let mut listener = Self { heard, news, read: 0, task };
        listener
            .changed("the subscription begins", PATIENCE, |heard| {
                (!heard.items.is_empty() || heard.end.is_some()).then_some(())
            })
            .await;
        listener
    }

    async fn changed<T: std::fmt::Debug>(
        &mut self,
        what: &str,
        within: Duration,
        mut look: impl FnMut(&Heard) -> Option<T>,
    ) -> T {
        let heard = Arc::clone(&self.heard);
        let news = &mut self.news;
        soon(what, within, async move {
            loop {
                news.borrow_and_update();
                if let Some(found) = look(&heard.lock()) {
                    return found;
                }
                // The sender goes with the task, after it has told the last thing it heard.
                if news.changed().await.is_err() {
                    let found = look(&heard.lock());
                    return found.expect("the subscription ended before what was waited for");
                }
            }
        })
        .await
    }

    /// The next item that `select` takes, from where the last one was found on; what it passes over is passed over for good.
    ///
    /// # Panics
    /// Names `what` where it does not come within `within`.
    pub async fn next_matching<T: std::fmt::Debug>(
        &mut self,
        what: &str,
        within: Duration,
        mut select: impl FnMut(&Item) -> Option<T>,
    ) -> T {
        let from = self.read;
        let (place, found) = self
            .changed(what, within, |heard| {
                heard
                    .items
                    .iter()
                    .enumerate()
                    .skip(from)
                    .find_map(|(place, item)| Some((place, select(item)?)))
            })
            .await;
        self.read = place + 1;
        found
    }

    /// The next durable event that `select` takes.
    pub async fn event<T: std::fmt::Debug>(
        &mut self,
        what: &str,
        mut select: impl FnMut(&Body) -> Option<T>,
    ) -> T {
        self.next_matching(what, PATIENCE, |item| match item {
            Item::Event { event, .. } => event.body.as_ref().and_then(&mut select),
            _ => None,
        })
        .await
    }

    /// The next message of this text.
    pub async fn message(&mut self, text: &str) -> Message {
        self.event(&format!("the message {text:?}"), |body| match body {
            Body::MessageSent(sent) => sent.message.clone().filter(|message| message.text == text),
            _ => None,
        })
        .await
    }

    /// The next that somebody writes or has stopped.
    pub async fn typing(&mut self) -> Typing {
        self.next_matching("typing", PATIENCE, |item| match item {
            Item::Ephemeral(Ephemeral { body: Some(ephemeral::Body::Typing(typing)) }) => {
                Some(typing.clone())
            }
            _ => None,
        })
        .await
    }

    /// What ended the subscription, within the time given.
    pub async fn end(&mut self, within: Duration) -> Error {
        self.changed("the subscription ends", within, |heard| heard.end.clone()).await
    }

    /// Whether the subscription still stands.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.heard.lock().end.is_none()
    }

    /// Everything heard so far, in order.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        self.heard.lock().items.clone()
    }

    /// Every durable event heard so far with its cursor, in order.
    #[must_use]
    pub fn events(&self) -> Vec<(String, Event)> {
        self.items()
            .into_iter()
            .filter_map(|item| match item {
                Item::Event { cursor, event } => Some((cursor, *event)),
                _ => None,
            })
            .collect()
    }

    /// Every message heard so far, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.events()
            .into_iter()
            .filter_map(|(_, event)| match event.body {
                Some(Body::MessageSent(sent)) => sent.message,
                _ => None,
            })
            .collect()
    }

    /// Everything heard so far as text, to look for what must not be in it.
    #[must_use]
    pub fn transcript(&self) -> String {
        format!("{:?}", self.items())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}
