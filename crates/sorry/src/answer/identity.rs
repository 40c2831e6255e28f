//! Request ids: 64 bits in hexadecimal that do not repeat within a process, and from which nobody without its key
//! learns how many requests it has answered, or which of its workers did.
//!
//! A counter goes through a keyed permutation, so no two requests of a process share an id, and ids of different
//! processes meet only by chance. The permutation is a Feistel network of four rounds (Luby and Rackoff, 1988) on
//! halves of 32 bits; its round function is SipHash's (Aumasson and Bernstein, 2012) with one round for the message
//! and one at the end: far from a cipher for secrets, and enough for numbers that are worth little.

use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};

use sorry_core::answer::template::ID_WIDTH;

/// One worker's source of ids.
#[derive(Debug)]
pub struct Identities {
    permutation: Permutation,
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
            permutation: Permutation::new(key),
            next: (worker as u64) << 48,
        }
    }

    /// One that nobody has had.
    pub fn fresh(&mut self) -> [u8; ID_WIDTH] {
        let id = self.permutation.apply(self.next);
        self.next = self.next.wrapping_add(1);
        hexadecimal(id)
    }
}

/// A keyed bijection on 64 bits.
#[derive(Debug)]
struct Permutation {
    /// SipHash's state after its two keys.
    state: [u64; 4],
}

impl Permutation {
    /// The second key is made of the first, so both have its 64 bits of chance.
    fn new(key: u64) -> Permutation {
        let mut hasher = DefaultHasher::new();
        (key, "second").hash(&mut hasher);
        let keys = [key, hasher.finish()];
        Permutation {
            state: [
                keys[0] ^ 0x736f_6d65_7073_6575,
                keys[1] ^ 0x646f_7261_6e64_6f6d,
                keys[0] ^ 0x6c79_6765_6e65_7261,
                keys[1] ^ 0x7465_6462_7974_6573,
            ],
        }
    }

    fn apply(&self, value: u64) -> u64 {
        let (mut left, mut right) = (high(value), low(value));
        for round in 0..4 {
            (left, right) = (right, left ^ self.round(round, right));
        }
        u64::from(left) << 32 | u64::from(right)
    }

    /// Thirty-two bits that depend on the key, the round's number and a half.
    fn round(&self, number: u64, half: u32) -> u32 {
        let message = number << 32 | u64::from(half);
        let mut state = self.state;
        state[3] ^= message;
        sip_round(&mut state);
        state[0] ^= message;
        state[2] ^= 0xff;
        sip_round(&mut state);
        let hash = state[0] ^ state[1] ^ state[2] ^ state[3];
        high(hash) ^ low(hash)
    }
}

fn high(value: u64) -> u32 {
    (value >> 32) as u32
}

fn low(value: u64) -> u32 {
    (value & 0xffff_ffff) as u32
}

/// SipRound of the paper's section 2.
fn sip_round([v0, v1, v2, v3]: &mut [u64; 4]) {
    *v0 = v0.wrapping_add(*v1);
    *v2 = v2.wrapping_add(*v3);
    *v1 = v1.rotate_left(13) ^ *v0;
    *v3 = v3.rotate_left(16) ^ *v2;
    *v0 = v0.rotate_left(32);
    *v2 = v2.wrapping_add(*v1);
    *v0 = v0.wrapping_add(*v3);
    *v1 = v1.rotate_left(17) ^ *v2;
    *v3 = v3.rotate_left(21) ^ *v0;
    *v2 = v2.rotate_left(32);
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

    /// What an onlooker could do before: undo the mix without its key, and see the counter under a constant.
    #[test]
    fn ids_do_not_show_how_many_requests_lie_between_them() {
        fn undo_shift(z: u64, by: u32) -> u64 {
            let mut out = z;
            for _ in 0..64 / by {
                out = z ^ (out >> by);
            }
            out
        }
        let unmix = |id: [u8; ID_WIDTH]| {
            let id = u64::from_str_radix(std::str::from_utf8(&id).unwrap(), 16).unwrap();
            let z = undo_shift(id, 31).wrapping_mul(0x3196_42b2_d24d_8ec3);
            let z = undo_shift(z, 27).wrapping_mul(0x96de_1b17_3f11_9089);
            undo_shift(z, 30)
        };
        let mut ids = Identities::new(42, 0);
        let first = unmix(ids.fresh());
        let near = (0..1000).filter(|_| unmix(ids.fresh()) ^ first < 2048);
        assert_eq!(near.count(), 0);
    }

    #[test]
    fn every_bit_of_counter_and_key_changes_about_half_of_an_id() {
        let changed = |one: u64, other: u64| (one ^ other).count_ones();
        for bit in 0..64 {
            let flip = 1 << bit;
            let (mut by_value, mut by_key) = (0, 0);
            for value in 0..256 {
                let id = Permutation::new(7).apply(value);
                by_value += changed(id, Permutation::new(7).apply(value ^ flip));
                by_key += changed(id, Permutation::new(7 ^ flip).apply(value));
            }
            assert!(
                (256 * 30..256 * 34).contains(&by_value),
                "{bit}: {by_value}"
            );
            assert!((256 * 30..256 * 34).contains(&by_key), "{bit}: {by_key}");
        }
    }

    #[test]
    fn an_id_is_sixteen_digits() {
        assert_eq!(&hexadecimal(0x0123_4567_89ab_cdef), b"0123456789abcdef");
    }
}
