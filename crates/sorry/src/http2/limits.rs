//! What a client may ask of one connection, and which of it was asked too much.
//!
//! Every number is a setting of the operator's; the defaults are for a server whose answers are
//! small and prepared.

/// Bounds of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests at a time that wait for their body or for room to be answered in; announced as
    /// `SETTINGS_MAX_CONCURRENT_STREAMS`. More are refused with `REFUSED_STREAM`, which lets
    /// clients try again.
    pub streams: u32,
    /// Octets of a request's fields, decoded, 32 more for each; announced as
    /// `SETTINGS_MAX_HEADER_LIST_SIZE`. More is answered with 431; as much before decoding, in
    /// more than one frame, ends the connection.
    pub header_bytes: usize,
    /// CONTINUATION frames of one request (CVE-2024-27316).
    pub continuation_frames: u32,
    /// RST_STREAM frames a second, theirs (CVE-2023-44487) and those that their mistakes make us
    /// send (CVE-2025-8671).
    pub resets_per_second: u32,
    /// Frames a second that make work and carry nothing: SETTINGS, PING, PRIORITY, unknown ones,
    /// empty DATA, WINDOW_UPDATE. Each answered request and each DATA frame that we sent pays for
    /// some first, so that busy and honest clients are not counted.
    pub control_frames_per_second: u32,
    /// Octets of request bodies that are read and thrown away, in the life of the connection, so
    /// that clients who must finish sending see their answer; a DATA frame counts 256 at least.
    /// Beyond it the connection is drained, and uploads are reset once the client has read their
    /// answers.
    pub unread_body_bytes: u64,
    /// Requests in the life of the connection; then it is drained.
    pub requests: u64,
    /// The largest frame taken; announced as `SETTINGS_MAX_FRAME_SIZE`. 16 384 at least, which RFC
    /// 9113 demands, and enough.
    pub frame_bytes: u32,
    /// What a client may send of a body before it hears from us; announced as
    /// `SETTINGS_INITIAL_WINDOW_SIZE`. The protocol's own default is the best one: bodies are
    /// thrown away, and a small window is how a server says that it is in no hurry to get them.
    pub window_bytes: u32,
    /// The client's HPACK table; announced as `SETTINGS_HEADER_TABLE_SIZE`. The protocol's default
    /// fits the fields that browsers repeat, and is the most that an idle connection keeps.
    pub table_bytes: usize,
    /// Octets that wait in the output before bodies stop being added to it.
    pub unsent_bytes: usize,
    /// Whether WebSockets may be asked for over HTTP/2.
    pub extended_connect: ExtendedConnect,
}

/// `SETTINGS_ENABLE_CONNECT_PROTOCOL` (RFC 8441, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtendedConnect {
    /// Clients may send `:protocol` and are refused on the connection they have.
    Offered,
    /// Clients open an HTTP/1.1 connection for a WebSocket and are refused there.
    Withheld,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams: 100,
            header_bytes: 16 * 1024,
            continuation_frames: 8,
            resets_per_second: 500,
            control_frames_per_second: 500,
            unread_body_bytes: 64 * 1024 * 1024,
            requests: 100_000,
            frame_bytes: super::frame::SMALLEST_MAX_FRAME,
            window_bytes: 65_535,
            table_bytes: 4096,
            unsent_bytes: 256 * 1024,
            extended_connect: ExtendedConnect::Offered,
        }
    }
}

/// A limit that a client ran into; the label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    Streams,
    HeaderBytes,
    ContinuationFrames,
    Resets,
    ControlFrames,
    UnreadBody,
    Requests,
}

impl Limit {
    pub const ALL: [Self; 7] = [
        Self::Streams,
        Self::HeaderBytes,
        Self::ContinuationFrames,
        Self::Resets,
        Self::ControlFrames,
        Self::UnreadBody,
        Self::Requests,
    ];

    /// The name of the setting.
    pub fn name(self) -> &'static str {
        match self {
            Self::Streams => "streams",
            Self::HeaderBytes => "header-bytes",
            Self::ContinuationFrames => "continuation-frames",
            Self::Resets => "resets-per-second",
            Self::ControlFrames => "control-frames-per-second",
            Self::UnreadBody => "unread-body-bytes",
            Self::Requests => "requests",
        }
    }
}

/// How often each limit was run into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached([u32; Limit::ALL.len()]);

impl Reached {
    pub(crate) fn count(&mut self, limit: Limit) {
        let count = &mut self.0[limit as usize];
        *count = count.saturating_add(1);
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&count| count == 0)
    }

    pub fn times(&self, limit: Limit) -> u32 {
        self.0[limit as usize]
    }

    /// Those that were run into, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (Limit, u32)> + '_ {
        Limit::ALL
            .into_iter()
            .map(|limit| (limit, self.times(limit)))
            .filter(|&(_, times)| times > 0)
    }
}
