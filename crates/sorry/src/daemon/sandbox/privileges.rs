//! Which capabilities a configuration needs, and for what: the table that `sorry check-config --privileges` prints and that the
//! daemon keeps to. Anything that is not in it is given up, by root as by anybody else.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::thread::CapabilitySet;
use serde::Serialize;

use super::paths;
use crate::config::check::Kind;
use crate::config::{Config, ListenAddress, Place};
use crate::daemon::kernel;

/// A capability that a configuration can need (capabilities(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Capability {
    /// To listen on a low port.
    #[serde(rename = "CAP_NET_BIND_SERVICE")]
    NetBindService,
    /// To use files of other users, which root can do only with it.
    #[serde(rename = "CAP_DAC_OVERRIDE")]
    DacOverride,
    /// To mark packets, and to attach programs to devices.
    #[serde(rename = "CAP_NET_ADMIN")]
    NetAdmin,
    /// To load programs into the kernel.
    #[serde(rename = "CAP_BPF")]
    Bpf,
    /// To have the verifier accept what it accepts of nobody else.
    #[serde(rename = "CAP_PERFMON")]
    Perfmon,
}

/// How long a capability is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// While the process begins: it is given up before anybody is answered.
    Begun,
    /// As long as it runs.
    End,
}

impl Capability {
    pub(super) fn set(self) -> CapabilitySet {
        match self {
            Capability::NetBindService => CapabilitySet::NET_BIND_SERVICE,
            Capability::DacOverride => CapabilitySet::DAC_OVERRIDE,
            Capability::NetAdmin => CapabilitySet::NET_ADMIN,
            Capability::Bpf => CapabilitySet::BPF,
            Capability::Perfmon => CapabilitySet::PERFMON,
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Capability::NetBindService => "CAP_NET_BIND_SERVICE",
            Capability::DacOverride => "CAP_DAC_OVERRIDE",
            Capability::NetAdmin => "CAP_NET_ADMIN",
            Capability::Bpf => "CAP_BPF",
            Capability::Perfmon => "CAP_PERFMON",
        })
    }
}

/// A capability, and what it is needed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Which.
    pub capability: Capability,
    /// What for: `to listen on 0.0.0.0:80`.
    pub why: String,
    /// What needs it.
    pub place: Place,
    /// How long.
    pub until: Until,
}

/// What a configuration needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Privileges {
    /// Capabilities, with what for.
    pub needs: Vec<Need>,
    /// Its icmp checks and its references without a port need this machine to let the daemon's group send echo requests, whatever its capabilities.
    pub echo: Option<Echo>,
}

/// Who may send echo requests without a raw socket (icmp(7), `ping_group_range`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Echo {
    /// The first and the last group; nobody where the first is the greater one.
    pub groups: (u32, u32),
}

/// What this machine lets everybody do.
struct Machine {
    /// The first port that needs nothing (ip(7), `ip_unprivileged_port_start`).
    first_port: u16,
    /// Who may send echo requests.
    groups: (u32, u32),
    /// Whether the daemon runs as root, to whom files of others are closed without a capability.
    root: bool,
}

impl Machine {
    fn this() -> Machine {
        let setting = |name: &str| {
            let path = Path::new("/proc/sys/net/ipv4").join(name);
            fs::read_to_string(path).unwrap_or_default()
        };
        let groups = setting("ping_group_range");
        let mut groups = groups
            .split_whitespace()
            .map_while(|group| group.parse().ok());
        Machine {
            first_port: setting("ip_unprivileged_port_start")
                .trim()
                .parse()
                .unwrap_or(1024),
            groups: groups.next().zip(groups.next()).unwrap_or((1, 0)),
            root: rustix::process::geteuid().is_root(),
        }
    }
}

impl Privileges {
    /// Those of this configuration on this machine, for the user that asks.
    pub fn of(config: &Config) -> Privileges {
        Privileges::on(&Machine::this(), config)
    }

    /// What a reload that puts it in force needs there and then. Its own addresses, logs and folders wait for a restart.
    pub(super) fn at_once(config: &Config) -> Vec<Need> {
        let machine = Machine::this();
        let mut needs = low_ports(&machine, of_sites(config));
        needs.extend(of_checks(&machine, config));
        if machine.root {
            needs.extend(files_of_others(read(config).chain(sockets(config))));
        }
        needs
    }

    fn on(machine: &Machine, config: &Config) -> Privileges {
        let mut needs = low_ports(machine, of_sites(config).chain(of_operators(config)));
        needs.extend(of_checks(machine, config));
        if machine.root {
            needs.extend(files_of_others(read(config).chain(written(config))));
        }
        needs.extend(of_kernel(config));
        let mut checks = config.sites.iter().flat_map(|site| &site.reals);
        let mut references = config.watch.references.iter();
        let echo = checks.any(|real| real.checks.iter().any(|check| check.kind == Kind::Icmp))
            || references.any(|target| target.port == 0);
        Privileges {
            needs,
            echo: echo.then_some(Echo {
                groups: machine.groups,
            }),
        }
    }

    /// The capabilities alone that are kept, each once.
    pub fn capabilities(&self) -> Vec<Capability> {
        let kept = self.needs.iter().filter(|need| need.until == Until::End);
        let mut all: Vec<Capability> = kept.map(|need| need.capability).collect();
        all.sort();
        all.dedup();
        all
    }
}

/// Where sites listen.
fn of_sites(config: &Config) -> impl Iterator<Item = (SocketAddr, Place)> {
    let listeners = config.listeners.iter();
    listeners.filter_map(|listener| match &listener.address {
        ListenAddress::Tcp(address) => Some((*address, listener.place)),
        _ => None,
    })
}

/// Where operators are listened to.
fn of_operators(config: &Config) -> impl Iterator<Item = (SocketAddr, Place)> {
    let metrics = config
        .metrics
        .map(|address| (address, config.metrics_place));
    let remote = config
        .remote
        .as_ref()
        .map(|remote| (remote.listen, remote.place));
    metrics.into_iter().chain(remote)
}

fn low_ports(machine: &Machine, addresses: impl Iterator<Item = (SocketAddr, Place)>) -> Vec<Need> {
    addresses
        .filter(|(address, _)| is_low(*address, machine))
        .map(|(address, place)| Need {
            capability: Capability::NetBindService,
            why: format!("to listen on {address}"),
            place,
            until: Until::End,
        })
        .collect()
}

/// What checks send by, each once: those of a site are made of each of its real servers.
fn of_checks(machine: &Machine, config: &Config) -> Vec<Need> {
    let reals = config.sites.iter().flat_map(|site| &site.reals);
    let mut needs = Vec::new();
    for check in reals.flat_map(|real| &real.checks) {
        let port = check.egress.port.map(NonZeroU16::get);
        let low = port.filter(|port| *port < machine.first_port);
        let low = low.map(|port| Need {
            capability: Capability::NetBindService,
            why: format!("to check from port {port}"),
            place: check.place,
            until: Until::End,
        });
        let marked = check.egress.mark.map(|mark| Need {
            capability: Capability::NetAdmin,
            why: format!("to mark what checks send with {mark}"),
            place: check.place,
            until: Until::End,
        });
        for need in low.into_iter().chain(marked) {
            if !needs.contains(&need) {
                needs.push(need);
            }
        }
    }
    needs
}

/// What attaching the in-kernel responder takes. Afterwards nothing does: from Linux 5.19 on maps are written by whoever holds them.
fn of_kernel(config: &Config) -> Vec<Need> {
    if !kernel::is_wanted(config) {
        return Vec::new();
    }
    let interfaces = config.kernel.interfaces.join(", ");
    [Capability::Bpf, Capability::NetAdmin, Capability::Perfmon]
        .into_iter()
        .map(|capability| Need {
            capability,
            why: format!("at the start only, to attach the in-kernel responder to {interfaces}"),
            place: config.kernel.place,
            until: Until::Begun,
        })
        .collect()
}

/// Port 0 is any that is free, and none of those is low.
fn is_low(address: SocketAddr, machine: &Machine) -> bool {
    address.port() != 0 && address.port() < machine.first_port
}

/// A file, where it is named, and which bit of its mode must be there for whoever uses it.
type Used<'c> = (&'c Path, Place, u32);

const READ: u32 = 4;
const WRITE: u32 = 2;
/// It is only looked for, which its folders must allow.
const SEEN: u32 = 0;

fn read(config: &Config) -> impl Iterator<Item = Used<'_>> {
    let files = config.files.iter();
    let files = files.map(|file| (file.path.as_path(), file.place, READ));
    let checks = paths::checks_of(config).map(|(check, place)| {
        let bit = if check.reads() { READ } else { SEEN };
        (check.path.as_path(), place, bit)
    });
    files.chain(checks)
}

fn written(config: &Config) -> impl Iterator<Item = Used<'_>> {
    let files = config.written.iter();
    let files = files.map(|file| (file.path.as_path(), file.place, WRITE));
    files.chain(sockets(config))
}

/// The sockets that sites are reached by.
fn sockets(config: &Config) -> impl Iterator<Item = Used<'_>> {
    let listeners = config.listeners.iter();
    listeners.filter_map(|listener| match &listener.address {
        ListenAddress::Unix(path) => Some((path.as_path(), listener.place, WRITE)),
        _ => None,
    })
}

/// Root without capabilities is a user like any other.
fn files_of_others<'c>(used: impl Iterator<Item = Used<'c>>) -> Vec<Need> {
    used.filter(|(path, _, bit)| is_closed(path, *bit))
        .map(|(path, place, _)| Need {
            capability: Capability::DacOverride,
            why: format!(
                "as root, to use {}, which belongs to another user",
                path.display()
            ),
            place,
            until: Until::End,
        })
        .collect()
}

/// Whether user and group 0 cannot use it by its mode: what is there with this bit, what is not by its folder, and neither beneath
/// a folder that is closed to them.
fn is_closed(path: &Path, bit: u32) -> bool {
    let denies = |path: &Path, bit: u32| {
        fs::metadata(path).is_ok_and(|found| {
            let shift = match (found.uid(), found.gid()) {
                (0, _) => 6,
                (_, 0) => 3,
                _ => 0,
            };
            found.mode() >> shift & bit != bit
        })
    };
    let mut folders = path.ancestors().skip(1);
    // A file that is written is made, exchanged and removed in its folder.
    let inside = if bit == WRITE { 3 } else { 1 };
    denies(path, bit)
        || folders.next().is_some_and(|folder| denies(folder, inside))
        || folders.any(|folder| denies(folder, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{FileUse, Purpose, parse};
    use jiff::tz::TimeZone;
    use std::os::unix::fs::PermissionsExt as _;

    fn machine(root: bool) -> Machine {
        Machine {
            first_port: 1024,
            groups: (1, 0),
            root,
        }
    }

    fn config(listen: &str, more: &str) -> Config {
        let text = format!("[[site]]\nname = \"shop\"\nsorry.listen = [{listen}]\n{more}");
        parse(&text, "sorry.toml", Path::new("/"), &TimeZone::UTC).unwrap()
    }

    fn whys(config: &Config) -> Vec<String> {
        let needs = Privileges::on(&machine(false), config).needs;
        let shown = |need: Need| format!("{} {}", need.capability, need.why);
        needs.into_iter().map(shown).collect()
    }

    #[test]
    fn low_ports_need_a_capability() {
        for (listen, more, needs) in [
            ("\"127.0.0.1:8503\"", "", &[][..]),
            ("\"127.0.0.1:0\"", "", &[]),
            ("\"127.0.0.1:1024\"", "", &[]),
            ("\"unix:/run/shop.sock\", \"systemd:http\"", "", &[]),
            (
                "\"0.0.0.0:80\", \"[::]:443\"",
                "",
                &[
                    "CAP_NET_BIND_SERVICE to listen on 0.0.0.0:80",
                    "CAP_NET_BIND_SERVICE to listen on [::]:443",
                ],
            ),
            (
                "\"127.0.0.1:8503\"",
                "[metrics]\nlisten = \"127.0.0.1:95\"",
                &["CAP_NET_BIND_SERVICE to listen on 127.0.0.1:95"],
            ),
        ] {
            assert_eq!(whys(&config(listen, more)), needs, "{listen} {more}");
        }
    }

    #[test]
    fn checks_may_need_a_capability_for_what_they_send_by() {
        let config = |check: &str| {
            let reals = ["10.0.0.1:80", "10.0.0.2:80"];
            let reals = reals.map(|real| format!("[[site.real-server]]\naddress = \"{real}\"\n"));
            config(
                "\"127.0.0.1:8503\"",
                &format!("check.tcp = {{ {check} }}\n{}", reals.concat()),
            )
        };
        for (check, needs) in [
            ("source = \"10.0.0.9\"", &[][..]),
            ("interface = \"eth1\"", &[]),
            ("source-port = 1024", &[]),
            (
                "source-port = 53",
                &["CAP_NET_BIND_SERVICE to check from port 53"],
            ),
            (
                "mark = 0x2a",
                &["CAP_NET_ADMIN to mark what checks send with 42"],
            ),
        ] {
            let config = config(check);
            assert_eq!(whys(&config), needs, "{check}");
            let at_once = Privileges::at_once(&config);
            assert_eq!(
                at_once.len(),
                needs.len(),
                "a reload is told of it: {check}"
            );
        }
    }

    #[test]
    fn each_capability_is_kept_once() {
        let both = Privileges::on(
            &machine(false),
            &config("\"0.0.0.0:80\", \"0.0.0.0:81\"", ""),
        );
        assert_eq!(both.capabilities(), [Capability::NetBindService]);
    }

    #[test]
    fn where_all_ports_are_free_nothing_is_needed() {
        let free = Machine {
            first_port: 0,
            ..machine(false)
        };
        let config = config("\"0.0.0.0:80\"", "");
        assert_eq!(Privileges::on(&free, &config).needs, []);
    }

    #[test]
    fn who_asks_for_an_echo_needs_a_group() {
        let real = "[[site.real-server]]\naddress = \"10.0.0.11:80\"\n";
        for (more, needed) in [
            (String::new(), false),
            (format!("{real}check.tcp = {{}}\n"), false),
            (format!("{real}check.icmp = {{}}\n"), true),
            ("[watch]\nreferences = [\"192.0.2.1:53\"]".into(), false),
            (
                "[watch]\nreferences = [\"192.0.2.1:53\", \"192.0.2.2\"]".into(),
                true,
            ),
        ] {
            let config = config("\"127.0.0.1:8503\"", &more);
            let echo = Privileges::on(&machine(false), &config).echo;
            assert_eq!(echo, needed.then_some(Echo { groups: (1, 0) }), "{more}");
        }
    }

    /// A file check that reads a number reads it as the daemon, which has to keep what it needs for that.
    #[test]
    fn root_may_need_a_capability_for_files_of_checks() {
        let folder = tempfile::tempdir().unwrap();
        let number = folder.path().join("load");
        fs::write(&number, "0").unwrap();
        fs::set_permissions(&number, fs::Permissions::from_mode(0o600)).unwrap();
        // Who is not root has made a file that root could not read by its mode alone; who is gives one away.
        let given = std::os::unix::fs::chown(&number, Some(4321), Some(4321));
        let needs = |down: &str| {
            let real = format!(
                "[[site.real-server]]\naddress = \"10.0.0.1:80\"\ncheck.file = {{ path = \"{}\", down-when = \"{down}\" }}",
                number.display()
            );
            let config = config("\"127.0.0.1:8503\"", &real);
            Privileges::on(&machine(true), &config).capabilities()
        };
        assert_eq!(needs("nonzero"), [Capability::DacOverride], "{given:?}");
        assert_eq!(needs("exists"), []);
        fs::set_permissions(&number, fs::Permissions::from_mode(0o604)).unwrap();
        if given.is_ok() {
            assert_eq!(needs("nonzero"), []);
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
            std::os::unix::fs::chown(folder.path(), Some(4321), Some(4321)).unwrap();
            assert_eq!(needs("exists"), [Capability::DacOverride]);
        }
    }

    #[test]
    fn root_may_need_a_capability_for_files_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        fs::write(&key, "").unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let mut config = config("\"127.0.0.1:8503\"", "");
        config.files.push(FileUse {
            path: key.clone(),
            place: Place::File,
            purpose: Purpose::PrivateKey,
        });
        // Who is not root has made a file that root could not read by its mode alone; who is gives one away.
        let given = std::os::unix::fs::chown(&key, Some(4321), Some(4321));
        assert_eq!(Privileges::on(&machine(false), &config).needs, []);
        let needs = Privileges::on(&machine(true), &config).capabilities();
        assert_eq!(needs, [Capability::DacOverride], "{given:?}");
        if given.is_ok() {
            fs::set_permissions(&key, fs::Permissions::from_mode(0o604)).unwrap();
            assert_eq!(Privileges::on(&machine(true), &config).needs, []);
        }
    }
}
