//! Which of the engine's news are told to people, to whom, and when: alerts and the history are made here and nowhere else.
//!
//! [`Incidents`] hears the engine's outputs and gives [`Telling`]s. Each transition is told once. What is planned is silent: an
//! order begins and ends without a word, but for its milestones, and a window has a summary after it; an outage that is left when
//! it is over is told like any other. A site that flaps is told of once, and again when it has been steady. Tellings are made
//! in the same step as the decision; nothing here waits for a switch, whose failures are added to what is open.
//!
//! What is known of open incidents follows from tellings alone, so [`Incidents::remember`] brings it back after a restart. No
//! clock, no words, no sending: those are the caller's, which is `daemon/brain` with `alert`.

mod history;
mod open;
mod orders;
mod outages;
mod reals;
mod reconciled;
mod switches;
mod telling;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::doubt::Cause;
use crate::event::{Act, Notice, Output, Record, Setup, SiteId, SiteSetup};
use crate::moment::Wall;
use open::{Key, Open};

pub use history::{Entry, History, Incident};
pub use telling::{
    Audience, Awaited, DownReal, Kind, Phase, Severity, Step, Summary, Telling, What,
};

/// See the file's header.
#[derive(Debug)]
pub struct Incidents {
    /// The number of the next one.
    next: u64,
    /// The number of the last telling.
    told: u64,
    /// Nobody will watch any more.
    stopping: bool,
    open: BTreeMap<Key, Open>,
    /// Switches whose trouble is told as part of another incident: site and switch, and the number of that incident.
    attached: BTreeMap<(Box<str>, Box<str>), u64>,
    /// When the last incident of a real server ended, and how many followed shortly on another.
    lately: BTreeMap<Key, reals::Lately>,
    /// What is to be told.
    pending: VecDeque<Telling>,
}

/// What of a telling is not the same for all of its incident.
struct News {
    step: Step,
    phase: Phase,
    audience: Audience,
    what: What,
    which: Option<Box<str>>,
}

impl News {
    fn new(step: Step, phase: Phase, audience: Audience, what: What) -> News {
        News {
            step,
            phase,
            audience,
            what,
            which: None,
        }
    }

    /// Begins, goes on or ends, and everybody is told.
    fn told(step: Step, what: What) -> News {
        let phase = match step {
            Step::Begins => Phase::Firing,
            Step::Goes => Phase::Update,
            Step::Ends => Phase::Resolved,
            Step::Aside => Phase::Note,
        };
        News::new(step, phase, Audience::Everybody, what)
    }

    /// For the history alone.
    fn silent(step: Step, what: What) -> News {
        News {
            phase: Phase::Note,
            audience: Audience::Nobody,
            ..News::told(step, what)
        }
    }

    fn of(self, which: &str) -> News {
        News {
            which: Some(which.into()),
            ..self
        }
    }
}

impl Incidents {
    /// Nothing is open. `next` is the number of the next incident, greater than all that were ever given.
    pub fn new(next: u64) -> Incidents {
        Incidents {
            next,
            told: 0,
            stopping: false,
            open: BTreeMap::new(),
            attached: BTreeMap::new(),
            lately: BTreeMap::new(),
            pending: VecDeque::new(),
        }
    }

    /// The numbers of those that are open.
    pub fn open_numbers(&self) -> BTreeSet<u64> {
        self.open.values().map(|open| open.id).collect()
    }

    /// The number of the next incident.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// The next telling. To be asked until there is none, after each step of the engine: what happened in one step may be told as
    /// one.
    pub fn pop(&mut self) -> Option<Telling> {
        let telling = self.pending.pop_front()?;
        self.told += 1;
        Some(Telling {
            number: self.told,
            ..telling
        })
    }

    /// So many tellings were made before, as somebody remembers who is told: a history may have forgotten its last.
    pub fn were_told(&mut self, number: u64) {
        self.told = self.told.max(number);
    }

    /// Takes a telling back from the journal; in their order, before anything else.
    pub fn remember(&mut self, telling: &Telling) {
        self.next = self.next.max(telling.incident.saturating_add(1));
        self.were_told(telling.number);
        self.apply(telling);
    }

    /// Takes what the engine wants; `setup` is the configuration it wants it for.
    pub fn hear(&mut self, output: &Output, setup: &Setup, now: Wall) {
        match output {
            Output::Record(Record::Order { site, order, .. }) => {
                let observed = setup.sites.iter().find(|known| known.name == *site);
                let observed = observed.is_some_and(only_observes);
                self.ordered(site, order.as_ref(), observed, now);
            }
            Output::Route { switch, .. } => self.moves(*switch, setup, now),
            Output::Notice(notice) => self.notice(notice, setup, now),
            Output::Record(_) | Output::Pace(..) | Output::AskPeers(_) => {}
        }
    }

    fn notice(&mut self, notice: &Notice, setup: &Setup, now: Wall) {
        match *notice {
            Notice::Turned {
                site,
                to,
                why,
                weights,
                ..
            } => self.turned(site, to, why, weights, setup, now),
            Notice::StaysDown(site) => self.stays_down(site, setup, now),
            Notice::Unwatched(site) => self.unwatched(site, setup, now),
            Notice::Flaps(site, times) => self.flaps(site, u32::from(times), setup, now),
            Notice::Real {
                real,
                state,
                reason,
                drained,
            } => self.real(real, (state, reason), drained, setup, now),
            Notice::Doubt(cause) => self.doubted(cause, now),
            Notice::DoubtOver => self.end(&Key::doubt(), What::Believed, now),
            Notice::Milestone(site, milestone) => self.milestone(site, milestone, setup, now),
            Notice::OrderEnded(site) => self.order_ended(site, setup),
            Notice::Announced(site, window, opens) => {
                self.announced(site, window, opens, setup, now);
            }
            Notice::WouldTurn(switch, to) => self.would_turn(switch, to, setup, now),
            Notice::Asks(switch, to, generation) => {
                self.awaits(switch, to, Some(generation), setup, now);
            }
            Notice::Stays(switch, to) => self.awaits(switch, to, None, setup, now),
            Notice::Failed(switch, times) => self.failed(switch, times, setup, now),
            Notice::Recovered(switch) => self.works(switch, setup, now),
        }
    }

    fn doubted(&mut self, cause: Cause, now: Wall) {
        let key = Key::doubt();
        if !self.open.contains_key(&key) {
            let news = News::told(Step::Begins, What::Doubted(cause));
            self.begin(key, false, news, now);
        }
    }

    fn unwatched(&mut self, site: SiteId, setup: &Setup, now: Wall) {
        self.stopping = true;
        if let Some(site) = site_of(setup, site) {
            let key = Key::of_site(Kind::Doubt, &site.name);
            self.begin_or_go(key, only_observes(site), What::Unwatched, now);
        }
    }

    /// A certificate of a real server ends in so many days, or does not end soon. Told once a day.
    pub fn certificate(&mut self, site: &str, real: &str, days: Option<u32>, now: Wall) {
        const DAY_MS: u64 = 86_400_000;
        let key = Key::about(Kind::Certificate, site, real);
        let Some(days) = days else {
            return self.end(&key, What::Renewed, now);
        };
        match self.open.get(&key) {
            Some(open) if now.0.abs_diff(open.told.0) < DAY_MS => {}
            _ => self.begin_or_go(key, false, What::Expires(days), now),
        }
    }

    /// Time has passed.
    pub fn look(&mut self, setup: &Setup, now: Wall) {
        self.forget_lately(setup, now);
        for (key, steady) in self.steady(setup) {
            if steady <= now {
                self.end_flapping(&key, now);
            }
        }
    }

    /// When it is to be looked again.
    pub fn next_look(&self, setup: &Setup) -> Option<Wall> {
        self.steady(setup).into_iter().map(|(_, at)| at).min()
    }

    /// Begins an incident, or tells more of it; everybody hears it.
    fn begin_or_go(&mut self, key: Key, observed: bool, what: What, now: Wall) {
        match self.open.contains_key(&key) {
            true => self.tell(&key, News::told(Step::Goes, what), now),
            false => self.begin(key, observed, News::told(Step::Begins, what), now),
        }
    }

    fn begin(&mut self, key: Key, observed: bool, news: News, now: Wall) {
        let telling = Telling {
            planned: key.kind.is_order(),
            ..self.telling(key, news, observed, now)
        };
        self.emit(telling);
    }

    /// A telling of an incident that is not open yet.
    fn telling(&mut self, key: Key, news: News, observed: bool, now: Wall) -> Telling {
        let incident = self.next;
        self.next += 1;
        Telling {
            number: 0,
            incident,
            kind: key.kind,
            site: key.site,
            about: key.about,
            by: None,
            reason: None,
            planned: false,
            observed,
            began: now,
            at: now,
            step: news.step,
            phase: news.phase,
            audience: news.audience,
            what: news.what,
            which: news.which,
            awaits: None,
        }
    }

    /// More of an open incident; nothing where it is not open.
    fn tell(&mut self, key: &Key, news: News, now: Wall) {
        if let Some(telling) = self.more_of(key, news, now) {
            self.emit(telling);
        }
    }

    fn more_of(&self, key: &Key, news: News, now: Wall) -> Option<Telling> {
        let open = self.open.get(key)?;
        Some(Telling {
            number: 0,
            incident: open.id,
            kind: key.kind,
            site: key.site.clone(),
            about: key.about.clone(),
            by: open.by.clone(),
            reason: open.ordered_for.clone(),
            planned: open.planned,
            observed: open.observed,
            began: open.began,
            at: now,
            step: news.step,
            phase: news.phase,
            audience: news.audience,
            what: news.what,
            which: news.which,
            awaits: None,
        })
    }

    /// Ends an incident, for those who were told of it.
    fn end(&mut self, key: &Key, what: What, now: Wall) {
        let Some(open) = self.open.get(key) else {
            return;
        };
        let audience = match (open.fired, key.kind) {
            (false, _) => Audience::Nobody,
            (true, Kind::Real) => Audience::OfReals,
            (true, _) => Audience::Everybody,
        };
        let phase = match open.fired {
            true => Phase::Resolved,
            false => Phase::Note,
        };
        self.tell(key, News::new(Step::Ends, phase, audience, what), now);
    }

    fn emit(&mut self, telling: Telling) {
        self.apply(&telling);
        self.ended_lately(&telling);
        self.pending.push_back(telling);
    }

    /// Draws the consequences of a telling, now or when it is remembered.
    fn apply(&mut self, telling: &Telling) {
        if telling.is_aside() {
            return;
        }
        let key = telling.belongs_to();
        match telling.step {
            Step::Begins => {
                self.open.insert(key, Open::of(telling));
            }
            Step::Ends => {
                self.open.remove(&key);
                self.attached
                    .retain(|_, incident| *incident != telling.incident);
            }
            Step::Goes => {
                if let Some(open) = self.open.get_mut(&key) {
                    open.take(telling);
                }
            }
            Step::Aside => {}
        }
        self.attach(telling);
    }

    /// The last telling of this step that is of an incident, if it is of that phase.
    fn just_told(&mut self, key: &Key, phase: Phase) -> Option<&mut Telling> {
        let of_it = |telling: &&mut Telling| telling.belongs_to() == *key;
        let last = self.pending.iter_mut().rev().find(of_it)?;
        (last.phase == phase && last.step != Step::Goes).then_some(last)
    }
}

/// Whether nothing acts on what is decided of a site: it has switches, and all of them only observe.
fn only_observes(site: &SiteSetup) -> bool {
    let observes = |act: Act| act == Act::Observe;
    !site.switches.is_empty() && site.switches.iter().all(|switch| observes(switch.act))
}

fn site_of(setup: &Setup, site: SiteId) -> Option<&SiteSetup> {
    setup.sites.get(site.0 as usize)
}

#[cfg(test)]
mod tests;
