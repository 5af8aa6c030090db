//! Redis: the instance that tests share, instances of their own for tests that stop, stall or cut one, and somebody who speaks to one
//! by hand: what an operator would type, or what nobody should.

use std::fmt::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::ids;
use crate::wait::until;

/// The variable that names the address of the instance tests share; `tests/run` starts one and sets it.
pub const URL: &str = "RAPPORT_TEST_REDIS";

/// How long one may take to start.
const STARTUP: Duration = Duration::from_secs(10);

/// The address of the instance that tests share.
///
/// # Panics
/// Says what to do where there is none.
#[must_use]
pub fn shared_url() -> String {
    std::env::var(URL).unwrap_or_else(|_| {
        panic!("{URL} names no Redis: run tests/run, or set it to the address of a private one")
    })
}

/// A Redis that one test owns, may stop, and may kill. It keeps nothing on disk.
#[derive(Debug)]
pub struct PrivateRedis {
    folder: TempDir,
    port: u16,
    child: Mutex<Option<Child>>,
}

impl PrivateRedis {
    /// Starts one on a port of its own.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let redis = Self { folder, port: ids::port(), child: Mutex::new(None) };
        redis.restart().await;
        redis
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it again, empty, on the same port; one that runs is killed first.
    pub async fn restart(&self) {
        self.kill9();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
            .arg(self.port.to_string())
            .arg("--dir")
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed (Debian: apt-get install redis-server)");
        *self.child.lock() = Some(child);
        until("Redis answers", STARTUP, || async {
            let mut wire = Wire::open(&self.url()).await.ok()?;
            (wire.ask(&["PING"]).await == "+PONG").then_some(())
        })
        .await;
    }

    /// Ends it with SIGKILL.
    pub fn kill9(&self) {
        if let Some(mut child) = self.child.lock().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it where it is; connections stay open, and nothing is answered.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.lock();
        let pid = child.as_ref().and_then(|child| Pid::from_raw(i32::try_from(child.id()).ok()?));
        kill_process(pid.expect("Redis runs"), signal).expect("it is ours");
    }

    /// Somebody who speaks to it.
    pub async fn wire(&self) -> Wire {
        Wire::open(&self.url()).await.expect("Redis runs")
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// A connection on which commands are typed.
#[derive(Debug)]
pub struct Wire(BufReader<TcpStream>);

impl Wire {
    /// Connects to the Redis at this address.
    pub async fn open(url: &str) -> std::io::Result<Self> {
        let place = url.strip_prefix("redis://").unwrap_or(url);
        Ok(Self(BufReader::new(TcpStream::connect(place).await?)))
    }

    /// Types a command and reads the answer: a line as it comes, or a list as its parts.
    pub async fn ask(&mut self, words: &[&str]) -> String {
        self.say(words).await;
        self.next().await.join(" ")
    }

    /// Types a command.
    pub async fn say(&mut self, words: &[&str]) {
        let mut bytes = format!("*{}\r\n", words.len());
        for word in words {
            let _ = write!(bytes, "${}\r\n{word}\r\n", word.len());
        }
        self.0.get_mut().write_all(bytes.as_bytes()).await.expect("Redis reads");
    }

    /// The next answer or message, its parts one by one.
    pub async fn next(&mut self) -> Vec<String> {
        let (mut wanted, mut parts) = (1, Vec::new());
        while wanted > 0 {
            let mut line = String::new();
            self.0.read_line(&mut line).await.expect("Redis answers in text");
            let line = line.trim_end();
            let count = || line[1..].parse::<i64>().expect("a length");
            match line.as_bytes().first() {
                Some(b'*') => wanted += count(),
                Some(b'$') if count() >= 0 => {
                    let mut bytes = vec![0; usize::try_from(count()).expect("a length") + 2];
                    self.0.read_exact(&mut bytes).await.expect("Redis says it all");
                    bytes.truncate(bytes.len() - 2);
                    parts.push(String::from_utf8_lossy(&bytes).into_owned());
                }
                Some(_) => parts.push(line.to_owned()),
                None => panic!("Redis has closed the connection"),
            }
            wanted -= 1;
        }
        parts
    }
}
