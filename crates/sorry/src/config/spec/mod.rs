//! What can be typed: every table and key of the configuration file, each with its text, type, default and example, once.
//!
//! Nothing is decided here. `meaning/` turns it into a `Config`; `reference.rs` renders it for people. Each group of tables has a
//! file; the limits are declared in `limits.rs`, beside what they mean.

mod alert;
mod check;
mod kernel;
mod kinds;
mod said;
mod site;
mod sorry;
mod watch;

pub(super) use alert::{Alert, Chat, Email, Webhook};
pub(super) use check::{CheckTable, OwnPace, OwnTls, OwnWay, Pace, Results};
pub(super) use kernel::Kernel;
pub(super) use kinds::{
    Checks, DnsCheck, ExecCheck, FileCheck, GrpcCheck, HttpCheck, HttpsCheck, IcmpCheck,
    ReplyLength, SmtpCheck, TcpCheck, TlsCheck, UdpCheck,
};
pub(super) use said::{OwnDialogue, OwnRequest};
pub(super) use site::{Damping, Quorum, RealServer, Window};
pub(super) use sorry::{Listen, ListenTable, Sorry};
pub(super) use watch::{Peer, Watch};

use super::duration::Time;
use super::host::HostPattern;
use super::limits::LimitsSpec;
use super::log::{AccessFormat, AccessTarget, AdminSocket, LogLevel};
use super::reader::At;
use super::sandbox::Sandbox;
use super::state_folder::StateFolder;
use super::table::table;
use super::target::ExactHost;
use super::value::{Auto, FilePath, Given, Name, Whole};
use std::net::SocketAddr;

/// From the shortest to the longest time that a visitor may be asked to wait.
pub(in crate::config) type RetryTime = Time<1_000, 2_592_000_000>;

/// The smallest configuration that works, for whoever has none.
pub(in crate::config) const SMALLEST: &str =
    "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]";

table! {
    /// Keys that stand before the first table of the file.
    pub(in crate::config) struct File as Header {
        /// How many worker threads answer. `"auto"` is one for each core that this process may use.
        #[key = "workers"]
        #[default = "\"auto\""]
        #[example = "4"]
        workers: Auto<Whole<1, 1024>>,

        /// Whether each worker stays on one core. It helps when the cores belong to Sorry alone and hurts when they do not.
        #[key = "pin-workers"]
        #[default = "false"]
        #[example = "true"]
        pin_workers: bool,

        /// Whether the process gives up, before it answers anybody, what this file does not need: files that it does not
        /// name, starting programs (a process beside it does that), mounting, tracing, loading modules, and capabilities but those
        /// that `sorry check-config --privileges` prints. A reload that needs more is refused and asks for a restart.
        #[key = "sandbox"]
        #[default = "\"auto\""]
        #[example = "\"off\""]
        sandbox: Sandbox,

        /// The sites.
        #[key = "site"]
        #[required]
        #[example = "[{ name = \"shop\" }]"]
        site: Vec<At<Site>>,

        /// The folder where journal, history, alerts that are on their way, and the audit log are kept: what Sorry must not
        /// forget when it is started again. `"auto"` is the first of the folders that the service manager names in
        /// `$STATE_DIRECTORY`, else `/var/lib/sorry`; `"none"` keeps nothing.
        #[key = "state"]
        #[default = "\"auto\""]
        #[example = "\"/var/lib/sorry\""]
        state: StateFolder,

        /// How long `sorry down` lasts where nobody says.
        #[key = "down-for"]
        #[default = "\"1h\""]
        #[example = "\"30m\""]
        down_for: Time<60_000, 2_592_000_000>,

        /// What applies to every site that does not say otherwise.
        #[key = "sorry"]
        #[optional]
        #[example = "{ listen = [\"[::]:8503\"] }"]
        sorry: SharedSorry,

        /// When real servers are probed, wherever a check does not say otherwise.
        #[key = "check"]
        #[optional]
        #[example = "{ every = \"1s\" }"]
        check: Pace,

        /// When Sorry does not believe its own eyes.
        #[key = "watch"]
        #[optional]
        #[example = "{ references = [\"192.0.2.1\"] }"]
        watch: Watch,

        /// Where and how the kernel answers for sites with `kernel`.
        #[key = "kernel"]
        #[optional]
        #[example = "{ interfaces = [\"eth0\"] }"]
        kernel: Kernel,

        /// Who is told what happens.
        #[key = "alert"]
        #[optional]
        #[example = "[{ name = \"ops\", alertmanager = { url = \"http://127.0.0.1:9093\" } }]"]
        alert: Vec<At<Alert>>,

        /// Certificates for listeners with `tls = true`.
        #[key = "tls"]
        #[optional]
        #[example = "[{ certificate = \"shop.crt\", key = \"shop.key\" }]"]
        tls: Vec<At<Tls>>,

        /// What nobody may exceed.
        #[key = "limits"]
        #[optional]
        #[example = "{ connections = 20000 }"]
        limits: LimitsSpec,

        /// Counters for Prometheus.
        #[key = "metrics"]
        #[optional]
        #[example = "{ listen = \"127.0.0.1:9503\" }"]
        metrics: Metrics,

        /// Where `sorry status` and the other commands find this process.
        #[key = "admin"]
        #[optional]
        #[example = "{ socket = \"/run/sorry/admin.sock\" }"]
        admin: Admin,

        /// What is written about events and requests.
        #[key = "log"]
        #[optional]
        #[example = "{ level = \"info\" }"]
        log: Log,
    }
}

table! {
    /// What applies to every site that does not say otherwise.
    pub(in crate::config) struct SharedSorry as Header {
        /// Sorry listeners of every site without a `sorry.listen` of its own. The entries are those of `site.sorry.listen`.
        #[key = "listen"]
        #[optional]
        #[example = "[\"[::]:8503\"]"]
        listen: Vec<At<Listen>>,
    }
}

table! {
    /// A web site that is answered for. The host name of a request chooses among the sites that share a listener.
    pub(in crate::config) struct Site as Header {
        /// What logs, metrics and commands call the site: at most 64 letters, digits, `-`, `_` and `.`. Each name once.
        #[key = "name"]
        #[required]
        #[example = "\"shop\""]
        name: Name,

        /// The host names that the site answers for. `*.shop.example.com` stands for every name below
        /// `shop.example.com`, not for that name itself; the most specific entry wins. International names are given in
        /// their `xn--` form. Ports are not part of it.
        #[key = "hosts"]
        #[suggested]
        #[example = "[\"shop.example.com\", \"*.shop.example.com\"]"]
        hosts: Vec<At<HostPattern>>,

        /// Whether the site answers for hosts that no site names. Without it the first site of each listener does.
        #[key = "default"]
        #[default = "false"]
        #[example = "true"]
        default: bool,

        /// How the site says sorry.
        #[key = "sorry"]
        #[optional]
        #[example = "{ page = \"pages/shop\" }"]
        sorry: Sorry,

        /// How the site's real servers are checked: a table for each kind of check, as in `check.http = { path = "/healthz" }`, or
        /// an array of such, `check.http = [{ path = "/" }, { path = "/login" }]`, which is also `[[site.check.http]]`. Several
        /// checks may stand together, up to 64, and then all must be good. Each real server without a `check` of its own has
        /// these; one without any is always taken to be up.
        #[key = "check"]
        #[optional]
        #[example = "{ http = { path = \"/healthz\" } }"]
        check: Given<Checks>,

        /// Whether its real servers are taken to be down until their checks say otherwise, rather than unknown (`alpha` of
        /// keepalived).
        #[key = "alpha"]
        #[default = "false"]
        #[example = "true"]
        alpha: bool,

        /// The servers that have its content.
        #[key = "real-server"]
        #[optional]
        #[example = "[{ address = \"10.0.0.11:8080\" }]"]
        real_server: site::RealServers,

        /// How many of them it needs.
        #[key = "quorum"]
        #[optional]
        #[example = "{ at-least = 2 }"]
        quorum: Quorum,

        /// What keeps it from going back and forth.
        #[key = "damping"]
        #[optional]
        #[example = "{ hold-down = \"10s\" }"]
        damping: Damping,

        /// When it is closed for maintenance.
        #[key = "window"]
        #[optional]
        #[example = "[{ name = \"backup\", days = \"daily\", at = \"02:00\", for = \"1h\" }]"]
        window: site::Windows,
    }
}

table! {
    /// A certificate for listeners with `tls = true`. The name that a client asks for (SNI) chooses; the first certificate
    /// is for clients that ask for none or for an unknown one. Changed files are read again by themselves.
    pub(in crate::config) struct Tls as Header {
        /// The certificate and the chain behind it, in PEM.
        #[key = "certificate"]
        #[required]
        #[example = "\"/etc/sorry/tls/shop.crt\""]
        certificate: FilePath,

        /// The certificate's private key, in PEM.
        #[key = "key"]
        #[required]
        #[example = "\"/etc/sorry/tls/shop.key\""]
        key: FilePath,
    }
}

table! {
    /// Counters for Prometheus.
    pub(in crate::config) struct Metrics as Header {
        /// Where `GET /metrics` is answered, apart from all sites. Without it nowhere.
        #[key = "listen"]
        #[optional]
        #[example = "\"127.0.0.1:9503\""]
        listen: SocketAddr,
    }
}

table! {
    /// Where `sorry status` and the other commands find this process; and, with `listen`, `certificate`, `key` and `tokens`, where
    /// operators do from afar.
    pub(in crate::config) struct Admin as Header {
        /// The unix socket that they talk to; `"none"` for no socket, and so no commands.
        #[key = "socket"]
        #[default = "\"/run/sorry/admin.sock\""]
        #[example = "\"none\""]
        socket: AdminSocket,

        /// Where the admin API is served over TLS, besides the socket.
        #[key = "listen"]
        #[optional]
        #[example = "\"10.0.0.2:9504\""]
        listen: SocketAddr,

        /// The certificate that it shows, and the chain behind it, in PEM.
        #[key = "certificate"]
        #[optional]
        #[example = "\"/etc/sorry/tls/admin.crt\""]
        certificate: FilePath,

        /// The certificate's private key, in PEM.
        #[key = "key"]
        #[optional]
        #[example = "\"/etc/sorry/tls/admin.key\""]
        key: FilePath,

        /// A file with a line for each who may ask: role (`reader` or `operator`), name, and the SHA-256 of the token in
        /// hexadecimal. Nobody else may read it.
        #[key = "tokens"]
        #[optional]
        #[example = "\"/etc/sorry/tokens\""]
        tokens: FilePath,

        /// The names by which it may be asked for (`Host`), besides the address of `listen`.
        #[key = "hosts"]
        #[default = "[]"]
        #[example = "[\"sorry.example.com\"]"]
        hosts: Vec<At<ExactHost>>,
    }
}

table! {
    /// What is written about events and requests.
    pub(in crate::config) struct Log as Header {
        /// How much is said about events, on standard error.
        #[key = "level"]
        #[default = "\"info\""]
        #[example = "\"warn\""]
        level: LogLevel,

        /// Whether and how each request is written down.
        #[key = "access"]
        #[default = "\"none\""]
        #[example = "\"json\""]
        access: AccessFormat,

        /// Where requests are written down; `"-"` is standard output.
        #[key = "access-file"]
        #[default = "\"-\""]
        #[example = "\"/var/log/sorry/access.log\""]
        access_file: AccessTarget,
    }
}
