//! A stream of which the first bytes have been read already, and whose other end has a limited time to take an answer.
//!
//! hyper bounds the time for a head and knows no such bound for answers. The time runs from the first byte that finds no room until
//! all that was said is taken, so that a client which takes a byte now and then buys no time. Used by `http`.

use std::future::{Future as _, Pending, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Timeout, timeout};

use super::door::{Bound, Door, Doors};

/// How long an answer may take, and where it is counted that one took longer.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    pub(super) write_time: Duration,
    pub(super) door: Door,
    pub(super) doors: Arc<Doors>,
}

/// The stream.
pub(super) struct Patient<S> {
    stream: S,
    first: Vec<u8>,
    /// How much of them has been given.
    given: usize,
    patience: Patience,
    /// Runs while something waits to be taken.
    waiting: Option<Pin<Box<Timeout<Pending<()>>>>>,
}

impl<S> Patient<S> {
    /// `first` is what was read of it.
    pub(super) fn new(stream: S, first: Vec<u8>, patience: Patience) -> Patient<S> {
        Patient {
            stream,
            first,
            given: 0,
            patience,
            waiting: None,
        }
    }

    /// An error once the other end has had its time.
    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let time = self.patience.write_time;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(timeout(time, pending())));
        match waiting.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(_) => {
                let patience = &self.patience;
                patience.doors.reached(patience.door, Bound::WriteTime);
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = &self.first[self.given..];
        if left.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let count = left.len().min(buffer.remaining());
        buffer.put_slice(&left[..count]);
        self.given += count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.wait(context),
            written => written,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Pending => self.wait(context),
            flushed => {
                self.waiting = None;
                flushed
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_shutdown(context) {
            Poll::Pending => self.wait(context),
            shut => shut,
        }
    }
}
