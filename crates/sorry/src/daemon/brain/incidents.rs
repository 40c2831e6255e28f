//! The core's history as the admin API says it.

use std::collections::BTreeMap;

use sorry_core::incident::{History, Incident, Kind, Telling, What};
use sorry_core::moment::Wall;

use super::standing::moment;
use crate::admin::history;
use crate::alert::words;

/// All incidents, the newest first.
pub(super) fn told(history: &History, now: Wall) -> history::History {
    let incidents = history.incidents();
    history::History {
        incidents: incidents.map(|incident| shown(incident, now)).collect(),
    }
}

/// How many go on, by their kind; every kind is there.
pub(super) fn open(history: &History) -> BTreeMap<String, u64> {
    let mut open = Kind::ALL.map(|kind| (kind, 0));
    for incident in history.incidents().filter(|one| one.ended.is_none()) {
        let mut counts = open.iter_mut();
        if let Some((_, count)) = counts.find(|(kind, _)| *kind == incident.kind) {
            *count += 1;
        }
    }
    let named = |(kind, count): (Kind, u64)| (kind.label().to_owned(), count);
    open.into_iter().map(named).collect()
}

fn shown(incident: &Incident, now: Wall) -> history::Incident {
    // Of an order what counts is how it was changed last.
    let ordered = |telling: &Telling| matches!(telling.what, What::Changed { .. });
    let changed = incident.tellings().filter(ordered).last();
    let began = changed.or_else(|| incident.tellings().next());
    history::Incident {
        id: incident.id,
        site: incident.site.as_deref().map(str::to_owned),
        kind: incident.kind.label().to_owned(),
        cause: began.as_ref().map(words::sentence).unwrap_or_default(),
        planned: incident.planned,
        began: moment(incident.began),
        ended: incident.ended.map(moment),
        seconds: incident.lasted(now).as_secs(),
        by: incident.by.as_deref().map(str::to_owned),
        reason: incident.reason.as_deref().map(str::to_owned),
        observed: incident.observed,
        events: incident.tellings().map(|telling| event(&telling)).collect(),
    }
}

fn event(telling: &Telling) -> history::Event {
    history::Event {
        at: moment(telling.at),
        what: words::sentence(telling),
        would: matches!(telling.what, What::WouldTurn(_)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::Look;
    use sorry_core::incident::{Audience, Phase, Step};
    use sorry_core::site::Route;

    fn telling(second: u64, what: What) -> Telling {
        Telling {
            number: 0,
            incident: 1,
            kind: Kind::Outage,
            site: Some("shop".into()),
            about: None,
            by: None,
            reason: None,
            planned: false,
            observed: true,
            began: Wall(0),
            at: Wall(second * 1000),
            step: Step::Goes,
            phase: Phase::Update,
            audience: Audience::Nobody,
            what,
            which: Some("nginx".into()),
            awaits: None,
        }
    }

    /// From what the engine tells to what operators read.
    #[test]
    fn what_a_switch_would_have_done_is_not_said_to_have_happened() {
        let tellings = [
            telling(5, What::WouldTurn(Route::Sorry)),
            telling(8, What::SwitchFailed(1)),
        ];
        let incident = history::Incident {
            id: 1,
            site: Some("shop".to_owned()),
            kind: "outage".to_owned(),
            cause: "no quorum".to_owned(),
            planned: false,
            began: moment(Wall(0)),
            ended: None,
            seconds: 9,
            by: None,
            reason: None,
            observed: true,
            events: tellings.iter().map(event).collect(),
        };
        let incidents = vec![incident];
        let shown = history::History { incidents }.compare(&Look::plain(200, moment(Wall(9000))));
        assert!(
            shown.contains("it would have been done 3s earlier"),
            "{shown}"
        );
        let lines: Vec<&str> = shown.lines().collect();
        let happened = lines[1].find("HAPPENED").unwrap();
        assert_eq!(
            lines[2].find("nginx sent visitors to the sorry server"),
            lines[1].find("WOULD"),
            "{shown}"
        );
        assert_eq!(
            lines[3].find("the switch nginx has failed"),
            Some(happened),
            "{shown}"
        );
    }
}
