//! What the scenarios are measured against: the least a program must do that stores the same rows or gives the same answer,
//! written by hand, without layers, rules, tenants' handles or a driver that speaks through channels.

use std::{fmt, net::SocketAddr, path::Path};

use clap::ValueEnum;
use tokio::net::TcpListener;

use crate::{Fallible, report::say};

pub(crate) mod bare;
pub(crate) mod batches;
pub(crate) mod broadcast;
pub(crate) mod disk;
pub(crate) mod echo;
pub(crate) mod pgbench;
pub(crate) mod postgres;
pub(crate) mod sqlite;
pub(crate) mod stream;

/// Floors that are processes of their own, as the product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Floor {
    /// Sockets that do nothing, and one page.
    Bare,
    /// Sockets whose texts are passed on.
    Broadcast,
    /// A stream of gRPC that says the same for ever.
    Stream,
}

impl fmt::Display for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bare => "bare",
            Self::Broadcast => "broadcast",
            Self::Stream => "stream",
        })
    }
}

/// Serves until it is killed.
pub(crate) async fn serve(floor: Floor, file: Option<&Path>) -> Fallible {
    let content = file.map(std::fs::read).transpose()?.unwrap_or_default();
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    say(format_args!("floor listening edge={}", listener.local_addr()?));
    match floor {
        Floor::Bare => bare::serve(listener, content).await,
        Floor::Broadcast => broadcast::serve(listener, &content).await,
        Floor::Stream => stream::serve(listener, &content).await,
    }
}
