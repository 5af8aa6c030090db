//! The edge's JSON for others to judge: `tests/third_party/json_format.py` holds it against another implementation.
//!
//! `json descriptors` writes the contract's `FileDescriptorSet` to standard output. Without an argument it answers lines of
//! `message <TAB> to-json <TAB> base64` with JSON, and of `message <TAB> from-json <TAB> JSON` with base64; a refusal is `!` and why.

use std::io::{self, BufRead as _, Write as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rapport_edge::rpc::json;
use rapport_proto::fault::Fault;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    if std::env::args().nth(1).as_deref() == Some("descriptors") {
        return out.write_all(rapport_proto::FILE_DESCRIPTOR_SET);
    }
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = answer(&line).unwrap_or_else(|why| format!("!{why}"));
        writeln!(out, "{}", answer.replace('\n', " "))?;
        out.flush()?;
    }
    Ok(())
}

fn answer(line: &str) -> Result<String, String> {
    let mut parts = line.splitn(3, '\t');
    let (Some(name), Some(direction), Some(payload)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("a line has three parts".to_owned());
    };
    let descriptor = json::message(name).ok_or("there is no such message")?;
    let refused = |fault: Fault| fault.to_string();
    match direction {
        "to-json" => {
            let message = BASE64_STANDARD.decode(payload).map_err(|error| error.to_string())?;
            let text = json::write(&descriptor, &message).map_err(refused)?;
            String::from_utf8(text).map_err(|error| error.to_string())
        }
        "from-json" => {
            let value = json::parse(payload.as_bytes()).map_err(refused)?;
            Ok(BASE64_STANDARD.encode(json::read(&descriptor, value).map_err(refused)?))
        }
        _ => Err("the direction is to-json or from-json".to_owned()),
    }
}
