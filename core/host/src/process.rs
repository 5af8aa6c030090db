//! How a process speaks to whoever started it, and how it is told to end.

use std::io::{self, Write as _};

use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

/// Standard output is for what a person or a script waits for; everything else is a log line.
pub fn say(text: &str) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// Why the process cannot go on, for whoever started it.
pub fn complain(program: &str, why: &str) {
    let _ = writeln!(io::stderr(), "{program}: {why}");
}

/// Takes an address, or says which setting chooses another.
pub async fn listen(address: std::net::SocketAddr, setting: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|source| {
        let why = format!("{address} cannot be listened on: {source}; choose another with {setting}");
        io::Error::new(source.kind(), why)
    })
}

/// How the process is asked to end: by SIGTERM or SIGINT.
#[derive(Debug)]
pub struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl End {
    /// Begins to listen for it: made before anything is served, so that whoever is served may end the process in order.
    pub fn awaited() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Returns when the process is asked to end.
    pub async fn comes(mut self) {
        self.asked().await;
        // Whoever asks twice does not want to wait.
        tokio::spawn(async move {
            self.asked().await;
            std::process::exit(130);
        });
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
