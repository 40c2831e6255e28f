//! Which keys differ between two configurations, in the words of the file. Every field has to be named here: one that is
//! added and forgotten does not compile.

use super::{Limits, ListenOptions, Log, Site, Sorry};

/// The fields of a struct whose values differ, each as the file calls it.
macro_rules! differing {
    ($type:ident, $one:expr, $other:expr, $($field:ident = $key:literal),+ $(,)?) => {{
        let $type { $($field),+ } = $one;
        let keys = [$((*$field != $other.$field).then_some($key)),+];
        keys.into_iter().flatten().collect::<Vec<&'static str>>()
    }};
}

impl Site {
    /// The keys that differ, but for those that say where it listens. The name is what two sites have in common.
    pub fn difference(&self, other: &Site) -> Vec<&'static str> {
        let hosts = (self.hosts != other.hosts).then_some("hosts");
        let sorry = self.sorry.difference(&other.sorry);
        hosts.into_iter().chain(sorry).collect()
    }
}

impl Sorry {
    fn difference(&self, other: &Sorry) -> Vec<&'static str> {
        differing!(
            Sorry,
            self,
            other,
            page = "page",
            status = "status",
            retry_after = "retry-after",
            retry_after_form = "retry-after-form",
            until = "until",
            say = "say",
            mode = "mode",
            language = "language",
            alive = "alive",
            robots = "robots",
            event_stream = "event-stream",
            alt_svc = "alt-svc",
            cors_origins = "cors.origins",
            csp = "csp",
        )
    }
}

impl Limits {
    /// The keys that differ.
    pub fn difference(&self, other: &Limits) -> Vec<&'static str> {
        differing!(
            Limits,
            self,
            other,
            head_bytes = "head-bytes",
            head_time = "head-time",
            connections = "connections",
            requests_per_connection = "requests-per-connection",
            connection_age = "connection-age",
            connection_life = "connection-life",
            idle_time = "idle-time",
            body_bytes = "body-bytes",
            body_time = "body-time",
            write_time = "write-time",
            linger_time = "linger-time",
            tls_handshake_time = "tls-handshake-time",
            tls_handshakes = "tls-handshakes",
            proxy_header_time = "proxy-header-time",
            http2_streams = "http2-streams",
            http2_header_bytes = "http2-header-bytes",
            http2_resets_per_second = "http2-resets-per-second",
            http2_control_frames_per_second = "http2-control-frames-per-second",
            http2_continuation_frames = "http2-continuation-frames",
            http2_unread_body_bytes = "http2-unread-body-bytes",
            drain_time = "drain-time",
            page_bytes = "page-bytes",
            assets = "assets",
        )
    }
}

impl ListenOptions {
    /// The keys that differ.
    pub fn difference(&self, other: &ListenOptions) -> Vec<&'static str> {
        differing!(
            ListenOptions,
            self,
            other,
            tls = "tls",
            proxy_from = "proxy-protocol-from",
            unix_mode = "mode",
            v6_only = "v6-only",
            https_redirect = "https-redirect",
        )
    }
}

impl Log {
    /// The keys that differ.
    pub fn difference(&self, other: &Log) -> Vec<&'static str> {
        differing!(
            Log,
            self,
            other,
            level = "level",
            access = "access",
            access_target = "access-file",
        )
    }
}
