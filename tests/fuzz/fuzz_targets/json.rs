//! A body as anybody may send it, for any rpc of the contract: the name of an rpc, a line break, and the text. What is read and written
//! again is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rapport_edge::rpc::json;
use rapport_proto::contract::METHODS;

fuzz_target!(|bytes: &[u8]| {
    let (name, text) = bytes.iter().position(|byte| *byte == b'\n').map_or((&b""[..], bytes), |at| {
        let (name, rest) = bytes.split_at(at);
        (name, &rest[1..])
    });
    let Ok(value) = json::parse(text) else { return };
    assert_eq!(json::parse(value.to_string().as_bytes()).ok().as_ref(), Some(&value));
    let method = METHODS.iter().find(|method| method.name.as_bytes() == name).unwrap_or(&METHODS[0]);
    for name in [method.input, method.output] {
        let descriptor = json::message(name).expect("a message of the contract");
        let Ok(message) = json::read(&descriptor, value.clone()) else { continue };
        let written = json::write(&descriptor, &message).expect("what was read can be written");
        let again = json::parse(&written).expect("what was written can be parsed");
        let message = json::read(&descriptor, again.clone()).expect("what was written can be read");
        let rewritten = json::write(&descriptor, &message).expect("and written");
        assert_eq!(json::parse(&rewritten).ok(), Some(again));
    }
});
