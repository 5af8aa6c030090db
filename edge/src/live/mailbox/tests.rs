use std::{future::poll_fn, task::Waker};

use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::{
    testing::{drain, mailbox, mailbox_and_pipe},
    *,
};

fn text(len: usize) -> Frame {
    Frame::text(&"x".repeat(len))
}

fn next(mailbox: &Mailbox) -> Poll<Signal> {
    mailbox.poll(&Context::from_waker(Waker::noop()))
}

fn written(mailbox: &Mailbox) -> Option<io::Result<()>> {
    poll_fn(|cx| mailbox.poll_written(cx)).now_or_never()
}

#[test]
fn whoever_gives_writes_while_there_is_room_and_the_task_sleeps() {
    let (mailbox, pipe) = mailbox_and_pipe(1000);
    pipe.make_room(300);
    mailbox.put(&text(98));
    mailbox.put(&text(98));
    assert_eq!((pipe.out().len(), next(&mailbox)), (200, Poll::Pending));
    assert!(mailbox.leave(&text(98)), "whoever is first is to write");
    assert!(!mailbox.leave(&text(98)), "for those after it too");
    assert_eq!((pipe.out().len(), next(&mailbox)), (200, Poll::Pending));
    mailbox.write();
    assert_eq!((pipe.out().len(), next(&mailbox)), (300, Poll::Ready(Signal::Write)));
    assert!(!mailbox.leave(&text(98)), "the task writes what does not fit");
    assert!(written(&mailbox).is_none());
    pipe.make_room(1000);
    assert!(written(&mailbox).is_some_and(|written| written.is_ok()));
    assert_eq!((pipe.out().len(), next(&mailbox)), (500, Poll::Pending));
}

#[test]
fn a_reader_without_room_for_an_event_is_cut_off_and_what_waited_is_gone() {
    let mailbox = mailbox(1000);
    mailbox.put(&text(400));
    mailbox.put(&text(400));
    assert_eq!(next(&mailbox), Poll::Ready(Signal::Write));
    mailbox.put(&text(400));
    assert_eq!(next(&mailbox), Poll::Ready(Signal::End(Close::SlowReader.into())));
    assert!(drain(&mailbox).is_empty());
    mailbox.put(&text(1));
    mailbox.end(Close::Silent.into());
    assert!(drain(&mailbox).is_empty());
    assert_eq!(next(&mailbox), Poll::Ready(Signal::End(Close::SlowReader.into())), "the first cause stands");
}

#[test]
fn a_frame_that_has_begun_is_ended_before_the_close_frame() {
    let (mailbox, pipe) = mailbox_and_pipe(1000);
    pipe.make_room(5);
    mailbox.put(&text(8));
    mailbox.put(&text(8));
    mailbox.end(Close::Silent.into());
    mailbox.put_raw(Bytes::from_static(b"close"));
    pipe.make_room(1000);
    assert!(written(&mailbox).is_some_and(|written| written.is_ok()));
    assert_eq!(pipe.out(), [text(8).bytes(), &b"close"[..]].concat());
}

#[test]
fn nothing_follows_the_clients_close() {
    let (mailbox, pipe) = mailbox_and_pipe(1000);
    pipe.make_room(1000);
    mailbox.hush();
    mailbox.put(&text(8));
    assert!(!mailbox.offer(&text(8)));
    assert_eq!(mailbox.put_in_turn(vec![text(8)]).now_or_never(), Some(false));
    assert!(pipe.out().is_empty());
}

#[test]
fn what_may_be_left_out_is_from_half_full_on() {
    let mailbox = mailbox(1000);
    assert!(mailbox.offer(&text(300)));
    assert!(!mailbox.offer(&text(300)));
    assert_eq!(drain(&mailbox).len(), 1);
    assert!(mailbox.offer(&text(300)));
    assert_eq!(drain(&mailbox).len(), 1);
    assert_eq!(next(&mailbox), Poll::Pending);
}

#[test]
fn an_answer_waits_for_its_turn_and_one_that_is_too_long_has_the_mailbox_for_itself() {
    let mailbox = mailbox(1000);
    mailbox.put(&text(100));
    let mut long = std::pin::pin!(mailbox.put_in_turn(vec![text(5000), text(10)]));
    assert_eq!(long.as_mut().now_or_never(), None);
    assert_eq!(drain(&mailbox).len(), 1);
    assert_eq!(long.as_mut().now_or_never(), None, "the second waits for the first");
    assert_eq!(drain(&mailbox).len(), 1);
    assert_eq!(long.now_or_never(), Some(true));
    let mut late = std::pin::pin!(mailbox.put_in_turn(vec![text(5000)]));
    assert_eq!(late.as_mut().now_or_never(), None);
    mailbox.end(Close::Silent.into());
    assert_eq!(late.now_or_never(), Some(false));
}

proptest! {
    #[test]
    fn the_bytes_are_the_frames_however_little_room_there_is(
        lengths in proptest::collection::vec(0..400_usize, 1..60),
        rooms in proptest::collection::vec(1..700_usize, 1..30),
        turns in proptest::collection::vec(0..3_u8, 1..30),
    ) {
        let (mailbox, pipe) = mailbox_and_pipe(1 << 20);
        let (mut rooms, mut turns) = (rooms.iter().cycle(), turns.iter().cycle());
        let mut all = Vec::new();
        for len in lengths {
            all.extend_from_slice(text(len).bytes());
            match turns.next() {
                Some(0) => mailbox.put(&text(len)),
                Some(1) => prop_assert_eq!(mailbox.put_in_turn(vec![text(len)]).now_or_never(), Some(true)),
                _ => mailbox.put_raw(text(len).bytes().clone()),
            }
            if turns.next() == Some(&0) {
                pipe.make_room(*rooms.next().unwrap());
                let _ = written(&mailbox);
            }
        }
        while written(&mailbox).is_none() {
            pipe.make_room(*rooms.next().unwrap());
        }
        prop_assert!(pipe.out() == all);
        let inner = mailbox.inner.lock();
        prop_assert_eq!((inner.bytes, inner.written, inner.writer), (0, 0, Writer::Nobody));
    }
}
