//! How an address is flipped: at once to answering, but back only by way of draining, so that whoever is being answered is answered to
//! the end.

use std::time::Duration;

use crate::moment::Tick;

/// What is done for the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything passes.
    Off,
    /// New connections are answered.
    On,
    /// Those that are answered already still are; new ones pass.
    Drain,
}

/// Which acknowledgements prove a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Those that our segments can have caused, and no others: connections of real servers may be open.
    Strict,
    /// All within the page, for a path that cuts segments anew.
    Wide,
}

/// Who else may have connections to the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// The sorry server alone, and none that is old.
    Alone,
    /// Real servers, for as long as clients like.
    RealServers,
}

/// Whether an address is to be answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It is.
    Answer,
    /// It is not.
    Pass,
}

/// How long things last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// How long it drains.
    pub drain: Duration,
    /// For how long after the flip connections of real servers are expected.
    pub strict: Duration,
}

/// One address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flip {
    mode: Mode,
    since: Tick,
}

impl Flip {
    /// One that passes everything, as all do at first.
    pub fn new(now: Tick) -> Flip {
        Flip {
            mode: Mode::Off,
            since: now,
        }
    }

    /// One that is found in a mode.
    pub fn found(mode: Mode, now: Tick) -> Flip {
        Flip { mode, since: now }
    }

    /// Takes in what is wanted and what time it is. Whoever says it twice does no harm.
    pub fn look(&mut self, wanted: Wanted, now: Tick, times: &Times) {
        let next = match (wanted, self.mode) {
            (Wanted::Answer, Mode::Off | Mode::Drain) => Mode::On,
            (Wanted::Pass, Mode::On) => Mode::Drain,
            (Wanted::Pass, Mode::Drain) if now.since(self.since) >= times.drain => Mode::Off,
            (_, same) => same,
        };
        if next != self.mode {
            *self = Flip {
                mode: next,
                since: now,
            };
        }
    }

    /// What is done for it.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Which acknowledgements prove a connection now. Among connections of real servers it is always the strict proof: one that moves much would
    /// cross the page's numbers every 4 GiB.
    pub fn proof(&self, now: Tick, times: &Times, company: Company) -> Proof {
        match (self.mode, company) {
            (Mode::On, Company::Alone) if now.since(self.since) >= times.strict => Proof::Wide,
            _ => Proof::Strict,
        }
    }

    /// When time alone changes it next.
    pub fn next_look(&self, now: Tick, times: &Times) -> Option<Tick> {
        match self.mode {
            Mode::Off => None,
            Mode::Drain => Some(self.since.after(times.drain)),
            Mode::On => Some(self.since.after(times.strict)).filter(|end| *end > now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times {
        drain: Duration::from_secs(30),
        strict: Duration::from_secs(60),
    };

    #[test]
    fn the_way_back_is_by_draining() {
        use Wanted::{Answer, Pass};
        let mut flip = Flip::new(Tick(0));
        for (wanted, second, mode, next) in [
            (Pass, 0, Mode::Off, None),
            (Answer, 1, Mode::On, Some(61)),
            (Answer, 2, Mode::On, Some(61)),
            (Pass, 3, Mode::Drain, Some(33)),
            (Pass, 32, Mode::Drain, Some(33)),
            // Down again while it drains.
            (Answer, 32, Mode::On, Some(92)),
            (Answer, 92, Mode::On, None),
            (Pass, 100, Mode::Drain, Some(130)),
            (Pass, 130, Mode::Off, None),
            (Pass, 500, Mode::Off, None),
        ] {
            let now = Tick(second * 1000);
            flip.look(wanted, now, &TIMES);
            assert_eq!(flip.mode(), mode, "{second}");
            let next = next.map(|second| Tick(second * 1000));
            assert_eq!(flip.next_look(now, &TIMES), next, "{second}");
        }
    }

    #[test]
    fn proof_is_strict_while_others_may_be_open() {
        let mut flip = Flip::new(Tick(0));
        flip.look(Wanted::Answer, Tick(0), &TIMES);
        let proof = |flip: &Flip, at, company| flip.proof(Tick(at), &TIMES, company);
        assert_eq!(proof(&flip, 59_999, Company::Alone), Proof::Strict);
        assert_eq!(proof(&flip, 60_000, Company::Alone), Proof::Wide);
        assert_eq!(proof(&flip, 900_000, Company::RealServers), Proof::Strict);
        flip.look(Wanted::Pass, Tick(70_000), &TIMES);
        assert_eq!(proof(&flip, 70_000, Company::Alone), Proof::Strict);
    }
}
