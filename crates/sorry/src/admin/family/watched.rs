//! The declarations of metrics of what is watched and decided.

use super::{counter, gauge, in_unit};
use crate::admin::exposition::{Family, Kind};

pub(in crate::admin) static SITE_LIVE: Family = gauge(
    "sorry_site_live",
    &["site"],
    "1 while a site's visitors are to be sent to its real servers, 0 while to the sorry server.",
);

pub(in crate::admin) static SITE_WHY: Family = gauge(
    "sorry_site_reason",
    &["site", "why"],
    "Always 1, with the reason for which a site's visitors are sent where they are.",
);

pub(in crate::admin) static SITE_SINCE: Family = in_unit(
    "seconds",
    gauge(
        "sorry_site_since_timestamp_seconds",
        &["site"],
        "Since when they are sent there.",
    ),
);

pub(in crate::admin) static SITE_TURNS: Family = counter(
    "sorry_site_turns",
    &["site", "to"],
    "How often a site was turned to its real servers (`live`) or to the sorry server (`sorry`).",
);

pub(in crate::admin) static SITE_FLAPS: Family = gauge(
    "sorry_site_flaps",
    &["site"],
    "Returns in a row that did not last; the next one has to prove itself for longer.",
);

pub(in crate::admin) static QUORUM: Family = gauge(
    "sorry_site_quorum",
    &["site"],
    "The sum of weights of working real servers that is enough.",
);

pub(in crate::admin) static SITE_WEIGHT: Family = gauge(
    "sorry_site_weight",
    &["site", "state"],
    "The sum of weights of a site's real servers, by what is believed of them; those that are drained do not count.",
);

pub(in crate::admin) static ORDERED: Family = gauge(
    "sorry_site_ordered",
    &["site"],
    "1 while an operator's order or a window is in force.",
);

pub(in crate::admin) static ORDER_UNTIL: Family = in_unit(
    "seconds",
    gauge(
        "sorry_site_order_until_timestamp_seconds",
        &["site"],
        "Until when it is; left out where it has no end.",
    ),
);

pub(in crate::admin) static STEADY_UNTIL: Family = in_unit(
    "seconds",
    gauge(
        "sorry_site_steady_until_timestamp_seconds",
        &["site"],
        "Before when health may not turn a site, because of a least time or the hold-down; left out where it may.",
    ),
);

pub(in crate::admin) static REMAINING: Family = in_unit(
    "seconds",
    gauge(
        "sorry_site_remaining_seconds",
        &["site"],
        "What is left of a site's time at the sorry server: by an order's end, else as past outages went; left out where nobody knows.",
    ),
);

pub(in crate::admin) static WINDOW_OPEN: Family = gauge(
    "sorry_window_open",
    &["site", "window"],
    "1 while a window is open and nobody has ended it early.",
);

pub(in crate::admin) static WINDOW_OPENS: Family = in_unit(
    "seconds",
    gauge(
        "sorry_window_opens_timestamp_seconds",
        &["site", "window"],
        "When the window opens that is open, else the next; left out where it never opens again.",
    ),
);

pub(in crate::admin) static WINDOW_CLOSES: Family = in_unit(
    "seconds",
    gauge(
        "sorry_window_closes_timestamp_seconds",
        &["site", "window"],
        "When that one closes.",
    ),
);

pub(in crate::admin) static SWITCH_WAITING: Family = gauge(
    "sorry_switch_waiting",
    &["site", "switch"],
    "1 while a switch waits for an operator's leave, or for somebody to be sure.",
);

pub(in crate::admin) static SWITCH_FAILURES: Family = gauge(
    "sorry_switch_failures",
    &["site", "switch"],
    "How often in a row a switch has failed to do what is wanted of it.",
);

pub(in crate::admin) static REAL_UP: Family = gauge(
    "sorry_real_server_up",
    &["site", "real_server"],
    "Whether a real server's checks say that it works; left out while nothing is known of it.",
);

pub(in crate::admin) static REAL_WEIGHT: Family = gauge(
    "sorry_real_server_weight",
    &["site", "real_server"],
    "A real server's weight: as configured, or as its check says.",
);

pub(in crate::admin) static REAL_DRAINED: Family = gauge(
    "sorry_real_server_drained",
    &["site", "real_server"],
    "1 while it gets no new visitors by somebody's order.",
);

pub(in crate::admin) static CHECK_RESULTS: Family = counter(
    "sorry_check_results",
    &["site", "real_server", "check", "result"],
    "Probes by how they ended. Those that this machine could not make are `void` and say nothing of the server.",
);

pub(in crate::admin) static CHECK_FAILURES: Family = counter(
    "sorry_check_failures",
    &["site", "real_server", "check", "reason"],
    "Probes that did not end well, by their reason. Reasons that never occurred are left out.",
);

pub(in crate::admin) static CHECK_CERTIFICATE: Family = in_unit(
    "seconds",
    gauge(
        "sorry_check_certificate_not_after_timestamp_seconds",
        &["site", "real_server", "check"],
        "The last second of the certificate that a real server showed last.",
    ),
);

pub(in crate::admin) static CHECK_SECONDS: Family = in_unit(
    "seconds",
    gauge(
        "sorry_check_seconds",
        &["site", "real_server", "check"],
        "How long the last probe took.",
    ),
);

pub(in crate::admin) static CHECK_LATE: Family = in_unit(
    "seconds",
    Family {
        kind: Kind::Histogram,
        ..counter(
            "sorry_check_late_seconds",
            &[],
            "How much later than they should have probes began.",
        )
    },
);

pub(in crate::admin) static DOUBT: Family = gauge(
    "sorry_doubt",
    &["cause"],
    "1 while what is seen is not believed, and nothing is switched by health.",
);

pub(in crate::admin) static REFERENCE_UP: Family = gauge(
    "sorry_reference_up",
    &["reference"],
    "Whether an address that must answer did so when it was last asked; left out before that.",
);

pub(in crate::admin) static PEER_UP: Family = gauge(
    "sorry_peer_up",
    &["peer"],
    "Whether a peer answered when it was last asked what it sees; left out before that. Peers are asked in doubt alone.",
);

pub(in crate::admin) static INCIDENTS_OPEN: Family =
    gauge("sorry_incidents_open", &["kind"], "Incidents that go on.");

pub(in crate::admin) static JOURNAL_OK: Family = gauge(
    "sorry_journal_writable",
    &[],
    "0 while what is ordered and believed cannot be written, so that a restart would forget it.",
);

pub(in crate::admin) static ALERTS: Family = counter(
    "sorry_alerts",
    &["receiver", "channel", "outcome"],
    "Alerts by what became of them: `delivered`; `failed` attempts, which are made again; `lost` for good.",
);

pub(in crate::admin) static ALERTS_WAITING: Family = gauge(
    "sorry_alerts_waiting",
    &["receiver", "channel"],
    "Alerts that a receiver has not got yet.",
);
