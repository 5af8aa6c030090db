//! What was sent and acknowledged, what each subscriber heard, and whether the two agree.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use rapport_tests::actors::Actor;
use rapport_tests::client::{Item, SubscribeOptions, request_id};
use rapport_tests::proto::chats::v1::{Message, SendMessageRequest};
use rapport_tests::proto::events::v1::EventType;
use rapport_tests::proto::events::v1::event::Body;
use rapport_tests::wait::soon;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long one attempt may take before the next door is tried.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long a message may take to be settled: longer than any one outage of these tests.
const SETTLED: Duration = Duration::from_secs(90);
/// How long the last subscriber may take to hear the last message.
const HEARD: Duration = Duration::from_mins(2);

/// Every acknowledged message.
#[derive(Debug, Default)]
pub(super) struct History {
    acknowledged: Mutex<Vec<Message>>,
    count: watch::Sender<usize>,
}

impl History {
    /// Sends until the answer is certain, one door after the other.
    ///
    /// # Panics
    /// Where the answer is a refusal, or does not come.
    pub(super) async fn settle(&self, doors: &[&Actor], chat: &str, text: &str) {
        let id = request_id();
        let settled = async {
            for door in doors.iter().cycle() {
                let request = SendMessageRequest {
                    chat_id: chat.to_owned(),
                    request_id: id.clone(),
                    text: text.to_owned(),
                    internal: false,
                };
                match door.client.with_deadline(ATTEMPT).send_message(request).await {
                    Ok(answer) => return answer.message.unwrap(),
                    Err(error) => assert!(error.is_unknown(), "{text} was refused: {error:?}"),
                }
            }
            unreachable!("the doors go round")
        };
        let message = soon(&format!("{text} is settled"), SETTLED, settled).await;
        assert_eq!((message.chat_id.as_str(), message.text.as_str()), (chat, text));
        self.acknowledged.lock().push(message);
        self.count.send_modify(|count| *count += 1);
    }

    /// Waits until so many messages are acknowledged.
    pub(super) async fn reached(&self, count: usize) {
        self.count.subscribe().wait_for(|reached| *reached >= count).await.unwrap();
    }

    /// How many messages are acknowledged.
    pub(super) fn len(&self) -> usize {
        *self.count.borrow()
    }

    /// Checks everything against what is stored now. `reader` sees every chat; the collectors heard from before the first message on.
    pub(super) async fn check(&self, reader: &Actor, chats: &[String], collectors: &[Collector]) {
        // A last word in each chat: whoever has heard it has heard, or missed, or heard twice, everything before it.
        for chat in chats {
            self.settle(&[reader], chat, "the last word").await;
        }
        let mut stored = BTreeMap::new();
        for chat in chats {
            let messages = reader.messages(chat).await.unwrap();
            let seqs: Vec<_> = messages.iter().map(|message| message.seq).collect();
            let through = u32::try_from(messages.len()).unwrap();
            assert_eq!(seqs, (1..=through).collect::<Vec<_>>(), "numbers of {chat} run 1..n");
            stored.insert(chat.clone(), messages);
        }
        let acknowledged = self.acknowledged.lock().clone();
        let mut by_place: BTreeMap<(&str, u32), &Message> = BTreeMap::new();
        for message in &acknowledged {
            let twice = by_place.insert((&message.chat_id, message.seq), message);
            assert!(twice.is_none(), "two answers for one place: {twice:?} and {message:?}");
        }
        for messages in stored.values() {
            for message in messages {
                let known = by_place.remove(&(message.chat_id.as_str(), message.seq));
                assert!(known.is_none_or(|known| known == message), "answered {known:?}, stored {message:?}");
            }
            let mut texts: Vec<_> = messages.iter().map(|message| &message.text).collect();
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), messages.len(), "every message is stored once");
        }
        assert!(by_place.is_empty(), "acknowledged and not stored: {by_place:?}");
        for collector in collectors {
            let visible: Vec<_> =
                collector.actor.chats(200).await.unwrap().into_iter().map(|chat| chat.chat_id).collect();
            assert!(!visible.is_empty(), "{} sees a chat", collector.name);
            collector.heard_the_last_word(&visible).await;
            let heard = collector.heard();
            assert!(
                heard.keys().all(|chat| visible.contains(chat)),
                "{} heard of a hidden chat",
                collector.name
            );
            for (chat, heard) in heard {
                let stored = &stored[&chat];
                let place = heard.iter().zip(stored).position(|(heard, stored)| heard != stored);
                assert!(
                    heard.len() == stored.len() && place.is_none(),
                    "{} heard {} of {} messages of {chat}, otherwise from place {place:?}: {:?}",
                    collector.name,
                    heard.len(),
                    stored.len(),
                    place.map(|place| (&heard[place], &stored[place])),
                );
            }
        }
    }
}

/// What one subscriber heard, chat by chat.
#[derive(Debug)]
pub(super) struct Collector {
    name: String,
    actor: Actor,
    heard: Arc<Mutex<BTreeMap<String, Vec<Message>>>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Collector {
    /// Subscribes and waits until the subscription stands.
    pub(super) async fn start(name: &str, actor: &Actor) -> Self {
        let options = SubscribeOptions { types: vec![EventType::MessageSent], ..Default::default() };
        let mut subscription = actor.client.subscribe(options);
        let first = soon("the subscription begins", SETTLED, subscription.next()).await;
        assert!(matches!(first, Some(Ok(Item::Checkpoint { .. }))), "{first:?}");
        let heard: Arc<Mutex<BTreeMap<String, Vec<Message>>>> = Arc::default();
        let (tell, count) = watch::channel(0);
        let keep = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Some(item) = subscription.next().await {
                match item.expect("a subscription mends itself") {
                    Item::Event { event, .. } => {
                        let Some(Body::MessageSent(sent)) = event.body else { continue };
                        let message = sent.message.expect("the event has the message");
                        keep.lock().entry(message.chat_id.clone()).or_default().push(message);
                        tell.send_modify(|count| *count += 1);
                    }
                    Item::Reset { cause, .. } => {
                        panic!("nothing is gone and nothing was restored: {cause:?}")
                    }
                    Item::Checkpoint { .. } | Item::Ephemeral(_) => {}
                }
            }
        });
        Self { name: name.to_owned(), actor: actor.clone(), heard, count, task }
    }

    fn heard(&self) -> BTreeMap<String, Vec<Message>> {
        self.heard.lock().clone()
    }

    /// Waits for the last word of each of these chats.
    async fn heard_the_last_word(&self, chats: &[String]) {
        let heard = || {
            let heard = self.heard.lock();
            let last = |messages: &Vec<Message>| {
                messages.last().is_some_and(|message| message.text == "the last word")
            };
            chats.iter().all(|chat| heard.get(chat).is_some_and(last))
        };
        let mut count = self.count.clone();
        let what = format!("{} hears the last word of every chat", self.name);
        soon(&what, HEARD, async {
            while !heard() {
                count.changed().await.expect("the subscription stands");
            }
        })
        .await;
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}
