//! One request over HTTP/2 (RFC 9113) on a connection of its own. Called by the checkers of http and grpc, which judge the answer.

use std::future::Future as _;
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http::{HeaderMap, Request};
use sorry_core::health::Reason;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::body::Whole;
use super::failure::{Failure, Progress};
use super::remote::Remote;
use super::wire::{self, Stream};

/// The longest head that a server may send.
const HEAD_MAX_BYTES: u32 = 32 << 10;

/// What is asked.
pub(super) struct Ask {
    pub(super) request: Request<()>,
    /// Sent after the head.
    pub(super) body: Option<Bytes>,
    /// The most of the answer's body that is read.
    pub(super) body_max_bytes: usize,
}

/// What came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) whole: Whole,
    pub(super) head: HeaderMap,
    pub(super) trailers: Option<HeaderMap>,
}

/// The server must have agreed to HTTP/2.
pub(super) fn require(stream: &TlsStream<TcpStream>) -> Result<(), Failure> {
    match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Ok(()),
        _ => Err(Failure::new(
            Reason::Protocol,
            "the server does not speak HTTP/2 (it did not choose `h2`)",
        )),
    }
}

/// Asks, and waits for the whole answer.
pub(super) async fn exchange(
    stream: impl Stream,
    ask: Ask,
    progress: &Progress,
) -> Result<Answer, Failure> {
    let told = |error: h2::Error| told(&error, progress);
    let mut builder = h2::client::Builder::new();
    builder
        .max_header_list_size(HEAD_MAX_BYTES)
        .enable_push(false);
    let (sender, connection) = builder.handshake(stream).await.map_err(told)?;
    let mut connection = pin!(connection);
    let mut talk = pin!(talk(sender, ask, progress));
    let mut ended = None;
    // Nothing moves unless the connection is polled, and what has come is still to be had when it has ended.
    let answer = std::future::poll_fn(|context| {
        if ended.is_none()
            && let Poll::Ready(end) = connection.as_mut().poll(context)
        {
            ended = Some(end.err());
        }
        match (talk.as_mut().poll(context), &mut ended) {
            (Poll::Ready(answer), _) => Poll::Ready(answer.map_err(told)),
            (Poll::Pending, None) => Poll::Pending,
            // Streams are not told of every end of their connection.
            (Poll::Pending, Some(end)) => Poll::Ready(Err(end.take().map_or_else(closed, told))),
        }
    });
    answer.await
}

async fn talk(
    sender: h2::client::SendRequest<Bytes>,
    ask: Ask,
    progress: &Progress,
) -> Result<Answer, h2::Error> {
    let mut sender = sender.ready().await?;
    let (response, mut sending) = sender.send_request(ask.request, ask.body.is_none())?;
    if let Some(body) = ask.body {
        sending.send_data(body, true)?;
    }
    let (head, mut body) = response.await?.into_parts();
    let mut answer = Answer {
        status: head.status.as_u16(),
        body: Vec::new(),
        whole: Whole::Yes,
        head: head.headers,
        trailers: None,
    };
    while let Some(part) = body.data().await {
        let part = part?;
        progress.received(part.len());
        body.flow_control().release_capacity(part.len())?;
        let room = ask.body_max_bytes - answer.body.len();
        answer.body.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() > room {
            answer.whole = Whole::Cut;
            return Ok(answer);
        }
    }
    answer.trailers = body.trailers().await?;
    Ok(answer)
}

fn told(error: &h2::Error, progress: &Progress) -> Failure {
    if let Some(error) = error.get_io() {
        return wire::told(error, progress);
    }
    let reason = error.reason().unwrap_or(h2::Reason::NO_ERROR);
    if error.is_remote() {
        let words = format_args!("the server ended the request with {reason:?}");
        return Failure::told(Reason::Reset, Remote::told(words));
    }
    match reason {
        h2::Reason::NO_ERROR => closed(),
        reason => {
            let words = format_args!("what came is not HTTP/2 ({reason:?})");
            Failure::told(Reason::Protocol, Remote::told(words))
        }
    }
}

fn closed() -> Failure {
    Failure::new(Reason::Closed, "closed before the answer was whole")
}
