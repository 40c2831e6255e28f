//! When probes begin, and which results are told. Knows no clock, no socket and no thread: time is an argument. `watcher` calls it, and
//! makes the probes that it names.
//!
//! Each check has a grid: its first probe and every `every` from there on. Jitter moves a probe behind its place on the grid and
//! never moves the grid, so nothing drifts and two probes are at most `every` and the jitter apart. A probe that is slow is followed by
//! others before it has ended, so that silence is noticed as soon as refusal and one timeout. Who comes too late (the machine
//! stood still) goes on at the next place: there are no probes to catch up with, and those that were spread stay spread.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use sorry_core::health::Verdict;

use crate::config::check::{OUTSTANDING_MAX, Timing};

/// How soon the next probe comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pace {
    /// Every `every`, once the probe before has ended.
    Normal,
    /// Every `suspect-every`, without waiting for the probe before: the next results decide something.
    Suspect,
}

/// First probes are spread over at most this.
const SPREAD_MAX: Duration = Duration::from_secs(1);

/// Nothing is made more often than this, whatever was typed.
const SHORTEST: Duration = Duration::from_millis(1);

/// A check, by its place; taken again by another one when it is gone.
pub(super) type Place = usize;

/// When probes begin.
#[derive(Debug)]
pub(super) struct Schedule {
    slots: Vec<Option<Slot>>,
    free: Vec<Place>,
    queue: BinaryHeap<Reverse<(Instant, Place, u64)>>,
    stamps: u64,
    random: fastrand::Rng,
}

#[derive(Debug)]
struct Slot {
    timing: Timing,
    pace: Pace,
    /// The place on the grid of the next probe.
    next: Instant,
    /// That of the last one.
    last: Option<Instant>,
    /// Of what is in the queue, only this counts.
    stamp: u64,
    /// The probe is due and waits for the end of the one before.
    waits: bool,
    begun: u64,
    told: u64,
    outstanding: u32,
    /// The number of the probe that began in its turn; those behind it began because it was slow.
    chain: u64,
    /// So many bad results take it down.
    fall: u32,
    /// The last result that said anything was good, so that bad ones would be news.
    good: bool,
}

/// A probe that is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begin {
    pub(super) place: Place,
    /// Counts the probes of one check, from 1.
    pub(super) number: u64,
    /// When it should have begun.
    pub(super) due: Instant,
}

/// What becomes of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Told,
    /// A probe that began later was faster.
    TooLate,
}

/// Where one of several checks that begin together stands among them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) index: usize,
    pub(super) count: usize,
}

impl Turn {
    fn share(self, of: Duration, index: usize) -> Duration {
        let count = u32::try_from(self.count.max(1)).unwrap_or(u32::MAX);
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        of / count * index
    }

    /// How long after the beginning its first probe is made.
    fn first(self, every: Duration) -> Duration {
        self.share(every.min(SPREAD_MAX), self.index)
    }

    /// How long after the first probe its second one is made. Where `every` is longer than the first ones were spread over, this is
    /// where they are spread for good.
    fn second(self, every: Duration) -> Duration {
        match every > SPREAD_MAX {
            true => self.share(every, self.index + 1),
            false => every,
        }
    }
}

impl Schedule {
    /// An empty one; jitter comes from the seed.
    pub(super) fn new(seed: u64) -> Schedule {
        Schedule {
            slots: Vec::new(),
            free: Vec::new(),
            queue: BinaryHeap::new(),
            stamps: 0,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// A check begins.
    pub(super) fn add(&mut self, timing: Timing, fall: u16, turn: Turn, now: Instant) -> Place {
        let timing = Timing {
            every: timing.every.max(SHORTEST),
            suspect_every: timing.suspect_every.max(SHORTEST),
            ..timing
        };
        let first = now + turn.first(timing.every);
        // As if there had been one before, from which the second is counted.
        let slot = Slot {
            timing,
            pace: Pace::Normal,
            next: first + turn.second(timing.every),
            last: None,
            stamp: 0,
            waits: false,
            begun: 0,
            told: 0,
            outstanding: 0,
            chain: 0,
            fall: u32::from(fall).clamp(1, OUTSTANDING_MAX),
            good: true,
        };
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[place] = Some(slot);
        self.enqueue(place, first);
        place
    }

    /// A check is over.
    pub(super) fn remove(&mut self, place: Place) {
        if self.slots.get_mut(place).and_then(Option::take).is_some() {
            self.free.push(place);
        }
    }

    /// It goes on faster, or as usual.
    pub(super) fn pace(&mut self, place: Place, pace: Pace, now: Instant) {
        let Some(slot) = self.slots.get_mut(place).and_then(Option::as_mut) else {
            return;
        };
        if slot.pace == pace {
            return;
        }
        slot.pace = pace;
        // The first one comes when it comes.
        let Some(last) = slot.last else {
            return;
        };
        slot.waits = false;
        let at = (last + slot.interval()).max(now);
        slot.next = at + slot.interval();
        let at = at + self.jitter(place);
        self.enqueue(place, at);
    }

    /// When the next probe begins.
    pub(super) fn next(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, place, stamp))) = self.queue.peek().copied() {
            if self.is_valid(place, stamp) {
                return Some(at);
            }
            self.queue.pop();
        }
        None
    }

    /// The next probe that is due; to be asked until there is none.
    pub(super) fn begin(&mut self, now: Instant) -> Option<Begin> {
        loop {
            let due = self.next().filter(|due| *due <= now)?;
            let Reverse((_, place, _)) = self.queue.pop()?;
            let slot = self.slots.get_mut(place).and_then(Option::as_mut)?;
            let most = match slot.pace {
                Pace::Normal => 1,
                Pace::Suspect => OUTSTANDING_MAX,
            };
            let room = slot.outstanding < most;
            if !room && slot.pace == Pace::Normal {
                slot.waits = true;
                slot.stamp = 0;
                continue;
            }
            let begin = room.then(|| slot.begin(place, due));
            slot.chain = begin.map_or(slot.chain, |begin| begin.number);
            let at = slot.advance(now);
            let at = at + self.jitter(place);
            self.enqueue(place, at);
            if begin.is_some() {
                return begin;
            }
        }
    }

    /// A probe has been under way for `suspect-every` and has not ended: perhaps it never will, and then the results that decide
    /// would come one timeout after the other. So the next one begins now, until as many are under way as take it down. As soon as one
    /// of them has ended no more begin before their turn: who is slow and answers is not asked more often for that. Nor is what is down
    /// already.
    pub(super) fn slow(&mut self, place: Place, number: u64, now: Instant) -> Option<Begin> {
        let slot = self.slots.get_mut(place)?.as_mut()?;
        let latest = number == slot.begun;
        let chained = slot.begun - slot.chain + 1;
        let silent = slot.told < slot.chain && chained < u64::from(slot.fall);
        let wanted =
            slot.pace == Pace::Normal && slot.good && silent && slot.outstanding < slot.fall;
        (latest && wanted).then(|| slot.begin(place, now))
    }

    /// A probe has ended, and its result says this. None where the check is gone.
    pub(super) fn end(
        &mut self,
        place: Place,
        number: u64,
        verdict: Verdict,
        now: Instant,
    ) -> Option<Fate> {
        let slot = self.slots.get_mut(place)?.as_mut()?;
        slot.outstanding = slot.outstanding.saturating_sub(1);
        let fate = match number > slot.told {
            true => Fate::Told,
            false => Fate::TooLate,
        };
        slot.told = slot.told.max(number);
        if fate == Fate::Told && verdict != Verdict::Nothing {
            slot.good = verdict == Verdict::Good;
        }
        if slot.waits && slot.outstanding == 0 {
            slot.waits = false;
            slot.next = now + slot.interval();
            self.enqueue(place, now);
        }
        Some(fate)
    }

    fn is_valid(&self, place: Place, stamp: u64) -> bool {
        let slot = self.slots.get(place).and_then(Option::as_ref);
        slot.is_some_and(|slot| slot.stamp == stamp)
    }

    fn jitter(&mut self, place: Place) -> Duration {
        let slot = self.slots.get(place).and_then(Option::as_ref);
        match slot {
            Some(slot) if slot.pace == Pace::Normal => {
                slot.timing.jitter.mul_f64(self.random.f64())
            }
            _ => Duration::ZERO,
        }
    }

    fn enqueue(&mut self, place: Place, at: Instant) {
        self.stamps += 1;
        if let Some(slot) = self.slots.get_mut(place).and_then(Option::as_mut) {
            slot.stamp = self.stamps;
            self.queue.push(Reverse((at, place, self.stamps)));
        }
    }
}

impl Slot {
    fn interval(&self) -> Duration {
        match self.pace {
            Pace::Normal => self.timing.every,
            Pace::Suspect => self.timing.suspect_every,
        }
    }

    fn begin(&mut self, place: Place, due: Instant) -> Begin {
        self.begun += 1;
        self.outstanding += 1;
        self.last = Some(due);
        let number = self.begun;
        Begin { place, number, due }
    }

    /// The next place on the grid that is not over; the one behind it becomes the next.
    fn advance(&mut self, now: Instant) -> Instant {
        let interval = self.interval();
        if self.next <= now {
            let missed = (now - self.next).as_nanos() / interval.as_nanos().max(1) + 1;
            self.next += interval * u32::try_from(missed).unwrap_or(u32::MAX);
        }
        let at = self.next;
        self.next += interval;
        at
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
