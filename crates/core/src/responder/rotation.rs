//! Two slots, each with a key and the pages that belong to it, take turns: a connection is answered from the slot whose key it was begun
//! with, so what is in a slot does not change while anybody may need it.
//!
//! A key is known by its [`Mark`]: a period of the clock on the wall, and what is said. Nodes with one secret and the same pages
//! come to the same keys, so that any of them can answer any packet. In the second half of a period the next one's
//! key is accepted already, and in the first half the last one's still: clocks may differ by half a period.

use std::time::Duration;

use crate::moment::{Moment, Tick};

/// What a key is made for, besides the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Which period since 1970.
    pub period: u64,
    /// What is said, as a number that differs where that does.
    pub content: u64,
}

/// A place for a key and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The one.
    One,
    /// The other.
    Other,
}

impl Slot {
    /// The other of the two.
    #[must_use]
    pub fn opposite(self) -> Slot {
        match self {
            Slot::One => Slot::Other,
            Slot::Other => Slot::One,
        }
    }

    /// Both, by their numbers.
    pub const ALL: [Slot; 2] = [Slot::One, Slot::Other];
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The slot gets this key and what is said now.
    Fill(Slot, Mark),
    /// New connections belong to it from now on.
    Turn(Slot),
}

/// How long things last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// How long a key is given to new connections.
    pub period: Duration,
    /// How long a slot that gets no new connections is left to those that it has.
    pub rest: Duration,
}

/// Whether anybody may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Everything passes, everywhere.
    ByNobody,
    /// Somewhere it does not.
    BySomebody,
}

/// Who had the secret before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// Nobody: it is new.
    #[default]
    New,
    /// Others, whose connections may go on here.
    Known,
    /// The process before this one, which told new connections this.
    Said(Mark),
}

/// Both slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rotation {
    origin: Origin,
    marks: [Option<Mark>; 2],
    current: Option<Slot>,
    /// Whether anybody may have begun with the current one.
    is_used: bool,
    /// Since when nobody begins with the other one any more; `None` where nobody has who goes on.
    left: Option<Tick>,
}

impl Rotation {
    /// Nothing is in the slots.
    pub fn new(origin: Origin) -> Rotation {
        Rotation {
            origin,
            ..Rotation::default()
        }
    }

    /// What is to be done now, in this order; it counts as done. `content` is what is to be said.
    pub fn look(&mut self, now: Moment, content: u64, heard: Heard, times: &Times) -> Vec<Step> {
        let period = period(now, times);
        let wanted = Mark { period, content };
        let Some(current) = self.current else {
            (self.left, self.is_used) = match self.origin {
                Origin::New => (None, false),
                Origin::Known | Origin::Said(_) => (Some(now.tick), true),
            };
            self.marks[Slot::One as usize] = Some(wanted);
            self.current = Some(Slot::One);
            let mut steps = vec![Step::Fill(Slot::One, wanted), Step::Turn(Slot::One)];
            // Others may have given the last period's key, and so may the process before this one.
            let last = match self.origin {
                Origin::Said(mark) if mark != wanted => mark,
                _ => Mark {
                    period: period.wrapping_sub(1),
                    content,
                },
            };
            self.marks[Slot::Other as usize] = Some(last);
            steps.push(Step::Fill(Slot::Other, last));
            return steps;
        };
        let idle = current.opposite();
        let rested = now.tick >= self.rested(now.tick, times);
        self.is_used = match heard {
            Heard::BySomebody => true,
            // Whoever was answered is answered no more.
            Heard::ByNobody => self.is_used && !rested,
        };
        if self.mark(current) != Some(wanted) {
            if self.mark(idle) == Some(wanted) {
                let goes_on = self.left.is_some();
                self.turn(idle, now.tick);
                self.is_used |= goes_on;
                return vec![Step::Turn(idle)];
            }
            if !rested {
                return Vec::new();
            }
            self.marks[idle as usize] = Some(wanted);
            self.turn(idle, now.tick);
            return vec![Step::Fill(idle, wanted), Step::Turn(idle)];
        }
        let next = Mark {
            period: period + 1,
            content,
        };
        if rested && is_second_half(now, times) && self.mark(idle) != Some(next) {
            self.marks[idle as usize] = Some(next);
            return vec![Step::Fill(idle, next)];
        }
        Vec::new()
    }

    fn turn(&mut self, slot: Slot, now: Tick) {
        self.left = self.is_used.then_some(now);
        self.is_used = false;
        self.current = Some(slot);
    }

    /// When nobody needs the idle slot any more.
    fn rested(&self, now: Tick, times: &Times) -> Tick {
        self.left.map_or(now, |left| left.after(times.rest))
    }

    /// The slot of new connections.
    pub fn current(&self) -> Slot {
        self.current.unwrap_or(Slot::One)
    }

    /// What a slot's key was made for; nothing before it was filled.
    pub fn mark(&self, slot: Slot) -> Option<Mark> {
        self.marks[slot as usize]
    }

    /// For how long what is said to new connections is not yet what is to be said; nothing where it is.
    pub fn waits(&self, now: Moment, content: u64, times: &Times) -> Option<Duration> {
        let is_said = self
            .mark(self.current?)
            .is_some_and(|mark| mark.content == content);
        (!is_said).then(|| self.rested(now.tick, times).since(now.tick))
    }

    /// When time alone brings something to do.
    pub fn next_look(&self, now: Moment, content: u64, times: &Times) -> Tick {
        let Some(current) = self.current else {
            return now.tick;
        };
        let rested = self.rested(now.tick, times);
        let length = millis(times.period);
        let into = now.wall.0 % length;
        let to_half = (length / 2).checked_sub(into).filter(|left| *left > 0);
        let wanted = Mark {
            period: period(now, times),
            content,
        };
        if self.mark(current) != Some(wanted) {
            return rested;
        }
        let ends = Tick(now.tick.0 + (length - into));
        let next = Mark {
            period: wanted.period + 1,
            content,
        };
        let half = match to_half {
            Some(left) => Tick(now.tick.0 + left),
            None if self.mark(current.opposite()) == Some(next) => ends,
            None => now.tick,
        };
        ends.min(half.max(rested))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .max(1)
}

fn period(now: Moment, times: &Times) -> u64 {
    now.wall.0 / millis(times.period)
}

fn is_second_half(now: Moment, times: &Times) -> bool {
    let length = millis(times.period);
    now.wall.0 % length >= length / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Wall;

    const TIMES: Times = Times {
        period: Duration::from_secs(600),
        rest: Duration::from_secs(30),
    };

    fn at(seconds: u64) -> Moment {
        Moment {
            tick: Tick(seconds * 1000),
            wall: Wall(seconds * 1000),
        }
    }

    fn mark(period: u64, content: u64) -> Mark {
        Mark { period, content }
    }

    #[test]
    fn periods_and_words_take_turns() {
        use Heard::BySomebody;
        use Slot::{One, Other};
        use Step::{Fill, Turn};
        let mut rotation = Rotation::default();
        let mut waited = Vec::new();
        for (second, content, steps, next) in [
            (
                10,
                7,
                vec![
                    Fill(One, mark(0, 7)),
                    Turn(One),
                    Fill(Other, mark(u64::MAX, 7)),
                ],
                300,
            ),
            (299, 7, vec![], 300),
            // The next key is known half a period ahead, and used when its time has come.
            (300, 7, vec![Fill(Other, mark(1, 7))], 600),
            (599, 7, vec![], 600),
            (600, 7, vec![Turn(Other)], 900),
            // Other words want another key at once.
            (700, 8, vec![Fill(One, mark(1, 8)), Turn(One)], 900),
            // Those that began with the last one are left in peace.
            (710, 9, vec![], 730),
            (729, 9, vec![], 730),
            (730, 9, vec![Fill(Other, mark(1, 9)), Turn(Other)], 900),
            (890, 8, vec![Turn(One)], 920),
            (900, 8, vec![], 920),
            (920, 8, vec![Fill(Other, mark(2, 8))], 1200),
        ] {
            assert_eq!(
                rotation.look(at(second), content, BySomebody, &TIMES),
                steps,
                "{second}"
            );
            let waits = rotation.waits(at(second), content, &TIMES);
            waited.extend(waits.map(|waits| (second, waits.as_secs())));
            let next = Tick(next * 1000);
            assert_eq!(
                rotation.next_look(at(second), content, &TIMES),
                next,
                "{second}"
            );
        }
        assert_eq!(waited, [(710, 20), (729, 1)]);
        assert_eq!(rotation.current(), One);
        assert_eq!(rotation.mark(One), Some(mark(1, 8)));
    }

    /// What nobody was told needs no rest: neither before anybody was answered, nor once everybody has been.
    #[test]
    fn words_wait_only_for_whoever_was_told_others() {
        use Heard::{ByNobody, BySomebody};
        for (origin, course) in [
            (
                Origin::New,
                // When, what is to be said, whether anybody is answered, and how long that waits.
                vec![
                    (10, 1, ByNobody, None),
                    (11, 2, ByNobody, None),
                    (12, 3, ByNobody, None),
                    // The first who hear anything hear the last words; who is told others then has begun with those.
                    (13, 3, BySomebody, None),
                    (14, 4, BySomebody, None),
                    (15, 5, BySomebody, Some(29)),
                    (44, 5, BySomebody, None),
                    (45, 6, BySomebody, Some(29)),
                    (46, 5, BySomebody, None),
                    (80, 5, ByNobody, None),
                    (81, 6, ByNobody, None),
                    (82, 7, ByNobody, None),
                ],
            ),
            (
                Origin::Known,
                vec![
                    (10, 1, ByNobody, None),
                    (11, 2, ByNobody, Some(29)),
                    (12, 2, BySomebody, Some(28)),
                    (40, 2, BySomebody, None),
                    (41, 3, BySomebody, Some(29)),
                ],
            ),
        ] {
            let mut rotation = Rotation::new(origin);
            for (second, content, heard, waits) in course {
                rotation.look(at(second), content, heard, &TIMES);
                let found = rotation.waits(at(second), content, &TIMES);
                let found = found.map(|waits| waits.as_secs());
                assert_eq!(found, waits, "{origin:?} {second}");
            }
        }
    }

    /// Whoever the process before us has greeted is told the rest of that, whatever it was.
    #[test]
    fn what_was_said_before_us_is_said_to_its_end() {
        use Slot::{One, Other};
        use Step::{Fill, Turn};
        let last = mark(0, 7);
        for (said, other) in [
            // The same key is ours already, and then the last period's counts as well.
            (mark(1, 7), last),
            (mark(0, 7), mark(0, 7)),
            (mark(1, 5), mark(1, 5)),
            (mark(0, 5), mark(0, 5)),
        ] {
            let mut rotation = Rotation::new(Origin::Said(said));
            let steps = rotation.look(at(700), 7, Heard::BySomebody, &TIMES);
            let expected = [Fill(One, mark(1, 7)), Turn(One), Fill(Other, other)];
            assert_eq!(steps, expected, "{said:?}");
            let steps = rotation.look(at(729), 8, Heard::BySomebody, &TIMES);
            assert_eq!(steps, [], "it rests");
            let steps = rotation.look(at(730), 8, Heard::BySomebody, &TIMES);
            assert_eq!(steps, [Fill(Other, mark(1, 8)), Turn(Other)]);
        }
    }

    /// Two nodes whose clocks differ by less than half a period know each other's keys at any time.
    #[test]
    fn nodes_know_each_others_keys() {
        let known = || Rotation::new(Origin::Known);
        let (mut ahead, mut behind) = (known(), known());
        for second in 0..5000 {
            ahead.look(at(second + 280), 1, Heard::BySomebody, &TIMES);
            behind.look(at(second), 1, Heard::BySomebody, &TIMES);
            for (one, other) in [(&ahead, &behind), (&behind, &ahead)] {
                let given = one.mark(one.current());
                let known = Slot::ALL.map(|slot| other.mark(slot));
                // In the first minute neither has been there for long enough.
                assert!(
                    second < 600 || known.contains(&given),
                    "{second}: {given:?} {known:?}"
                );
            }
        }
    }

    /// A clock that is set back or far ahead turns at most once in a rest.
    #[test]
    fn a_clock_that_jumps_brings_no_storm() {
        let mut rotation = Rotation::default();
        let mut turns = 0;
        for second in 0..300_u64 {
            let wall = Wall(if second % 2 == 0 {
                5_000_000
            } else {
                900_000_000
            });
            let now = Moment {
                tick: Tick(second * 1000),
                wall,
            };
            turns += rotation
                .look(now, 1, Heard::BySomebody, &TIMES)
                .iter()
                .filter(|step| matches!(step, Step::Fill(..)))
                .count();
        }
        assert!(turns <= 11, "{turns}");
    }
}
