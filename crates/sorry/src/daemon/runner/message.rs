//! What the daemon and its runner say to each other: one message, one packet, of bounded length. A head in JSON behind its length
//! (two bytes, big-endian), then bytes as they are: what goes to a program's standard input, or what it has printed.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::program::{BYTES_MAX, How};

/// The longest packet.
pub(super) const PACKET_MAX: usize = BYTES_MAX + HEAD_MAX + 2;

const HEAD_MAX: usize = 4096;

/// What a program is for. With its place among all of its kind, in the order of the file, it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An exec check.
    Check,
    /// A receiver of alerts.
    Alert,
}

/// A program shall be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    /// The number of the question, which the answer repeats.
    pub(super) id: u64,
    /// The digest of the table that is meant, in hexadecimal.
    pub(super) table: Box<str>,
    /// Of which kind.
    pub(super) kind: Kind,
    /// Its place among them.
    pub(super) index: u32,
    /// How long it may take, in milliseconds.
    pub(super) timeout_ms: u64,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    pub(super) id: u64,
    pub(super) how: How,
    /// How long it took, in milliseconds.
    pub(super) took_ms: u64,
    /// How many programs were killed and have not ended yet.
    pub(super) hung: u32,
}

/// One packet; none where it would be too long.
pub(super) fn encode(head: &impl Serialize, bytes: &[u8]) -> Option<Vec<u8>> {
    let head = serde_json::to_vec(head).ok()?;
    if head.len() > HEAD_MAX || bytes.len() > BYTES_MAX {
        return None;
    }
    let length = u16::try_from(head.len()).ok()?;
    Some([&length.to_be_bytes(), head.as_slice(), bytes].concat())
}

/// What a packet says; none where it is none of ours.
pub(super) fn decode<T: DeserializeOwned>(packet: &[u8]) -> Option<(T, &[u8])> {
    let (length, rest) = packet.split_first_chunk()?;
    let (head, bytes) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    (head.len() <= HEAD_MAX && bytes.len() <= BYTES_MAX)
        .then(|| serde_json::from_slice(head).ok())
        .flatten()
        .map(|head| (head, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask() -> Ask {
        Ask {
            id: 7,
            table: "00ff".into(),
            kind: Kind::Check,
            index: 3,
            timeout_ms: 500,
        }
    }

    #[test]
    fn what_was_said_is_heard() {
        for bytes in [&b""[..], b"{}\n\xff\0", &[b'a'; BYTES_MAX]] {
            let packet = encode(&ask(), bytes).unwrap();
            assert!(packet.len() <= PACKET_MAX);
            assert_eq!(decode::<Ask>(&packet), Some((ask(), bytes)));
        }
        assert_eq!(encode(&ask(), &[0; BYTES_MAX + 1]), None);
        assert_eq!(encode(&"a".repeat(HEAD_MAX), b""), None);
    }

    #[test]
    fn what_nobody_says_is_not_understood() {
        let packet = encode(&ask(), b"").unwrap();
        for length in 0..packet.len() {
            assert_eq!(decode::<Ask>(&packet[..length]), None, "at {length}");
        }
        for json in [
            r#"{"id":7,"table":"","kind":"check","index":3,"timeout_ms":1,"argv":["/bin/sh"]}"#,
            r#"{"id":7,"table":"","kind":"hook","index":3,"timeout_ms":1}"#,
            r#"{"id":7,"table":"","kind":"check","index":-1,"timeout_ms":1}"#,
        ] {
            let length = u16::try_from(json.len()).unwrap().to_be_bytes();
            let packet = [&length[..], json.as_bytes()].concat();
            assert_eq!(decode::<Ask>(&packet), None, "{json}");
        }
    }
}
