//! What the WebSocket library does not tell: in how many fragments a message comes, how long one has been on its way, and that a large one goes
//! on coming while memory is short. It reads along as the bytes pass, frame header by frame header.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::{Buf as _, Bytes};
use rapport_host::memory;
use tokio::io::{AsyncRead, ReadBuf};

/// In how many fragments a message may come, control frames in between among them.
const FRAGMENTS: u8 = 64;
/// Where memory is short, no more than this of a frame may still be to come.
const SMALL: u64 = 4 * 1024;
/// The longest frame header: two bytes, eight of length, four of mask.
const HEADER: usize = 14;

/// A connection whose frames are counted.
#[derive(Debug)]
pub(crate) struct Pieces<S> {
    inner: S,
    /// What had come before the connection was handed over.
    early: Bytes,
    header: [u8; HEADER],
    have: u8,
    fragments: u8,
    open: bool,
    payload: u64,
    begun: Option<Instant>,
}

/// Why reading ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("a message in more than {FRAGMENTS} fragments")]
    TooMany,
    #[error("a large message while memory is short")]
    TooLargeNow,
}

impl<S> Pieces<S> {
    /// Reads along on a connection, of which `early` has been read.
    pub(crate) fn new(inner: S, early: Bytes) -> Self {
        // What is empty may still hold the whole buffer it was read into.
        let early = if early.is_empty() { Bytes::new() } else { early };
        Self {
            inner,
            early,
            header: [0; HEADER],
            have: 0,
            fragments: 0,
            open: false,
            payload: 0,
            begun: None,
        }
    }

    /// The connection itself.
    pub(crate) fn into_inner(self) -> S {
        self.inner
    }

    /// Since when something has been on its way that is not complete.
    pub(crate) fn begun(&self) -> Option<Instant> {
        self.begun
    }

    fn pass(&mut self, mut bytes: &[u8]) -> Result<(), Refused> {
        while !bytes.is_empty() {
            self.begun.get_or_insert_with(Instant::now);
            if self.payload > 0 {
                let step = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
                bytes = &bytes[step..];
                self.payload -= step as u64;
            } else {
                self.header[usize::from(self.have)] = bytes[0];
                self.have += 1;
                bytes = &bytes[1..];
                let Some(payload) = length(&self.header[..usize::from(self.have)]) else { continue };
                self.have = 0;
                self.payload = payload;
                let (last, control) = (self.header[0] & 0x80 != 0, self.header[0] & 0x08 != 0);
                if self.open || !last {
                    self.fragments += 1;
                    if self.fragments > FRAGMENTS {
                        return Err(Refused::TooMany);
                    }
                }
                if !control {
                    self.open = !last;
                    if last {
                        self.fragments = 0;
                    }
                }
            }
            if self.payload == 0 && self.have == 0 && !self.open {
                self.begun = None;
            }
        }
        Ok(())
    }
}

/// The payload's length, once the header is complete.
fn length(header: &[u8]) -> Option<u64> {
    let [_, second, rest @ ..] = header else { return None };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (wide, short) = match second & 0x7f {
        126 => (2, 0),
        127 => (8, 0),
        short => (0, u64::from(short)),
    };
    if rest.len() < wide + mask {
        return None;
    }
    Some(rest[..wide].iter().fold(short, |length, byte| (length << 8) | u64::from(*byte)))
}

impl<S: AsyncRead + Unpin> AsyncRead for Pieces<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if self.early.is_empty() {
            ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        } else {
            let step = self.early.len().min(buf.remaining());
            buf.put_slice(&self.early[..step]);
            self.early.advance(step);
            if self.early.is_empty() {
                self.early = Bytes::new();
            }
        }
        let come = &buf.filled()[before..];
        let mut passed = self.pass(come);
        if passed.is_ok() && (self.payload > SMALL || self.open) && memory::is_short() {
            passed = Err(Refused::TooLargeNow);
        }
        Poll::Ready(passed.map_err(io::Error::other))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame,
        coding::{Control, Data, OpCode},
    };

    use super::*;

    fn frame(code: OpCode, last: bool, len: usize) -> Vec<u8> {
        let mut frame = Frame::message(vec![0x81; len], OpCode::Data(Data::Text), last);
        frame.header_mut().opcode = code;
        frame.header_mut().mask = Some([1, 2, 3, 4]);
        let mut bytes = Vec::new();
        frame.format(&mut bytes).unwrap();
        bytes
    }

    fn message(pieces: usize, len: usize) -> Vec<u8> {
        let code = |n| OpCode::Data(if n == 0 { Data::Text } else { Data::Continue });
        (0..pieces).flat_map(|n| frame(code(n), n + 1 == pieces, len)).collect()
    }

    proptest! {
        #[test]
        fn it_counts_the_same_however_the_bytes_arrive(
            lengths in proptest::collection::vec(
                prop_oneof![(1..=64_usize, 0..200_usize), (1..=2_usize, Just(70_000_usize))],
                1..5,
            ),
            cuts in proptest::collection::vec(1..3000_usize, 1..20),
        ) {
            let mut bytes: Vec<u8> = Vec::new();
            for (pieces, len) in lengths {
                bytes.extend(message(pieces, len));
                bytes.extend(frame(OpCode::Control(Control::Ping), true, 3));
            }
            let mut reader = Pieces::new((), Bytes::new());
            let (mut rest, mut cut) = (&bytes[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let step = (*cut.next().unwrap()).min(rest.len());
                prop_assert!(reader.pass(&rest[..step]).is_ok());
                rest = &rest[step..];
            }
            prop_assert!(reader.begun().is_none());
            reader.pass(&bytes[..1]).unwrap();
            prop_assert!(reader.begun().is_some());
        }
    }

    #[test]
    fn nothing_that_came_early_keeps_no_memory() {
        struct Buffer(Arc<[u8; 0]>);

        impl AsRef<[u8]> for Buffer {
            fn as_ref(&self) -> &[u8] {
                &*self.0
            }
        }

        let buffer = Arc::new([]);
        let _reader = Pieces::new((), Bytes::from_owner(Buffer(Arc::clone(&buffer))));
        assert_eq!(Arc::strong_count(&buffer), 1);
    }

    #[test]
    fn one_fragment_too_many_ends_it_and_control_frames_in_between_count() {
        let mut reader = Pieces::new((), Bytes::new());
        assert!(reader.pass(&message(65, 1)).is_err());
        let mut reader = Pieces::new((), Bytes::new());
        reader.pass(&frame(OpCode::Data(Data::Text), false, 1)).unwrap();
        let ping = frame(OpCode::Control(Control::Ping), true, 0);
        assert_eq!((0..100).position(|_| reader.pass(&ping).is_err()), Some(63));
    }
}
