//! A real server as the parts see it: where it is, what it weighs, and how it is checked.

use super::check::Check;
use super::diagnostics::Place;
use sorry_core::health::State;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// One real server of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealServer {
    /// Its address as typed, by which people and the journal know it; unique within its site.
    pub name: Box<str>,
    /// Where visitors are sent.
    pub address: Target,
    /// Its weight, 0 to 65535; 0 never gets visitors and never counts.
    pub weight: u32,
    /// What is believed of it before its first results: `Down` with `alpha`, else `Unknown`.
    pub first: State,
    /// All of these must be good; without any it is always taken to be up.
    pub checks: Vec<Check>,
    /// Where it was typed.
    pub place: Place,
}

/// A host and a port to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Which host.
    pub host: TargetHost,
    /// Which port; 0 for checks that know none (icmp, exec, file).
    pub port: u16,
}

/// A host by its number or by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TargetHost {
    /// An address.
    Ip(IpAddr),
    /// A name; resolved again when it is used, never pinned.
    Name(Box<str>),
}

impl Target {
    /// The address where it is known without asking anybody.
    pub fn address(&self) -> Option<SocketAddr> {
        match self.host {
            TargetHost::Ip(ip) => Some(SocketAddr::new(ip, self.port)),
            TargetHost::Name(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            TargetHost::Ip(ip) => write!(f, "{}", SocketAddr::new(*ip, self.port)),
            TargetHost::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}
