//! Every message of the contract, sound and spoilt, held against prost-reflect.

use proptest::{collection::vec, option::weighted, prelude::*, sample::Index};
use prost::encoding::{encode_key, encode_varint};

use super::*;
use crate::rpc::json;

/// Draws values by bytes, so that a failure shrinks with them: an end of bytes leaves everything out.
struct Draw<'a> {
    bytes: std::slice::Iter<'a, u8>,
    /// Whether something was drawn that is not written directly.
    is_special: bool,
}

impl Draw<'_> {
    /// The bytes of this message with these values, and whether it is written directly.
    fn message(descriptor: &MessageDescriptor, bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut draw = Draw { bytes: bytes.iter(), is_special: false };
        let mut wire = Vec::new();
        draw.fields(&mut wire, descriptor);
        (wire, !draw.is_special)
    }

    fn below(&mut self, end: usize) -> usize {
        self.bytes.next().map_or(0, |byte| usize::from(*byte) % end)
    }

    fn one<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn fields(&mut self, wire: &mut Vec<u8>, descriptor: &MessageDescriptor) {
        if descriptor.full_name() == "google.protobuf.Timestamp" {
            return self.timestamp(wire);
        }
        self.is_special |= descriptor.full_name().starts_with("google.protobuf.");
        let mut chosen = Vec::new();
        for oneof in descriptor.oneofs() {
            chosen.push(oneof.fields().nth(self.below(oneof.fields().len())));
        }
        for field in descriptor.fields() {
            if field.containing_oneof().is_some() && !chosen.contains(&Some(field.clone())) {
                continue;
            }
            let times = self.below(if field.is_list() || field.is_map() { 4 } else { 2 });
            self.is_special |= field.is_map() && times > 0;
            let kind = field.kind();
            if field.is_packed() && self.below(2) == 0 {
                let mut packed = Vec::new();
                (0..times).for_each(|_| self.value(&mut packed, &kind));
                delimited(wire, field.number(), &packed);
            } else {
                for _ in 0..times {
                    encode_key(field.number(), kind.wire_type(), wire);
                    self.value(wire, &kind);
                }
            }
        }
    }

    fn timestamp(&mut self, wire: &mut Vec<u8>) {
        let seconds =
            self.one(&[0, 1, -1, *MOMENTS.start(), *MOMENTS.end(), 951_782_400, 1_700_000_000, -86_401]);
        let nanos = self.one(&[0_u64, 1, 999_999_999, 500_000_000, 120_000, 123_456_789]);
        for (number, value) in [(1, i64::cast_unsigned(seconds)), (2, nanos)] {
            encode_key(number, WireType::Varint, wire);
            encode_varint(value, wire);
        }
    }

    fn value(&mut self, wire: &mut Vec<u8>, kind: &Kind) {
        match kind {
            Kind::Bool => encode_varint(self.one(&[0, 1]), wire),
            Kind::Int32 | Kind::Enum(_) => {
                let number = self.one(&[0_i64, 1, 2, 3, 31, 99, -1, i32::MAX.into(), i32::MIN.into()]);
                encode_varint(number.cast_unsigned(), wire);
            }
            Kind::Uint32 => encode_varint(self.one(&[0, 1, 300, u32::MAX.into()]), wire),
            Kind::Int64 | Kind::Uint64 => {
                encode_varint(self.one(&[0, 1, (1 << 53) + 1, 1 << 63, u64::MAX]), wire);
            }
            Kind::Double => {
                let numbers =
                    [0.0, -0.0, 1.0, 0.1, -1e300, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
                wire.extend(self.one(&numbers).to_le_bytes());
            }
            Kind::String => {
                let texts =
                    ["", "a", "\0\u{1f}\u{7f}", "\"\\/\n\r\t\u{8}\u{c}", "é漢😀\u{10ffff}", "\u{2028}<"];
                let text = format!("{}{}", self.one(&texts), self.one(&texts));
                encode_varint(text.len() as u64, wire);
                wire.extend(text.as_bytes());
            }
            Kind::Bytes => wire.extend(self.one::<&[u8]>(&[b"\0", b"\x01\xff", b"\x03\xfb\xff\xbf"])),
            Kind::Message(inner) => {
                let mut bytes = Vec::new();
                self.fields(&mut bytes, inner);
                encode_varint(bytes.len() as u64, wire);
                wire.extend(bytes);
            }
            kind => panic!("the contract has a {kind:?} now: write it above, and draw it here"),
        }
    }
}

fn delimited(wire: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    encode_key(number, WireType::LengthDelimited, wire);
    encode_varint(bytes.len() as u64, wire);
    wire.extend(bytes);
}

fn by_reflection(descriptor: &MessageDescriptor, wire: &[u8]) -> Option<String> {
    let text = json::decode(descriptor, wire).and_then(|message| json::text(&message)).ok()?;
    Some(String::from_utf8(text).unwrap())
}

fn written(descriptor: &MessageDescriptor, wire: &[u8]) -> Option<String> {
    let mut text = b"before".to_vec();
    let written = directly(&mut text, descriptor, wire);
    let text = String::from_utf8(text).unwrap().strip_prefix("before").unwrap().to_owned();
    assert!(written.is_some() || text.is_empty(), "{text} stays behind");
    written.map(|()| text)
}

proptest! {
    #[test]
    fn every_message_is_written_as_by_reflection(bytes in vec(any::<u8>(), 0..200)) {
        for descriptor in POOL.all_messages() {
            let (mut wire, is_direct) = Draw::message(&descriptor, &bytes);
            let text = written(&descriptor, &wire);
            prop_assert_eq!(text.is_some(), is_direct, "{}", descriptor.full_name());
            if is_direct {
                prop_assert_eq!(&text, &by_reflection(&descriptor, &wire));
                // What a newer core says beside.
                delimited(&mut wire, 99_999, b"\xff");
                prop_assert_eq!(text, written(&descriptor, &wire));
            }
        }
    }

    #[test]
    fn whatever_the_bytes_are_the_answer_is_that_of_reflection(
        bytes in vec(any::<u8>(), 0..200),
        others in weighted(0.3, vec(any::<u8>(), 0..60)),
        flips in vec((any::<Index>(), 0..8_u8), 0..3),
        cut in weighted(0.3, any::<Index>()),
    ) {
        for descriptor in POOL.all_messages() {
            let mut wire = Draw::message(&descriptor, &bytes).0;
            if let Some(others) = &others {
                wire.extend(Draw::message(&descriptor, others).0);
            }
            for (place, bit) in &flips {
                // Of no bytes there is none to spoil.
                let length = wire.len().max(1);
                if let Some(byte) = wire.get_mut(place.index(length)) {
                    *byte ^= 1 << bit;
                }
            }
            wire.truncate(cut.map_or(wire.len(), |cut| cut.index(wire.len() + 1)));
            if let Some(text) = written(&descriptor, &wire) {
                prop_assert_eq!(Some(text), by_reflection(&descriptor, &wire), "{}", descriptor.full_name());
            }
        }
    }
}
