//! A connection that can be cut, held up or slowed down: a relay on the loopback interface between a client and a server.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The relay; it ends when dropped, and every connection through it with it.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Counts the cuts: every connection made before the last one is over.
    cuts: u64,
    /// Whether the server's answers are held back.
    held: bool,
    /// How long every piece waits on its way, either way.
    delay: Duration,
    /// How many bytes a piece has at most.
    piece: Option<usize>,
}

impl Relay {
    /// Relays to `server`.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("the loopback interface has a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = watch::Sender::new(State::default());
        let seen = state.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, server, seen.subscribe()));
            }
        });
        Self { address, state, accepting }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where clients connect to.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Breaks every connection that is open now, both ways, without a farewell; answers held back are lost with it.
    pub fn cut(&self) {
        self.state.send_modify(|state| {
            state.cuts += 1;
            state.held = false;
        });
    }

    /// Holds back what the server says: requests arrive, answers do not.
    pub fn hold_answers(&self) {
        self.state.send_modify(|state| state.held = true);
    }

    /// Lets so little through at a time, and each piece so late, both ways.
    pub fn slow_down(&self, delay: Duration, piece: Option<usize>) {
        self.state.send_modify(|state| (state.delay, state.piece) = (delay, piece));
    }

    /// Everything passes again as it comes.
    pub fn mend(&self) {
        self.state.send_modify(|state| *state = State { cuts: state.cuts, ..State::default() });
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn relay(client: TcpStream, server: SocketAddr, mut state: watch::Receiver<State>) {
    let begun = state.borrow().cuts;
    let Ok(server) = TcpStream::connect(server).await else { return };
    for side in [&client, &server] {
        let _ = side.set_nodelay(true);
        // A close that resets is what a broken path looks like.
        let _ = side.set_zero_linger();
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (requests, answers) = (state.clone(), state.clone());
    tokio::select! {
        () = carry(from_client, to_server, requests, |_| false) => {}
        () = carry(from_server, to_client, answers, |state| state.held) => {}
        _ = state.wait_for(|state| state.cuts > begun) => {}
    }
}

async fn carry(
    from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    is_held: fn(&State) -> bool,
) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        if from.readable().await.is_err() {
            return;
        }
        let State { delay, piece, .. } = match state.wait_for(|state| !is_held(state)).await {
            Ok(state) => *state,
            Err(_) => return,
        };
        let most = piece.unwrap_or(buffer.len());
        match from.try_read(&mut buffer[..most]) {
            Ok(0) => return,
            Ok(read) => {
                if !delay.is_zero() {
                    // The time on the way is the fault.
                    tokio::time::sleep(delay).await;
                }
                if to.write_all(&buffer[..read]).await.is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
