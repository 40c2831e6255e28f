//! Request ids: 64 bits in hexadecimal that do not repeat within a process and tell nothing about it.
//!
//! A counter goes through a keyed mix that maps each number to another one, so no two requests of a process share an
//! id, and ids of different processes meet only by chance.

use std::hash::{BuildHasher, RandomState};

use sorry_core::answer::template::ID_WIDTH;

/// One worker's source of ids.
#[derive(Debug)]
pub struct Identities {
    key: u64,
    next: u64,
}

impl Identities {
    /// The key of a process; all its workers share it.
    pub fn random_key() -> u64 {
        RandomState::new().hash_one(std::process::id())
    }

    /// The ids of worker number `worker`: no other one's, as long as nobody gives 2^48 answers.
    pub fn new(key: u64, worker: usize) -> Identities {
        Identities {
            key,
            next: (worker as u64) << 48,
        }
    }

    /// One that nobody has had.
    pub fn fresh(&mut self) -> [u8; ID_WIDTH] {
        let id = mix(self.next ^ self.key);
        self.next = self.next.wrapping_add(1);
        hexadecimal(id)
    }
}

/// A bijection on 64 bits (SplitMix64's finalizer).
fn mix(value: u64) -> u64 {
    let mut z = value;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Sixteen digits at once: nibbles spread over bytes, then turned to letters where above nine.
fn hexadecimal(value: u64) -> [u8; ID_WIDTH] {
    let mut out = [0; ID_WIDTH];
    for (pair, byte) in out.chunks_exact_mut(2).zip(value.to_be_bytes()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    out
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_do_not_repeat_across_workers() {
        let mut seen = std::collections::HashSet::new();
        for worker in 0..4 {
            let mut ids = Identities::new(42, worker);
            for _ in 0..1000 {
                assert!(seen.insert(ids.fresh()));
            }
        }
    }

    #[test]
    fn an_id_is_sixteen_digits() {
        assert_eq!(&hexadecimal(0x0123_4567_89ab_cdef), b"0123456789abcdef");
    }
}
