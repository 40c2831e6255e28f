//! When not to believe one's own eyes: whoever sees everything fail at once is probably blind.
//!
//! Two witnesses speak for that: addresses that must answer ([`Watch::references`]) and do not, and many real servers of
//! several sites that go down together ([`Mass`]). While there is doubt, probing goes on and nothing is switched by health;
//! orders work as always. Doubt ends when what went down in it works again, when a real server is seen to serve a client,
//! or after [`Watch::hold`], counted from when a reference last did not answer: then what is seen is believed.

use std::collections::VecDeque;
use std::time::Duration;

use crate::moment::Tick;

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// How many addresses must answer; none where 0.
    pub references: usize,
    /// How many real servers that go down together are too many to be believed.
    pub mass: Mass,
    /// For how long nothing is switched.
    pub hold: Duration,
}

/// More than a share of all real servers, of three sites or more, within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mass {
    /// In per mille of all real servers; 1000 and more switches it off.
    pub share_permille: u16,
    /// Within which time they go down.
    pub within: Duration,
}

/// Sites that must be struck, so that one site's own failure is never doubted.
const SITES: usize = 3;

/// Why there is doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No reference answers.
    References,
    /// So many real servers went down together.
    Mass {
        /// How many.
        down: u32,
        /// Of how many.
        of: u32,
    },
}

/// A doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub since: Tick,
    /// When what is seen will be believed; `None` while no reference answers.
    pub until: Option<Tick>,
}

/// What came of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// There is doubt now.
    Began(Doubt),
    /// There is none any more.
    Ended(Ended),
}

/// How a doubt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was shown to be right: what had gone down works.
    Disproved,
    /// Nothing was shown; what is seen is believed because it has lasted.
    ByTime,
}

/// Watches the watcher.
#[derive(Debug)]
pub struct Doubts {
    watch: Watch,
    /// Whether each reference answered last; `None` where it was not asked yet.
    references: Vec<Option<bool>>,
    /// Real servers that went down lately: when, which, of which site.
    falls: VecDeque<(Tick, u32, u32)>,
    /// Of those that went down since the doubt began or shortly before, how many are still down.
    fallen: u32,
    /// That no reference answers was doubted already, and something else has settled it.
    settled: bool,
    doubt: Option<Doubt>,
}

impl Doubts {
    /// Nothing was seen yet.
    pub fn new(watch: Watch) -> Doubts {
        Doubts {
            references: vec![None; watch.references],
            falls: VecDeque::new(),
            fallen: 0,
            settled: false,
            doubt: None,
            watch,
        }
    }

    /// The doubt that there is.
    pub fn doubt(&self) -> Option<&Doubt> {
        self.doubt.as_ref()
    }

    /// The real servers that went down in it or shortly before, and are not back.
    pub fn fallen(&self) -> Vec<u32> {
        self.falls.iter().map(|(_, real, _)| *real).collect()
    }

    /// The sites of the real servers that went down in it or shortly before, each once.
    pub fn struck(&self) -> Vec<u32> {
        let mut sites: Vec<u32> = self.falls.iter().map(|(.., site)| *site).collect();
        sites.sort_unstable();
        sites.dedup();
        sites
    }

    /// There is another configuration: numbers mean others now. What went down in a doubt is known by number alone, so a doubt that
    /// goes on ends by time; and one that no reference can end any more, because there is none, does so, too.
    pub fn reconfigure(&mut self, watch: Watch, now: Tick) {
        if watch.references != self.references.len() {
            self.references = vec![None; watch.references];
        }
        self.watch = watch;
        self.falls.clear();
        match &mut self.doubt {
            None => self.fallen = 0,
            Some(doubt) => {
                self.fallen = self.fallen.max(1);
                if self.references.is_empty() {
                    doubt.until = doubt.until.or(Some(now.after(self.watch.hold)));
                }
            }
        }
    }

    /// When it ends by itself.
    pub fn deadline(&self) -> Option<Tick> {
        self.doubt?.until
    }

    /// Time has passed.
    pub fn look(&mut self, now: Tick) -> Option<Turn> {
        let until = self.deadline()?;
        (now >= until).then(|| self.end(Ended::ByTime))
    }

    /// A reference was asked.
    pub fn reference(&mut self, index: usize, answered: bool, now: Tick) -> Option<Turn> {
        *self.references.get_mut(index)? = Some(answered);
        let none_answers = self.none_answers();
        self.settled &= none_answers;
        match &mut self.doubt {
            None if none_answers && !self.settled => Some(self.begin(Cause::References, None, now)),
            Some(doubt) if none_answers => {
                doubt.until = None;
                None
            }
            Some(doubt) if doubt.until.is_none() => {
                // The way out is back; what was seen without it must be seen again.
                doubt.until = Some(now.after(self.watch.hold));
                if self.fallen == 0 {
                    return Some(self.end(Ended::Disproved));
                }
                None
            }
            _ => None,
        }
    }

    /// A real server went down, one of `of`.
    pub fn fell(&mut self, real: u32, site: u32, of: u32, now: Tick) -> Option<Turn> {
        self.forget(now);
        self.falls.push_back((now, real, site));
        if self.doubt.is_some() {
            self.fallen += 1;
            return None;
        }
        let down = u32::try_from(self.falls.len()).unwrap_or(u32::MAX);
        let too_many =
            u64::from(down) * 1000 > u64::from(of) * u64::from(self.watch.mass.share_permille);
        if !too_many || !self.sites_are_many() {
            return None;
        }
        let until = Some(now.after(self.watch.hold));
        self.fallen = down;
        Some(self.begin(Cause::Mass { down, of }, until, now))
    }

    /// A real server works again.
    pub fn rose(&mut self, real: u32) -> Option<Turn> {
        let before = self.falls.len();
        self.falls.retain(|(_, fallen, _)| *fallen != real);
        if before == self.falls.len() {
            return None;
        }
        self.fallen = self.fallen.saturating_sub(1);
        let doubt = self.doubt.as_ref()?;
        (self.fallen == 0 && doubt.until.is_some()).then(|| self.end(Ended::Disproved))
    }

    /// A real server was seen to serve a client.
    pub fn served(&mut self) -> Option<Turn> {
        self.doubt.is_some().then(|| self.end(Ended::Disproved))
    }

    fn begin(&mut self, cause: Cause, until: Option<Tick>, since: Tick) -> Turn {
        let doubt = Doubt {
            cause,
            since,
            until,
        };
        if cause == Cause::References {
            self.fallen = u32::try_from(self.falls.len()).unwrap_or(u32::MAX);
        }
        self.doubt = Some(doubt);
        Turn::Began(doubt)
    }

    fn end(&mut self, how: Ended) -> Turn {
        self.doubt = None;
        self.falls.clear();
        self.fallen = 0;
        self.settled = self.none_answers();
        Turn::Ended(how)
    }

    fn none_answers(&self) -> bool {
        let silent = |known: &Option<bool>| *known == Some(false);
        !self.references.is_empty() && self.references.iter().all(silent)
    }

    /// While there is no doubt, only what happened lately counts.
    fn forget(&mut self, now: Tick) {
        if self.doubt.is_none() {
            let within = self.watch.mass.within;
            self.falls.retain(|(at, ..)| now.since(*at) <= within);
        }
    }

    fn sites_are_many(&self) -> bool {
        self.struck().len() >= SITES
    }
}

#[cfg(test)]
#[path = "doubt_tests.rs"]
mod tests;
