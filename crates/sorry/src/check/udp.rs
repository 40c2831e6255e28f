//! The checker of udp: a datagram is sent, and either a reply must come that begins as expected, or nothing must be wrong: no ICMP error
//! until the time is over.

use std::time::Duration;

use sorry_core::health::Reason;
use tokio::time::{Instant, timeout_at};

use crate::config::check::{Nibbles, Udp as Asked};

use super::connect::Way;
use super::failure::{Failure, Good, Progress, Verdict};
use super::remote::Remote;

/// So much of a reply is read, or as much as is expected: what is told of it is no longer (`remote`). The kernel drops the rest.
const REPLY_BYTES: usize = 128;

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
        let expected = self.asked.expect.as_ref().map_or(0, Vec::len);
        let mut bytes = vec![0; expected.max(REPLY_BYTES)];
        let Some(expect) = &self.asked.expect else {
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
        let reply = &bytes[..length];
        match begins_with(reply, expect) {
            true => Ok(Good::with(Remote::ours("the expected reply came"))),
            false => Err(Failure::told(
                Reason::Body,
                Remote::quoting("another reply came:", reply),
            )),
        }
    }
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
}
