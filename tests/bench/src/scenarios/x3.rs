//! X3: three times as much as can be done. 1,000 sockets, a visitor with a chat each. First a closed loop finds how many messages a second
//! can be stored; then a few are sent by a timetable, which says what is usual; then three times what can be done for as long as a turn
//! takes (the study: a minute); and at once, while the server still has what it took, the few again. What is acknowledged during the
//! overload, of what can be done; and how long after its end a half second is as usual, which is: no slower than the worst before. Who is
//! refused must be told why.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::timeout,
};

use super::{beside, check};
use crate::{
    Bench, Fallible,
    load::{Chance, TEXT},
    machine::float,
    processors::{Duty, Pinned},
    report::{Bound, Figure, Outcome, say},
    rounds::part,
    servers::Server,
    sockets::{Door, Socket, call, numbered},
    world::Chat,
};

/// How many sockets there are.
const SOCKETS: usize = 1_000;
/// How many times what can be done there is to do.
const TIMES: f64 = 3.0;
/// How many messages a second are a few.
const FEW: f64 = 400.0;
/// By what stretches of time it is looked at whether all is as usual.
const STRETCH: Duration = Duration::from_millis(500);
/// How long it is looked at after the overload.
const AFTER: Duration = Duration::from_secs(12);
/// How long the last answers may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many messages there can be in all, and how many may wait at one socket before they are sent.
const MESSAGES: usize = 1 << 23;
const WAITING: usize = 4096;
/// Stands for a refusal where a time would be.
const REFUSED: u32 = u32::MAX;

pub(crate) fn run(bench: &Bench) -> Fallible<Vec<Outcome>> {
    let dir = bench.folder()?;
    let world = beside::left(bench, dir.path(), SOCKETS)?;
    let _there = Pinned::to(Duty::Call)?;
    let calls = beside::calls()?;
    let ours = Server::rapport(dir.path())?;
    let mut senders = calls.block_on(Senders::open(Door::Ours(ours.place("edge")?), &world.chats))?;
    let mut storms = Vec::new();
    for _ in 0..bench.rounds {
        let storm = calls.block_on(senders.storm(bench.span))?;
        say(format_args!("  {storm:.2?}"));
        storms.push(storm);
    }
    let acknowledged = senders.tally.acknowledged(0..senders.next).len();
    drop((senders, calls));
    ours.stop()?;
    let title = format!("{TIMES} times as many messages as can be stored, and after it");
    let mut outcome = Outcome::of("X3", title, Vec::new());
    outcome.conditions = vec![
        format!(
            "{SOCKETS} sockets of as many visitors, a chat each; text {TEXT} B; each overload takes {} s; SQLite",
            bench.span.as_secs()
        ),
        format!("{FEW} messages/s before and after; the server has one processor, its callers the other"),
    ];
    for (name, bound, value) in [
        (
            "acknowledged / what can be done",
            Bound::at_least(0.7, 0.95),
            (|s| s.good / s.most) as fn(&Storm) -> f64,
        ),
        ("as usual again after, s", Bound::at_most(10.0, 2.0), |s| s.recovered),
        ("what can be done, messages/s", Bound::told(), |s| s.most),
        ("sent in the overload, times that", Bound::told(), |s| s.sent / s.most),
        ("refused in the overload, %", Bound::told(), |s| s.refused),
        ("acknowledged in the overload, p50 ms", Bound::told(), |s| s.p50),
        ("acknowledged in the overload, p99 ms", Bound::told(), |s| s.p99),
        ("usual, p99 ms of the worst half second", Bound::told(), |s| s.usual),
    ] {
        outcome.figures.push(Figure::of(name, storms.iter().map(value), bound));
    }
    outcome.faults = check::sqlite_holding(&dir.path().join("rapport.db"), u64::try_from(acknowledged)?)?;
    if storms.iter().any(|storm| storm.sent < 0.9 * TIMES * storm.most) {
        outcome.faults.push("not as much could be sent as was to be".to_owned());
    }
    Ok(vec![outcome])
}

/// How one overload went.
#[derive(Debug)]
struct Storm {
    /// What can be done, what was sent, and what was acknowledged while it was, a second.
    most: f64,
    sent: f64,
    good: f64,
    /// Of a hundred that were sent.
    refused: f64,
    p50: f64,
    p99: f64,
    usual: f64,
    /// In seconds.
    recovered: f64,
}

/// The sockets.
struct Senders {
    to: Vec<mpsc::Sender<usize>>,
    tally: Arc<Tally>,
    tasks: JoinSet<Fallible>,
    next: usize,
}

/// Messages that were sent by a timetable.
struct Sent {
    numbers: Range<usize>,
    /// When the first and when one more would have been to be sent.
    begun: Duration,
    ended: Duration,
    /// How many had gone out by then.
    said: usize,
}

impl Senders {
    async fn open(door: Door, chats: &[Chat]) -> Fallible<Self> {
        let tally = Arc::new(Tally::new());
        let (mut to, mut tasks) = (Vec::new(), JoinSet::new());
        for (place, Chat { id, token, .. }) in chats.iter().enumerate() {
            let mut socket = Socket::connect(door).await?;
            socket.follow(token).await?;
            let (say, numbers) = mpsc::channel(WAITING);
            to.push(say);
            tasks.spawn(send(socket, id.clone(), Chance::new(place), numbers, Arc::clone(&tally)));
        }
        Ok(Self { to, tally, tasks, next: 0 })
    }

    async fn storm(&mut self, span: Duration) -> Fallible<Storm> {
        let most = self.closed_loop(span).await?;
        let before = self.on_time(FEW, span).await?;
        self.answered(before.numbers.len()).await?;
        let usual = self.stretches(&before).into_iter().flatten().max().ok_or("nothing is usual")?;
        let storm = self.on_time(TIMES * most, span).await?;
        let after = self.on_time(FEW, AFTER).await?;
        self.answered(storm.numbers.len() + after.numbers.len()).await?;
        let in_time = self.tally.answered_by(storm.numbers.clone(), storm.ended);
        let mut micros = self.tally.acknowledged(storm.numbers.clone());
        micros.sort_unstable();
        let recovered = self.stretches(&after).iter().position(|p99| p99.is_some_and(|p99| p99 <= usual));
        let recovered =
            recovered.map_or(AFTER, |place| STRETCH * u32::try_from(place + 1).unwrap_or(u32::MAX));
        let (seconds, all) = (span.as_secs_f64(), count(storm.numbers.len()));
        let millis = |micros: u32| f64::from(micros) / 1e3;
        Ok(Storm {
            most,
            sent: count(storm.said) / seconds,
            good: count(in_time) / seconds,
            refused: 100.0 * (all - count(micros.len())) / all,
            p50: millis(part(&micros, 500)),
            p99: millis(part(&micros, 990)),
            usual: millis(usual),
            recovered: recovered.as_secs_f64(),
        })
    }

    /// How many a second are stored where each socket has one message under way, nearly.
    async fn closed_loop(&mut self, span: Duration) -> Fallible<f64> {
        let (first, begun) = (self.next, self.tally.now());
        while self.tally.now() < begun + span {
            if self.next - first >= self.to.len() {
                self.answered(1).await?;
            }
            self.tally.intend(self.next, self.tally.now())?;
            self.to[self.next % self.to.len()].send(self.next).await?;
            self.next += 1;
        }
        self.answered(self.to.len().min(self.next - first)).await?;
        let took = self.tally.now().saturating_sub(begun);
        let stored = self.tally.acknowledged(first..self.next).len();
        if stored < self.next - first {
            return Err("messages were refused before there were too many".into());
        }
        Ok(count(stored) / took.as_secs_f64())
    }

    /// Sends so many a second until the time is over, and waits for no answer.
    async fn on_time(&mut self, rate: f64, span: Duration) -> Fallible<Sent> {
        let (first, begun) = (self.next, self.tally.now());
        let mut timetable = Vec::new();
        loop {
            let since = Duration::from_secs_f64(count(timetable.len()) / rate);
            if since >= span {
                break;
            }
            // As many as are due in a millisecond go out together: waking for each would be the callers' main work.
            let since =
                if rate > 1e3 { Duration::from_millis(u64::try_from(since.as_millis())?) } else { since };
            self.tally.intend(self.next, begun + since)?;
            timetable.push((begun + since, self.to[self.next % self.to.len()].clone(), self.next));
            self.next += 1;
        }
        let (tally, said) = (Arc::clone(&self.tally), self.tally.said.load(Ordering::Relaxed));
        let sending = tokio::task::spawn_blocking(move || {
            for (at, to, number) in timetable {
                std::thread::sleep(at.saturating_sub(tally.now()));
                to.blocking_send(number)?;
            }
            std::thread::sleep((begun + span).saturating_sub(tally.now()));
            Ok::<_, mpsc::error::SendError<usize>>(tally.said.load(Ordering::Relaxed) - said)
        });
        let said = sending.await??;
        Ok(Sent { numbers: first..self.next, begun, ended: begun + span, said })
    }

    /// Waits until so many more were answered, or one of the sockets has failed.
    async fn answered(&mut self, many: usize) -> Fallible {
        let answered = self.tally.answered.acquire_many(u32::try_from(many)?);
        tokio::select! {
            answered = timeout(PATIENCE, answered) => answered.map_err(|_| "some were not answered")??.forget(),
            ended = self.tasks.join_next() => return Err(format!("a socket ended: {ended:?}").into()),
        }
        Ok(())
    }

    /// The p99 of each stretch, in microseconds; none where somebody was refused in it.
    fn stretches(&self, sent: &Sent) -> Vec<Option<u32>> {
        let mut stretches: Vec<Vec<u32>> = Vec::new();
        for number in sent.numbers.clone() {
            let slot = &self.tally.slots[number];
            let since = slot.intended().saturating_sub(sent.begun);
            let place = usize::try_from(since.as_micros() / STRETCH.as_micros()).unwrap_or(usize::MAX);
            stretches.resize(stretches.len().max(place + 1), Vec::new());
            stretches[place].push(slot.took.load(Ordering::Relaxed));
        }
        let p99 = |mut micros: Vec<u32>| {
            micros.sort_unstable();
            (micros.last() != Some(&REFUSED)).then(|| part(&micros, 990))
        };
        stretches.into_iter().map(p99).collect()
    }
}

/// What became of each message.
struct Tally {
    begun: Instant,
    slots: Box<[Slot]>,
    /// How many have gone out.
    said: AtomicUsize,
    /// A place for each answer.
    answered: Semaphore,
}

#[derive(Default)]
struct Slot {
    intended: AtomicU64,
    /// In microseconds; 0 where there is no answer.
    took: AtomicU32,
}

impl Slot {
    fn intended(&self) -> Duration {
        Duration::from_micros(self.intended.load(Ordering::Relaxed))
    }
}

impl Tally {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
            slots: (0..MESSAGES).map(|_| Slot::default()).collect(),
            said: AtomicUsize::new(0),
            answered: Semaphore::new(0),
        }
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn intend(&self, number: usize, at: Duration) -> Fallible {
        let slot = self.slots.get(number).ok_or("more messages than there is room for")?;
        slot.intended.store(u64::try_from(at.as_micros())?, Ordering::Relaxed);
        Ok(())
    }

    fn answer(&self, number: usize, is_stored: bool) -> Fallible {
        let slot = self.slots.get(number).ok_or("a message nobody sent was answered")?;
        let took = u32::try_from(self.now().saturating_sub(slot.intended()).as_micros())?.max(1);
        if slot.took.swap(if is_stored { took } else { REFUSED }, Ordering::Relaxed) != 0 {
            return Err("a message was answered twice".into());
        }
        self.answered.add_permits(1);
        Ok(())
    }

    /// The times of those that were stored, in microseconds.
    fn acknowledged(&self, numbers: Range<usize>) -> Vec<u32> {
        let took = self.slots[numbers].iter().map(|slot| slot.took.load(Ordering::Relaxed));
        took.filter(|took| ![0, REFUSED].contains(took)).collect()
    }

    /// How many of them were stored and answered by a moment.
    fn answered_by(&self, numbers: Range<usize>, moment: Duration) -> usize {
        let is_in_time = |slot: &&Slot| {
            let took = slot.took.load(Ordering::Relaxed);
            ![0, REFUSED].contains(&took) && slot.intended() + Duration::from_micros(took.into()) <= moment
        };
        self.slots[numbers].iter().filter(is_in_time).count()
    }
}

/// Sends whatever it is told to at once, and notes what is answered.
async fn send(
    mut socket: Socket,
    chat: String,
    mut chance: Chance,
    mut numbers: mpsc::Receiver<usize>,
    tally: Arc<Tally>,
) -> Fallible {
    loop {
        tokio::select! {
            number = numbers.recv() => {
                let Some(number) = number else { return Ok(()) };
                socket.say(call(u32::try_from(number)? + 1, &chat, chance.id(), &numbered(number))).await?;
                tally.said.fetch_add(1, Ordering::Relaxed);
            }
            heard = socket.next() => {
                let heard = heard?;
                let Some(rest) = heard.strip_prefix(r#"{"result":{"id":"#) else { continue };
                let (id, end) = rest.split_once(',').ok_or("a result without an end")?;
                let is_stored = end.starts_with(r#""body":"#);
                let is_named = ["CALLS_IN_FLIGHT", "OVERLOADED"]
                    .iter()
                    .any(|reason| end.contains(&format!(r#""reason":"{reason}""#)));
                if !is_stored && !is_named {
                    return Err(format!("refused: {heard}").into());
                }
                tally.answer(id.parse::<usize>()? - 1, is_stored)?;
            }
        }
    }
}

fn count(many: usize) -> f64 {
    float(many as u64)
}
