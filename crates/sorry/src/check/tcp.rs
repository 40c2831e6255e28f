//! The checkers of tcp and tls: a connection, perhaps a handshake, perhaps something that is sent, perhaps something that must come.

use memchr::memmem;
use sorry_core::health::Reason;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::config::check::{Dialogue, TlsClient};

use super::authority::Authorities;
use super::connect::{Closing, Way};
use super::failure::{Failure, Good, Progress, Verdict};
use super::prepared::PrepareError;
use super::remote::Remote;
use super::tls::Tls;
use super::wire::{self, Stream};

/// The most that is read while waiting for what must come.
const RECEIVED_MAX_BYTES: usize = 64 << 10;

/// A check that is ready.
#[derive(Debug)]
pub(super) struct Tcp {
    way: Way,
    tls: Option<Tls>,
    send: Option<Box<[u8]>>,
    expect: Option<memmem::Finder<'static>>,
}

impl Tcp {
    pub(super) fn prepare(
        way: Way,
        tls: Option<&TlsClient>,
        dialogue: &Dialogue,
        authorities: &Authorities,
    ) -> Result<Tcp, PrepareError> {
        let tls = tls.map(|tls| Tls::prepare(tls, way.host(), &[], authorities));
        let expect = dialogue.expect.as_ref();
        Ok(Tcp {
            tls: tls.transpose()?,
            send: dialogue.send.clone(),
            expect: expect.map(|text| memmem::Finder::new(text).into_owned()),
            way,
        })
    }

    /// A connection and nothing more.
    pub(super) fn plain(way: Way) -> Tcp {
        Tcp {
            way,
            tls: None,
            send: None,
            expect: None,
        }
    }

    pub(super) async fn probe(&self, progress: &Progress) -> Verdict {
        let mut stream = self.way.tcp(Closing::Gentle, progress).await?;
        if is_own_echo(&stream) {
            return Err(Failure::new(Reason::Refused, "refused"));
        }
        match &self.tls {
            None if self.send.is_none() && self.expect.is_none() => {
                Ok(Good::with(Remote::ours("connected")))
            }
            None => Box::pin(self.talk(&mut stream, "connected", progress)).await,
            Some(tls) => Box::pin(self.talk_tls(tls, stream, progress)).await,
        }
    }

    async fn talk_tls(&self, tls: &Tls, stream: TcpStream, progress: &Progress) -> Verdict {
        let mut stream = tls.handshake(stream, progress).await?;
        let verdict = self.talk(&mut stream, "TLS handshake done", progress).await;
        if verdict.is_ok() {
            // Says good-bye properly (RFC 8446, section 6.1); whether it arrives changes nothing.
            let _gone_already = stream.shutdown().await;
        }
        verdict
    }

    async fn talk(
        &self,
        stream: &mut impl Stream,
        good: &'static str,
        progress: &Progress,
    ) -> Verdict {
        if let Some(send) = &self.send {
            wire::send(stream, send, progress).await?;
        }
        let Some(expect) = &self.expect else {
            return Ok(Good::with(Remote::ours(good)));
        };
        let mut seen = Vec::new();
        loop {
            let step = |bytes: &[u8]| look(expect, &mut seen, bytes);
            if wire::receive(stream, progress, step).await?? {
                return Ok(Good::with(Remote::ours("the expected answer came")));
            }
        }
    }
}

/// Whether what must come has come, with these bytes; none mean that no more will.
fn look(expect: &memmem::Finder<'_>, seen: &mut Vec<u8>, bytes: &[u8]) -> Result<bool, Failure> {
    if bytes.is_empty() {
        return Err(match seen.as_slice() {
            [] => Failure::new(Reason::Closed, "closed before anything came"),
            seen => Failure::told(
                Reason::Body,
                Remote::quoting("closed after another answer:", seen),
            ),
        });
    }
    // It may have begun in what came before.
    let from = (seen.len() + 1).saturating_sub(expect.needle().len());
    seen.extend_from_slice(bytes);
    if expect.find(&seen[from..]).is_some() {
        return Ok(true);
    }
    if seen.len() > RECEIVED_MAX_BYTES {
        return Err(Failure::new(
            Reason::TooLong,
            "64 KiB came without the expected answer",
        ));
    }
    Ok(false)
}

/// A port of this machine at which nobody listens can be the very one from which the kernel lets us connect: then we are connected to
/// ourselves (RFC 9293, section 3.5), and a dead server would look alive.
fn is_own_echo(stream: &TcpStream) -> bool {
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(own), Ok(peer)) => own == peer,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpSocket;

    #[test]
    fn the_expected_answer_may_come_in_pieces() {
        let expect = memmem::Finder::new("+PONG");
        let mut seen = Vec::new();
        let mut found = Vec::new();
        for piece in ["x+", "PO", "NG\r\n"] {
            found.push(look(&expect, &mut seen, piece.as_bytes()).unwrap());
        }
        assert_eq!(found, [false, false, true]);
        let failure = look(&expect, &mut b"-ERR".to_vec(), b"").unwrap_err();
        assert_eq!(failure.reason, Reason::Body);
        assert_eq!(
            failure.detail.as_str(),
            "closed after another answer: \"-ERR\""
        );
        let failure = look(&expect, &mut Vec::new(), b"").unwrap_err();
        assert_eq!(failure.reason, Reason::Closed);
        let failure = look(&expect, &mut Vec::new(), &[0; RECEIVED_MAX_BYTES + 1]).unwrap_err();
        assert_eq!(failure.reason, Reason::TooLong);
    }

    #[tokio::test]
    async fn a_connection_to_oneself_is_none() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let own = socket.local_addr().unwrap();
        let stream = socket.connect(own).await.unwrap();
        assert!(is_own_echo(&stream));
    }
}
