//! The checker of smtp (RFC 5321): the greeting, EHLO or HELO, perhaps STARTTLS (RFC 3207) and EHLO again, QUIT. No mail is sent.

use std::time::Duration;

use sorry_core::health::Reason;
use tokio::time::timeout;

use crate::config::check::Smtp as Asked;

use super::authority::Authorities;
use super::connect::{Closing, Way};
use super::failure::{Failure, Good, Progress, Verdict};
use super::prepared::PrepareError;
use super::remote::Remote;
use super::tls::Tls;
use super::wire::{self, Stream};

/// The longest reply with all of its lines; RFC 5321 (4.5.3.1.5) allows 512 bytes for each.
const REPLY_MAX_BYTES: usize = 16 << 10;

/// How long the answer to QUIT is waited for. Nothing depends on it, but servers log those who do not wait.
const FAREWELL: Duration = Duration::from_millis(200);

/// A check that is ready.
#[derive(Debug)]
pub(super) struct Smtp {
    way: Way,
    helo: Box<str>,
    tls: Option<Tls>,
}

/// A reply (RFC 5321, section 4.2).
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its three digits.
    pub code: u16,
    /// How many bytes it has, with all of its lines.
    pub length: usize,
    /// Where its last line stands, without its end.
    pub last: std::ops::Range<usize>,
}

/// Why it is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A line does not begin with a code, or its code is another one than the line's before.
    NotAReply,
    /// It has no end.
    TooLong,
}

/// A reply at the beginning of these bytes, if it is whole.
///
/// # Errors
/// It is none, and more bytes would not make it one.
pub fn reply(bytes: &[u8]) -> Result<Option<Reply>, Fault> {
    let mut at = 0;
    let mut known = None;
    while let Some(end) = memchr::memchr(b'\n', &bytes[at..]) {
        let line = &bytes[at..at + end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (code, more) = line_of(line).ok_or(Fault::NotAReply)?;
        if known.is_some_and(|known| known != code) {
            return Err(Fault::NotAReply);
        }
        known = Some(code);
        let last = at..at + line.len();
        at += end + 1;
        if at > REPLY_MAX_BYTES {
            return Err(Fault::TooLong);
        }
        if !more {
            let length = at;
            return Ok(Some(Reply { code, length, last }));
        }
    }
    let rest = &bytes[at..];
    // Whoever waits for us to speak first, as HTTP servers do after garbage, may send something without a line's end.
    let begins = rest.iter().take(3).all(u8::is_ascii_digit);
    match (begins, bytes.len() > REPLY_MAX_BYTES) {
        (false, _) => Err(Fault::NotAReply),
        (true, true) => Err(Fault::TooLong),
        (true, false) => Ok(None),
    }
}

/// The code of a line, and whether another one follows.
fn line_of(line: &[u8]) -> Option<(u16, bool)> {
    let (code, rest) = line.split_at_checked(3)?;
    let digits = code.iter().all(u8::is_ascii_digit);
    let code = std::str::from_utf8(code).ok()?.parse().ok()?;
    match rest.first() {
        _ if !digits => None,
        None | Some(b' ') => Some((code, false)),
        Some(b'-') => Some((code, true)),
        Some(_) => None,
    }
}

impl Smtp {
    pub(super) fn prepare(
        asked: &Asked,
        way: Way,
        authorities: &Authorities,
    ) -> Result<Smtp, PrepareError> {
        let tls = asked.tls.as_ref();
        let tls = tls.map(|tls| Tls::prepare(tls, way.host(), &[], authorities));
        Ok(Smtp {
            helo: asked.helo.clone(),
            tls: tls.transpose()?,
            way,
        })
    }

    pub(super) async fn probe(&self, progress: &Progress) -> Verdict {
        let mut stream = self.way.tcp(Closing::Gentle, progress).await?;
        let mut talk = Talk {
            seen: Vec::new(),
            progress,
        };
        talk.require(&mut stream, "the greeting", 220).await?;
        self.introduce(&mut talk, &mut stream).await?;
        let Some(tls) = &self.tls else {
            return Ok(talk.farewell(&mut stream).await);
        };
        talk.say(&mut stream, "STARTTLS\r\n").await?;
        talk.require(&mut stream, "STARTTLS", 220).await?;
        if !talk.seen.is_empty() {
            // What came unasked before the handshake must not be taken for something that came under TLS.
            return Err(Failure::new(
                Reason::Protocol,
                "the server went on in the clear after STARTTLS",
            ));
        }
        let mut stream = tls.handshake(stream, progress).await?;
        talk.say(&mut stream, &format!("EHLO {}\r\n", self.helo))
            .await?;
        talk.require(&mut stream, "EHLO after STARTTLS", 250)
            .await?;
        Ok(talk.farewell(&mut stream).await)
    }

    /// EHLO, or HELO where the server does not know that and nobody wants TLS.
    async fn introduce(
        &self,
        talk: &mut Talk<'_>,
        stream: &mut impl Stream,
    ) -> Result<(), Failure> {
        talk.say(stream, &format!("EHLO {}\r\n", self.helo)).await?;
        let (code, words) = talk.hear(stream).await?;
        if code == 250 {
            return Ok(());
        }
        if self.tls.is_some() || !matches!(code, 500..=504) {
            return Err(wrong("EHLO", &words));
        }
        talk.say(stream, &format!("HELO {}\r\n", self.helo)).await?;
        talk.require(stream, "HELO", 250).await
    }
}

fn wrong(to: &str, words: &[u8]) -> Failure {
    let detail = Remote::quoting(&format!("the reply to {to} is"), words);
    Failure::told(Reason::ReplyCode, detail)
}

/// A conversation, and what has come and is not used yet.
struct Talk<'a> {
    seen: Vec<u8>,
    progress: &'a Progress,
}

impl Talk<'_> {
    async fn say(&mut self, stream: &mut impl Stream, line: &str) -> Result<(), Failure> {
        wire::send(stream, line.as_bytes(), self.progress).await
    }

    /// The next reply: its code and its last line.
    async fn hear(&mut self, stream: &mut impl Stream) -> Result<(u16, Vec<u8>), Failure> {
        loop {
            if !self.seen.is_empty() {
                let found = reply(&self.seen).map_err(|fault| self.told(fault))?;
                if let Some(reply) = found {
                    let words = self.seen[reply.last].to_vec();
                    self.seen.drain(..reply.length);
                    return Ok((reply.code, words));
                }
            }
            let seen = &mut self.seen;
            let more = wire::receive(stream, self.progress, |bytes| {
                seen.extend_from_slice(bytes);
                !bytes.is_empty()
            });
            if !more.await? {
                return Err(Failure::new(
                    Reason::Closed,
                    "closed in the middle of the conversation",
                ));
            }
        }
    }

    fn told(&self, fault: Fault) -> Failure {
        match fault {
            Fault::TooLong => Failure::new(Reason::TooLong, "a reply is longer than 16 KiB"),
            Fault::NotAReply => {
                let line = self.seen.split(|byte| *byte == b'\n').next();
                let line = line.unwrap_or_default().trim_ascii_end();
                Failure::told(
                    Reason::Protocol,
                    Remote::quoting("what came is not SMTP:", line),
                )
            }
        }
    }

    async fn require(
        &mut self,
        stream: &mut impl Stream,
        to: &str,
        wanted: u16,
    ) -> Result<(), Failure> {
        match self.hear(stream).await? {
            (code, _) if code == wanted => Ok(()),
            (_, words) => Err(wrong(to, &words)),
        }
    }

    /// QUIT. What was to be found out is known; a server that does not answer this is not taken for a dead one.
    async fn farewell(&mut self, stream: &mut impl Stream) -> Good {
        let left = self.progress.deadline() - tokio::time::Instant::now();
        let both = async {
            self.say(stream, "QUIT\r\n").await?;
            self.hear(stream).await
        };
        let _whatever_it_says = timeout(FAREWELL.min(left / 2), both).await;
        Good::with(Remote::ours("greeted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_have_lines_with_one_code() {
        let whole = |code, length, last| Ok(Some(Reply { code, length, last }));
        for (text, expected) in [
            ("220 mx\r\n", whole(220, 8, 0..6)),
            ("220 mx\n", whole(220, 7, 0..6)),
            ("250\r\n", whole(250, 5, 0..3)),
            (
                "250-mx\r\n250-SIZE\r\n250 HELP\r\nmore",
                whole(250, 28, 18..26),
            ),
            ("250-mx\r\n250", Ok(None)),
            ("2", Ok(None)),
            ("", Ok(None)),
            ("250-mx\r\n251 no\r\n", Err(Fault::NotAReply)),
            ("220mx\r\n", Err(Fault::NotAReply)),
            ("22 mx\r\n", Err(Fault::NotAReply)),
            ("SSH-2.0", Err(Fault::NotAReply)),
        ] {
            assert_eq!(reply(text.as_bytes()), expected, "{text:?}");
        }
        let endless = "250-x\r\n".repeat(REPLY_MAX_BYTES);
        assert_eq!(reply(endless.as_bytes()), Err(Fault::TooLong));
        let long = format!("250{}", "x".repeat(REPLY_MAX_BYTES));
        assert_eq!(reply(long.as_bytes()), Err(Fault::TooLong));
    }
}
