//! Every metric's declaration: its name, kind, labels and meaning stand here once. The page and the reference in the
//! manual are made from this table.

mod kernel;
mod watched;

use super::exposition::{Family, Kind};
pub(super) use kernel::*;
pub(super) use watched::*;

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Family {
    Family {
        name,
        kind: Kind::Counter,
        unit: None,
        labels,
        help,
    }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Family {
    Family {
        kind: Kind::Gauge,
        ..counter(name, labels, help)
    }
}

const fn in_unit(unit: &'static str, family: Family) -> Family {
    Family {
        unit: Some(unit),
        ..family
    }
}

pub(super) static BUILD: Family = Family {
    kind: Kind::Info,
    ..counter("sorry_build", &["version"], "The program.")
};

pub(super) static ANSWERS: Family = counter(
    "sorry_answers",
    &["site", "answer", "protocol", "method"],
    "Answers given. Combinations that never occurred are left out.",
);

pub(super) static CRAWLERS: Family = counter(
    "sorry_crawler_refusals",
    &["site", "crawler"],
    "Refusals given to clients that call themselves a known crawler.",
);

pub(super) static LATENCY: Family = in_unit(
    "seconds",
    Family {
        kind: Kind::Histogram,
        ..counter(
            "sorry_answer_seconds",
            &[],
            "Time from the read that completed a request to the write of its answer.",
        )
    },
);

pub(super) static BAD_REQUESTS: Family = counter(
    "sorry_bad_requests",
    &["reason"],
    "What was no well-formed request; the connection ended, or the stream in HTTP/2.",
);

pub(super) static HTTP2_ERRORS: Family = counter(
    "sorry_http2_errors",
    &[],
    "HTTP/2 connections that ended in an error of the client.",
);

pub(super) static ACCEPTED: Family =
    counter("sorry_connections_accepted", &[], "Connections accepted.");

pub(super) static OPEN: Family = gauge(
    "sorry_connections_open",
    &[],
    "Connections that are open now.",
);

pub(super) static ABORTED: Family = counter(
    "sorry_connections_aborted",
    &[],
    "Connections that the client or the network took back before they were accepted.",
);

pub(super) static LIMITS: Family = counter(
    "sorry_limit_reached",
    &["limit"],
    "How often a limit of the sorry server was reached. Every limit is here, those at zero too.",
);

pub(super) static DOOR_LIMITS: Family = counter(
    "sorry_door_limit_reached",
    &["door", "limit"],
    "How often a limit of the metrics endpoint or the admin socket was reached.",
);

pub(super) static REFUSED: Family = counter(
    "sorry_admin_requests_refused",
    &["door"],
    "Requests and orders of those who may not ask or order that, and of unknown tokens.",
);

pub(super) static HANDSHAKES: Family = counter(
    "sorry_tls_handshakes",
    &[],
    "TLS handshakes that were completed.",
);

pub(super) static HANDSHAKE_FAILURES: Family = counter(
    "sorry_tls_handshake_failures",
    &[],
    "TLS handshakes that failed.",
);

pub(super) static TLS_ON_PLAIN: Family = counter(
    "sorry_tls_on_plain_port",
    &[],
    "Connections that spoke TLS to a port for plain HTTP.",
);

pub(super) static PROXY_FAULTS: Family = counter(
    "sorry_proxy_header_faults",
    &[],
    "Connections without a right PROXY header from an address that must send one.",
);

pub(super) static NOT_AFTER: Family = in_unit(
    "seconds",
    gauge(
        "sorry_tls_certificate_not_after_timestamp_seconds",
        &["name", "file"],
        "The last second of a certificate that is served, since 1970.",
    ),
);

pub(super) static CERTIFICATE_REREAD: Family = gauge(
    "sorry_tls_certificate_reload_successful",
    &["name", "file"],
    "1 if the last attempt to read the certificate and its key worked, else 0 and the old one is served.",
);

pub(super) static WORKERS: Family = gauge("sorry_workers", &[], "Workers that answer.");

pub(super) static TURNS: Family = counter(
    "sorry_worker_turns",
    &["worker"],
    "Turns of a worker's watch; one that stands still is stuck.",
);

pub(super) static GENERATION: Family = gauge(
    "sorry_configuration_generation",
    &[],
    "Which configuration is in force; it grows with each reload that is applied.",
);

pub(super) static RELOAD_OK: Family = gauge(
    "sorry_configuration_reload_successful",
    &[],
    "1 if the last reload was applied or had nothing to do, else 0 and the old configuration is in force. Absent before the first.",
);

pub(super) static RELOAD_AT: Family = in_unit(
    "seconds",
    gauge(
        "sorry_configuration_reload_timestamp_seconds",
        &[],
        "When a reload was last tried, since 1970. Absent before the first.",
    ),
);

pub(super) static LOG_DROPPED: Family = counter(
    "sorry_access_log_lines_dropped",
    &[],
    "Lines of the access log that found no room because its disk or pipe is too slow. Absent without an access log.",
);

pub(super) static PROGRAMS_HUNG: Family = gauge(
    "sorry_programs_hung",
    &[],
    "Programs of checks and alerts that were killed and do not end, for a disk or a server that does not answer; each is not started again \
     before it is gone. Absent where there is no runner.",
);

pub(super) static PROCESS_CPU: Family = in_unit(
    "seconds",
    counter(
        "process_cpu_seconds",
        &[],
        "CPU time of the process, user and system together.",
    ),
);

pub(super) static PROCESS_OPEN_FDS: Family =
    gauge("process_open_fds", &[], "File descriptors that are open.");

pub(super) static PROCESS_MAX_FDS: Family = gauge(
    "process_max_fds",
    &[],
    "How many file descriptors may be open. Absent where there is no limit.",
);

pub(super) static PROCESS_VIRTUAL: Family = in_unit(
    "bytes",
    gauge(
        "process_virtual_memory_bytes",
        &[],
        "Size of the address space.",
    ),
);

pub(super) static PROCESS_RESIDENT: Family = in_unit(
    "bytes",
    gauge(
        "process_resident_memory_bytes",
        &[],
        "Memory that is in use.",
    ),
);

pub(super) static PROCESS_START: Family = in_unit(
    "seconds",
    gauge(
        "process_start_time_seconds",
        &[],
        "When the process started, since 1970.",
    ),
);

/// All, in the order of the page.
pub(super) static FAMILIES: [&Family; 67] = [
    &BUILD,
    &ANSWERS,
    &CRAWLERS,
    &LATENCY,
    &BAD_REQUESTS,
    &HTTP2_ERRORS,
    &ACCEPTED,
    &OPEN,
    &ABORTED,
    &LIMITS,
    &DOOR_LIMITS,
    &REFUSED,
    &HANDSHAKES,
    &HANDSHAKE_FAILURES,
    &TLS_ON_PLAIN,
    &PROXY_FAULTS,
    &NOT_AFTER,
    &CERTIFICATE_REREAD,
    &WORKERS,
    &TURNS,
    &GENERATION,
    &RELOAD_OK,
    &RELOAD_AT,
    &LOG_DROPPED,
    &PROGRAMS_HUNG,
    &SITE_LIVE,
    &SITE_WHY,
    &SITE_SINCE,
    &SITE_TURNS,
    &SITE_FLAPS,
    &QUORUM,
    &SITE_WEIGHT,
    &ORDERED,
    &ORDER_UNTIL,
    &STEADY_UNTIL,
    &REMAINING,
    &WINDOW_OPEN,
    &WINDOW_OPENS,
    &WINDOW_CLOSES,
    &SWITCH_WAITING,
    &SWITCH_FAILURES,
    &REAL_UP,
    &REAL_WEIGHT,
    &REAL_DRAINED,
    &CHECK_RESULTS,
    &CHECK_FAILURES,
    &CHECK_CERTIFICATE,
    &CHECK_SECONDS,
    &CHECK_LATE,
    &DOUBT,
    &REFERENCE_UP,
    &PEER_UP,
    &INCIDENTS_OPEN,
    &JOURNAL_OK,
    &ALERTS,
    &ALERTS_WAITING,
    &KERNEL_ATTACHED,
    &KERNEL_SELFTEST,
    &KERNEL_MODE,
    &KERNEL_WANTED,
    &KERNEL_PACKETS,
    &PROCESS_CPU,
    &PROCESS_OPEN_FDS,
    &PROCESS_MAX_FDS,
    &PROCESS_VIRTUAL,
    &PROCESS_RESIDENT,
    &PROCESS_START,
];
