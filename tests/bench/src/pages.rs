//! A caller over HTTP/1.1 that costs as little as can be: it writes a request that was made beforehand and reads as many bytes as the
//! answer says it has.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::Fallible;

/// A connection and the request it repeats.
#[derive(Debug)]
pub(crate) struct Pages {
    to: SocketAddr,
    stream: TcpStream,
    request: String,
    answer: Vec<u8>,
}

impl Pages {
    /// Connects; asks for `path`, with the access token where there is one.
    pub(crate) async fn connect(to: SocketAddr, path: &str, token: Option<&str>) -> Fallible<Self> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {to}\r\n{}\r\n", authorization(token));
        Ok(Self { to, stream: reach(to).await?, request, answer: Vec::new() })
    }

    /// Connects; posts to `path`, each time what [`Self::post`] is given.
    pub(crate) async fn connect_to_post(to: SocketAddr, path: &str, token: Option<&str>) -> Fallible<Self> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {to}\r\n{}content-type: application/json\r\n",
            authorization(token)
        );
        Ok(Self { to, stream: reach(to).await?, request, answer: Vec::new() })
    }

    /// Asks for another path from now on.
    pub(crate) fn turn_to(&mut self, path: &str, token: &str) {
        self.request =
            format!("GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n", self.to);
    }

    /// Connects anew: a server closes what was idle for some seconds.
    pub(crate) async fn again(&mut self) -> Fallible {
        self.stream = reach(self.to).await?;
        Ok(())
    }

    /// Asks, and gives the body; another status than 200 is an error.
    pub(crate) async fn get(&mut self) -> Fallible<&[u8]> {
        self.stream.write_all(self.request.as_bytes()).await?;
        match self.answered().await? {
            (200, body) => Ok(body),
            (status, body) => Err(format!("{status}: {}", String::from_utf8_lossy(body)).into()),
        }
    }

    /// Posts, and gives the status and the body.
    pub(crate) async fn post(&mut self, body: &str) -> Fallible<(u16, &[u8])> {
        let request = format!("{}content-length: {}\r\n\r\n{body}", self.request, body.len());
        self.stream.write_all(request.as_bytes()).await?;
        self.answered().await
    }

    async fn answered(&mut self) -> Fallible<(u16, &[u8])> {
        self.answer.clear();
        let (status, start, length) = loop {
            self.read().await?;
            if let Some(found) = head(&self.answer)? {
                break found;
            }
        };
        while self.answer.len() < start + length {
            self.read().await?;
        }
        Ok((status, &self.answer[start..start + length]))
    }

    async fn read(&mut self) -> Fallible {
        self.answer.reserve(32 * 1024);
        if self.stream.read_buf(&mut self.answer).await? == 0 {
            return Err("a connection was closed".into());
        }
        Ok(())
    }
}

/// What a program has counted, as it tells its operators.
#[derive(Debug)]
pub(crate) struct Counters(String);

impl Counters {
    /// Asks for it.
    pub(crate) async fn read(admin: SocketAddr) -> Fallible<Self> {
        let mut pages = Pages::connect(admin, "/metrics", None).await?;
        Ok(Self(String::from_utf8(pages.get().await?.to_vec())?))
    }

    /// The sum of a counter over those of its lines that hold this.
    pub(crate) fn sum(&self, counter: &str, part: &str) -> f64 {
        let lines = self.0.lines().filter(|line| line.starts_with(counter) && line.contains(part));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }
}

fn authorization(token: Option<&str>) -> String {
    token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default()
}

async fn reach(to: SocketAddr) -> Fallible<TcpStream> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The status, where the body begins and how long it is, once the head is there.
fn head(answer: &[u8]) -> Fallible<Option<(u16, usize, usize)>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?;
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let status = status.ok_or("an answer without a status")?;
    Ok(Some((status, end + 4, length.ok_or("an answer that does not say how long it is")?)))
}
