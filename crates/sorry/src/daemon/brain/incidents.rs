//! The core's history as the admin API says it.

use sorry_core::incident::{Audience, Entry, History, Incident, Phase, Step, Telling};
use sorry_core::moment::Wall;

use super::standing::moment;
use crate::admin::history;
use crate::alert::words;

/// All incidents, the newest first.
pub(super) fn told(history: &History, now: Wall) -> history::History {
    history::History {
        incidents: history
            .incidents()
            .map(|incident| shown(incident, now))
            .collect(),
    }
}

fn shown(incident: &Incident, now: Wall) -> history::Incident {
    let event = |entry: &Entry| history::Event {
        at: moment(entry.at),
        what: words::sentence(&telling(incident, entry, Step::Goes)),
    };
    let cause = Entry {
        at: incident.began,
        what: incident.cause.clone(),
        which: None,
    };
    history::Incident {
        id: incident.id,
        site: incident.site.as_deref().map(str::to_owned),
        kind: incident.kind.label().to_owned(),
        cause: words::sentence(&telling(incident, &cause, Step::Begins)),
        planned: incident.planned,
        began: moment(incident.began),
        ended: incident.ended.map(moment),
        seconds: incident.lasted(now).as_secs(),
        by: incident.by.as_deref().map(str::to_owned),
        observed: incident.observed,
        events: incident.entries.iter().map(event).collect(),
    }
}

/// As it was told, as far as the words need it.
fn telling(incident: &Incident, entry: &Entry, step: Step) -> Telling {
    Telling {
        incident: incident.id,
        kind: incident.kind,
        site: incident.site.clone(),
        about: incident.about.clone(),
        by: incident.by.clone(),
        planned: incident.planned,
        observed: incident.observed,
        began: incident.began,
        at: entry.at,
        step,
        phase: match (incident.planned, step) {
            (true, _) => Phase::Note,
            (_, Step::Begins) => Phase::Firing,
            (_, Step::Ends) => Phase::Resolved,
            (_, Step::Goes | Step::Aside) => Phase::Update,
        },
        audience: Audience::Everybody,
        what: entry.what.clone(),
        which: entry.which.clone(),
        awaits: None,
    }
}
