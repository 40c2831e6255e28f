//! Hosts with and without ports as operators type them: real servers, where they are probed, references, mail servers.
//! Nothing is looked up here. What is listened on is `listen_address.rs`'s.

use super::fault::{Fault, quoted};
use super::host::HostPattern;
use super::reader::FromText;
use super::real_server::{Target, TargetHost};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// A host, and a port where one was typed.
struct Parts {
    host: TargetHost,
    port: Option<u16>,
}

impl FromText for Target {
    fn form() -> String {
        "a host and port such as \"10.0.0.11:8080\", \"[2001:db8::11]:8080\" or \"app1.example.com:8080\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        match parts(text)? {
            Parts {
                host,
                port: Some(port),
            } => Ok(Target { host, port }),
            Parts { host, port: None } => {
                let fault = Fault::new(format!("{} has no port", quoted(text)));
                let shown = Target { host, port: 80 };
                Err(fault.hint(format!("add the port: \"{shown}\"")))
            }
        }
    }
}

/// The address of a real server, which is called by it: as typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RealAddress {
    pub(super) typed: Box<str>,
    pub(super) target: Target,
}

impl FromText for RealAddress {
    fn form() -> String {
        Target::form()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        Ok(RealAddress {
            typed: text.into(),
            target: Target::from_text(text)?,
        })
    }
}

/// What must answer to show that this machine's own network works.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reference(pub(super) Target);

impl FromText for Reference {
    fn form() -> String {
        "a host, with or without a port, such as \"192.0.2.1\" or \"192.0.2.1:53\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        let Parts { host, port } = parts(text)?;
        let port = port.unwrap_or(0);
        Ok(Reference(Target { host, port }))
    }
}

/// A host alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HostOnly(pub(super) TargetHost);

impl FromText for HostOnly {
    fn form() -> String {
        "a host such as \"mail.example.com\" or \"192.0.2.25\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        let Parts { host, port } = parts(text)?;
        match port {
            None => Ok(HostOnly(host)),
            Some(_) => Err(Fault::new(format!("{} has a port", quoted(text)))
                .hint("the port has a key of its own")),
        }
    }
}

/// One host's name or number, never a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ExactHost(pub(super) Box<str>);

impl FromText for ExactHost {
    fn form() -> String {
        "a host name such as \"shop.example.com\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        exactly(text).map(ExactHost)
    }
}

impl std::fmt::Display for TargetHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TargetHost::Ip(ip) => ip.fmt(f),
            TargetHost::Name(name) => f.write_str(name),
        }
    }
}

/// Where a probe goes instead: what is left out is the real server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProbeAddress {
    host: Option<TargetHost>,
    port: Option<u16>,
}

impl ProbeAddress {
    /// Where a probe of `real` goes.
    pub(super) fn of(&self, real: &Target) -> Target {
        Target {
            host: self.host.clone().unwrap_or_else(|| real.host.clone()),
            port: self.port.unwrap_or(real.port),
        }
    }

    /// Whether a port was typed.
    pub(super) fn has_port(&self) -> bool {
        self.port.is_some()
    }
}

impl FromText for ProbeAddress {
    fn form() -> String {
        "a host, a port or both, such as \"10.0.1.11:8081\", \":8081\" or \"10.0.1.11\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        if let Some(digits) = text.strip_prefix(':')
            && !digits.contains(':')
        {
            let port = Some(port(digits).map_err(|fault| fault.at(1..text.len()))?);
            return Ok(ProbeAddress { host: None, port });
        }
        let Parts { host, port } = parts(text)?;
        Ok(ProbeAddress {
            host: Some(host),
            port,
        })
    }
}

impl FromText for IpAddr {
    fn form() -> String {
        "an IP address such as \"10.0.0.2\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        text.parse().map_err(|_| {
            let fault = Fault::new(format!("{} is not an IP address", quoted(text)));
            match text.parse::<SocketAddr>() {
                Ok(address) => fault.hint(format!("without a port: \"{}\"", address.ip())),
                Err(_) => fault.hint("give the number, without a port"),
            }
        })
    }
}

fn parts(text: &str) -> Result<Parts, Fault> {
    if text.is_empty() {
        return Err(Fault::new("an empty text is not a host"));
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let fault = Fault::new(format!("{} is a URL", quoted(text)));
        let host = rest.split('/').next().unwrap_or_default();
        return Err(fault
            .at(0..scheme.len() + 3)
            .hint(format!("give host and port alone: \"{host}\"")));
    }
    if text.contains('%') {
        return Err(Fault::new("addresses with a zone are not understood")
            .hint("give an address that is not link-local"));
    }
    if let Some(rest) = text.strip_prefix('[') {
        return bracketed(text, rest);
    }
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return match last_group_as_port(text) {
            Some((host, port)) => Err(Fault::new(format!("{} may be an address, or an address and a port", quoted(text)))
                .hint(format!("an IPv6 address stands in brackets: \"[{host}]:{port}\", or \"[{address}]\" without a port"))),
            None => Ok(Parts { host: TargetHost::Ip(address.into()), port: None }),
        };
    }
    let (host, digits) = match text.rsplit_once(':') {
        Some((host, digits)) => (host, Some(digits)),
        None => (text, None),
    };
    let port = match digits {
        Some(digits) => Some(port(digits).map_err(|fault| fault.at(host.len() + 1..text.len()))?),
        None => None,
    };
    Ok(Parts {
        host: host_of(host).map_err(|fault| match fault.range {
            None => fault.at(0..host.len()),
            Some(_) => fault,
        })?,
        port,
    })
}

/// An IPv6 address in brackets, and what follows them.
fn bracketed(text: &str, rest: &str) -> Result<Parts, Fault> {
    let broken = || {
        Fault::new(format!(
            "{} is not an IPv6 address in brackets",
            quoted(text)
        ))
    };
    let (inside, after) = rest.split_once(']').ok_or_else(broken)?;
    let address: Ipv6Addr = inside.parse().map_err(|_| broken())?;
    let host = TargetHost::Ip(address.into());
    match after.strip_prefix(':') {
        Some(digits) => {
            let at = text.len() - digits.len()..text.len();
            let port = Some(port(digits).map_err(|fault| fault.at(at))?);
            Ok(Parts { host, port })
        }
        None if after.is_empty() => Ok(Parts { host, port: None }),
        None => Err(broken()),
    }
}

/// The host and the port that an IPv6 address without brackets may have been meant to be: `::1:8080`.
fn last_group_as_port(text: &str) -> Option<(Ipv6Addr, u16)> {
    let (host, digits) = text.rsplit_once(':')?;
    // A group of an address has at most four digits; fewer are rarely meant as a port.
    (digits.len() == 4 || digits == "80" || digits == "443")
        .then(|| Some((host.parse().ok()?, digits.parse().ok()?)))?
}

fn port(digits: &str) -> Result<u16, Fault> {
    match digits.parse::<u16>() {
        Ok(0) => Err(Fault::new("nobody listens on port 0").out_of_range()),
        Ok(port) if digits.bytes().all(|b| b.is_ascii_digit()) => Ok(port),
        _ => {
            Err(Fault::new(format!("{} is not a port", quoted(digits)))
                .hint("a port is 1 to 65535"))
        }
    }
}

fn host_of(text: &str) -> Result<TargetHost, Fault> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(TargetHost::Ip(ip));
    }
    exactly(text).map(TargetHost::Name)
}

/// A name that stands for one host.
fn exactly(text: &str) -> Result<Box<str>, Fault> {
    let no_pattern = || Fault::new("a pattern is not one host");
    if text.contains('*') {
        return Err(no_pattern());
    }
    match HostPattern::from_text(text)? {
        HostPattern::Exactly(name) => Ok(name),
        HostPattern::Below(_) => Err(no_pattern()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<T: FromText>(text: &str, show: impl Fn(T) -> String) -> String {
        match T::from_text(text) {
            Ok(read) => show(read),
            Err(fault) => format!("! {fault}"),
        }
    }

    #[test]
    fn real_servers() {
        for (text, expected) in [
            ("10.0.0.11:8080", "10.0.0.11:8080"),
            ("[::1]:80", "[::1]:80"),
            ("App1.example.com:80", "app1.example.com:80"),
            ("app1:80", "app1:80"),
            (
                "10.0.0.11",
                "! `10.0.0.11` has no port (add the port: \"10.0.0.11:80\")",
            ),
            (
                "[::1]",
                "! `[::1]` has no port (add the port: \"[::1]:80\")",
            ),
            (
                "2001:db8::1",
                "! `2001:db8::1` has no port (add the port: \"[2001:db8::1]:80\")",
            ),
            (
                "::1:8080",
                "! `::1:8080` may be an address, or an address and a port (an IPv6 address stands in brackets: \"[::1]:8080\", or \"[::1:8080]\" without a port)",
            ),
            ("10.0.0.11:0", "! nobody listens on port 0"),
            (
                "10.0.0.11:http",
                "! `http` is not a port (a port is 1 to 65535)",
            ),
            (
                "10.0.0.11:+80",
                "! `+80` is not a port (a port is 1 to 65535)",
            ),
            (
                "10.0.0.11:70000",
                "! `70000` is not a port (a port is 1 to 65535)",
            ),
            (
                "http://10.0.0.11:80/",
                "! `http://10.0.0.11:80/` is a URL (give host and port alone: \"10.0.0.11:80\")",
            ),
            (
                "fe80::1%eth0",
                "! addresses with a zone are not understood (give an address that is not link-local)",
            ),
            ("[::1", "! `[::1` is not an IPv6 address in brackets"),
            ("[::1]80", "! `[::1]80` is not an IPv6 address in brackets"),
            ("*.example.com:80", "! a pattern is not one host"),
            ("", "! an empty text is not a host"),
        ] {
            assert_eq!(shown(text, |t: Target| t.to_string()), expected, "{text}");
        }
    }

    #[test]
    fn a_probe_may_go_elsewhere() {
        let real = Target::from_text("10.0.0.11:80").unwrap();
        for (text, expected) in [
            (":8081", "10.0.0.11:8081"),
            ("10.0.1.11", "10.0.1.11:80"),
            ("10.0.1.11:8081", "10.0.1.11:8081"),
            ("[::2]:8081", "[::2]:8081"),
            ("2001:db8::2", "[2001:db8::2]:80"),
            (":0", "! nobody listens on port 0"),
            ("", "! an empty text is not a host"),
        ] {
            let probe = |probe: ProbeAddress| probe.of(&real).to_string();
            assert_eq!(shown(text, probe), expected, "{text}");
        }
    }

    #[test]
    fn references_need_no_port() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1:0"),
            ("192.0.2.1:53", "192.0.2.1:53"),
            ("gw.example.com", "gw.example.com:0"),
        ] {
            let reference = |Reference(target): Reference| target.to_string();
            assert_eq!(shown(text, reference), expected, "{text}");
        }
    }
}
