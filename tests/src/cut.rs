//! A connection that can be cut: a relay on the loopback interface between a client and a server.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The relay; it ends when dropped, and every connection through it with it.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    /// Counts the cuts: every connection made before the last one is over.
    cuts: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl Relay {
    /// Relays to `server`.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("the loopback interface has a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let cuts = watch::Sender::new(0);
        let seen = cuts.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, server, seen.subscribe()));
            }
        });
        Self { address, cuts, accepting }
    }

    /// Where clients connect to.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Breaks every connection that is open now, both ways, without a farewell.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn relay(mut client: TcpStream, server: SocketAddr, mut cut: watch::Receiver<u64>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    // A zero linger makes the close a reset, which is what a broken path looks like; not every system grants it.
    let _ = client.set_zero_linger();
    let _ = server.set_zero_linger();
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = cut.changed() => {}
    }
}
