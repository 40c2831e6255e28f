//! The checks of a real server: its own, or those of its site, made once and pointed at each.

use super::Builder;
use super::pace::{Usual, thresholds};
use crate::config::check::{Check, Grpc, Kind, Timing};
use crate::config::diagnostics::{Code, Mistake, Place};
use crate::config::reader::At;
use crate::config::real_server::Target;
use crate::config::spec::{self, OwnPace, OwnWay};
use crate::config::target::ProbeAddress;
use crate::config::value::Given;
use sorry_core::health::Thresholds;
use std::net::IpAddr;

/// A check that is not pointed at a real server yet.
pub(super) struct Plan {
    kind: Kind,
    timing: Timing,
    thresholds: Thresholds,
    address: Option<At<ProbeAddress>>,
    source: Option<At<IpAddr>>,
    place: Place,
}

/// What of a check was typed about when and where.
struct How {
    pace: OwnPace,
    way: Option<OwnWay>,
    place: Place,
}

impl Builder<'_> {
    /// All that a table asks for. What is mistaken is left out.
    pub(super) fn plans(&mut self, at: At<Given<spec::Checks>>, usual: &Usual) -> Vec<Plan> {
        let table = at.place;
        let Given(checks) = at.value;
        let before = self.mistakes.len();
        let plans: Vec<Plan> = [
            self.http_plan(checks.http, usual, Secured::No),
            self.http_plan(checks.https, usual, Secured::Yes),
            self.tcp_plan(checks.tcp, usual),
            self.tls_plan(checks.tls, usual),
            self.grpc_plan(checks.grpc, usual),
            self.dns_plan(checks.dns, usual),
            self.smtp_plan(checks.smtp, usual),
            self.icmp_plan(checks.icmp, usual),
            self.udp_plan(checks.udp, usual),
            self.exec_plan(checks.exec, usual),
            self.file_plan(checks.file, usual),
        ]
        .into_iter()
        .flatten()
        .collect();
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

    fn plan(&mut self, kind: Kind, how: How, usual: &Usual) -> Option<Plan> {
        let timing = self.timing(&how.pace, usual)?;
        let thresholds = thresholds(&how.pace, usual)?;
        let probes = how.way.is_some();
        let way = how.way.unwrap_or_default();
        let usual_source = usual.source.clone().filter(|_| probes);
        Some(Plan {
            kind,
            timing,
            thresholds,
            address: way.address,
            source: way.source.or(usual_source),
            place: how.place,
        })
    }

    fn http_plan(
        &mut self,
        typed: Option<At<Given<spec::HttpCheck>>>,
        usual: &Usual,
        secured: Secured,
    ) -> Option<Plan> {
        let At {
            value: Given(mut check),
            place,
        } = typed?;
        let how = How {
            pace: check.pace(),
            way: Some(check.way()),
            place,
        };
        let tls = check.take_tls();
        let tls = match secured {
            Secured::Yes => Some(self.tls(tls, place)),
            Secured::No => {
                self.no_tls(&tls, place, "`check.https` speaks it");
                None
            }
        };
        let (tls, is_mistaken) = (tls.clone().flatten(), matches!(tls, Some(None)));
        let http = self.http(check, tls)?;
        match is_mistaken {
            true => None,
            false => self.plan(Kind::Http(Box::new(http)), how, usual),
        }
    }

    fn tcp_plan(
        &mut self,
        typed: Option<At<Given<spec::TcpCheck>>>,
        usual: &Usual,
    ) -> Option<Plan> {
        let At {
            value: Given(check),
            place,
        } = typed?;
        let how = How {
            pace: check.pace(),
            way: Some(check.way()),
            place,
        };
        let dialogue = self.tcp(check);
        self.plan(Kind::Tcp(dialogue), how, usual)
    }

    fn tls_plan(
        &mut self,
        typed: Option<At<Given<spec::TlsCheck>>>,
        usual: &Usual,
    ) -> Option<Plan> {
        let At {
            value: Given(mut check),
            place,
        } = typed?;
        let how = How {
            pace: check.pace(),
            way: Some(check.way()),
            place,
        };
        let tls = self.tls(check.take_tls(), place);
        let dialogue = self.after_handshake(check);
        self.plan(Kind::Tls(Box::new(tls?), dialogue), how, usual)
    }

    fn grpc_plan(
        &mut self,
        typed: Option<At<Given<spec::GrpcCheck>>>,
        usual: &Usual,
    ) -> Option<Plan> {
        let At {
            value: Given(mut check),
            place,
        } = typed?;
        let how = How {
            pace: check.pace(),
            way: Some(check.way()),
            place,
        };
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
        self.plan(Kind::Grpc(Box::new(grpc)), how, usual)
    }

    fn dns_plan(
        &mut self,
        typed: Option<At<Given<spec::DnsCheck>>>,
        usual: &Usual,
    ) -> Option<Plan> {
        let At {
            value: Given(check),
            place,
        } = typed?;
        let how = How {
            pace: check.pace(),
            way: Some(check.way()),
            place,
        };
        let dns = self.dns(check)?;
        self.plan(Kind::Dns(dns), how, usual)
    }

    fn smtp_plan(
        &mut self,
        typed: Option<At<Given<spec::SmtpCheck>>>,
        usual: &Usual,
    ) -> Option<Plan> {
        let At {
            value: Given(mut check),
            place,
        } = typed?;
        let how = How {
            pace: check.pace(),
            way: Some(check.way()),
            place,
        };
        let tls = check.take_tls();
        let tls = match check.starttls.as_ref()?.value {
            true => Some(self.tls(tls, place)?),
            false => {
                self.no_tls(&tls, place, "add `starttls = true`");
                None
            }
        };
        let smtp = self.smtp(check, tls)?;
        self.plan(Kind::Smtp(smtp), how, usual)
    }

    fn icmp_plan(
        &mut self,
        typed: Option<At<Given<spec::IcmpCheck>>>,
        usual: &Usual,
    ) -> Option<Plan> {
        let At {
            value: Given(check),
            place,
        } = typed?;
        let how = How {
            pace: check.pace(),
            way: Some(check.way()),
            place,
        };
        let address = check.address.as_ref();
        if let Some(address) = address.filter(|address| address.value.has_port()) {
            let message = "address: an echo request goes to a host, not to a port";
            let mistake = Mistake::new(Code::Conflict, address.place, message);
            self.tell(mistake.hint("leave the port out"));
        }
        self.plan(Kind::Icmp, how, usual)
    }

    fn udp_plan(
        &mut self,
        typed: Option<At<Given<spec::UdpCheck>>>,
        usual: &Usual,
    ) -> Option<Plan> {
        let At {
            value: Given(check),
            place,
        } = typed?;
        let how = How {
            pace: check.pace(),
            way: Some(check.way()),
            place,
        };
        let udp = self.udp(check);
        self.plan(Kind::Udp(udp), how, usual)
    }

    fn exec_plan(
        &mut self,
        typed: Option<At<Given<spec::ExecCheck>>>,
        usual: &Usual,
    ) -> Option<Plan> {
        let At {
            value: Given(check),
            place,
        } = typed?;
        let how = How {
            pace: check.pace(),
            way: None,
            place,
        };
        let exec = self.exec(check)?;
        self.plan(Kind::Exec(exec), how, usual)
    }

    fn file_plan(
        &mut self,
        typed: Option<At<Given<spec::FileCheck>>>,
        usual: &Usual,
    ) -> Option<Plan> {
        let At {
            value: Given(check),
            place,
        } = typed?;
        let how = How {
            pace: check.pace(),
            way: None,
            place,
        };
        let file = self.file(check)?;
        self.plan(Kind::File(file), how, usual)
    }

    /// A planned check, pointed at a real server.
    pub(super) fn pointed(&mut self, plan: &Plan, real: &Target) -> Check {
        let address = plan.address.as_ref();
        let mut target = address.map_or_else(|| real.clone(), |address| address.value.of(real));
        if matches!(plan.kind, Kind::Icmp | Kind::Exec(_) | Kind::File(_)) {
            target.port = 0;
        }
        if let (Some(source), Some(address)) = (&plan.source, target.address())
            && source.value.is_ipv4() != address.is_ipv4()
        {
            let message = format!("source: from {} there is no way to {target}", source.value);
            let mistake = Mistake::new(Code::Conflict, source.place, message);
            self.tell(mistake.hint("both must be IPv4, or both IPv6"));
        }
        Check {
            kind: plan.kind.clone(),
            target,
            source: plan.source.as_ref().map(|source| source.value),
            timing: plan.timing,
            thresholds: plan.thresholds,
            place: plan.place,
        }
    }
}

/// Whether an HTTP check speaks TLS.
#[derive(Clone, Copy)]
enum Secured {
    Yes,
    No,
}
