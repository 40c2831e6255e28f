//! What nobody may exceed: declared once as keys of `[limits]`, and the plain values that every part is given.

use super::duration::Time;
use super::size::Bytes;
use super::table::table;
use super::value::{Auto, Whole};
use std::time::Duration;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const HOUR: u64 = 3_600_000;

/// Limits of a few counts per second or per head.
type Few = Whole<1, 100_000>;

table! {
    /// What nobody may exceed. Each limit that is reached is counted in the metrics under its name; `drain-time`, when nobody
    /// can ask any more, is told in the log.
    pub(super) struct LimitsSpec as Header {
        /// The longest request head: request line and headers.
        #[key = "head-bytes"]
        #[default = "\"32 KiB\""]
        #[example = "\"64 KiB\""]
        head_bytes: Bytes<KIB, MIB>,

        /// How long a client may take to send a request head, from its first byte. Over HTTP/2 so long may a request's fields
        /// take, and any other frame that is no body's.
        #[key = "head-time"]
        #[default = "\"10s\""]
        #[example = "\"5s\""]
        head_time: Time<100, HOUR>,

        /// How many connections this process keeps at once. Further ones get their answer if they have spoken when they come,
        /// and are closed; a few of them may first finish what they are saying, for a second. Those that must first shake hands
        /// (TLS, PROXY) get the place of the oldest TLS handshake under way, and are closed at once where there is none.
        /// `"auto"` is what the limit of open files (RLIMIT_NOFILE) leaves.
        #[key = "connections"]
        #[default = "\"auto\""]
        #[example = "20000"]
        connections: Auto<Whole<1, 10_000_000>>,

        /// How many requests one connection may make before it is closed in good order.
        #[key = "requests-per-connection"]
        #[default = "1000"]
        #[example = "100"]
        requests_per_connection: Whole<1, 1_000_000_000>,

        /// How old a connection may become before it is closed in good order, so that nobody stays on the sorry server
        /// when the site is back.
        #[key = "connection-age"]
        #[default = "\"10s\""]
        #[example = "\"1m\""]
        connection_age: Time<100, {24 * HOUR}>,

        /// How old a connection may become whatever it is doing: slow readers and slow writers are cut off then.
        #[key = "connection-life"]
        #[default = "\"5m\""]
        #[example = "\"30m\""]
        connection_life: Time<1000, {24 * HOUR}>,

        /// How long a connection may wait for its next request.
        #[key = "idle-time"]
        #[default = "\"5s\""]
        #[example = "\"1s\""]
        idle_time: Time<100, HOUR>,

        /// How much of a request's body is read and thrown away, so that an uploading client sees the answer and not a
        /// reset. What sends more is cut off.
        #[key = "body-bytes"]
        #[default = "\"64 MiB\""]
        #[example = "\"1 GiB\""]
        body_bytes: Bytes<0, {1024 * GIB}>,

        /// How long a request's body that nobody reads may stand still.
        #[key = "body-time"]
        #[default = "\"30s\""]
        #[example = "\"2m\""]
        body_time: Time<100, HOUR>,

        /// How long a client may take nothing of what is written to it.
        #[key = "write-time"]
        #[default = "\"30s\""]
        #[example = "\"10s\""]
        write_time: Time<100, HOUR>,

        /// How long a connection that has been answered and closed on our side waits for the client to close it too, or to
        /// send more of a body. What it sends is thrown away, up to `body-bytes`.
        #[key = "linger-time"]
        #[default = "\"2s\""]
        #[example = "\"5s\""]
        linger_time: Time<10, HOUR>,

        /// How long a TLS handshake may take.
        #[key = "tls-handshake-time"]
        #[default = "\"10s\""]
        #[example = "\"5s\""]
        tls_handshake_time: Time<100, HOUR>,

        /// How many TLS handshakes may be under way at once in this process, from a client's first byte on. One more takes
        /// the place of the oldest, whose connection is closed: so clients that begin and go no further keep nobody out.
        #[key = "tls-handshakes"]
        #[default = "2048"]
        #[example = "8192"]
        tls_handshakes: Whole<1, 1_000_000>,

        /// How long a trusted proxy may take to send its PROXY protocol header.
        #[key = "proxy-header-time"]
        #[default = "\"500ms\""]
        #[example = "\"2s\""]
        proxy_header_time: Time<10, HOUR>,

        /// How many HTTP/2 streams a connection may have open at once.
        #[key = "http2-streams"]
        #[default = "100"]
        #[example = "250"]
        http2_streams: Few,

        /// The longest HTTP/2 header list, as RFC 9113 counts it (section 6.5.2); also the most of one, still compressed, that is
        /// kept until its last frame has come.
        #[key = "http2-header-bytes"]
        #[default = "\"32 KiB\""]
        #[example = "\"64 KiB\""]
        http2_header_bytes: Bytes<KIB, MIB>,

        /// How many streams a client may reset in a second.
        #[key = "http2-resets-per-second"]
        #[default = "100"]
        #[example = "20"]
        http2_resets_per_second: Few,

        /// How many HTTP/2 frames that ask for work and carry nothing a client may send in a second: SETTINGS, PING,
        /// PRIORITY, empty DATA, WINDOW_UPDATE. What is answered pays for some first, so that busy clients are not counted.
        #[key = "http2-control-frames-per-second"]
        #[default = "200"]
        #[example = "50"]
        http2_control_frames_per_second: Few,

        /// How many CONTINUATION frames one header list may take.
        #[key = "http2-continuation-frames"]
        #[default = "8"]
        #[example = "4"]
        http2_continuation_frames: Whole<0, 10_000>,

        /// How many body bytes of all its requests a connection reads and throws away. Beyond it uploads are stopped once they are
        /// answered, and the connection ends in good order.
        #[key = "http2-unread-body-bytes"]
        #[default = "\"64 MiB\""]
        #[example = "\"1 GiB\""]
        // At least the window every connection begins with (RFC 9113, section 6.9.2).
        http2_unread_body_bytes: Bytes<{64 * KIB}, {1024 * GIB}>,

        /// How long connections may finish what they began when the process is told to end. A second signal ends it at once.
        #[key = "drain-time"]
        #[default = "\"30s\""]
        #[example = "\"5s\""]
        drain_time: Time<0, {24 * HOUR}>,

        /// The largest page or asset file. All files of a page together may have eight times as much.
        #[key = "page-bytes"]
        #[default = "\"4 MiB\""]
        #[example = "\"16 MiB\""]
        page_bytes: Bytes<KIB, GIB>,

        /// How many asset files a page folder may hold.
        #[key = "assets"]
        #[default = "256"]
        #[example = "1000"]
        assets: Whole<0, 100_000>,
    }
}

/// The limits as the parts use them. `None` for `connections` is "what the limit of open files leaves".
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is documented where it is declared, in `LimitsSpec`"
)]
pub struct Limits {
    pub head_bytes: usize,
    pub head_time: Duration,
    pub connections: Option<usize>,
    pub requests_per_connection: u64,
    pub connection_age: Duration,
    pub connection_life: Duration,
    pub idle_time: Duration,
    pub body_bytes: u64,
    pub body_time: Duration,
    pub write_time: Duration,
    pub linger_time: Duration,
    pub tls_handshake_time: Duration,
    pub tls_handshakes: usize,
    pub proxy_header_time: Duration,
    pub http2_streams: usize,
    pub http2_header_bytes: usize,
    pub http2_resets_per_second: usize,
    pub http2_control_frames_per_second: usize,
    pub http2_continuation_frames: usize,
    pub http2_unread_body_bytes: usize,
    pub drain_time: Duration,
    pub page_bytes: u64,
    pub assets: usize,
}

impl Limits {
    /// `None` when a key was mistaken, which has been reported.
    pub(super) fn from_spec(spec: LimitsSpec) -> Option<Limits> {
        Some(Limits {
            head_bytes: count(spec.head_bytes?.value.0),
            head_time: spec.head_time?.value.0,
            connections: match spec.connections?.value {
                Auto::Auto => None,
                Auto::Given(Whole(connections)) => Some(count(connections)),
            },
            requests_per_connection: spec.requests_per_connection?.value.0,
            connection_age: spec.connection_age?.value.0,
            connection_life: spec.connection_life?.value.0,
            idle_time: spec.idle_time?.value.0,
            body_bytes: spec.body_bytes?.value.0,
            body_time: spec.body_time?.value.0,
            write_time: spec.write_time?.value.0,
            linger_time: spec.linger_time?.value.0,
            tls_handshake_time: spec.tls_handshake_time?.value.0,
            tls_handshakes: count(spec.tls_handshakes?.value.0),
            proxy_header_time: spec.proxy_header_time?.value.0,
            http2_streams: count(spec.http2_streams?.value.0),
            http2_header_bytes: count(spec.http2_header_bytes?.value.0),
            http2_resets_per_second: count(spec.http2_resets_per_second?.value.0),
            http2_control_frames_per_second: count(spec.http2_control_frames_per_second?.value.0),
            http2_continuation_frames: count(spec.http2_continuation_frames?.value.0),
            http2_unread_body_bytes: count(spec.http2_unread_body_bytes?.value.0),
            drain_time: spec.drain_time?.value.0,
            page_bytes: spec.page_bytes?.value.0,
            assets: count(spec.assets?.value.0),
        })
    }
}

/// As a count of this machine; the ranges of the keys fit 32 bits wherever a `usize` is made.
fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
