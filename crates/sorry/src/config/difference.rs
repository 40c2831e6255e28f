//! Which keys differ between two configurations, in the words of the file. Every field has to be named here: one that is
//! added and forgotten does not compile.

use super::check::Check;
use super::real_server::RealServer;
use super::watching::Watching;
use super::{Config, Limits, ListenOptions, Log, Site, Sorry};

/// The fields of a struct whose values differ, each as the file calls it.
macro_rules! differing {
    ($type:ident, $one:expr, $other:expr, $($field:ident = $key:literal),+ $(,)? $(; $($place:ident),+)?) => {{
        let $type { $($field),+ $($(, $place: _)+)? } = $one;
        let keys = [$((*$field != $other.$field).then_some($key)),+];
        keys.into_iter().flatten().collect::<Vec<&'static str>>()
    }};
}

impl Site {
    /// The keys that differ, but for those that say where it listens. The name is what two sites have in common.
    pub fn difference(&self, other: &Site) -> Vec<&'static str> {
        let Site {
            name: _,
            hosts,
            sorry,
            reals,
            quorum,
            omega,
            damping,
            windows,
        } = self;
        let same_reals = reals.len() == other.reals.len()
            && reals
                .iter()
                .zip(&other.reals)
                .all(|(one, other)| one.is_as(other));
        let same_windows = windows.len() == other.windows.len()
            && windows
                .iter()
                .zip(&other.windows)
                .all(|(one, other)| one.is_as(other));
        let keys = [
            ((quorum, omega) != (&other.quorum, &other.omega)).then_some("quorum"),
            (*damping != other.damping).then_some("damping"),
            (!same_reals).then_some("real-server"),
            (!same_windows).then_some("window"),
        ];
        let hosts = (*hosts != other.hosts).then_some("hosts");
        let sorry = sorry.difference(&other.sorry);
        let keys = keys.into_iter().flatten();
        hosts.into_iter().chain(sorry).chain(keys).collect()
    }
}

impl RealServer {
    /// Whether it is the same, wherever in the file it stands.
    pub fn is_as(&self, other: &RealServer) -> bool {
        let RealServer {
            name,
            address,
            weight,
            first,
            checks,
            place: _,
        } = self;
        let same_checks = checks.len() == other.checks.len()
            && checks
                .iter()
                .zip(&other.checks)
                .all(|(one, other)| one.is_as(other));
        let (one, two) = ((name, address, weight, first), other);
        same_checks && one == (&two.name, &two.address, &two.weight, &two.first)
    }
}

impl Check {
    /// Whether it is the same, wherever in the file it stands.
    pub fn is_as(&self, other: &Check) -> bool {
        let Check {
            name,
            kind,
            target,
            egress,
            timing,
            thresholds,
            place: _,
        } = self;
        let (one, two) = ((name, kind, target, egress, timing, thresholds), other);
        one == (
            &two.name,
            &two.kind,
            &two.target,
            &two.egress,
            &two.timing,
            &two.thresholds,
        )
    }
}

impl Watching {
    /// The keys that differ.
    pub fn difference(&self, other: &Watching) -> Vec<&'static str> {
        differing!(
            Watching,
            self,
            other,
            references = "references",
            every = "every",
            timeout = "timeout",
            mass = "mass",
            hold = "hold",
            votes = "votes",
            peers = "peer",
        )
    }
}

impl super::Kernel {
    /// The keys that differ.
    pub fn difference(&self, other: &super::Kernel) -> Vec<&'static str> {
        use super::Kernel;
        differing!(
            Kernel,
            self,
            other,
            interfaces = "interfaces",
            hook = "hook",
            key_file = "key-file",
            rotate = "rotate",
            drain = "drain",
            on_crash = "on-crash",
            lease = "lease",
            deny = "deny",
            allow = "allow",
            rate = "rate",
            sample = "sample",
            ; place
        )
    }
}

impl Config {
    /// Who is told by alerts, in words: who is new, told in another way, or not any more.
    pub fn receivers_difference(&self, before: &Config) -> Vec<String> {
        let of = |config: &'_ Config, name: &str| {
            let mut receivers = config.receivers.iter();
            receivers.find(|receiver| *receiver.name == *name).cloned()
        };
        let mut told = Vec::new();
        for receiver in &self.receivers {
            match of(before, &receiver.name) {
                None => told.push(format!("alert {} is new", receiver.name)),
                Some(was) if !was.is_as(receiver) => {
                    told.push(format!("alert {} has changed", receiver.name));
                }
                Some(_) => {}
            }
        }
        let gone = |receiver: &&super::alert::Receiver| of(self, &receiver.name).is_none();
        let gone = before.receivers.iter().filter(gone);
        told.extend(gone.map(|receiver| format!("alert {} is gone", receiver.name)));
        told
    }

    /// The keys of `[admin]` that differ and are read when the process starts, but for the socket.
    pub fn remote_difference(&self, other: &Config) -> Vec<&'static str> {
        let (one, two) = (&self.remote, &other.remote);
        match (one, two) {
            (None, None) => Vec::new(),
            (Some(one), Some(two)) => [
                (one.listen != two.listen).then_some("listen"),
                (one.hosts != two.hosts).then_some("hosts"),
            ]
            .into_iter()
            .flatten()
            .collect(),
            _ => vec!["listen"],
        }
    }

    /// The keys of `[admin]` that differ and name files which each reload reads.
    pub fn remote_files_difference(&self, other: &Config) -> Vec<&'static str> {
        let (Some(one), Some(two)) = (&self.remote, &other.remote) else {
            return Vec::new();
        };
        let (mine, theirs) = (&one.certificate, &two.certificate);
        let keys = [
            (mine.certificate != theirs.certificate).then_some("certificate"),
            (mine.key != theirs.key).then_some("key"),
            (one.tokens != two.tokens).then_some("tokens"),
        ];
        keys.into_iter().flatten().collect()
    }
}

impl super::alert::Receiver {
    /// Whether it is the same, wherever in the file it stands.
    fn is_as(&self, other: &super::alert::Receiver) -> bool {
        let super::alert::Receiver {
            name,
            sites,
            channel,
            timeout,
            give_up,
            reals,
            place: _,
        } = self;
        let (one, two) = ((name, sites, channel, timeout, give_up, reals), other);
        one == (
            &two.name,
            &two.sites,
            &two.channel,
            &two.timeout,
            &two.give_up,
            &two.reals,
        )
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
            kernel = "kernel",
            kernel_vips = "kernel-vips",
            ; kernel_place, kernel_vips_places
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
