//! The health of a process, asked by another run of its program: containers and scripts need no other tool for it.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// The longest answer that is read.
const LONGEST: u64 = 64 * 1024;

/// Asks the operators' listener at this address whether the process is ready. What it says is the answer, ready or not.
pub fn ask(admin: SocketAddr) -> Result<String, String> {
    if admin.port() == 0 {
        return Err("with port 0 as admin_listen nobody knows where to ask".to_owned());
    }
    let answer = read(reached_by(admin)).map_err(|why| format!("{admin}: {why}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("what answers is no HTTP")?;
    let body = body.trim().to_owned();
    if head.split(' ').nth(1) == Some("200") { Ok(body) } else { Err(format!("not ready: {body}")) }
}

fn read(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // HTTP/1.0: the answer ends with the connection and comes in one piece.
    stream.write_all(b"GET /readyz HTTP/1.0\r\nHost: admin\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer)?;
    Ok(answer)
}

/// Who listens everywhere is reached here.
fn reached_by(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
