//! The checker of dns: one question (RFC 1035) over UDP or TCP, and whether the answer is the one to it. An answer that UDP cut short is
//! asked for again over TCP, as a resolver would.

use std::fmt::Write as _;
use std::str::FromStr as _;

use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::{Message, MessageBuilder, Name};
use domain::rdata::AllRecordData;
use sorry_core::health::Reason;

use crate::config::check::Dns as Asked;

use super::connect::{Closing, Way};
use super::failure::{Failure, Good, Progress, Verdict};
use super::prepared::PrepareError;
use super::remote::Remote;
use super::wire;

/// The longest answer over UDP to a question without EDNS (RFC 1035, 2.3.4), and what more would still be read.
const DATAGRAM_MAX_BYTES: usize = 4096;

/// A check that is ready.
#[derive(Debug)]
pub(super) struct Dns {
    way: Way,
    tcp: bool,
    expected: Expected,
}

/// A question, and what its answer must be.
#[derive(Debug)]
pub struct Expected {
    /// With an id of 0; each probe has its own.
    question: Vec<u8>,
    codes: Vec<u16>,
    /// In lower case.
    answer: Option<String>,
}

/// What a datagram is.
#[derive(Debug, PartialEq, Eq)]
pub enum Judged {
    /// No answer to this question: somebody else's, or nothing at all.
    NotOurs,
    /// It did not fit.
    Cut,
    /// Good, with this code.
    Good(Rcode),
    /// Another code than those expected.
    Code(Rcode),
    /// The code is right and the data is not there.
    Lacking,
    /// It answers this question and cannot be read.
    Malformed,
}

impl Expected {
    /// From what was typed.
    ///
    /// # Errors
    /// The name or the type is none.
    pub fn new(asked: &Asked) -> Result<Expected, PrepareError> {
        let wrong = |what: &str| PrepareError::general(what.to_owned());
        let name = Name::<Vec<u8>>::from_str(&asked.name)
            .map_err(|error| wrong(&format!("`{}` is no domain name: {error}", asked.name)))?;
        let record = Rtype::from_str(&asked.record)
            .map_err(|_| wrong(&format!("`{}` is no type of record", asked.record)))?;
        let mut message = MessageBuilder::new_vec();
        message.header_mut().set_rd(true);
        let mut question = message.question();
        question
            .push((name, record, Class::IN))
            .map_err(|_| wrong("the question is too long"))?;
        Ok(Expected {
            question: question.finish(),
            codes: asked.codes.clone(),
            answer: asked.answer.as_ref().map(|text| plain(text)),
        })
    }

    /// The question with this id.
    pub fn question(&self, id: u16) -> Vec<u8> {
        let mut question = self.question.clone();
        if let Some(place) = question.first_chunk_mut() {
            *place = id.to_be_bytes();
        }
        question
    }

    /// What some bytes are to the question with this id.
    pub fn judge(&self, id: u16, bytes: &[u8]) -> Judged {
        let question = self.question(id);
        let (Ok(asked), Ok(message)) = (Message::from_slice(&question), Message::from_slice(bytes))
        else {
            return Judged::NotOurs;
        };
        let header = message.header();
        if !header.qr() || header.id() != id {
            return Judged::NotOurs;
        }
        // A server that cannot read a question may leave it out of its answer (FORMERR).
        let bare = message.header_counts().qdcount() == 0 && header.rcode() != Rcode::NOERROR;
        if !bare && !message.is_answer(asked) {
            return Judged::NotOurs;
        }
        let code = header.rcode();
        if header.tc() && self.answer.is_some() {
            return Judged::Cut;
        }
        if !self.codes.contains(&u16::from(code.to_int())) {
            return Judged::Code(code);
        }
        match &self.answer {
            None => Judged::Good(code),
            Some(wanted) => match holds(message, wanted) {
                Some(true) => Judged::Good(code),
                Some(false) => Judged::Lacking,
                None => Judged::Malformed,
            },
        }
    }
}

/// Whether one of the answers has this data; none if they cannot be read.
fn holds(message: &Message<[u8]>, wanted: &str) -> Option<bool> {
    let answers = message.answer().ok()?;
    for record in answers.limit_to_in::<AllRecordData<_, _>>() {
        let mut text = String::new();
        write!(text, "{}", record.ok()?.data()).ok()?;
        if plain(&text) == wanted {
            return Some(true);
        }
    }
    Some(false)
}

/// One form for what people type and what is printed: without the dot at the end of names, and in lower case.
fn plain(text: &str) -> String {
    let words = text.split_whitespace();
    let words = words.map(|word| {
        word.strip_suffix('.')
            .filter(|w| !w.is_empty())
            .unwrap_or(word)
    });
    words.collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

impl Dns {
    pub(super) fn prepare(asked: &Asked, way: Way) -> Result<Dns, PrepareError> {
        Ok(Dns {
            way,
            tcp: asked.tcp,
            expected: Expected::new(asked)?,
        })
    }

    pub(super) async fn probe(&self, progress: &Progress) -> Verdict {
        if !self.tcp {
            match self.over_udp(progress).await? {
                Judged::Cut => {}
                judged => return told(&judged),
            }
        }
        told(&self.over_tcp(progress).await?)
    }

    async fn over_udp(&self, progress: &Progress) -> Result<Judged, Failure> {
        let socket = self.way.udp(progress).await?;
        let id = fastrand::u16(..);
        let failed = |error: std::io::Error| progress.system(&error);
        let question = self.expected.question(id);
        socket.send(&question).await.map_err(failed)?;
        let mut bytes = vec![0; DATAGRAM_MAX_BYTES];
        loop {
            let length = socket.recv(&mut bytes).await.map_err(failed)?;
            match self.expected.judge(id, &bytes[..length]) {
                // Anybody can send us a datagram, and an answer to an older question may be late.
                Judged::NotOurs => {}
                judged => return Ok(judged),
            }
        }
    }

    async fn over_tcp(&self, progress: &Progress) -> Result<Judged, Failure> {
        let mut stream = self.way.tcp(Closing::Reset, progress).await?;
        let id = fastrand::u16(..);
        let question = self.expected.question(id);
        let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
        let message = [&length.to_be_bytes()[..], &question].concat();
        wire::send(&mut stream, &message, progress).await?;
        let mut seen = Vec::new();
        loop {
            let more = wire::receive(&mut stream, progress, |bytes| {
                seen.extend_from_slice(bytes);
                !bytes.is_empty()
            });
            let more = more.await?;
            if let Some((length, rest)) = seen.split_first_chunk()
                && let Some(answer) = rest.get(..usize::from(u16::from_be_bytes(*length)))
            {
                return Ok(self.expected.judge(id, answer));
            }
            if !more {
                return Err(Failure::new(
                    Reason::Closed,
                    "closed before the answer was whole",
                ));
            }
        }
    }
}

fn told(judged: &Judged) -> Verdict {
    let words = |code: &Rcode| Remote::told(format_args!("response code {code}"));
    match judged {
        Judged::Good(code) => Ok(Good::with(words(code))),
        Judged::Code(code) => Err(Failure::told(Reason::ResponseCode, words(code))),
        Judged::Lacking => Err(Failure::new(
            Reason::Body,
            "none of the answers is the expected one",
        )),
        Judged::Cut => Err(Failure::new(Reason::TooLong, "the answer was cut short")),
        Judged::NotOurs => Err(Failure::new(
            Reason::Protocol,
            "what came is no answer to the question",
        )),
        Judged::Malformed => Err(Failure::new(Reason::Protocol, "the answer cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(answer: Option<&str>) -> Expected {
        Expected::new(&Asked {
            name: "Example.com".into(),
            record: "A".into(),
            tcp: false,
            codes: vec![0],
            answer: answer.map(Into::into),
        })
        .unwrap()
    }

    /// An answer to the question with these flags, and one record: 192.0.2.1.
    fn answer(question: &[u8], flags: [u8; 2]) -> Vec<u8> {
        let mut bytes = question.to_vec();
        bytes[2..4].copy_from_slice(&flags);
        bytes[7] = 1;
        bytes.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
        bytes
    }

    #[test]
    fn only_the_answer_to_the_question_counts() {
        let any = expected(None);
        let good = answer(&any.question(7), [0x81, 0x80]);
        assert_eq!(any.judge(7, &good), Judged::Good(Rcode::NOERROR));
        assert_eq!(any.judge(8, &good), Judged::NotOurs, "another id");
        assert_eq!(
            any.judge(7, &any.question(7)),
            Judged::NotOurs,
            "a question"
        );
        assert_eq!(any.judge(7, &good[..11]), Judged::NotOurs, "half a header");
        let mut other = good.clone();
        other[13] = b'f';
        assert_eq!(any.judge(7, &other), Judged::NotOurs, "another question");
        let upper = good.iter().map(u8::to_ascii_uppercase).collect::<Vec<_>>();
        assert_eq!(any.judge(7, &upper), Judged::Good(Rcode::NOERROR));
        let refused = answer(&any.question(7), [0x81, 0x85]);
        assert_eq!(any.judge(7, &refused), Judged::Code(Rcode::REFUSED));
    }

    #[test]
    fn data_is_compared_as_text() {
        let wanted = expected(Some("192.0.2.1"));
        let good = answer(&wanted.question(7), [0x81, 0x80]);
        assert_eq!(wanted.judge(7, &good), Judged::Good(Rcode::NOERROR));
        assert_eq!(expected(Some("192.0.2.2")).judge(7, &good), Judged::Lacking);
        let cut = answer(&wanted.question(7), [0x83, 0x80]);
        assert_eq!(wanted.judge(7, &cut), Judged::Cut);
        assert_eq!(wanted.judge(7, &good[..good.len() - 2]), Judged::Malformed);
        assert_eq!(
            plain("NS1.Example.  Host.\tExample 7 ."),
            "ns1.example host example 7 ."
        );
    }

    #[test]
    fn what_cannot_be_asked_is_told() {
        let asked = |name: &str, record: &str| {
            let asked = Asked {
                name: name.into(),
                record: record.into(),
                tcp: false,
                codes: vec![0],
                answer: None,
            };
            Expected::new(&asked)
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        assert_eq!(asked(".", "SOA"), Ok(()));
        assert!(
            asked("a..b", "A")
                .unwrap_err()
                .contains("`a..b` is no domain name")
        );
        assert!(
            asked("a", "WHAT")
                .unwrap_err()
                .contains("`WHAT` is no type")
        );
    }
}
