//! The core's history as the admin API says it.

use sorry_core::incident::{History, Incident, Telling};
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

fn shown(incident: &Incident, now: Wall) -> history::Incident {
    let event = |telling: Telling| history::Event {
        at: moment(telling.at),
        what: words::sentence(&telling),
    };
    let began = incident.tellings().next();
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
        observed: incident.observed,
        events: incident.tellings().map(event).collect(),
    }
}
