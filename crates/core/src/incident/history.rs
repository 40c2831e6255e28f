//! What has happened: tellings folded into incidents, a bounded number of them. Whoever shows it makes the words.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Audience, Awaited, Kind, Phase, Step, Telling, What};
use crate::moment::Wall;

/// Incidents that are kept.
const INCIDENTS: usize = 1000;

/// Things that are kept of one: its beginning and its latest.
const ENTRIES: usize = 64;

/// See the file's header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    incidents: BTreeMap<u64, Incident>,
}

/// Something that began and, mostly, has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub id: u64,
    /// What kind.
    pub kind: Kind,
    /// Its site; none where it is about all of them.
    pub site: Option<Box<str>>,
    /// The real server or switch that it is about.
    pub about: Option<Box<str>>,
    /// Why it began.
    pub cause: What,
    /// Who ordered it last.
    pub by: Option<Box<str>>,
    /// Why, in their words.
    pub reason: Option<Box<str>>,
    /// It was agreed on.
    pub planned: bool,
    /// Nothing acted on it.
    pub observed: bool,
    /// When it began.
    pub began: Wall,
    /// When it ended.
    pub ended: Option<Wall>,
    /// What happened, the oldest first.
    pub entries: Vec<Entry>,
    /// How much of that is no longer kept.
    pub left_out: u32,
}

/// Something that happened in its course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The number of the telling.
    pub number: u64,
    /// When.
    pub at: Wall,
    /// What.
    pub what: What,
    /// The real server or switch that did it.
    pub which: Option<Box<str>>,
    /// A switch that waits for somebody because of it.
    pub awaits: Option<(Box<str>, Awaited)>,
    /// What it was in the course of the incident.
    pub step: Step,
    /// What it was for those who were told.
    pub phase: Phase,
    /// Who that was.
    pub audience: Audience,
}

impl Incident {
    /// How long it lasted, or has lasted so far.
    pub fn lasted(&self, now: Wall) -> Duration {
        self.ended.unwrap_or(now).since(self.began)
    }

    fn of(telling: &Telling) -> Incident {
        Incident {
            id: telling.incident,
            kind: telling.kind,
            site: telling.site.clone(),
            about: telling.about.clone(),
            cause: telling.what.clone(),
            by: telling.by.clone(),
            reason: telling.reason.clone(),
            planned: telling.planned,
            observed: telling.observed,
            began: telling.began,
            ended: None,
            entries: Vec::new(),
            left_out: 0,
        }
    }

    fn add(&mut self, telling: &Telling) {
        if self.entries.len() == ENTRIES {
            // How it began, what was told, and how it stands are worth more than what else lies between.
            let silent = |entry: &Entry| entry.audience == Audience::Nobody;
            let place = self.entries[1..].iter().position(silent);
            self.entries
                .remove(place.map_or(ENTRIES / 2, |place| place + 1));
            self.left_out = self.left_out.saturating_add(1);
        }
        self.entries.push(Entry {
            number: telling.number,
            at: telling.at,
            what: telling.what.clone(),
            which: telling.which.clone(),
            awaits: telling.awaits.clone(),
            step: telling.step,
            phase: telling.phase,
            audience: telling.audience,
        });
    }

    /// What it is made of, again: a telling for each of its entries.
    pub fn tellings(&self) -> impl Iterator<Item = Telling> + '_ {
        self.entries.iter().map(|entry| Telling {
            number: entry.number,
            incident: self.id,
            kind: self.kind,
            site: self.site.clone(),
            about: self.about.clone(),
            by: self.by.clone(),
            reason: self.reason.clone(),
            planned: self.planned,
            observed: self.observed,
            began: self.began,
            at: entry.at,
            step: entry.step,
            phase: entry.phase,
            audience: entry.audience,
            what: entry.what.clone(),
            which: entry.which.clone(),
            awaits: entry.awaits.clone(),
        })
    }
}

impl History {
    /// Takes a telling; in their order. What is no part of an incident, or of one that is not kept any more, is passed over.
    pub fn take(&mut self, telling: &Telling) {
        // What is told by the way is an incident of its own that is over at once.
        if matches!(telling.step, Step::Begins | Step::Aside) {
            self.make_room();
            let incident = Incident::of(telling);
            self.incidents.insert(telling.incident, incident);
        }
        let Some(incident) = self.incidents.get_mut(&telling.incident) else {
            return;
        };
        incident.add(telling);
        if matches!(telling.step, Step::Ends | Step::Aside) {
            incident.ended = Some(telling.at);
        }
        if let What::Changed { .. } = telling.what {
            incident.by = telling.by.clone();
            incident.reason = telling.reason.clone();
        }
    }

    /// All of them, the newest first.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values().rev()
    }

    /// Tellings that come to the same: what a journal needs to keep. The oldest incident first.
    pub fn tellings(&self) -> impl Iterator<Item = Telling> + '_ {
        self.incidents.values().flat_map(Incident::tellings)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.incidents.len()
    }

    /// Whether nothing has happened.
    pub fn is_empty(&self) -> bool {
        self.incidents.is_empty()
    }

    /// Single real servers go first, for there may be many; then the oldest; what goes on stays while it can.
    fn make_room(&mut self) {
        if self.incidents.len() < INCIDENTS {
            return;
        }
        let over = |incident: &&Incident| incident.ended.is_some();
        let of_real = |incident: &&Incident| incident.kind == Kind::Real;
        let all = || self.incidents.values();
        let oldest = all()
            .filter(over)
            .find(of_real)
            .or_else(|| all().find(over));
        // Of those that go on, too: a site's own is worth more than one of many real servers.
        let oldest = oldest.or_else(|| all().find(of_real));
        if let Some(id) = oldest.or_else(|| all().next()).map(|incident| incident.id) {
            self.incidents.remove(&id);
        }
    }
}
