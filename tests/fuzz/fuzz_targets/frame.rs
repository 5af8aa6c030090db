//! A frame of the live socket as anybody may send it. What is a frame is one again when it is written plainly, and what it calls is read
//! as the rpc's request or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rapport_edge::{
    live::frames::{self, Incoming},
    rpc::json,
};
use rapport_proto::contract;

fuzz_target!(|text: &[u8]| {
    let Some(frame) = frames::read(text) else { return };
    let value = json::parse(text).expect("a frame is JSON");
    assert_eq!(value.as_object().map(serde_json::Map::len), Some(1), "a frame says one thing");
    assert_eq!(frames::read(value.to_string().as_bytes()).as_ref(), Some(&frame));
    if let Incoming::Call(call) = frame
        && let Some(method) = contract::method(&format!("/{}", call.method))
    {
        let input = json::message(method.input).expect("a message of the contract");
        let _ = json::read(&input, call.body);
    }
});
