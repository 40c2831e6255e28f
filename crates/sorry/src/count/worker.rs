//! What a worker counts that is no site's: connections, faults, limits reached, and how long answers took.

use std::time::Duration;

use super::cell::Cell;
use crate::http1::Fault;

/// The protocol that an answer was given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
    /// HTTP/2
    Http2,
}

/// How many there are.
pub const PROTOCOLS: usize = 3;

impl Protocol {
    /// All, in the order of their numbers.
    pub const ALL: [Protocol; PROTOCOLS] = [Protocol::Http10, Protocol::Http11, Protocol::Http2];

    /// The label in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Protocol::Http10 => "http/1.0",
            Protocol::Http11 => "http/1.1",
            Protocol::Http2 => "http/2",
        }
    }
}

/// A limit that was reached; each is a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// A head longer than `head-bytes`
    HeadBytes,
    /// A head that took longer than `head-time`
    HeadTime,
    /// One connection more than `connections`
    Connections,
    /// `requests-per-connection`
    Requests,
    /// `connection-age`
    Age,
    /// `connection-life`
    Life,
    /// `idle-time`
    IdleTime,
    /// `body-bytes`
    BodyBytes,
    /// `body-time`
    BodyTime,
    /// `linger-time`
    LingerTime,
    /// An answer that its client did not take within `write-time`
    WriteTime,
    /// `tls-handshake-time`
    TlsHandshakeTime,
    /// `tls-handshakes`
    TlsHandshakes,
    /// `proxy-header-time`
    ProxyHeaderTime,
    /// The process or the machine is out of descriptors
    Descriptors,
    /// `http2-streams`
    Http2Streams,
    /// `http2-header-bytes`
    Http2HeaderBytes,
    /// `http2-continuation-frames`
    Http2Continuation,
    /// `http2-resets-per-second`
    Http2Resets,
    /// `http2-control-frames-per-second`
    Http2ControlFrames,
    /// `http2-unread-body-bytes`
    Http2UnreadBody,
    /// `page-bytes`, by an operator's own page; no worker counts it
    PageBytes,
    /// `assets`, by an operator's own page; no worker counts it
    Assets,
}

impl Limit {
    /// All, in the order of their numbers.
    pub const ALL: [Limit; 23] = [
        Limit::HeadBytes,
        Limit::HeadTime,
        Limit::Connections,
        Limit::Requests,
        Limit::Age,
        Limit::Life,
        Limit::IdleTime,
        Limit::BodyBytes,
        Limit::BodyTime,
        Limit::LingerTime,
        Limit::WriteTime,
        Limit::TlsHandshakeTime,
        Limit::TlsHandshakes,
        Limit::ProxyHeaderTime,
        Limit::Descriptors,
        Limit::Http2Streams,
        Limit::Http2HeaderBytes,
        Limit::Http2Continuation,
        Limit::Http2Resets,
        Limit::Http2ControlFrames,
        Limit::Http2UnreadBody,
        Limit::PageBytes,
        Limit::Assets,
    ];

    /// The setting's name, as a label in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Limit::HeadBytes => "head-bytes",
            Limit::HeadTime => "head-time",
            Limit::Connections => "connections",
            Limit::Requests => "requests-per-connection",
            Limit::Age => "connection-age",
            Limit::Life => "connection-life",
            Limit::IdleTime => "idle-time",
            Limit::BodyBytes => "body-bytes",
            Limit::BodyTime => "body-time",
            Limit::LingerTime => "linger-time",
            Limit::WriteTime => "write-time",
            Limit::TlsHandshakeTime => "tls-handshake-time",
            Limit::TlsHandshakes => "tls-handshakes",
            Limit::ProxyHeaderTime => "proxy-header-time",
            Limit::Descriptors => "descriptors",
            Limit::Http2Streams => "http2-streams",
            Limit::Http2HeaderBytes => "http2-header-bytes",
            Limit::Http2Continuation => "http2-continuation-frames",
            Limit::Http2Resets => "http2-resets-per-second",
            Limit::Http2ControlFrames => "http2-control-frames-per-second",
            Limit::Http2UnreadBody => "http2-unread-body-bytes",
            Limit::PageBytes => "page-bytes",
            Limit::Assets => "assets",
        }
    }
}

/// How many buckets the histogram has; the last one has no upper bound.
pub const BUCKETS: usize = 20;

/// From read to written, in buckets that double from one microsecond.
#[derive(Debug, Default)]
pub struct LatencyCounts {
    buckets: [Cell; BUCKETS],
    nanoseconds: Cell,
}

impl LatencyCounts {
    /// Counts `answers` that were read and written together.
    pub fn record(&self, took: Duration, answers: u64) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bits = u64::BITS - micros.leading_zeros();
        let bucket = usize::try_from(bits).unwrap_or(BUCKETS).min(BUCKETS - 1);
        self.buckets[bucket].add(answers);
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.add(nanoseconds.saturating_mul(answers));
    }

    /// The upper bound of a bucket in seconds; none for the last.
    pub fn upper_bound(bucket: usize) -> Option<f64> {
        let exponent = i32::try_from(bucket).unwrap_or(i32::MAX);
        (bucket + 1 < BUCKETS).then(|| 1e-6 * 2f64.powi(exponent))
    }

    /// How many fell into a bucket.
    pub fn bucket(&self, bucket: usize) -> u64 {
        self.buckets[bucket].get()
    }

    /// The sum of all, in nanoseconds.
    pub fn nanoseconds(&self) -> u64 {
        self.nanoseconds.get()
    }
}

/// One worker's counts.
#[derive(Debug, Default)]
pub struct WorkerCounts {
    /// Connections accepted.
    pub accepted: Cell,
    /// Connections that are open now.
    pub open: Cell,
    /// Accepts that failed for reasons of the client or the network.
    pub aborted: Cell,
    /// TLS handshakes done.
    pub handshakes: Cell,
    /// TLS handshakes that failed.
    pub handshake_failures: Cell,
    /// TLS spoken to a plain port.
    pub tls_on_plain: Cell,
    /// Connections without a right PROXY header from where one is required.
    pub proxy_header_faults: Cell,
    /// HTTP/2 connections that ended in an error of the client's.
    pub http2_errors: Cell,
    /// How long answers took.
    pub latency: LatencyCounts,
    /// Turns of the worker's watch; see the watchdog.
    pub turns: Cell,
    limits: [Cell; Limit::ALL.len()],
    faults: [Cell; Fault::ALL.len()],
}

impl WorkerCounts {
    /// How often a limit was reached.
    pub fn limit(&self, limit: Limit) -> &Cell {
        &self.limits[limit as usize]
    }

    /// Requests that were none.
    pub fn fault(&self, fault: Fault) -> &Cell {
        &self.faults[fault as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_fall_between_their_bounds() {
        for (nanoseconds, bucket) in [
            (0, 0),
            (999, 0),
            (1_000, 1),
            (1_999, 1),
            (2_000, 2),
            (u64::MAX, BUCKETS - 1),
        ] {
            let counts = LatencyCounts::default();
            let took = Duration::from_nanos(nanoseconds);
            counts.record(took, 3);
            assert_eq!(counts.bucket(bucket), 3, "{nanoseconds}");
            if let Some(bound) = LatencyCounts::upper_bound(bucket) {
                assert!(took.as_secs_f64() < bound, "{nanoseconds}");
            }
        }
    }

    #[test]
    fn limits_are_numbered_in_order() {
        assert!(
            Limit::ALL
                .iter()
                .enumerate()
                .all(|(number, limit)| *limit as usize == number)
        );
    }
}
