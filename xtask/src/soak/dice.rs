//! Chance that can be repeated: the same seed throws the same numbers (SplitMix64, Steele, Lea and Flood, 2014). What threads do with
//! them interleaves differently each time, so a seed repeats what was tried, not every accident.

use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Others, which this seed and this number determine: one for each thread.
    pub(crate) fn another(&self, number: u64) -> Self {
        let mut other = Self(self.0 ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03));
        other.throw();
        other
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, and without, `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.throw() % end.max(1)
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn bytes(&mut self, count: u64) -> Vec<u8> {
        (0..count).map(|_| self.throw().to_le_bytes()[3]).collect()
    }
}

/// A seed that nobody has chosen. Short, since people copy it.
pub(crate) fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| u64::from(since.subsec_nanos()) + since.as_secs());
    Dice::of(now).below(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::Dice;

    fn throws(mut dice: Dice) -> Vec<u64> {
        (0..8).map(|_| dice.below(1000)).collect()
    }

    #[test]
    fn a_seed_repeats_itself_and_differs_from_its_neighbour() {
        assert_eq!(throws(Dice::of(7)), throws(Dice::of(7)));
        assert_ne!(throws(Dice::of(7)), throws(Dice::of(8)));
        assert_ne!(
            throws(Dice::of(7).another(1)),
            throws(Dice::of(7).another(2))
        );
        let mut dice = Dice::of(1);
        let hits = (0..10_000).filter(|_| dice.percent(20)).count();
        assert!((1_800..2_200).contains(&hits), "{hits}");
        assert_eq!(Dice::of(3).bytes(100).len(), 100);
        assert_eq!(Dice::of(3).below(0), 0);
    }
}
