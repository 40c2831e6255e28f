//! The table of cases: what each puts on the servers, and what we want to reach in it.

use super::peer::{Door, Peer};
use super::target::{Bound, Target};
use super::wrk::Style;

/// What is done with the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Http1(Door, Style),
    Http2(Door),
    /// New TLS connections.
    Handshakes,
    Start,
    Idle,
}

#[derive(Debug)]
pub(crate) struct Case {
    /// What `--only` takes.
    pub(crate) name: &'static str,
    /// One line above its table.
    pub(crate) about: &'static str,
    pub(crate) work: Work,
    pub(crate) targets: &'static [Target],
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "keep-alive",
        about: "HTTP/1.1, 64 connections that stay, each asking again as soon as it has its answer",
        work: Work::Http1(Door::Plain, Style::KeepAlive),
        targets: &[cpu(times(0.80), times(0.65))],
    },
    Case {
        name: "close",
        about: "HTTP/1.1, a connection for each request, 64 at a time",
        work: Work::Http1(Door::Plain, Style::Close),
        targets: &[cpu(times(0.85), times(0.70))],
    },
    Case {
        name: "pipelined",
        about: "HTTP/1.1, 64 connections, 16 requests sent at once",
        work: Work::Http1(Door::Plain, Style::Pipelined),
        targets: &[],
    },
    Case {
        name: "paced",
        about: "HTTP/1.1, 64 connections that each wait 1 to 5 ms before they ask again: no backlog to work through, each answer a wake-up",
        work: Work::Http1(Door::Plain, Style::Paced),
        targets: &[],
    },
    Case {
        name: "tls-new",
        about: "TLS 1.3, P-256 certificate, 1000 new connections per second (set, not reached), no session resumed, one request on each",
        work: Work::Handshakes,
        targets: &[cpu(times(0.60), times(0.45))],
    },
    Case {
        name: "tls-keep",
        about: "TLS 1.3, HTTP/1.1, 64 connections that stay",
        work: Work::Http1(Door::Tls, Style::KeepAlive),
        targets: &[],
    },
    Case {
        name: "h2c",
        about: "HTTP/2 with prior knowledge, 8 connections with 100 streams each",
        work: Work::Http2(Door::H2c),
        targets: &[cpu(times(0.70), Bound::Times(1.0, Peer::Haproxy))],
    },
    Case {
        name: "h2tls",
        about: "HTTP/2 over TLS 1.3, 8 connections with 100 streams each",
        work: Work::Http2(Door::Tls),
        targets: &[],
    },
    Case {
        name: "start",
        about: "from the start of the program to its first whole answer, 20 times",
        work: Work::Start,
        targets: &[Target {
            column: "first_answer_ms",
            what: "start to first answer",
            unit: "ms",
            gate: Bound::AtMost(20.0),
            goal: None,
        }],
    },
    Case {
        name: "idle",
        about: "nobody asks; then many connections that have asked once and wait",
        work: Work::Idle,
        targets: &[
            Target {
                column: "rss_mib",
                what: "resident memory",
                unit: "MiB",
                gate: Bound::AtMost(8.0),
                goal: Some(Bound::AtMost(4.0)),
            },
            Target {
                column: "wakeups",
                what: "wake-ups",
                unit: "per second",
                gate: Bound::AtMost(1.0),
                goal: Some(Bound::AtMost(0.5)),
            },
            Target {
                column: "per_connection_bytes",
                what: "user memory for each waiting connection",
                unit: "bytes",
                gate: Bound::AtMost(1024.0),
                goal: Some(Bound::AtMost(512.0)),
            },
        ],
    },
];

const fn times(factor: f64) -> Bound {
    Bound::Times(factor, Peer::Nginx)
}

const fn cpu(gate: Bound, goal: Bound) -> Target {
    Target {
        column: "cpu_us",
        what: "CPU per answer",
        unit: "us",
        gate,
        goal: Some(goal),
    }
}
