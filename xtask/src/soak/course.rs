//! What a scenario has while it runs: the program, its visitors, the dice, and the account of rounds, memory and descriptors. It decides
//! whether another round begins, and tells every few seconds how far things are.

use std::time::{Duration, Instant};

use super::daemon::{Daemon, Start};
use super::dice::Dice;
use super::ground::Ground;
use super::plan::{Extent, NO_END};
use super::scenario::Scenario;
use super::visitors::{Door, Visitors};
use crate::bench::proc_fs::{self, Memory};
use crate::bench::quiet;

/// So many errors are enough to know that something is wrong.
const ENOUGH_ERRORS: u64 = 20;

pub(crate) struct Course {
    pub(crate) ground: Ground,
    pub(crate) daemon: Daemon,
    pub(crate) visitors: Visitors,
    pub(crate) dice: Dice,
    name: &'static str,
    extent: Extent,
    start: Instant,
    told: Instant,
    started: u64,
    pub(crate) rounds: u64,
    /// The most resident memory that was seen, in bytes.
    pub(crate) peak: u64,
}

impl Course {
    pub(crate) fn begin(
        scenario: &Scenario,
        extent: Extent,
        dice: Dice,
        ground: Ground,
    ) -> Result<Self, String> {
        let daemon = Daemon::start(&ground, Start::First, 0)?;
        let visitors = Visitors::start(&ground.doors(), scenario.visitors);
        let now = Instant::now();
        Ok(Self {
            ground,
            daemon,
            visitors,
            dice,
            name: scenario.name,
            extent,
            start: now,
            told: now,
            started: 1,
            rounds: 0,
            peak: 0,
        })
    }

    /// Counts a round and looks at the process; false if the scenario is over.
    pub(crate) fn next(&mut self) -> Result<bool, String> {
        self.daemon.still_runs()?;
        self.look()?;
        self.tell();
        let over = self.rounds >= self.extent.times
            || self.start.elapsed() >= self.extent.time
            || self.visitors.tally().errors >= ENOUGH_ERRORS;
        if over {
            return Ok(false);
        }
        self.rounds += 1;
        Ok(true)
    }

    /// The share of its time or of its rounds that is over, from 0 to 1.
    pub(crate) fn share(&self) -> f64 {
        let time = self.start.elapsed().as_secs_f64() / self.extent.time.as_secs_f64();
        time.max(self.rounds as f64 / self.extent.times as f64)
    }

    /// Resident memory now, in bytes.
    pub(crate) fn look(&mut self) -> Result<u64, String> {
        let rss = Memory::of(&[self.daemon.pid()])?.rss;
        self.peak = self.peak.max(rss);
        Ok(rss)
    }

    pub(crate) fn descriptors(&self) -> Result<u64, String> {
        proc_fs::descriptors(self.daemon.pid())
    }

    /// Starts another process; the number names its log.
    pub(crate) fn another(&mut self, start: Start) -> Result<Daemon, String> {
        let number = self.started;
        self.started += 1;
        Daemon::start(&self.ground, start, number)
    }

    /// Waits until visitors have had so many more answers.
    pub(crate) fn await_answers(&mut self, more: u64) -> Result<(), String> {
        let wanted = self.visitors.tally().answers + more;
        let enough = |course: &mut Self| {
            let tally = course.visitors.tally();
            Ok(tally.answers >= wanted || tally.errors >= ENOUGH_ERRORS)
        };
        self.until(&format!("{more} more answers"), enough)
    }

    /// A visit at each of the doors must be answered now.
    pub(crate) fn every_door_answers(&self) -> Result<(), String> {
        for door in self.ground.doors() {
            door.visit().map_err(|why| format!("{door:?}: {why}"))?;
        }
        Ok(())
    }

    /// What the site says to a new visitor.
    pub(crate) fn words(&self) -> Result<String, String> {
        let answer = Door::Tcp(self.ground.tcp()).visit()?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Looks again and again, for as long as a visitor would wait.
    pub(crate) fn until(
        &mut self,
        what: &str,
        mut holds: impl FnMut(&mut Self) -> Result<bool, String>,
    ) -> Result<(), String> {
        let start = Instant::now();
        while !holds(self)? {
            if start.elapsed() > super::daemon::PATIENCE {
                return Err(format!("waited in vain for {what}"));
            }
            self.daemon.still_runs()?;
            quiet::pass(Duration::from_millis(1));
        }
        Ok(())
    }

    fn tell(&mut self) {
        const EVERY: Duration = Duration::from_secs(5);
        if self.told.elapsed() < EVERY {
            return;
        }
        self.told = Instant::now();
        let tally = self.visitors.tally();
        let of = match self.extent.times {
            NO_END => format!(
                "{:.0} of {} s",
                self.start.elapsed().as_secs_f64(),
                self.extent.time.as_secs()
            ),
            times => format!("{} of {times}", self.rounds),
        };
        eprintln!(
            "   {}: {of}, {} answers, {} lost, {} errors, {:.1} MiB at most",
            self.name,
            tally.answers,
            tally.lost,
            tally.errors,
            self.peak as f64 / f64::from(1 << 20)
        );
    }
}
