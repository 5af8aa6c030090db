//! A frame as it goes out: the bytes of the WebSocket protocol, made once for however many it goes to. What a server sends is not
//! masked, so it is the same for everybody.

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

/// The longest header of a frame without a mask.
const HEADER: usize = 10;

/// One whole frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame(Bytes);

impl Frame {
    /// A message.
    #[must_use]
    pub(crate) fn text(text: &str) -> Self {
        Self::of(OpCode::Data(Data::Text), text.as_bytes())
    }

    /// What asks whether somebody is there.
    #[must_use]
    pub(crate) fn ping() -> Self {
        Self::of(OpCode::Control(Control::Ping), &[])
    }

    fn of(opcode: OpCode, payload: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(HEADER + payload.len());
        let header = FrameHeader { opcode, ..FrameHeader::default() };
        let written = header.format(payload.len() as u64, &mut bytes);
        debug_assert!(written.is_ok(), "there is always room in memory");
        bytes.extend_from_slice(payload);
        Self(bytes.into())
    }

    /// The bytes.
    #[must_use]
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// How many bytes it has.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The text of a message.
    #[cfg(test)]
    pub(crate) fn as_str(&self) -> &str {
        let header = match self.0[1] {
            127 => 10,
            126 => 4,
            _ => 2,
        };
        std::str::from_utf8(&self.0[header..]).unwrap()
    }
}

#[cfg(test)]
impl From<Bytes> for Frame {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tokio_tungstenite::tungstenite::{
        Message,
        protocol::{Role, WebSocket},
    };

    use super::*;

    #[test]
    fn another_reader_of_the_protocol_finds_the_same_text() {
        for len in [0, 1, 125, 126, 65_535, 65_536, 100_000] {
            let text: String = ('a'..='z').cycle().take(len).collect();
            let bytes = [Frame::text(&text).bytes().clone(), Frame::ping().bytes().clone()].concat();
            let mut reader = WebSocket::from_raw_socket(Cursor::new(bytes), Role::Client, None);
            assert_eq!(reader.read().unwrap(), Message::text(text), "{len}");
            assert_eq!(reader.read().unwrap(), Message::Ping(Bytes::new()));
        }
    }
}
