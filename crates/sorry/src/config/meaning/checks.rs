//! The checks of a real server: its own, or those of its site, made once and pointed at each.

use super::Builder;
use super::pace::{Usual, thresholds};
use crate::config::check::{Check, Egress, FileCheck, Grpc, Kind, Timing};
use crate::config::diagnostics::{Code, Mistake, Place};
use crate::config::reader::At;
use crate::config::real_server::Target;
use crate::config::several::Several;
use crate::config::spec::{self, CheckTable};
use crate::config::target::ProbeAddress;
use crate::config::value::Given;
use sorry_core::health::Thresholds;
use std::collections::HashMap;
use std::net::IpAddr;
use std::num::{NonZeroU16, NonZeroU32};

/// The most checks that a real server may have: each is a connection every now and then, to the same server.
const CHECKS_MAX: usize = 64;

/// Where its probes go and come from.
struct Way {
    address: Option<At<ProbeAddress>>,
    /// Where the address of this machine was typed.
    source: Option<Place>,
    egress: Egress,
    /// Whether anything goes anywhere.
    is_one: bool,
}

/// A check that is not pointed at a real server yet.
pub(super) struct Plan {
    name: Box<str>,
    /// Where it was given that name, if it was.
    label: Option<Place>,
    kind: Kind,
    timing: Timing,
    thresholds: Thresholds,
    way: Way,
    place: Place,
}

impl Builder<'_> {
    /// All that a table asks for, which must be something. What is mistaken is left out. `host` is that of the site.
    pub(super) fn plans(
        &mut self,
        at: At<Given<spec::Checks>>,
        usual: &Usual,
        host: Option<&str>,
    ) -> Vec<Plan> {
        let table = at.place;
        let before = self.mistakes.len();
        let plans = self.some_plans(at.value, usual, host);
        if plans.is_empty()
            && before == self.mistakes.len()
            && !self.is_broken(table)
            && !self.is_inside(table)
        {
            let mistake = Mistake::new(Code::Missing, table, "check: nothing is checked");
            self.tell(
                mistake.hint(
                    "name a kind of check, for example: check.http = { path = \"/healthz\" }",
                ),
            );
        }
        plans
    }

    /// The same, which may be nothing.
    pub(super) fn some_plans(
        &mut self,
        Given(checks): Given<spec::Checks>,
        usual: &Usual,
        host: Option<&str>,
    ) -> Vec<Plan> {
        let own = checks.host.map(|host| host.value.0);
        let host = own.as_deref().or(host);
        let mut plans: Vec<Plan> = [
            self.plan(checks.http, usual, Self::http),
            self.plan(checks.https, usual, Self::https),
            self.plan(checks.tcp, usual, Self::tcp),
            self.plan(checks.tls, usual, Self::tls_alone),
            self.plan(checks.grpc, usual, Self::grpc),
            self.plan(checks.dns, usual, |own, check, _| {
                own.dns(check).map(Kind::Dns)
            }),
            self.plan(checks.smtp, usual, Self::greeting),
            self.plan(checks.icmp, usual, |own, check, _| Some(own.icmp(&check))),
            self.plan(checks.udp, usual, |own, check, _| {
                own.udp(check).map(Kind::Udp)
            }),
            self.plan(checks.exec, usual, |own, check, _| {
                own.exec(check).map(Kind::Exec)
            }),
            self.plan(checks.file, usual, |own, check, place| {
                own.file(check, place).map(Kind::File)
            }),
        ]
        .into_iter()
        .flatten()
        .collect();
        for plan in &mut plans {
            if let Kind::Http(http) = &mut plan.kind {
                http.host = http.host.take().or(host.map(Into::into));
            }
        }
        self.told_apart(&plans);
        plans
    }

    /// What the tables of one kind ask for. `kind` says what is special about each.
    fn plan<T: CheckTable>(
        &mut self,
        typed: Option<At<Several<T>>>,
        usual: &Usual,
        kind: impl Fn(&mut Self, T, Place) -> Option<Kind>,
    ) -> Vec<Plan> {
        let Some(At { value, place }) = typed else {
            return Vec::new();
        };
        let Several(checks) = value;
        if checks.is_empty() && !self.is_inside(place) {
            let mistake = Mistake::new(Code::Invalid, place, "an empty array checks nothing");
            self.tell(
                mistake.hint("leave it out, or write `{}` for a check that says nothing else"),
            );
        }
        let checks = (1..).zip(checks);
        let plans = checks.filter_map(|(number, check)| self.one(number, check, usual, &kind));
        plans.collect()
    }

    /// The check of a kind that stands there as this one from 1.
    fn one<T: CheckTable>(
        &mut self,
        number: usize,
        At {
            value: check,
            place,
        }: At<T>,
        usual: &Usual,
        kind: impl Fn(&mut Self, T, Place) -> Option<Kind>,
    ) -> Option<Plan> {
        let (label, pace) = (check.label(), check.pace());
        let way = way(check.way(), usual);
        let kind = kind(self, check, place)?;
        let mut timing = self.timing(&pace, usual)?;
        let thresholds = thresholds(&pace, usual)?;
        if way.egress.port.is_some() {
            // A second one would be from the same port to the same place, which is no other connection.
            timing.suspect_every = timing.suspect_every.max(timing.timeout).min(timing.every);
            if timing.timeout >= timing.every {
                let message = "source-port: one probe is made at a time, so that `timeout` must be shorter than `every`";
                self.tell(Mistake::new(Code::Conflict, place, message));
                return None;
            }
        }
        Some(Plan {
            name: match (&label, number) {
                (Some(label), _) => label.value.0.clone(),
                (None, 1) => kind.label().into(),
                (None, _) => format!("{} {number}", kind.label()).into(),
            },
            label: label.map(|label| label.place),
            kind,
            timing,
            thresholds,
            way,
            place,
        })
    }

    /// No two have one name, no two say what a server weighs, and they are not too many.
    fn told_apart(&mut self, plans: &[Plan]) {
        if let Some(first) = plans.get(CHECKS_MAX) {
            let message = format!("a real server has at most {CHECKS_MAX} checks");
            self.tell(Mistake::new(Code::OutOfRange, first.place, message));
        }
        let mut seen: HashMap<&str, &Plan> = HashMap::new();
        for plan in plans {
            let Some(first) = seen.insert(&plan.name, plan) else {
                continue;
            };
            // A name that nobody has given is only ever met by one that somebody has.
            let (place, other) = match plan.label {
                Some(label) => (label, first.label.unwrap_or(first.place)),
                None => (first.label.unwrap_or(first.place), plan.place),
            };
            let message = format!("label: a second check is called `{}`", plan.name);
            let mistake = Mistake::new(Code::Duplicate, place, message);
            self.tell(mistake.also(other, "the other one is here"));
        }
        let mut weighing = plans.iter().filter(|plan| plan.kind.weighs());
        if let (Some(first), Some(second)) = (weighing.next(), weighing.next()) {
            let message = "a second check says what the real server weighs";
            let mistake = Mistake::new(Code::Conflict, second.place, message);
            self.tell(mistake.also(first.place, "the other one is here"));
        }
    }

    fn http(&mut self, mut check: spec::HttpCheck, _: Place) -> Option<Kind> {
        let http = self.request(check.take_request(), None)?;
        Some(Kind::Http(Box::new(http)))
    }

    fn https(&mut self, mut check: spec::HttpsCheck, place: Place) -> Option<Kind> {
        let tls = self.tls(check.take_tls(), place);
        // Its other mistakes are told, too.
        let http = self.request(check.take_request(), tls.clone())?;
        tls.map(|_| Kind::Http(Box::new(http)))
    }

    fn tcp(&mut self, mut check: spec::TcpCheck, _: Place) -> Option<Kind> {
        Some(Kind::Tcp(self.dialogue(check.take_dialogue())))
    }

    fn tls_alone(&mut self, mut check: spec::TlsCheck, place: Place) -> Option<Kind> {
        let tls = self.tls(check.take_tls(), place);
        let dialogue = self.dialogue(check.take_dialogue());
        Some(Kind::Tls(Box::new(tls?), dialogue))
    }

    fn grpc(&mut self, mut check: spec::GrpcCheck, place: Place) -> Option<Kind> {
        let tls = check.take_tls();
        let tls = match check.tls?.value {
            true => Some(self.tls(tls, place)?),
            false => {
                self.no_tls(&tls, place, "add `tls = true`");
                None
            }
        };
        let grpc = Grpc {
            service: check
                .service
                .map(|service| service.value.0)
                .unwrap_or_default(),
            authority: check.authority.map(|authority| authority.value.0),
            tls,
        };
        Some(Kind::Grpc(Box::new(grpc)))
    }

    fn greeting(&mut self, mut check: spec::SmtpCheck, place: Place) -> Option<Kind> {
        let tls = check.take_tls();
        let tls = match check.starttls.as_ref()?.value {
            true => Some(self.tls(tls, place)?),
            false => {
                self.no_tls(&tls, place, "add `starttls = true`");
                None
            }
        };
        self.smtp(check, tls).map(Kind::Smtp)
    }

    fn icmp(&mut self, check: &spec::IcmpCheck) -> Kind {
        let address = check.address.as_ref();
        if let Some(address) = address.filter(|address| address.value.has_port()) {
            let message = "address: an echo request goes to a host, not to a port";
            let mistake = Mistake::new(Code::Conflict, address.place, message);
            self.tell(mistake.hint("leave the port out"));
        }
        if let Some(port) = &check.source_port {
            let message = "source-port: an echo request comes from a host, not from a port";
            let mistake = Mistake::new(Code::Conflict, port.place, message);
            self.tell(mistake.hint("leave it out"));
        }
        Kind::Icmp
    }

    /// A planned check, pointed at a real server.
    pub(super) fn pointed(&mut self, plan: &Plan, real: &Target, weight: u16) -> Check {
        let way = &plan.way;
        let address = way.address.as_ref();
        let mut target = address.map_or_else(|| real.clone(), |address| address.value.of(real));
        if matches!(plan.kind, Kind::Icmp | Kind::Exec(_) | Kind::File(_)) {
            target.port = 0;
        }
        if way.is_one {
            self.reachable(way, &target, plan.place);
        }
        Check {
            name: plan.name.clone(),
            kind: weighed(plan.kind.clone(), weight),
            target,
            egress: way.egress.clone(),
            timing: plan.timing,
            thresholds: plan.thresholds,
            place: plan.place,
        }
    }

    /// Whether there can be a way to a target.
    fn reachable(&mut self, way: &Way, target: &Target, check: Place) {
        let Some(address) = target.address() else {
            return;
        };
        if let (Some(place), Some(source)) = (way.source, way.egress.source)
            && source.is_ipv4() != address.is_ipv4()
        {
            let message = format!("source: from {source} there is no way to {target}");
            let mistake = Mistake::new(Code::Conflict, place, message);
            self.tell(mistake.hint("both must be IPv4, or both IPv6"));
        }
        if let (IpAddr::V6(ip), None) = (address.ip(), &way.egress.interface)
            && ip.is_unicast_link_local()
        {
            let message = format!("{target} is an address of one link alone, which nothing names");
            let mistake = Mistake::new(Code::Missing, check, message);
            self.tell(mistake.hint("add the `interface` to it, for example: interface = \"eth1\""));
        }
    }
}

/// What changes the weight of a real server begins with that.
fn weighed(mut kind: Kind, configured: u16) -> Kind {
    if let Kind::File(FileCheck {
        weight: Some(weight),
        ..
    }) = &mut kind
    {
        weight.configured = configured;
    }
    kind
}

/// Where probes go and come from: as typed, else as is usual.
fn way(typed: Option<spec::OwnWay>, usual: &Usual) -> Way {
    let is_one = typed.is_some();
    let own = typed.unwrap_or_default();
    let source = own.source.or(usual.source.clone().filter(|_| is_one));
    let port = own.source_port.map(|port| port.value.0);
    let mark = own.mark.map(|mark| mark.value.0);
    Way {
        address: own.address,
        source: source.as_ref().map(|source| source.place),
        egress: Egress {
            source: source.map(|source| source.value),
            port: port.and_then(|port| NonZeroU16::new(u16::try_from(port).ok()?)),
            interface: own.interface.map(|interface| interface.value.0),
            mark: mark.and_then(|mark| NonZeroU32::new(u32::try_from(mark).ok()?)),
        },
        is_one,
    }
}
