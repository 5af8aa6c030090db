use super::*;

/// A connection that has as much room as the test gives it.
#[derive(Debug, Default)]
pub(crate) struct Pipe(Mutex<(usize, Vec<u8>)>);

impl Pipe {
    /// Gives room for so many bytes more.
    pub(crate) fn make_room(&self, bytes: usize) {
        self.0.lock().0 += bytes;
    }

    /// What has gone out.
    pub(crate) fn out(&self) -> Vec<u8> {
        self.0.lock().1.clone()
    }
}

impl Wire for Arc<Pipe> {
    fn try_write(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        let (room, out) = &mut *self.0.lock();
        let all = bytes.iter().flat_map(|slice| slice.iter()).take(*room).copied();
        let before = out.len();
        out.extend(all);
        let step = out.len() - before;
        *room -= step;
        if step == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(step) }
    }

    fn poll_room(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.lock().0 > 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

/// A mailbox nobody reads from, and the connection behind it.
pub(crate) fn mailbox_and_pipe(limit: usize) -> (Arc<Mailbox>, Arc<Pipe>) {
    let pipe = Arc::new(Pipe::default());
    (Mailbox::new(Box::new(Arc::clone(&pipe)), limit), pipe)
}

/// A mailbox nobody reads from.
pub(crate) fn mailbox(limit: usize) -> Arc<Mailbox> {
    mailbox_and_pipe(limit).0
}

/// Everything that waits, as if the client had read it.
pub(crate) fn drain(mailbox: &Mailbox) -> Vec<String> {
    let mut inner = mailbox.inner.lock();
    assert_eq!(inner.written, 0, "no frame has begun");
    let waiting = std::mem::take(&mut inner.frames);
    (inner.bytes, inner.writer) = (0, Writer::Nobody);
    drop(inner);
    mailbox.room.notify_waiters();
    waiting.into_iter().map(|bytes| Frame::from(bytes).as_str().to_owned()).collect()
}
