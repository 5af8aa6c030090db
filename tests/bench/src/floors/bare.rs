//! L6, L9, L10: axum with nothing behind it: a WebSocket with a read buffer of 1 KiB that does nothing with what it hears, and a page
//! that was made beforehand.

use axum::{
    Router,
    extract::{WebSocketUpgrade, ws::WebSocket},
    http::header::CONTENT_TYPE,
    response::Response,
    routing::get,
    serve::ListenerExt as _,
};
use bytes::Bytes;
use tokio::net::TcpListener;

use crate::Fallible;

/// The read buffer of a socket.
const READ: usize = 1024;

/// Serves sockets at `/v1/live` and the page everywhere else.
pub(crate) async fn serve(listener: TcpListener, page: Vec<u8>) -> Fallible {
    let page = Bytes::from(page);
    let router = Router::new().route("/v1/live", get(upgrade)).fallback(move || {
        let page = page.clone();
        async move { ([(CONTENT_TYPE, "application/json")], page) }
    });
    let listener = listener.tap_io(|stream| {
        // Without it small answers wait for acknowledgements.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}

async fn upgrade(upgrade: WebSocketUpgrade) -> Response {
    upgrade.read_buffer_size(READ).on_upgrade(hold)
}

async fn hold(mut socket: WebSocket) {
    while let Some(Ok(_)) = socket.recv().await {}
}
