//! What of a journal still matters: of each order, belief, drain and route the last word, the last outages of each site, and the
//! windows that are agreed on. So long is a journal that was compacted, however long the process runs.
//!
//! Kept by whoever writes the journal of orders, beside the engine, which gives its records away and does not list them.

use std::collections::{BTreeMap, VecDeque};

use super::record::{Entry, Schedule, Unschedule};
use super::word::{HeldWord, RouteWord};

/// Outages of a site that are kept; as many as the engine remembers.
const OUTAGES: usize = 32;

/// The last word on everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    sites: BTreeMap<Box<str>, Site>,
}

/// Whether something was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a journal that says more is to be written anew"]
pub enum Retained {
    /// Nothing.
    All,
    /// Something.
    Less,
}

/// The last word on a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Site {
    order: Option<Entry>,
    course: Option<Entry>,
    said: Option<Entry>,
    /// The first word of the outage that goes on: since then too few work.
    struck: Option<Entry>,
    route: Option<Entry>,
    reals: BTreeMap<Box<str>, Entry>,
    weights: BTreeMap<Box<str>, Entry>,
    drained: BTreeMap<Box<str>, Entry>,
    outages: VecDeque<Entry>,
    windows: BTreeMap<Box<str>, Schedule>,
}

impl Kept {
    /// What a journal says, read in its order.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Kept {
        let mut kept = Kept::default();
        for entry in entries {
            kept.note(entry);
        }
        kept
    }

    /// One more entry was written.
    pub fn note(&mut self, entry: Entry) {
        let site = self.sites.entry(entry.site().into()).or_default();
        match entry {
            Entry::Order { .. } => site.order = Some(entry),
            Entry::Course { .. } => site.course = Some(entry),
            Entry::Said { .. } => site.said = Some(entry),
            Entry::Route { route, held, .. } => {
                match (held, route) {
                    (HeldWord::TooFew, _) if site.struck.is_none() => {
                        site.struck = Some(entry.clone());
                    }
                    (HeldWord::Enough, RouteWord::Live) => site.struck = None,
                    _ => {}
                }
                site.route = Some(entry);
            }
            Entry::Real { ref real, .. } => {
                site.reals.insert(real.clone(), entry);
            }
            Entry::Weight { ref real, .. } => {
                site.weights.insert(real.clone(), entry);
            }
            Entry::Drained { ref real, .. } => {
                site.drained.insert(real.clone(), entry);
            }
            Entry::Outage { .. } => {
                site.outages.push_back(entry);
                if site.outages.len() > OUTAGES {
                    site.outages.pop_front();
                }
            }
            Entry::Schedule(window) => {
                site.windows.insert(window.name.clone(), window);
            }
            Entry::Unschedule(Unschedule { name, .. }) => {
                site.windows.remove(&name);
            }
        }
    }

    /// Forgets what is configured no more: is asked of each site, and of each real server by its site and its own name.
    pub fn retain(&mut self, mut configured: impl FnMut(&str, Option<&str>) -> bool) -> Retained {
        let mut retained = Retained::All;
        let mut stays = |site: &str, real: Option<&str>| {
            let stays = configured(site, real);
            if !stays {
                retained = Retained::Less;
            }
            stays
        };
        self.sites.retain(|site, _| stays(site, None));
        for (site, kept) in &mut self.sites {
            kept.reals.retain(|real, _| stays(site, Some(real)));
            kept.weights.retain(|real, _| stays(site, Some(real)));
            kept.drained.retain(|real, _| stays(site, Some(real)));
        }
        retained
    }

    /// The windows that operators agreed on, by site and name.
    pub fn windows(&self) -> impl Iterator<Item = &Schedule> {
        self.sites.values().flat_map(|site| site.windows.values())
    }

    /// All of it, in an order that says the same as everything that was noted.
    pub fn entries(&self) -> Vec<Entry> {
        self.sites.values().flat_map(Site::entries).collect()
    }
}

impl Site {
    /// Outages before the route, as they were told: the engine takes the last of both for the present.
    fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let windows = self.windows.values().cloned().map(Entry::Schedule);
        let states = self.reals.values().chain(self.weights.values());
        let states = states.chain(self.drained.values());
        let orders = self.order.iter().chain(&self.course).chain(&self.said);
        let course = self.outages.iter().chain(orders);
        // Once is enough, where the last word on the route is the first of its outage, too.
        let struck = self
            .struck
            .iter()
            .filter(|first| self.route.as_ref() != Some(first));
        let course = course.chain(struck).chain(&self.route);
        states.chain(course).cloned().chain(windows)
    }
}

impl Entry {
    /// The site that it is about.
    pub fn site(&self) -> &str {
        match self {
            Entry::Order { site, .. }
            | Entry::Said { site, .. }
            | Entry::Real { site, .. }
            | Entry::Weight { site, .. }
            | Entry::Course { site, .. }
            | Entry::Drained { site, .. }
            | Entry::Route { site, .. }
            | Entry::Outage { site, .. }
            | Entry::Schedule(Schedule { site, .. })
            | Entry::Unschedule(Unschedule { site, .. }) => site,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn entries(entries: &[Value]) -> Vec<Entry> {
        let read = |entry: &Value| serde_json::from_value(entry.clone()).unwrap();
        entries.iter().map(read).collect()
    }

    fn route(route: &str, held: &str, generation: u64) -> Value {
        json!({
            "record": "route", "site": "shop", "route": route, "why": "quorum", "generation": generation,
            "since": generation, "held": held, "flaps": 0,
        })
    }

    fn real(real: &str, state: &str) -> Value {
        json!({"record": "real", "site": "shop", "real": real, "state": state})
    }

    fn drained(real: &str, drained: bool) -> Value {
        json!({"record": "drained", "site": "shop", "real": real, "drained": drained})
    }

    fn window(name: &str, at: &str) -> Value {
        json!({"record": "schedule", "site": "shop", "name": name, "at": at, "keep": "stale"})
    }

    fn unscheduled(name: &str) -> Value {
        json!({"record": "unschedule", "site": "shop", "name": name})
    }

    fn order(until: u64) -> Value {
        json!({
            "record": "order", "site": "shop", "windows_done": 0,
            "order": {"what": "maintenance", "keep": "nothing", "given": 0, "until": until, "on_overrun": "hold", "by": "root"},
        })
    }

    fn outage(ms: u64) -> Value {
        json!({"record": "outage", "site": "shop", "lasted_ms": ms})
    }

    #[test]
    fn the_last_word_stays() {
        for (said, stays) in [
            (
                vec![real("a", "up"), real("b", "up"), real("a", "down")],
                vec![real("a", "down"), real("b", "up")],
            ),
            (
                vec![drained("a", true), drained("a", false)],
                vec![drained("a", false)],
            ),
            (vec![order(1), order(2)], vec![order(2)]),
            (
                vec![
                    window("w", "02:00"),
                    window("v", "03:00"),
                    window("w", "04:00"),
                ],
                vec![window("v", "03:00"), window("w", "04:00")],
            ),
            (vec![window("w", "02:00"), unscheduled("w")], vec![]),
            (vec![unscheduled("w")], vec![]),
            (
                vec![route("live", "enough", 1), route("live", "enough", 2)],
                vec![route("live", "enough", 2)],
            ),
            // Since when too few work is the first word of the outage, not the last.
            (
                vec![
                    route("live", "enough", 1),
                    route("sorry", "too-few", 2),
                    route("sorry", "too-few", 3),
                    route("sorry", "enough", 4),
                ],
                vec![route("sorry", "too-few", 2), route("sorry", "enough", 4)],
            ),
            (
                vec![route("sorry", "too-few", 2)],
                vec![route("sorry", "too-few", 2)],
            ),
            (
                vec![
                    route("sorry", "too-few", 2),
                    route("live", "enough", 3),
                    route("sorry", "too-few", 4),
                    route("sorry", "too-few", 5),
                ],
                vec![route("sorry", "too-few", 4), route("sorry", "too-few", 5)],
            ),
        ] {
            let kept = Kept::of(entries(&said));
            assert_eq!(kept.entries(), entries(&stays), "{said:?}");
            assert_eq!(Kept::of(kept.entries()).entries(), kept.entries());
        }
    }

    #[test]
    fn so_many_outages_stay_and_no_more() {
        let said: Vec<Value> = (0..100).map(outage).collect();
        let kept = Kept::of(entries(&said));
        assert_eq!(kept.entries(), entries(&said[68..]));
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let said = [
            order(1),
            window("w", "02:00"),
            real("a", "up"),
            drained("b", true),
        ];
        let mut kept = Kept::of(entries(&said));
        let less = kept.retain(|site, real| site == "shop" && real != Some("b"));
        let all = kept.retain(|site, real| site == "shop" && real != Some("b"));
        assert_eq!((less, all), (Retained::Less, Retained::All));
        assert_eq!(
            kept.entries(),
            entries(&[real("a", "up"), order(1), window("w", "02:00")])
        );
        assert_eq!(kept.windows().count(), 1);
        assert_eq!(kept.retain(|site, _| site == "blog"), Retained::Less);
        assert_eq!((kept.entries(), kept.windows().count()), (vec![], 0));
    }
}
