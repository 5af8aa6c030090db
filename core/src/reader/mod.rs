//! Whoever reads a stream on the authority of a token: it ends when the token's authority does, when the reader stands still, when the
//! reader or the server goes; and what is under way to one reader is bounded.

mod mailbox;

use std::sync::Arc;

pub(crate) use mailbox::Outgoing;
use mailbox::{Mailbox, mailbox};
use prost::Message;
use tokio::time::{Instant, sleep_until};
use tonic::Status;

use crate::{
    app::App,
    caller::Caller,
    error::{Error, Reason, Result},
};

/// The side of whoever has something to say to a reader.
pub(crate) struct Reader<T> {
    app: Arc<App>,
    /// Who reads.
    pub(crate) caller: Caller,
    mailbox: Mailbox<T>,
    /// When the token ends.
    expiry: Instant,
}

/// Why a stream ends.
pub(crate) enum End {
    /// The reader went away.
    Gone,
    /// The reader is told why.
    Told(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

/// Opens a stream, if the caller may have one more.
pub(crate) fn open<T>(app: &Arc<App>, caller: &Caller) -> Result<(Reader<T>, Outgoing<T>)> {
    let permit = app.streams.open(caller)?;
    let (mailbox, stream) = mailbox(permit);
    let expiry = Instant::now() + app.clock.now().until(caller.expires_at);
    Ok((Reader { app: Arc::clone(app), caller: caller.clone(), mailbox, expiry }, stream))
}

impl<T: Message> Reader<T> {
    /// Whether the token still holds.
    pub(crate) fn check_authority(&self) -> Result<(), End> {
        if let Some(reason) = self.app.revocations.verdict(&self.caller) {
            return Err(Error::new(reason, "the authority of this stream has ended").into());
        }
        Ok(())
    }

    /// Returns when the stream is over, whatever there would still be to say.
    pub(crate) async fn over(&self) -> End {
        // Before the look, so that nothing falls between.
        let mut revoked = self.app.revocations.watch();
        loop {
            if let Err(end) = self.check_authority() {
                return end;
            }
            tokio::select! {
                biased;
                () = self.app.stopping.cancelled() => {
                    return Error::new(Reason::ShuttingDown, "this server is shutting down").into();
                }
                () = sleep_until(self.expiry) => {
                    return Error::new(Reason::TokenExpired, "the access token has expired").into();
                }
                () = self.mailbox.gone() => return End::Gone,
                _ = revoked.changed() => {}
            }
        }
    }

    /// Waits for a reader that is slow only so long; one that stands still is cut off. While it waits, its authority may end like at
    /// any other time.
    pub(crate) async fn post(&self, item: T) -> Result<(), End> {
        let Err(mut item) = self.mailbox.try_put(item) else { return Ok(()) };
        let patience = Instant::now() + self.app.limits.slow_reader;
        loop {
            tokio::select! {
                biased;
                end = self.over() => return Err(end),
                () = self.mailbox.room() => match self.mailbox.try_put(item) {
                    Ok(()) => return Ok(()),
                    Err(back) => item = back,
                },
                () = sleep_until(patience) => {
                    let text = "the reader did not keep up and was cut off; come back where it stopped";
                    return Err(Error::new(Reason::SlowReader, text).into());
                }
            }
        }
    }

    /// Says something that may be dropped; false where there was no room for it.
    pub(crate) fn try_post(&self, item: T) -> bool {
        self.mailbox.try_put(item).is_ok()
    }

    /// Ends the stream; what is under way to a reader who is told why is dropped.
    pub(crate) fn end(self, end: End) {
        if let End::Told(error) = end {
            metrics::counter!("rapport_streams_ended_total", "reason" => format!("{:?}", error.reason))
                .increment(1);
            self.mailbox.cut(Status::from(error));
        }
    }
}
