//! For how long a client is asked to stay away: the number in `Retry-After` (RFC 9110, section 10.2.3).
//!
//! The number is *remaining + J*: what is left of the outage as far as anybody knows, and a little that differs from
//! client to client so that they do not all come back in the same second. J comes from a hash of the site, the order
//! that is in force and the client's address, so one client hears a steady promise during one outage.

use std::net::IpAddr;

/// The longest wait that is ever asked for, in seconds (115 days): seven digits, the width of the hole in an answer.
pub const LONGEST: u32 = 9_999_999;

/// The most that is added for spreading, in seconds.
const MOST_JITTER: u32 = 120;

/// What a site says about its return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// Seconds to wait where nothing better is known, and once `until` has passed.
    pub default: u32,
    /// The second (since 1970) at which the site is expected back.
    pub until: Option<u64>,
    /// Mixes the site's name and the generation of the order in force; see [`salt`].
    pub salt: u64,
}

impl Promise {
    /// Seconds that are left at `now` (seconds since 1970), before spreading; at least 1.
    pub fn remaining(&self, now: u64) -> u32 {
        let left = self
            .until
            .map(|until| until.saturating_sub(now))
            .filter(|left| *left > 0);
        let seconds = left.unwrap_or(u64::from(self.default));
        u32::try_from(seconds).unwrap_or(LONGEST).clamp(1, LONGEST)
    }

    /// The number for `client` at `now`: never less than what remains, never more than 20 % or 120 s above it.
    pub fn seconds(&self, now: u64, client: Option<IpAddr>) -> u32 {
        let remaining = self.remaining(now);
        // The spread is computed from the default or the whole second that remains; the client's share of it is
        // a fixed fraction, so the promise shrinks second by second and never jumps for one client.
        let span = spread(remaining);
        let share = client_hash(self.salt, client) >> 32;
        let jitter = (share * (u64::from(span) + 1)) >> 32;
        let jitter = u32::try_from(jitter).unwrap_or(span);
        (remaining + jitter).min(LONGEST)
    }

    /// The number for the `part`th of `parts` groups of clients at `now`, for whoever can tell clients apart no finer: each group has a
    /// stretch of the spread to itself, and a place in it that changes from second to second, so that nobody's group comes back at once.
    pub fn seconds_for(&self, now: u64, part: u32, parts: u32) -> u32 {
        let remaining = self.remaining(now);
        let parts = u64::from(parts.max(1));
        let place = mix(self.salt ^ mix(now) ^ u64::from(part)) >> 32;
        // A number of 32 bits below the decimal point.
        let share = ((u64::from(part) << 32) + place) / parts;
        let jitter = (share.min(u64::from(u32::MAX)) * (u64::from(spread(remaining)) + 1)) >> 32;
        let jitter = u32::try_from(jitter).unwrap_or(0);
        (remaining + jitter).min(LONGEST)
    }
}

/// The most that is added to what remains, in seconds.
fn spread(remaining: u32) -> u32 {
    (remaining / 5).min(MOST_JITTER)
}

/// Mixes a site's name and an order's generation into the salt of its [`Promise`].
pub fn salt(site: &str, generation: u64) -> u64 {
    let mut hash = mix(generation ^ 0x9e37_79b9_7f4a_7c15);
    for byte in site.bytes() {
        hash = mix(hash ^ u64::from(byte));
    }
    hash
}

fn client_hash(salt: u64, client: Option<IpAddr>) -> u64 {
    let bits = match client {
        Some(IpAddr::V4(v4)) => u128::from(u32::from(v4)),
        // A mapped address is the same client as its IPv4 form.
        Some(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
            Some(v4) => u128::from(u32::from(v4)),
            None => u128::from(v6),
        },
        None => u128::MAX,
    };
    let bytes = bits.to_be_bytes();
    let half = |from: usize| {
        bytes[from..from + 8]
            .iter()
            .fold(0, |half, byte| (half << 8) | u64::from(*byte))
    };
    mix(mix(salt ^ half(8)).wrapping_add(half(0)))
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): each input bit changes half of the output bits.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn promise(default: u32, until: Option<u64>) -> Promise {
        Promise {
            default,
            until,
            salt: salt("shop", 1),
        }
    }

    #[test]
    fn remaining_comes_from_until_and_then_from_the_default() {
        for (default, until, now, expected) in [
            (120, None, 1000, 120),
            (120, Some(1600), 1000, 600),
            (120, Some(1001), 1000, 1),
            (120, Some(1000), 1000, 120),
            (120, Some(10), 1000, 120),
            (0, None, 1000, 1),
            (120, Some(u64::MAX), 1000, LONGEST),
        ] {
            assert_eq!(
                promise(default, until).remaining(now),
                expected,
                "{default} {until:?} {now}"
            );
        }
    }

    #[test]
    fn groups_share_the_spread_and_move_within_their_part_of_it() {
        let promise = promise(600, None);
        let mut heard = std::collections::BTreeSet::new();
        for now in 0..200 {
            for part in 0..8 {
                let seconds = promise.seconds_for(now, part, 8);
                let (from, to) = (600 + part * 121 / 8, 600 + (part + 1) * 121 / 8);
                assert!((from..=to).contains(&seconds), "{part} {now} {seconds}");
                heard.insert(seconds);
            }
        }
        assert!(heard.len() > 115, "the whole spread is used: {heard:?}");
        let short = Promise {
            default: 1,
            ..promise
        };
        assert_eq!(short.seconds_for(7, 7, 8), 1);
        assert_eq!(short.seconds_for(7, 0, 0), 1);
    }

    #[test]
    fn one_client_hears_one_number_and_many_hear_many() {
        let promise = promise(300, None);
        let numbers: std::collections::BTreeSet<u32> = (0..=255u8)
            .map(|n| promise.seconds(0, Some(IpAddr::from([192, 0, 2, n]))))
            .collect();
        assert!(numbers.len() > 40, "{numbers:?}");
        assert!(numbers.iter().all(|n| (300..=360).contains(n)));
        let client = Some(IpAddr::from([192, 0, 2, 7]));
        assert_eq!(promise.seconds(0, client), promise.seconds(99, client));
        let mapped = "::ffff:192.0.2.7".parse().ok();
        assert_eq!(promise.seconds(0, client), promise.seconds(0, mapped));
    }

    #[test]
    fn the_spread_is_even() {
        // 20 000 clients over a span of 0..=20 seconds: each second within 15 % of its share.
        let promise = promise(100, None);
        let mut counts = [0u32; 21];
        for n in 0..20_000u32 {
            let seconds = promise.seconds(0, Some(IpAddr::from(n.to_be_bytes())));
            counts[(seconds - 100) as usize] += 1;
        }
        assert!(
            counts.iter().all(|c| (800..=1100).contains(c)),
            "{counts:?}"
        );
    }

    proptest! {
        #[test]
        fn never_less_than_remaining_and_at_most_a_fifth_or_two_minutes_more(
            default in 0u32..20_000_000, until in proptest::option::of(0u64..1_000_000), now in 0u64..1_000_000,
            address in any::<u128>(), generation in any::<u64>(),
        ) {
            let promise = Promise { default, until, salt: salt("a", generation) };
            let remaining = promise.remaining(now);
            let said = promise.seconds(now, Some(IpAddr::from(address.to_be_bytes())));
            prop_assert!(said >= remaining && (1..=LONGEST).contains(&said));
            prop_assert!(said - remaining <= (remaining / 5).min(120));
        }
    }
}
