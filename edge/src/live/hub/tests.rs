//! A hub against a model of what each session may hear: whatever happens in whatever order, each event once, in order, nothing else.

use std::collections::BTreeSet;

use futures_util::FutureExt as _;
use proptest::prelude::*;
use rapport_proto::{
    edge::v1::{FollowedEvent, ReplayResponse},
    events::v1::{Event, MessagesRead, event::Body},
};

use super::{
    super::{close::Close, mailbox::testing::drain, replay, seat::testing::seat},
    *,
};

/// Who there is: a member whose departments change, another, and a visitor.
const PEOPLE: [&str; 3] = ["member_a", "member_b", "visitor_c"];
const NAMES: [&str; 6] = ["staff", "member_a", "member_b", "visitor_c", "department_1", "department_2"];

/// An event of the log, to be told.
#[derive(Clone, Debug)]
struct Told {
    audience: Vec<usize>,
    /// The departments of the first member from the next event on.
    departments: Option<Vec<usize>>,
}

#[derive(Clone, Debug)]
enum Act {
    /// Something is committed, and not heard of yet.
    Commit(Told),
    /// The hub hears of as much as this more of the log, some of it a second time.
    Hear(usize, usize),
    /// The hub is told of what it cannot know yet.
    Skip,
    /// A session begins so many events before the end.
    Join(usize, usize, usize),
    /// A session that is on its way comes nearer, by pages of so many events.
    Step(usize, usize),
    /// A client reads what waits.
    Read(usize),
    Checkpoint(usize),
    Leave(usize),
}

fn told() -> impl Strategy<Value = Told> {
    let names = proptest::collection::btree_set(0..NAMES.len(), 0..4);
    let departments =
        prop_oneof![3 => Just(None), 1 => proptest::collection::btree_set(4..6_usize, 0..3).prop_map(Some)];
    (names, departments).prop_map(|(mut audience, departments)| {
        // Whoever it is about hears it.
        audience.extend(departments.is_some().then_some(1));
        let departments: Option<BTreeSet<usize>> = departments;
        Told {
            audience: audience.into_iter().collect(),
            departments: departments.map(|departments| departments.into_iter().collect()),
        }
    })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => told().prop_map(Act::Commit),
        8 => (1..4_usize, 0..3_usize).prop_map(|(more, again)| Act::Hear(more, again)),
        1 => Just(Act::Skip),
        3 => (0..PEOPLE.len(), 0..30_usize, 400..3000_usize).prop_map(|(who, back, room)| Act::Join(who, back, room)),
        6 => (0..8_usize, 1..5_usize).prop_map(|(which, page)| Act::Step(which, page)),
        4 => (0..8_usize).prop_map(Act::Read),
        2 => (0..8_usize).prop_map(Act::Checkpoint),
        1 => (0..8_usize).prop_map(Act::Leave),
    ]
}

/// A session as the test knows it.
struct Session {
    who: usize,
    seat: Arc<Seat>,
    reader: Option<Reader>,
    place: usize,
    as_of: usize,
    heard: Vec<String>,
    gone: bool,
}

struct World {
    log: Vec<Told>,
    hub: Hub,
    sessions: Vec<Session>,
}

fn number(place: usize) -> i64 {
    i64::try_from(place).unwrap()
}

impl World {
    /// What somebody hears for after so many events.
    fn grants(&self, who: usize, after: usize) -> Vec<&'static str> {
        let mut names = vec![PEOPLE[who]];
        if who < 2 {
            names.push("staff");
        }
        let changes = self.log[..after].iter().rev().find_map(|told| told.departments.as_ref());
        match (who, changes) {
            (0, Some(departments)) => names.extend(departments.iter().map(|place| NAMES[*place])),
            (1, _) => names.push("department_1"),
            _ => {}
        }
        names
    }

    fn is_heard(&self, session: &Session, n: usize) -> bool {
        let names = self.grants(session.who, if n <= session.as_of { session.as_of } else { n - 1 });
        self.log[n - 1].audience.iter().any(|place| names.contains(&NAMES[*place]))
    }

    /// What a session is told up to some number, replayed or live.
    fn expected(&self, session: &Session, upto: usize) -> Vec<usize> {
        (session.place + 1..=upto).filter(|n| self.is_heard(session, *n)).collect()
    }

    fn rescope(&self, n: usize) -> Option<Rescope> {
        let departments = self.log[n - 1].departments.as_ref()?;
        Some(Rescope {
            principal: PEOPLE[0].to_owned(),
            principals: departments.iter().map(|place| NAMES[*place].to_owned()).collect(),
        })
    }

    fn kept(&self, n: usize) -> Arc<Kept> {
        Arc::new(Kept {
            number: number(n),
            cursor: format!("{n}").into(),
            audience: self.log[n - 1].audience.iter().map(|place| NAMES[*place].into()).collect(),
            frame: frames::event(&n.to_string(), &event(n)).unwrap(),
            rescope: self.rescope(n),
        })
    }

    fn end(&self) -> usize {
        usize::try_from(self.hub.end().0).unwrap()
    }

    /// What core answers: a page of the log for these principals.
    fn page(&self, reader: &Reader, upto: i64, size: usize) -> ReplayResponse {
        let after = usize::try_from(reader.place).unwrap();
        let upto = usize::try_from(upto).unwrap().min(after + size);
        let heard = (after + 1..=upto).filter(|n| {
            self.log[n - 1]
                .audience
                .iter()
                .any(|place| reader.principals.iter().any(|own| **own == *NAMES[*place]))
        });
        let events = heard.map(|n| FollowedEvent {
            number: number(n),
            cursor: n.to_string(),
            audience: Vec::new(),
            event: Some(event(n)),
            rescope: self.rescope(n),
        });
        ReplayResponse { events: events.collect(), upto: number(upto) }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Commit(told) => self.log.push(told),
            Act::Hear(more, again) => {
                let end = self.end();
                for n in (end + 1).saturating_sub(again).max(1)..=(end + more).min(self.log.len()) {
                    let heard = self.hub.dispatch(self.kept(n));
                    assert_eq!(heard, if n <= end { Heard::Again } else { Heard::New });
                }
            }
            Act::Skip => {
                let n = self.end() + 2;
                if n <= self.log.len() {
                    assert_eq!(self.hub.dispatch(self.kept(n)), Heard::Gap);
                }
            }
            Act::Join(who, back, room) => {
                let end = self.log.len();
                let place = end.saturating_sub(back);
                let seat = seat(PEOPLE[who], room);
                let reader = Reader {
                    seat: Arc::clone(&seat),
                    principals: self.grants(who, end).into_iter().map(Arc::from).collect(),
                    as_of: number(end),
                    place: number(place),
                    cursor: place.to_string().into(),
                };
                let (reader, heard) = (Some(reader), Vec::new());
                self.sessions.push(Session { who, seat, reader, place, as_of: end, heard, gone: false });
            }
            Act::Step(which, size) => self.step(which, size),
            Act::Read(which) => {
                if let Some(session) = self.sessions.get_mut(which) {
                    session.heard.extend(drain(&session.seat));
                }
            }
            Act::Checkpoint(which) => {
                if let Some(session) = self.sessions.get(which) {
                    self.hub.checkpoint(&session.seat);
                }
            }
            Act::Leave(which) => {
                if let Some(session) = self.sessions.get_mut(which) {
                    session.heard.extend(drain(&session.seat));
                    session.gone = true;
                    self.hub.leave(&session.seat, Close::Silent.into());
                }
            }
        }
    }

    fn step(&mut self, which: usize, size: usize) {
        let Some(mut reader) = self.sessions.get_mut(which).and_then(|session| session.reader.take()) else {
            return;
        };
        let was_over = self.sessions[which].seat.has_ended();
        let frames = match self.hub.step(&mut reader) {
            Step::Live => {
                // Not by what it was given on the way: it would never come to the end.
                assert_eq!(self.sessions[which].seat.has_ended(), was_over);
                return;
            }
            Step::Next(frames) => frames,
            Step::Behind(upto) => {
                let page = self.page(&reader, upto, size);
                replay::pass(&mut reader, page).expect("a page leads further")
            }
        };
        let session = &mut self.sessions[which];
        // What waits goes first; a client that reads makes room.
        session.heard.extend(drain(&session.seat));
        session.heard.extend(frames.iter().map(|frame| frame.as_str().to_owned()));
        session.reader = Some(reader);
    }

    /// Whether what a session was told is what it was to be told.
    fn check(&self, which: usize) {
        let session = &self.sessions[which];
        let mut numbers = Vec::new();
        for text in &session.heard {
            let frame: serde_json::Value = serde_json::from_str(text).unwrap();
            let cursor =
                |frame: &serde_json::Value| frame["cursor"].as_str().unwrap().parse::<usize>().unwrap();
            if let Some(told) = frame.get("event") {
                numbers.push(cursor(told));
            } else {
                let place = cursor(&frame["checkpoint"]);
                assert!(place >= session.place, "nobody is sent back");
                assert_eq!(
                    numbers,
                    self.expected(session, place),
                    "all up to a checkpoint, and nothing else"
                );
            }
        }
        if session.gone || session.seat.has_ended() {
            let all = self.expected(session, self.log.len());
            assert_eq!(
                numbers,
                all[..numbers.len()],
                "what was heard before the end is the beginning of all"
            );
        } else {
            let upto = self.end().max(session.place);
            assert_eq!(numbers, self.expected(session, upto), "session {which} of {}", PEOPLE[session.who]);
        }
    }
}

fn event(n: usize) -> Event {
    let seq = u32::try_from(n).unwrap();
    Event { body: Some(Body::MessagesRead(MessagesRead { seq, ..Default::default() })), ..Default::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn each_session_is_told_what_it_may_hear_once_and_in_order(
        before in proptest::collection::vec(told(), 0..20),
        acts in proptest::collection::vec(act(), 1..120),
        most in 1..20_usize,
    ) {
        let end = before.len();
        let hub = Hub::new("tenant_1".into(), number(end), &end.to_string());
        // A ring that soon forgets: what was missed is often to be read from the log.
        hub.state.lock().ring.most = most;
        let mut world = World { log: before, hub, sessions: Vec::new() };
        for act in acts {
            world.act(act);
        }
        // The rest of the log is heard, and everybody comes to the end.
        world.act(Act::Hear(usize::MAX / 2, 0));
        for which in 0..world.sessions.len() {
            for _ in 0..200 {
                if world.sessions[which].reader.is_none() || world.sessions[which].gone {
                    break;
                }
                world.act(Act::Step(which, 3));
                world.act(Act::Read(which));
            }
            prop_assert!(world.sessions[which].gone || world.sessions[which].reader.is_none());
            world.act(Act::Read(which));
            world.check(which);
        }
    }
}

#[test]
fn what_is_not_kept_goes_to_its_audience_but_its_cause_once() {
    let hub = Hub::new("tenant_1".into(), 0, "0");
    let seats: Vec<_> = PEOPLE.iter().map(|name| seat(name, 10_000)).collect();
    for (who, seat) in seats.iter().enumerate() {
        let names: &[&str] = if who < 2 { &["staff", PEOPLE[who]] } else { &[PEOPLE[who]] };
        let mut reader = Reader {
            seat: Arc::clone(seat),
            principals: names.iter().map(|name| Arc::from(*name)).collect(),
            as_of: 0,
            place: 0,
            cursor: "0".into(),
        };
        assert_eq!(hub.step(&mut reader), Step::Live);
        drain(seat);
    }
    let audience = ["staff", "member_b", "visitor_c"].map(Box::from);
    hub.tell(&audience, "visitor_c", &Frame::text("typing"));
    assert_eq!(seats.iter().map(|seat| drain(seat).len()).collect::<Vec<_>>(), [1, 1, 0]);
    hub.leave(&seats[0], Close::Silent.into());
    hub.tell(&audience, "", &Frame::text("typing"));
    assert_eq!(seats.iter().map(|seat| drain(seat).len()).collect::<Vec<_>>(), [0, 1, 1]);
}

#[test]
fn a_hub_that_lags_behind_a_session_does_not_bring_back_what_it_heard_for_before() {
    let told = |audience: &[usize], departments: Option<&[usize]>| Told {
        audience: audience.to_vec(),
        departments: departments.map(<[usize]>::to_vec),
    };
    // Into one department and on into another: the session began when all of it was committed and nothing of it heard of here.
    let log = vec![told(&[0], Some(&[4])), told(&[4], None), told(&[0], Some(&[5])), told(&[5], None)];
    for back in 0..=4 {
        let hub = Hub::new("tenant_1".into(), 0, "0");
        let mut world = World { log: log.clone(), hub, sessions: Vec::new() };
        world.act(Act::Join(0, back, 3_000));
        world.act(Act::Step(0, 1));
        world.act(Act::Hear(4, 0));
        world.act(Act::Read(0));
        world.check(0);
    }
}

/// It has all there is and no room for the last word: what fills its mailbox is the answer to a call.
#[test]
fn a_reader_at_the_end_waits_for_the_room_that_an_answer_takes() {
    let hub = Hub::new("tenant_1".into(), 3, "3");
    let seat = seat(PEOPLE[0], 1_000);
    let answer = Frame::text(&"x".repeat(5_000));
    assert_eq!(seat.put_in_turn(vec![answer]).now_or_never(), Some(true));
    let mut reader = Reader {
        seat: Arc::clone(&seat),
        principals: vec![PEOPLE[0].into()],
        as_of: 3,
        place: 3,
        cursor: "3".into(),
    };
    let (tell, told) = std::sync::mpsc::channel();
    // On a thread of its own: one that asks again and again never comes back.
    std::thread::spawn(move || {
        let waits = replay::go_on(&hub, &mut reader, Vec::new()).now_or_never().is_none();
        drain(&reader.seat);
        let ends = replay::go_on(&hub, &mut reader, Vec::new()).now_or_never();
        tell.send((waits, ends))
    });
    assert_eq!(told.recv_timeout(std::time::Duration::from_secs(10)), Ok((true, Some(None))));
}
