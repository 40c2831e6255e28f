//! The checker of udp: a datagram is sent, and either a reply must come that is as expected, or nothing must be wrong: no ICMP error
//! until the time is over.

use std::time::Duration;

use sorry_core::health::Reason;
use tokio::time::{Instant, timeout_at};

use crate::config::check::{Nibbles, Udp as Asked, UdpReply};

use super::connect::Way;
use super::failure::{Failure, Good, Progress, Verdict};
use super::remote::Remote;

/// So much of a reply is read, or as much as decides: what is told of it is no longer (`remote`). The kernel drops the rest.
const REPLY_BYTES: usize = 128;

/// No datagram is longer, so that nothing needs to be read to know that one is not.
const DATAGRAM_MAX_BYTES: usize = 65_535;

/// What is left of the time when silence is taken for good, so that it is told before the time is over.
const RESERVE: Duration = Duration::from_millis(5);

/// A check that is ready.
#[derive(Debug)]
pub(super) struct Udp {
    way: Way,
    asked: Asked,
}

impl Udp {
    pub(super) fn new(asked: Asked, way: Way) -> Udp {
        Udp { way, asked }
    }

    pub(super) async fn probe(&self, progress: &Progress) -> Verdict {
        let socket = self.way.udp(progress).await?;
        let failed = |error: std::io::Error| progress.system(&error);
        socket.send(&self.asked.send).await.map_err(failed)?;
        let reply = self.asked.reply.as_ref();
        let mut bytes = vec![0; reply.map_or(0, deciding).max(REPLY_BYTES)];
        let Some(expected) = reply else {
            let until = silence_ends(progress);
            return match timeout_at(until, socket.recv(&mut bytes)).await {
                Ok(received) => {
                    received.map_err(failed)?;
                    Ok(Good::with(Remote::ours("a reply came")))
                }
                Err(_) => Ok(Good::with(Remote::ours("no error came"))),
            };
        };
        let length = socket.recv(&mut bytes).await.map_err(failed)?;
        judge(&bytes[..length], expected)
    }
}

/// How many bytes of a reply are read to judge it: one more than it may have shows that it is longer.
fn deciding(expected: &UdpReply) -> usize {
    let most = match *expected.length.end() {
        DATAGRAM_MAX_BYTES.. => 0,
        most => most + 1,
    };
    expected
        .begins
        .len()
        .max(*expected.length.start())
        .max(most)
}

fn judge(reply: &[u8], expected: &UdpReply) -> Verdict {
    let words = match reply.len() {
        _ if !begins_with(reply, &expected.begins) => "another reply came:",
        length if length < *expected.length.start() => "a reply came that is too short:",
        length if length > *expected.length.end() => "a reply came that is too long:",
        _ if expected.begins.is_empty() => return Ok(Good::with(Remote::ours("a reply came"))),
        _ => return Ok(Good::with(Remote::ours("the expected reply came"))),
    };
    Err(Failure::told(Reason::Body, Remote::quoting(words, reply)))
}

fn silence_ends(progress: &Progress) -> Instant {
    let left = progress.deadline() - Instant::now();
    progress.deadline() - RESERVE.min(left / 2)
}

fn begins_with(reply: &[u8], expect: &[Nibbles]) -> bool {
    let fits = |(byte, nibbles): (&u8, &Nibbles)| (byte ^ nibbles.value) & nibbles.mask == 0;
    reply.len() >= expect.len() && reply.iter().zip(expect).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_begin_as_expected_where_bits_count() {
        let nibbles = |value, mask| Nibbles { value, mask };
        let expect = [nibbles(0xab, 0xff), nibbles(0x10, 0xf0), nibbles(0, 0)];
        for (reply, fits) in [
            (&[0xab, 0x1f, 0x77][..], true),
            (&[0xab, 0x10, 0x00, 0x99], true),
            (&[0xab, 0x20, 0x00], false),
            (&[0xaa, 0x10, 0x00], false),
            (&[0xab, 0x10], false),
        ] {
            assert_eq!(begins_with(reply, &expect), fits, "{reply:x?}");
        }
        assert!(begins_with(&[], &[]));
    }

    #[test]
    fn replies_have_a_length() {
        let begins = vec![Nibbles {
            value: b'p',
            mask: 0xff,
        }];
        let any = Vec::new();
        for (begins, length, reply, told) in [
            (&any, 0..=DATAGRAM_MAX_BYTES, "", "a reply came"),
            (&any, 0..=DATAGRAM_MAX_BYTES, "pong", "a reply came"),
            (&any, 4..=4, "pong", "a reply came"),
            (&any, 5..=9, "pong", "too short: \"pong\""),
            (&any, 0..=3, "pong", "too long: \"pong\""),
            (&any, 0..=0, "", "a reply came"),
            (&any, 0..=0, "p", "too long"),
            (&begins, 0..=4, "pong", "the expected reply came"),
            (&begins, 5..=DATAGRAM_MAX_BYTES, "pong", "too short"),
            (&begins, 0..=4, "gong", "another reply came"),
        ] {
            let expected = UdpReply {
                begins: begins.clone(),
                length,
            };
            // What would be read of it is enough to judge it.
            let read = deciding(&expected).max(REPLY_BYTES).min(reply.len());
            let detail = match judge(&reply.as_bytes()[..read], &expected) {
                Ok(good) => good.detail,
                Err(failure) => failure.detail,
            };
            assert!(
                detail.as_str().contains(told),
                "{expected:?}: {}",
                detail.as_str()
            );
        }
        let read = |length| {
            let begins = Vec::new();
            deciding(&UdpReply { begins, length })
        };
        assert_eq!(read(0..=DATAGRAM_MAX_BYTES), 0);
        assert_eq!(read(300..=DATAGRAM_MAX_BYTES), 300);
        assert_eq!(read(0..=300), 301);
    }
}
