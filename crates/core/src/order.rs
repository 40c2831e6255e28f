//! What an operator orders: a site down for maintenance, or a site live whatever its health says, until a time.
//!
//! An order wins over health for as long as it is in force. A maintenance whose time has come either ends, or holds: the page
//! stays until somebody says `up`, because a site that is half upgraded must not be shown by a clock.

use std::time::Duration;

use crate::moment::Wall;
use crate::said::Said;

/// An order for a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What is ordered.
    pub what: What,
    /// When it was given.
    pub given: Wall,
    /// From when its time is counted: when it was given, or was made longer when it was almost over.
    pub counted: Wall,
    /// Until when; without an end where `None`.
    pub until: Option<Wall>,
    /// What becomes of it then.
    pub on_overrun: OnOverrun,
    /// Who gave it, as the admin API knows them.
    pub by: Box<str>,
    /// Why, for other operators.
    pub reason: Option<Box<str>>,
    /// What visitors are told.
    pub said: Option<Said>,
}

/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Sorry, with or without copies.
    Maintenance(Keep),
    /// Live, even below quorum.
    Live,
}

/// What may be served from copies meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Whatever the cache has.
    Stale,
    /// Nothing: everybody sees the page.
    Nothing,
}

/// What becomes of an order whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOverrun {
    /// It stays in force, and somebody is told every quarter of an hour.
    Hold,
    /// It ends, and health decides.
    Return,
}

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// In force, for so long; without an end where `None`.
    Running(Option<Duration>),
    /// Still in force, so long after its time.
    Overrun(Duration),
    /// Over.
    Ended,
}

/// Something that is told once in the course of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Milestone {
    /// Nothing to tell yet.
    Begun,
    /// Four fifths of the time are gone.
    AlmostOver,
    /// The time has come; and again every [`REMINDER`] while it holds, with the number of the reminder.
    Due(u32),
}

/// What [`Order::by`] begins with where a window gave it; the window's name follows.
pub const BY_WINDOW: &str = "window ";

/// How often somebody is reminded of a maintenance that holds.
pub const REMINDER: Duration = Duration::from_secs(15 * 60);

impl Order {
    /// The name of the window that gave it.
    pub fn window(&self) -> Option<&str> {
        self.by.strip_prefix(BY_WINDOW)
    }

    /// How it stands.
    pub fn phase(&self, now: Wall) -> Phase {
        match (self.until, self.on_overrun) {
            (None, _) => Phase::Running(None),
            (Some(until), _) if now < until => Phase::Running(Some(until.since(now))),
            (Some(until), OnOverrun::Hold) => Phase::Overrun(now.since(until)),
            (Some(_), OnOverrun::Return) => Phase::Ended,
        }
    }

    /// The latest thing that is to be told. What lies between two looks is not told late, one by one: after a jump of the
    /// clock the latest counts.
    pub fn milestone(&self, now: Wall) -> Milestone {
        let Some(until) = self.until else {
            return Milestone::Begun;
        };
        if now >= until {
            let reminders = now.since(until).as_millis() / REMINDER.as_millis();
            return Milestone::Due(u32::try_from(reminders).unwrap_or(u32::MAX));
        }
        if now >= self.almost_over(until) {
            Milestone::AlmostOver
        } else {
            Milestone::Begun
        }
    }

    /// When there is next something to tell or to do.
    pub fn next_look(&self, now: Wall) -> Option<Wall> {
        let until = self.until?;
        Some(match self.milestone(now) {
            Milestone::Begun => self.almost_over(until),
            Milestone::AlmostOver => until,
            Milestone::Due(number) => {
                until.after(REMINDER.saturating_mul(number.saturating_add(1)))
            }
        })
    }

    /// The same order for so much longer: after its end where that is still to come, after now where it is not.
    #[must_use]
    pub fn extended(&self, by: Duration, now: Wall) -> Order {
        let Some(until) = self.until else {
            return self.clone();
        };
        Order {
            // Whoever was told that it is almost over is told again when the rest is.
            counted: match self.milestone(now) {
                Milestone::Begun => self.counted,
                Milestone::AlmostOver | Milestone::Due(_) => now,
            },
            until: Some(until.max(now).after(by)),
            ..self.clone()
        }
    }

    fn almost_over(&self, until: Wall) -> Wall {
        self.counted.after(until.since(self.counted) / 5 * 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    fn order(until: Option<u64>, on_overrun: OnOverrun) -> Order {
        Order {
            what: What::Maintenance(Keep::Stale),
            given: Wall(0),
            counted: Wall(0),
            until: until.map(|minutes| Wall(minutes * MINUTE)),
            on_overrun,
            by: "root".into(),
            reason: None,
            said: None,
        }
    }

    fn minutes(minutes: u64) -> Duration {
        Duration::from_millis(minutes * MINUTE)
    }

    #[test]
    fn a_maintenance_runs_is_told_of_and_holds() {
        let order = order(Some(50), OnOverrun::Hold);
        for (at, phase, milestone, next) in [
            (0, Phase::Running(Some(minutes(50))), Milestone::Begun, 40),
            (39, Phase::Running(Some(minutes(11))), Milestone::Begun, 40),
            (
                40,
                Phase::Running(Some(minutes(10))),
                Milestone::AlmostOver,
                50,
            ),
            (50, Phase::Overrun(minutes(0)), Milestone::Due(0), 65),
            (64, Phase::Overrun(minutes(14)), Milestone::Due(0), 65),
            (65, Phase::Overrun(minutes(15)), Milestone::Due(1), 80),
            (500, Phase::Overrun(minutes(450)), Milestone::Due(30), 515),
        ] {
            let now = Wall(at * MINUTE);
            assert_eq!(order.phase(now), phase, "{at}");
            assert_eq!(order.milestone(now), milestone, "{at}");
            assert_eq!(order.next_look(now), Some(Wall(next * MINUTE)), "{at}");
        }
    }

    #[test]
    fn or_it_returns() {
        let order = order(Some(50), OnOverrun::Return);
        assert_eq!(
            order.phase(Wall(50 * MINUTE - 1)),
            Phase::Running(Some(Duration::from_millis(1)))
        );
        assert_eq!(order.phase(Wall(50 * MINUTE)), Phase::Ended);
    }

    #[test]
    fn without_an_end_nothing_comes_due() {
        let order = order(None, OnOverrun::Hold);
        assert_eq!(order.phase(Wall(u64::MAX)), Phase::Running(None));
        assert_eq!(order.milestone(Wall(u64::MAX)), Milestone::Begun);
        assert_eq!(order.next_look(Wall(0)), None);
        assert_eq!(order.extended(minutes(1), Wall(0)), order);
    }

    #[test]
    fn more_time_counts_from_the_end_or_from_now() {
        let order = order(Some(50), OnOverrun::Hold);
        for (at, expected) in [(10, 70), (49, 70), (50, 70), (90, 110)] {
            let extended = order.extended(minutes(20), Wall(at * MINUTE));
            assert_eq!(extended.until, Some(Wall(expected * MINUTE)), "{at}");
            // What was given anew is not almost over at once.
            assert_eq!(extended.milestone(Wall(at * MINUTE)), Milestone::Begun);
        }
    }

    #[test]
    fn milestones_come_in_order() {
        assert!(Milestone::Begun < Milestone::AlmostOver);
        assert!(Milestone::AlmostOver < Milestone::Due(0) && Milestone::Due(0) < Milestone::Due(1));
    }
}
