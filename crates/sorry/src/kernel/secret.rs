//! What the keys of sequence numbers are made of. Who has it can answer, and break, every connection that the kernel answers; whoever has
//! not cannot have guessed a sequence number.

use std::fmt;

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use sorry_core::responder::rotation::{Mark, Origin};

/// The least that a shared secret may have, in bytes.
pub const SHORTEST: usize = 16;

/// A secret. It is not shown.
#[derive(Clone)]
pub struct Secret {
    key: hmac::Key,
    bytes: Box<[u8]>,
    origin: Origin,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// One that nobody else has.
    ///
    /// # Errors
    /// Where the machine has no random numbers to give.
    pub fn random() -> std::io::Result<Secret> {
        let mut bytes = [0; 32];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| std::io::Error::other("the machine gives no random numbers"))?;
        Ok(Secret {
            origin: Origin::New,
            ..Secret::shared(&bytes)
        })
    }

    /// The one that several nodes have, or the process before this one had.
    pub fn shared(bytes: &[u8]) -> Secret {
        Secret {
            key: hmac::Key::new(hmac::HMAC_SHA256, bytes),
            bytes: bytes.into(),
            origin: Origin::Known,
        }
    }

    /// Who had it before.
    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// It itself, for a successor and nobody else.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key for a period and what is said in it: HMAC-SHA256, the first 16 bytes.
    pub(super) fn key(&self, mark: Mark) -> [u64; 2] {
        let mut text = *b"sorry kernel key................";
        text[16..24].copy_from_slice(&mark.period.to_be_bytes());
        text[24..].copy_from_slice(&mark.content.to_be_bytes());
        let tag = hmac::sign(&self.key, &text);
        let word = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&tag.as_ref()[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        [word(0), word(8)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_by_secret_period_and_content() {
        let mark = Mark {
            period: 1,
            content: 2,
        };
        let one = Secret::shared(b"0123456789abcdef");
        assert_eq!(one.key(mark), Secret::shared(b"0123456789abcdef").key(mark));
        let others = [
            Secret::shared(b"0123456789abcdeF").key(mark),
            one.key(Mark { period: 2, ..mark }),
            one.key(Mark { content: 3, ..mark }),
            Secret::random().unwrap().key(mark),
        ];
        assert!(others.iter().all(|key| *key != one.key(mark)));
        assert_eq!(format!("{one:?}"), "Secret");
    }
}
