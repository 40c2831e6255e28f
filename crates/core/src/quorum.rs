//! Whether a site has enough real servers that work: weights, a quorum and a hysteresis, as keepalived defines them
//! (keepalived.conf(5), `quorum` and `hysteresis`).
//!
//! A site is up when the weights of its working real servers come to `quorum + hysteresis`, and is lost when they come to
//! less than `quorum - hysteresis`, or to nothing. Between the two it stays what it is. A real server of which nothing is
//! known yet is no witness: it counts as working where the site was up, and not where it was lost.

use crate::health::State;

/// What a site needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quorum {
    /// The sum of weights that is enough.
    pub at_least: u32,
    /// How far the sum must be above it to gain the quorum, and below to lose it.
    pub hysteresis: u32,
}

impl Quorum {
    /// Whatever is asked for, made possible: a quorum above the sum of all configured weights could never be gained, and a
    /// hysteresis as great as the quorum never lost (both are reduced, as in keepalived; the configuration warns). What a check
    /// makes real servers weigh has no part in that: who weighs less brings less.
    pub fn possible(self, weights: u32) -> Quorum {
        let at_least = self.at_least.clamp(1, weights.max(1));
        let room = (at_least - 1).min(weights.saturating_sub(at_least));
        Quorum {
            at_least,
            hysteresis: self.hysteresis.min(room),
        }
    }
}

/// What is believed of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Enough real servers work.
    Enough,
    /// Too few.
    TooFew,
}

/// The weights of a site's real servers, added up by what is believed of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weights {
    /// Of those that work.
    pub up: u32,
    /// Of those of which nothing is known.
    pub unknown: u32,
    /// Of those that do not work.
    pub down: u32,
}

impl Weights {
    /// Adds one real server.
    pub fn add(&mut self, state: State, weight: u32) {
        let sum = self.of(state);
        *sum = sum.saturating_add(weight);
    }

    /// Takes one away that was added.
    pub fn remove(&mut self, state: State, weight: u32) {
        let sum = self.of(state);
        *sum = sum.saturating_sub(weight);
    }

    fn of(&mut self, state: State) -> &mut u32 {
        match state {
            State::Up => &mut self.up,
            State::Unknown => &mut self.unknown,
            State::Down => &mut self.down,
        }
    }

    /// Of all.
    pub fn all(&self) -> u32 {
        self.up
            .saturating_add(self.unknown)
            .saturating_add(self.down)
    }
}

/// What is to be believed of a site of which `held` was believed. `quorum` is one that its real servers can reach.
pub fn judge(held: Held, weights: &Weights, quorum: Quorum) -> Held {
    match held {
        Held::Enough => {
            let working = weights.up.saturating_add(weights.unknown);
            if working == 0 || working < quorum.at_least - quorum.hysteresis {
                Held::TooFew
            } else {
                Held::Enough
            }
        }
        Held::TooFew => {
            if weights.up > 0 && weights.up >= quorum.at_least + quorum.hysteresis {
                Held::Enough
            } else {
                Held::TooFew
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `U2` works and weighs 2, `u` is unknown, `D` is down; weights are 1 where nothing is said.
    fn weights(text: &str) -> Weights {
        let mut weights = Weights::default();
        for word in text.split_whitespace() {
            let state = match &word[..1] {
                "U" => State::Up,
                "u" => State::Unknown,
                _ => State::Down,
            };
            weights.add(state, word[1..].parse().unwrap_or(1));
        }
        weights
    }

    #[test]
    fn the_quorum_is_gained_and_lost_as_keepalived_says() {
        use Held::{Enough, TooFew};
        for (at_least, hysteresis, servers, was_enough, was_too_few, why) in [
            (1, 0, "U D", Enough, Enough, ""),
            (1, 0, "D D", TooFew, TooFew, ""),
            (
                1,
                0,
                "u u",
                Enough,
                TooFew,
                "nobody knows: it stays what it was",
            ),
            (1, 0, "D u", Enough, TooFew, ""),
            (1, 0, "", TooFew, TooFew, "no real server is too few"),
            (1, 0, "U0 D", TooFew, TooFew, "weight 0 is no help"),
            (
                3,
                1,
                "U U D D",
                Enough,
                TooFew,
                "between: it stays what it was",
            ),
            (3, 1, "U U U U", Enough, Enough, "quorum + hysteresis"),
            (3, 1, "U U U D", Enough, TooFew, ""),
            (3, 1, "U D D D", TooFew, TooFew, "below quorum - hysteresis"),
            (4, 0, "U3 U D", Enough, Enough, "weights count, not servers"),
            (
                9,
                0,
                "U U",
                Enough,
                Enough,
                "more than all there are means all",
            ),
            (9, 0, "U D", TooFew, TooFew, ""),
            (
                2,
                9,
                "U U U",
                Enough,
                Enough,
                "a hysteresis that leaves no way up is reduced",
            ),
        ] {
            let quorum = Quorum {
                at_least,
                hysteresis,
            };
            let weights = weights(servers);
            let possible = quorum.possible(weights.all());
            let judged = [Enough, TooFew].map(|held| judge(held, &weights, possible));
            assert_eq!(
                judged,
                [was_enough, was_too_few],
                "{quorum:?} {servers:?} {why}"
            );
        }
    }

    proptest! {
        #[test]
        fn all_up_is_always_enough_and_all_down_never(
            at_least in 0u32..20, hysteresis in 0u32..20, one in 1u32..9, other in 0u32..9,
        ) {
            let quorum = Quorum { at_least, hysteresis };
            for held in [Held::Enough, Held::TooFew] {
                let all = |state| {
                    let mut weights = Weights::default();
                    weights.add(state, one);
                    weights.add(state, other);
                    judge(held, &weights, quorum.possible(weights.all()))
                };
                prop_assert_eq!(all(State::Up), Held::Enough);
                prop_assert_eq!(all(State::Down), Held::TooFew);
                prop_assert_eq!(all(State::Unknown), held);
            }
        }

        #[test]
        fn more_that_work_never_lose_a_quorum(
            at_least in 1u32..12, hysteresis in 0u32..6, up in 0u32..12, down in 1u32..12,
        ) {
            let quorum = Quorum { at_least, hysteresis }.possible(up + down);
            for held in [Held::Enough, Held::TooFew] {
                let before = judge(held, &Weights { up, unknown: 0, down }, quorum);
                let after = judge(held, &Weights { up: up + 1, unknown: 0, down: down - 1 }, quorum);
                prop_assert!(before == Held::TooFew || after == Held::Enough);
            }
        }
    }
}
