//! Reads and writes of one connection, plain or under TLS, without a buffer of its own: one for each thread is lent to whoever reads,
//! for as long as it takes to look at what has come. Called by the checkers that speak over a stream.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::ready;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::failure::{Failure, Progress};
use super::tls;

/// The most that is read at once.
const PART_BYTES: usize = 16 << 10;

thread_local! {
    static PART: RefCell<Box<[u8]>> = RefCell::new(vec![0; PART_BYTES].into());
}

/// A connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Sends all of it.
pub(super) async fn send(
    stream: &mut impl Stream,
    bytes: &[u8],
    progress: &Progress,
) -> Result<(), Failure> {
    let sent = async {
        stream.write_all(bytes).await?;
        // Under TLS, what was written may still wait in a buffer.
        stream.flush().await
    };
    sent.await.map_err(|error| told(&error, progress))
}

/// Waits until something comes, and lets `look` at it; at nothing, once the other side has closed.
pub(super) async fn receive<T>(
    stream: &mut impl Stream,
    progress: &Progress,
    mut look: impl FnMut(&[u8]) -> T,
) -> Result<T, Failure> {
    let read = poll_fn(|context| {
        PART.with_borrow_mut(|part| {
            let mut part = ReadBuf::new(part);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut part))?;
            progress.received(part.filled().len());
            io::Result::Ok(look(part.filled())).into()
        })
    });
    read.await.map_err(|error| told(&error, progress))
}

/// An error of the connection: the peer's TLS has its own reasons.
pub(super) fn told(error: &io::Error, progress: &Progress) -> Failure {
    tls::failure(error).unwrap_or_else(|| progress.system(error))
}
