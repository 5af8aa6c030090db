//! L4: tokio-tungstenite and a list of sinks for each group. Who connects names a group; what is said in it goes to all of it, as the
//! frame the product makes of such a message, put together once; a write each, as L4 has it, also where several wait. Nobody is asked
//! who they are, nothing is stored.

use std::collections::BTreeMap;

use futures_util::{SinkExt as _, StreamExt as _, stream::SplitSink};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async_with_config,
    tungstenite::{Message, Utf8Bytes, protocol::WebSocketConfig},
};

use crate::{Fallible, load::TEXT, sockets::MARK};

/// The read buffer of a socket.
const READ: usize = 1024;
/// How many texts wait at most to be passed on.
const WAITING: usize = 256;

type Sink = SplitSink<WebSocketStream<TcpStream>, Message>;

enum Order {
    Join(usize, Sink),
    Say(usize, Utf8Bytes),
}

/// Serves; `model` is a frame of the product's with a text of a bench in it.
pub(crate) async fn serve(listener: TcpListener, model: &[u8]) -> Fallible {
    let model = std::str::from_utf8(model)?;
    let at = model.find(MARK).ok_or("a model without a text")?;
    let (head, tail) = (model[..at].to_owned(), model[at + TEXT..].to_owned());
    let (tell, orders) = mpsc::channel(WAITING);
    tokio::spawn(pass_on(orders, head, tail));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let tell = tell.clone();
        // Whoever goes away is left out when the next text finds the sink closed.
        tokio::spawn(async move { listen(stream, tell).await.ok() });
    }
}

async fn listen(stream: TcpStream, tell: mpsc::Sender<Order>) -> Fallible {
    let config = WebSocketConfig::default().read_buffer_size(READ);
    let (sink, mut stream) = accept_async_with_config(stream, Some(config)).await?.split();
    let first = stream.next().await.ok_or("nothing said")??;
    let group = first.to_text()?.parse()?;
    tell.send(Order::Join(group, sink)).await?;
    while let Some(message) = stream.next().await {
        if let Message::Text(text) = message? {
            tell.send(Order::Say(group, text)).await?;
        }
    }
    Ok(())
}

async fn pass_on(mut orders: mpsc::Receiver<Order>, head: String, tail: String) {
    let mut groups: BTreeMap<usize, Vec<Sink>> = BTreeMap::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Join(group, mut sink) => {
                if sink.send(Message::text("joined")).await.is_ok() {
                    groups.entry(group).or_default().push(sink);
                }
            }
            Order::Say(group, text) => {
                let Some(sinks) = groups.get_mut(&group) else { continue };
                let frame = Message::text(format!("{head}{text}{tail}"));
                let mut closed = Vec::new();
                for (place, sink) in sinks.iter_mut().enumerate() {
                    if sink.send(frame.clone()).await.is_err() {
                        closed.push(place);
                    }
                }
                for place in closed.into_iter().rev() {
                    drop(sinks.swap_remove(place));
                }
            }
        }
    }
}
